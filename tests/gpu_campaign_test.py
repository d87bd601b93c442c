"""bench/gpu-campaign and scripts/performance-table, driven with programs that stand in for those that need a GPU."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ["kernel_start", "tests", "sanitizer", "same_bytes", "claims", "benchmarks", "peers", "crossover"]

# A program of many faces: what it does is decided by its name and by files in FAKES.
FAKE = """#!{python}
import json, os, pathlib, sys
name, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
fault = os.environ.get("FAKE_FAULT", "")
def option(key):
    return words[words.index(key) + 1] if key in words else None
if name == "omg" and fault == "libc":
    sys.exit("GLIBC_2.99 not found")
elif name == "omg":
    if words == ["info"]:
        print("  cuda       missing: no CUDA driver" if fault == "driver" else
              "  cuda       available: Test GPU, compute capability 9.0, 141 GiB, NVRTC 13.0")
    elif words == ["--version"]:
        print("0.1.0")
    elif words[0] == "bench":
        if option("--instances"):
            lanes = int(option("--instances"))
            print(json.dumps({{"workloads": [{{"lanes": lanes, "cpu": {{"lane_iterations_per_second": 1e9}},
                  "cuda": {{"lane_iterations_per_second": 1e7 * lanes if lanes != 512 else 1e8}}}}]}}))
    else:
        assert option("--backend") == "cuda", words
        out = pathlib.Path(option("--out"))
        out.mkdir(parents=True, exist_ok=True)
        cache = pathlib.Path(os.environ["XDG_CACHE_HOME"], "omg")
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "0.kernel").touch()
        other = fault == "bits" and os.environ.get("OMG_CUDA_TUNING") == "block_threads=64"
        cell = {{"problem": "huber", "method": "Nesterov", "certificate": {{"max_ratio": 1.5 if other else 0.5}}}}
        claim = {{"name": "C4", "confirmed": fault != "claim"}}
        (out / "summary.json").write_text(json.dumps({{"cells": [cell], "claims": [claim]}}))
        sys.exit(1 if fault == "claim" and "--check" in words else 0)
elif name == "nvidia-smi":
    print("Test GPU, 580.1, 9.0, 143771 MiB, 1980 MHz, 3201 MHz")
elif name == "compute-sanitizer":
    bad = fault == option("--tool")
    print("========= ERROR SUMMARY: %d errors" % bad)
    sys.exit(99 if bad else 0)
elif name == "omg_cuda_limits":
    print(json.dumps({{"device": "Test GPU", "fma_float64": 6e13, "shared": 2e13}}))
elif name == "omg_cublas_limits":
    print(json.dumps({{"cublas_float64": 3e13}}))
elif name == "omg_bench":
    rows = [{{"name": "W5/optimistic_ftrl/" + backend, "real_time": 1.0, "time_unit": "ms",
             "items_per_second": rate}} for backend, rate in [("cuda/real_time", 3e12), ("cpu/all_cores/real_time", 1.5e9)]]
    rows[0]["FLOP"] = 3.75e13
    rows.append({{"name": "W4/gradient_descent/cuda/real_time", "real_time": 1.0, "time_unit": "ms", "items_per_second": 3e8,
                 "FLOP": 2.1e13}})
    (out,) = [word.split("=", 1)[1] for word in words if word.startswith("--benchmark_out=")]
    pathlib.Path(out).write_text(json.dumps({{"context": {{"num_cpus": 16}}, "benchmarks": rows}}))
elif name.endswith("_test") and fault == "libraries" and "binaries/lib" not in os.environ.get("LD_LIBRARY_PATH", ""):
    sys.exit("error while loading shared libraries")
elif name.endswith("_test"):
    if "--gtest_list_tests" in words:
        print("GpuBits.\\n  Equal\\n" if name == "cuda_gpu_test" else "")
    elif fault != "crash":
        first = os.environ["GTEST_SHARD_INDEX"] == "0"
        tests = [{{"name": "Equal", "status": "RUN", "result": "COMPLETED"}}]
        if fault == "test":
            tests[0]["failures"] = [{{"failure": "bits differ"}}]
        (out,) = [word.split(":", 1)[1] for word in words if word.startswith("--gtest_output=json:")]
        suites = [{{"name": "GpuBits", "testsuite": tests}}] if first else []
        pathlib.Path(out).write_text(json.dumps({{"testsuites": suites}}))
    else:
        sys.exit("crashed")
elif name == "peers.py" and fault.startswith("peers "):
    print("NumPy: left out, it has no GPU")
    sys.exit(3 if fault == "peers missing" else 1)
elif name == "peers.py":
    assert option("--device") == "cuda" and option("--omg"), words
    row = {{"workload": "W5/optimistic_ftrl", "peer": "JAX"}}
    row.update({{"differs": "1 in place of 2"}} if fault == "peer" else
               {{"lane_iterations_per_second": 2e10, "omg_ratio": 75.0 if "--float32" in words else 150.0}})
    pathlib.Path(option("--json")).write_text(json.dumps({{"missing": ["NumPy: left out, not installed"], "rates": [row]}}))
"""


class Campaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.binaries = self.folder / "binaries"
        for name in ("bin/omg", "bin/omg_bench", "bin/omg_cuda_limits", "bin/omg_cublas_limits", "tests/cuda_gpu_test",
                     "tests/study_test", "bench/peers/peers.py"):
            self.fake(self.binaries / name)
        for name in ("nvidia-smi", "compute-sanitizer"):
            self.fake(self.folder / "path" / name)
        self.binaries.joinpath("manifest.json").write_text(json.dumps({"commit": "0123456789ab", "modified": False}))
        self.environment = {**os.environ, "PATH": f"{self.folder / 'path'}:{os.environ['PATH']}"}

    def fake(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FAKE.format(python=sys.executable))
        path.chmod(0o755)

    def command(self, program, *arguments, fault=""):
        return subprocess.run([sys.executable, ROOT / program, *map(str, arguments)], capture_output=True, text=True,
                              cwd=self.folder, env={**self.environment, "FAKE_FAULT": fault}, timeout=100)

    def campaign(self, *arguments, fault="", expect=0):
        out = self.folder / "results/campaign.json"
        done = self.command("bench/gpu-campaign", "--binaries", self.binaries, "--out", out, *arguments, fault=fault)
        self.assertEqual(done.returncode, expect, done.stderr)
        self.message = done.stderr
        return json.loads(out.read_text())

    def outcomes(self, result):
        return {name: part["outcome"] for name, part in result["parts"].items()}

    def test_all_parts_end_in_one_file(self):
        result = self.campaign()
        self.assertEqual(self.outcomes(result), dict.fromkeys(PARTS, "ok"))
        self.assertEqual(result["device"]["driver_version"], "580.1")
        self.assertEqual((result["device"]["cuda"], result["commit"]), ("13.0", "0123456789ab"))
        figures = {name: part["figures"] for name, part in result["parts"].items()}
        cuts = [run["cut"] for run in figures["same_bytes"]["runs"]]
        self.assertEqual({cut: cuts.count(cut) for cut in cuts},
                         {"wave_lanes": 3, "launch_lanes": 3, "block_threads": 3, "device_figures_from": 1, "host_instances": 1})
        self.assertEqual(figures["kernel_start"]["kernels"], 1)
        self.assertEqual(figures["claims"]["claims"], {"C4": True})
        self.assertEqual(figures["sanitizer"]["racecheck"]["summary"], ["0 errors"])
        self.assertEqual(figures["tests"]["programs"], {"cuda_gpu_test": {"passed": 1, "failed": 0, "skipped": 0}})
        self.assertEqual(figures["benchmarks"]["limits"], {"device": "Test GPU", "fma_float64": 6e13, "shared": 2e13,
                                                           "cublas_float64": 3e13})
        self.assertEqual([row.get("fraction_of_cublas") for row in figures["benchmarks"]["benchmarks"]], [None, None, 0.7])
        self.assertEqual([figures["peers"][precision]["rates"][0]["omg_ratio"] for precision in ("float64", "float32")],
                         [150, 75])
        self.assertEqual(figures["peers"]["float64"]["missing"], ["NumPy: left out, not installed"])
        self.assertEqual({name: found["lanes"] for name, found in figures["crossover"].items()},
                         {"W1/heavy_ball": 256, "W2/gradient_descent": 256, "W3/gradient_descent": 256,
                          "W5/optimistic_ftrl": 4096})

    def test_what_fails_is_named_and_the_rest_goes_on(self):
        for fault, part, word in [("bits", "same_bytes", "block_threads = 64"), ("claim", "claims", "ended with 1"),
                                  ("initcheck", "sanitizer", "initcheck"), ("test", "tests", "bits differ"),
                                  ("crash", "tests", "crashed"), ("peer", "peers", "1 in place of 2"),
                                  ("peers crashed", "peers", "ended with 1")]:
            with self.subTest(fault):
                result = self.campaign(fault=fault, expect=1)
                expected = {**dict.fromkeys(PARTS, "ok"), part: "failed"}
                self.assertEqual(self.outcomes(result), expected)
                self.assertIn(word, result["parts"][part]["reason"])
                self.assertIsNotNone(result["parts"][part]["figures"])

    def test_programs_find_the_libraries_beside_them(self):
        self.assertEqual(self.outcomes(self.campaign(fault="libraries")), dict.fromkeys(PARTS, "ok"))

    def test_peers_that_are_missing_are_no_fault(self):
        result = self.campaign(fault="peers missing")
        self.assertEqual(self.outcomes(result), {**dict.fromkeys(PARTS, "ok"), "peers": "skipped"})

    def test_without_a_gpu_nothing_runs_and_the_code_says_so(self):
        result = self.campaign(fault="driver", expect=3)
        self.assertEqual(self.outcomes(result), dict.fromkeys(PARTS, "skipped"))
        self.assertIsNone(result["device"])
        self.assertIn("no GPU to run on: no CUDA driver", self.message)

    def test_programs_that_do_not_start_are_bad_input(self):
        done = self.command("bench/gpu-campaign", "--binaries", self.binaries, fault="libc")
        self.assertEqual(done.returncode, 2)
        self.assertIn("does not run here: GLIBC_2.99 not found", done.stderr)

    def test_what_does_not_fit_the_budget_is_skipped(self):
        result = self.campaign("--budget", 0)
        self.assertEqual(self.outcomes(result), dict.fromkeys(PARTS, "skipped"))
        self.assertIn("0 s of the budget are left", result["parts"]["tests"]["reason"])

    def test_parts_can_be_chosen(self):
        result = self.campaign("--parts", "claims,peers")
        self.assertEqual([name for name, outcome in self.outcomes(result).items() if outcome == "ok"], ["claims", "peers"])
        self.assertEqual(self.command("bench/gpu-campaign", "--parts", "speed").returncode, 2)

    def test_packed_programs_run_elsewhere(self):
        for target in ("packed", "packed.tar.gz"):
            self.binaries.joinpath("manifest.json").unlink(missing_ok=True)
            done = self.command("bench/gpu-campaign", "--build", self.binaries, "--pack", self.folder / target)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("tests/cuda_gpu_test", done.stdout)
            self.assertNotIn("study_test", done.stdout)
            self.binaries = self.folder / target
            result = self.campaign("--parts", "claims,tests")
            self.assertEqual(result["parts"]["tests"]["figures"]["passed"], 1)
            self.binaries = self.folder / "binaries"

    def test_table_is_made_from_the_results(self):
        document = self.folder / "README.md"
        text = "before\n<!-- performance: scripts/performance-table -->\nold\n<!-- end of performance -->\nafter\n"
        document.write_text(text)
        (self.folder / "results").mkdir()
        done = self.command("scripts/performance-table", self.folder / "results", document)
        self.assertEqual((done.returncode, document.read_text()), (0, text))

        self.campaign()
        for _ in range(2):  # again changes nothing
            done = self.command("scripts/performance-table", self.folder / "results", document)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = document.read_text()
            self.assertIn("| W5/optimistic_ftrl | float64 | 3.00e12 | 62% | 2000.0 | 150.0 | — | 4,096 lanes |", found)
            self.assertIn("Test GPU, driver 580.1, CUDA 13.0, commit 0123456789", found)
            self.assertTrue(found.startswith("before\n") and found.endswith("\nafter\n") and "old" not in found)

    def test_documents_of_the_project_can_take_the_table(self):
        self.campaign("--parts", "benchmarks")
        for name in ("README.md", "docs/performance.md"):
            source = ROOT / name
            if source.exists():
                copy = self.folder / source.name
                copy.write_text(source.read_text())
                done = self.command("scripts/performance-table", self.folder / "results", copy)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("3.00e12", copy.read_text())


if __name__ == "__main__":
    unittest.main()
