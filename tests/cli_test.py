"""The program from outside: exit codes, messages, files."""

import csv
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["OMG_PROGRAM"]

HUBER = """
[[problem]]
name = "huber"
family = "huber"
instances = 300
threshold = { log_grid = [1e-5, 1] }
"""

OPTIMISTIC = """
[[method]]
name = "optimistic"
rule = "iterate"
learner = "optimistic_ftrl"
hint = "last"
weights = "t"
meta_step = "1/(4*L)"
bound = "4*L*R^2/(t*(t+1))"
"""

SWEEP = """
[[method]]
name = "sweep"
classical = "gradient_descent"
step = ["0.5/L", "1/L", "1.5/L", "1e40/L"]
"""

CLAIM = """
[[claim]]
name = "C4"
statement = "Optimism accelerates."
checks = [{ quantity = "certificate", problem = "huber", method = "optimistic", at_least = 0.9, at_most = 1.000000001 }]
"""

GOOD = "iterations = 200\n" + HUBER + OPTIMISTIC + SWEEP + CLAIM

LOGISTIC = """
[[problem]]
name = "data"
family = "logistic"
data = "rows.libsvm"
regularisation = 0.1
""" + OPTIMISTIC


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Messages and bytes are the same on every backend; the processor is everywhere.
        self.environment = {**os.environ, "OMG_BACKEND": "cpu"}

    def write(self, text, name="study.toml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def omg(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=300)

    def run_study(self, text, *arguments):
        return self.omg("run", self.write(text), "--out", "results", *arguments)

    def results(self, name="summary.json", folder="results"):
        return (self.folder / folder / name).read_text()

    def assert_refused(self, result, *fragments):
        """Exit code 2, one line on stderr with all fragments, nothing on stdout, no output folder."""
        self.assertEqual(result.returncode, 2, result)
        self.assertRegex(result.stderr, r"\Aomg: [^\n]+\n\Z")
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertFalse((self.folder / "results").exists())
        self.assertFalse((self.folder / "out").exists())


class Run(Case):
    def test_prints_a_table_and_writes_its_results(self):
        result = self.run_study(GOOD, "--check")
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn("\r", result.stderr)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)
        self.assertRegex(result.stdout, r"(?m)^huber +optimistic +300 +0 +\d")
        self.assertIn("C4 confirmed — Optimism accelerates.", result.stdout)
        self.assertRegex(result.stdout, r"sweep on huber, best of 4 settings, mean loss \S+ \[\S+ \S+\]:\s+step = 1\.?5?/L")
        self.assertEqual(sorted(path.name for path in (self.folder / "results").iterdir()),
                         ["run.json", "summary.csv", "summary.json"])
        summary = json.loads(self.results())
        self.assertEqual([cell["lanes"] for cell in summary["cells"]], [300, 1200])
        self.assertEqual(summary["cells"][1]["diverged"], 300)
        rows = list(csv.DictReader(self.results("summary.csv").splitlines()))
        for row, cell in zip(rows, summary["cells"], strict=True):
            self.assertEqual(row["method"], cell["method"])
            self.assertEqual(float(row["envelope.gap"]), cell["envelope"]["gap"][-1])
            self.assertEqual(float(row["envelope.exponent"]), cell["envelope"]["exponent"])
        timings = json.loads(self.results("run.json"))
        self.assertGreater(timings["seconds"], 0)

    def test_writes_into_out_by_default(self):
        path = self.write(GOOD, "some study.toml")
        self.assertEqual(self.omg("run", path).returncode, 0)
        self.assertTrue((self.folder / "out" / "some study" / "summary.json").exists())

    def test_quiet_prints_nothing(self):
        result = self.run_study(GOOD, "--quiet", "--check")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_memory_does_not_grow_with_the_lanes(self):
        path = self.write("iterations = 3\n" + HUBER.replace("300", "10000000") + OPTIMISTIC)
        process = subprocess.Popen([PROGRAM, "run", path, "--quiet", "--out", "results"], cwd=self.folder,
                                   env=self.environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(self.results())["cells"][0]["lanes"], 10000000)
        self.assertLess(usage.ru_maxrss, 150_000)  # KiB, where a record of five numbers each would take 390,000

    def test_summary_does_not_depend_on_threads_or_waves(self):
        path = self.write(GOOD)
        texts = set()
        for index, options in enumerate([[], ["--threads", 1], ["--threads", 2], ["--wave-lanes", 7],
                                         ["--wave-lanes", 64, "--threads", 2]]):
            self.assertEqual(self.omg("run", path, "--quiet", "--out", f"results{index}", *options).returncode, 0)
            texts.add((self.results("summary.json", f"results{index}"), self.results("summary.csv", f"results{index}")))
        self.assertEqual(len(texts), 1)

    def test_overrides_are_kept(self):
        result = self.run_study(GOOD, "--set", "problem.huber.instances=5", "--set", "iterations=50")
        self.assertEqual(result.returncode, 0, result)
        summary = json.loads(self.results())
        self.assertEqual(summary["set"], ["problem.huber.instances=5", "iterations=50"])
        self.assertEqual((summary["cells"][0]["lanes"], summary["cells"][0]["iterations"]), (5, 50))


class Check(Case):
    def test_broken_certificate_names_lane_iteration_and_ratio(self):
        broken = GOOD.replace("4*L*R^2/(t*(t+1))", "2*L*R^2/(t*(t+1))")
        result = self.run_study(broken, "--check", "--quiet")
        self.assertEqual(result.returncode, 1, result)
        certificate = json.loads(self.results())["cells"][0]["certificate"]
        self.assertGreater(certificate["max_ratio"], 1.9)
        self.assertRegex(result.stderr, r"certificate: optimistic on huber: the bound 2\*L\*R\^2/\(t\*\(t\+1\)\) is exceeded")
        self.assertIn(f"lane {certificate['lane']} ", result.stderr)
        self.assertIn(f"at t = {certificate['iteration']}:", result.stderr)
        ratio = float(re.search(r"gap / bound = (\S+)", result.stderr).group(1))
        self.assertAlmostEqual(ratio, certificate["max_ratio"], places=8)

    def test_failed_claim(self):
        result = self.run_study(GOOD.replace("at_least = 0.9,", "at_least = 1,"), "--check")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("C4 NOT confirmed", result.stdout)
        self.assertRegex(result.stderr, r"claim C4: optimistic on huber: largest gap / bound: 0\.\d+, allowed is 1 to")

    def test_faults_are_shown_but_forgiven_without_check(self):
        result = self.run_study(GOOD.replace("4*L*R^2/(t*(t+1))", "2*L*R^2/(t*(t+1))"))
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("Broken certificate: optimistic on huber", result.stdout)


class List(Case):
    def test_catalogue_page_is_the_program_s(self):
        page = pathlib.Path(__file__).resolve().parent.parent / "docs/catalogue.md"
        self.assertEqual(page.read_text(), self.omg("list", "--markdown").stdout,
                         "after a change of the registry: omg list --markdown > docs/catalogue.md")


class BadInput(Case):
    def test_studies(self):
        cases = {
            "unknown key": ("treshold", GOOD.replace("threshold", "treshold"), ["study.toml:7", "treshold", "threshold"]),
            "wrong type": ("instances", GOOD.replace("300", '"many"'), ["study.toml:6", "problem.huber.instances"]),
            "unknown family": ("family", GOOD.replace('family = "huber"', 'family = "hubert"'), ["study.toml:5", "hubert", "huber"]),
            "unknown learner": ("learner", GOOD.replace('"optimistic_ftrl"', '"ftlr"'), ["learner", "ftlr", "optimistic_ftrl"]),
            "unknown classical method": ("classical", GOOD.replace('"gradient_descent"', '"descent"'), ["descent", "nesterov"]),
            "formula that does not parse": ("meta_step", GOOD.replace('"1/(4*L)"', '"1/(4*L"'), ["meta_step", "1/(4*L", "does not parse"]),
            "unknown variable": ("bound", GOOD.replace("4*L*R^2", "4*K*R^2"), ["bound", "K"]),
            "no iterations": ("iterations", GOOD.replace("iterations = 200", "iterations = 0"), ["study.toml:1", "iterations", "0"]),
            "no instances": ("instances", GOOD.replace("300", "-1"), ["study.toml:6", "instances", "-1"]),
            "no TOML": ("syntax", GOOD + "\n[[claim\n", ["study.toml:"]),
            "name of two lines": ("name", GOOD.replace('"huber"\nfamily', '"hu\\nber"\nfamily'), ["study.toml:4", "name", "hu\\x0aber"]),
            "endless formula": ("meta_step", GOOD.replace('"1/(4*L)"', '"' + "(" * 100000 + '"'), ["meta_step", "(((…"]),
            "claim about nothing": ("claim", GOOD.replace('method = "optimistic"', 'method = "other"'), ["other", "optimistic"]),
            "missing data": ("data", LOGISTIC, ["rows.libsvm"]),
        }
        for name, (_, text, fragments) in cases.items():
            with self.subTest(name):
                self.assert_refused(self.run_study(text), *fragments)

    def test_data_files(self):
        cases = {
            "empty": ("", []),
            "not a number": ("+1 1:0.5\n-1 1:half\n", ["rows.libsvm:2", "half"]),
            "NaN": ("+1 1:0.5\n-1 1:nan\n", ["rows.libsvm:2", "nan"]),
            "index 0": ("+1 1:0.5\n-1 0:1\n", ["rows.libsvm:2", "0"]),
        }
        for name, (data, fragments) in cases.items():
            with self.subTest(name):
                self.write(data, "rows.libsvm")
                self.assert_refused(self.run_study(LOGISTIC), "rows.libsvm", *fragments)
        self.write("a,label\n1,1\n2,-1,3\n", "rows.csv")
        ragged = LOGISTIC.replace("rows.libsvm", "rows.csv").replace("regularisation", 'label_column = "label"\nregularisation')
        with self.subTest("ragged"):
            self.assert_refused(self.run_study(ragged), "rows.csv:3")
        with self.subTest("separable"):
            self.write("+1 1:1e150\n-1 1:1\n", "rows.libsvm")
            self.assert_refused(self.run_study(LOGISTIC), "problem.", "no minimiser", "regularisation")

    def test_files_of_other_systems_are_read(self):
        self.write("\ufeff" + GOOD.replace("\n", "\r\n"), "study.toml")
        self.assertEqual(self.omg("run", "study.toml", "--out", "results").returncode, 0)
        self.write("\ufeff+1 1:1\r\n-1 1:2\r\n", "rows.libsvm")
        self.assertEqual(self.run_study(LOGISTIC).returncode, 0)

    def test_study_file(self):
        self.assert_refused(self.omg("run", "nowhere.toml"), "nowhere.toml", "no such file")
        self.assert_refused(self.omg("run", self.folder), "folder")
        self.assert_refused(self.omg("run", self.write(GOOD), "--out", ""), "output folder")

    def test_overrides(self):
        path = self.write(GOOD)
        for override, fragment in {"problem.huber.instances=0": "instances", "problem.hubert.instances=1": "hubert",
                                   "nonsense": "KEY=VALUE", "iterations=many": "iterations"}.items():
            with self.subTest(override):
                self.assert_refused(self.omg("run", path, "--set", override), "--set", fragment)

    def test_output_folder(self):
        path = self.write(GOOD)
        self.write("", "file")
        for folder in ["file", "file/below", "/proc/omg", "/dev/null/omg", "new/" + "a" * 300]:
            with self.subTest(folder):
                self.assert_refused(self.omg("run", path, "--out", folder), folder, "cannot be written")
        self.assertEqual(sorted(entry.name for entry in self.folder.iterdir()), ["file", "study.toml"])

    def test_report_that_cannot_be_printed(self):
        for arguments in [["run", self.write(GOOD)], ["list"], ["info"]]:
            with self.subTest(arguments[0]), open("/dev/full", "w") as full:
                result = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdout=full,
                                        stderr=subprocess.PIPE, text=True, timeout=300)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, r"omg: [^\n]+\n\Z")

    def test_standard_error_that_cannot_be_written_ends_no_run(self):
        path = self.write(GOOD)
        for closed in ("2>&-", "2>/dev/full"):
            for arguments, code in (["run", str(path), "--out", "results"], 0), (["run", "nowhere.toml"], 2), (["jog"], 2):
                with self.subTest((closed, arguments)):
                    done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closed}', PROGRAM, *arguments], cwd=self.folder,
                                          env=self.environment, stdout=subprocess.DEVNULL, timeout=300)
                    self.assertEqual(done.returncode, code)
        self.assertTrue((self.folder / "results/summary.json").exists())

    def test_name_that_is_no_text(self):
        path = self.folder / os.fsdecode(b"caf\xe9.toml")
        path.write_text(self.write(GOOD).read_text())
        done = subprocess.run([PROGRAM, "run", path, "--out", "results", "--quiet"], cwd=self.folder, env=self.environment,
                              capture_output=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        json.loads((self.folder / "results/summary.json").read_text())

    def test_benchmarks(self):
        self.assert_refused(self.omg("bench", "W99"), "W99", "W1 to W5")
        self.assert_refused(self.omg("bench", "W1", "--dimension", 3), "W1", "one dimension only")
        self.assert_refused(self.omg("bench", "W1", "--write", "x", "--iterations", 3), "--write", "--iterations")
        self.environment["OMG_DATA_DIRECTORY"] = "/nonexistent"
        self.assert_refused(self.omg("bench", "W4"), "/nonexistent/data/breast_cancer.libsvm")
        if "cuda       available" not in self.omg("info").stdout:
            self.assert_refused(self.omg("bench", "W2", "--backend", "cuda"), "cuda", "cannot run here")

    def test_backend(self):
        path = self.write(GOOD)
        self.assert_refused(self.omg("run", path, "--backend", "tpu"), "tpu", "cuda", "cpu", "reference")
        self.environment["OMG_BACKEND"] = "gpu"
        self.assert_refused(self.omg("run", path), "OMG_BACKEND", "gpu", "cpu")

    def test_arguments(self):
        path = self.write(GOOD)
        for arguments in [[], ["jog"], ["run"], ["run", path, "--thread", 1], ["run", path, "--threads", "two"],
                          ["run", path, "--threads", -1], ["run", path, "--wave-lanes", -1], ["run", path, path],
                          ["run", path, "--check=2"], ["list", "things"], ["info", "more"]]:
            with self.subTest(arguments):
                self.assert_refused(self.omg(*arguments))


class Interrupt(Case):
    LONG = "iterations = 1000000\n" + HUBER + OPTIMISTIC

    def test_keeps_what_is_finished_and_exits_with_130(self):
        path = self.write(self.LONG)
        terminal, side = pty.openpty()
        self.addCleanup(os.close, terminal)
        with subprocess.Popen([PROGRAM, "run", path, "--out", "results", "--backend", "reference"], cwd=self.folder,
                              env=self.environment, stdout=subprocess.PIPE, stderr=side, text=True) as process:
            os.close(side)
            shown = b""
            deadline = time.monotonic() + 60
            # Once the progress bar is there, the run is on its way.
            while b"\r[" not in shown and time.monotonic() < deadline:
                shown += os.read(terminal, 4096)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            while b"interrupted" not in shown and time.monotonic() < deadline:
                shown += os.read(terminal, 4096)
        self.assertEqual(process.returncode, 130)
        # The bar shows after the first lane.
        self.assertRegex(shown, rb"omg: interrupted; \d+ finished lanes? (is|are) kept in results/checkpoint")
        self.assertEqual([path.name for path in (self.folder / "results").iterdir()], ["checkpoint"])


class Checkpoints(Case):
    def test_are_refused_where_damaged_and_gone_with_the_results(self):
        path = self.write(GOOD)
        checkpoint = self.folder / "results" / "checkpoint"
        checkpoint.parent.mkdir()
        checkpoint.write_text("omg checkpoint 2 0123456789abcdef\n")
        refused = self.omg("run", path, "--out", "results", "--resume")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("damaged; run without --resume to start afresh", refused.stderr)
        self.assertTrue(checkpoint.exists())
        for more in [], ["--resume"]:  # the second finds none
            self.assertEqual(self.omg("run", path, "--out", "results", *more).returncode, 0)
            self.assertEqual(sorted(os.listdir(checkpoint.parent)), ["run.json", "summary.csv", "summary.json"])


class Others(Case):
    KINDS = {"families": "huber", "rules": "iterate", "learners": "optimistic_ftrl", "methods": "nesterov",
             "hints": "lookahead", "targets": "bootstrap", "domains": "simplex"}

    def test_list(self):
        everything = self.omg("list").stdout
        for kind, entry in self.KINDS.items():
            plain = self.omg("list", kind)
            self.assertEqual((plain.returncode, plain.stderr), (0, ""))
            self.assertRegex(plain.stdout, rf"(?m)^  {entry}$")
            self.assertIn(plain.stdout, everything)
            for line in plain.stdout.splitlines():
                self.assertLessEqual(len(line), 120, line)

    def test_list_as_markdown(self):
        for kind, entry in self.KINDS.items():
            lines = self.omg("list", kind, "--markdown").stdout.splitlines()
            table = [line for line in lines if line.startswith("|")]
            self.assertIn(f"| `{entry}` |", "\n".join(table))
            # Every row has the columns of the heading.
            self.assertEqual({len(re.findall(r"(?<!\\)\|", line)) for line in table}, {6}, kind)

    def test_info(self):
        result = self.omg("info")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"\Aomg \d+\.\d+\.\d+\ncompiler: ")
        for backend in ["cuda", "cpu", "reference"]:
            self.assertRegex(result.stdout, rf"(?m)^  {backend} +(available|missing): .")

    def test_obeys_the_thread_limit_of_openmp(self):
        self.environment["OMP_THREAD_LIMIT"] = "1"
        self.assertRegex(self.omg("info").stdout, r"(?m)^  cpu .*, 1 cores$")
        self.assertEqual(self.run_study(GOOD, "--threads", 3).returncode, 0)

    def test_help_and_version(self):
        for arguments in [["--help"], ["--version"], ["run", "--help"]]:
            result = self.omg(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertNotEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
