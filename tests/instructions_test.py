#!/usr/bin/env python3
"""Guards the speed of the CPU engine where nothing can be timed: valgrind counts the instructions of small workloads, and
none may take 5 % more than `instructions.json` says. Fewer by as much fail too: then the file is due for an update,

  OMG_PROGRAM=build/release/bin/omg tests/instructions_test.py --update

Counts belong to a compiler and an instruction set; where the file has none for those of this build the test skips.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BAND = 0.05
SKIPPED = 77  # the test's SKIP_RETURN_CODE
BASELINE = pathlib.Path(__file__).with_name("instructions.json")

QUADRATIC = 'family = "quadratic"\ninstances = 100\ndimension = 2\nspectrum = "list"\neigenvalues = { vector = [2, 8] }\nstart = 4\n'
HUBER = 'family = "huber"\ninstances = 1024\nthreshold = { log_grid = [1e-8, 1] }\n'
WORKLOADS = {
    "W1 heavy ball": (100, QUADRATIC, 'classical = "heavy_ball"\nstep = [0.1, 0.07, 0.03]\nmomentum = [0.1, 0.5]\n'),
    "W1 AdaGrad": (100, QUADRATIC, 'classical = "adagrad"\nstep = [0.1, 1]\ninitial = [0, 1]\n'),
    "W1 elementwise step": (
        100,
        QUADRATIC,
        'rule = "elementwise_step"\nlearner = "sgd"\nmeta_step = [1e-5, 1e-4]\ninitial = [0.05, 0.1]\n',
    ),
    "W2": (50, 'family = "quadratic"\ninstances = 16\ndimension = 64\n', 'classical = "nesterov"\n'),
    "W3": (20, 'family = "tridiagonal"\ninstances = 16\ndimension = 1001\n', 'classical = "gradient_descent"\n'),
    "W4": (
        60,  # not all of them recorded
        'family = "logistic"\ndata = "synthetic"\nrows = 200\ncolumns = 30\nregularisation = 0.01\n'
        "instances = 16\nstart = { normal = 1 }\n",
        'classical = "gradient_descent"\n',
    ),
    "W5": (
        300,
        HUBER,
        'rule = "iterate"\nlearner = "optimistic_ftrl"\nhint = "last"\nweights = "t"\nmeta_step = "1/(4*L)"\n'
        'bound = "4*L*R^2/(t*(t+1))"\n',
    ),
    "general kernels": (300, HUBER, 'classical = "adam"\n'),
}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def study(iterations, problem, method):
    return f'iterations = {iterations}\nseed = 1\n[[problem]]\nname = "p"\n{problem}[[method]]\nname = "m"\n{method}'


def instructions(program, environment, text):
    """Those of the engine, from the call that runs a cell to its return."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "study.toml").write_text(text)
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/counts"]
        command += ["--toggle-collect=omg::cpu::run(*", program, "run", str(folder / "study.toml")]
        command += ["--backend", "cpu", "--threads", "1", "--quiet", "--out", str(folder / "out")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        return int(re.search(r"^(?:summary|totals): (\d+)", (folder / "counts").read_text(), re.M)[1])


def main():
    program = os.environ.get("OMG_PROGRAM", "omg")
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    info = subprocess.run([program, "info"], capture_output=True, text=True, check=True).stdout
    compiler = re.search(r"^compiler: (.*)$", info, re.M)[1]
    sets = re.search(r"^ *cpu .*?: (\S+) \(of (.*?)\)", info, re.M)[2].split(", ")
    if "avx2" not in sets:
        skip("valgrind knows instruction sets up to avx2, for which this build or this processor has no kernels")
    environment = {**os.environ, "OMG_CPU_INSTRUCTION_SET": "avx2"}
    counts = {name: instructions(program, environment, study(*spec)) for name, spec in WORKLOADS.items()}
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    key = f"{compiler}, avx2"
    if sys.argv[1:] == ["--update"]:
        known[key] = counts
        BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return
    if key not in known:
        skip(f"{BASELINE.name} has no counts for {key}, only for {'; '.join(known)}; here: {json.dumps(counts)}")
    failed = False
    for name, count in counts.items():
        expected = known[key].get(name, 0)
        inside = abs(count - expected) <= BAND * expected
        failed |= not inside
        change = f"{100 * (count / expected - 1):+.1f} %" if expected else "new"
        print(f"{name:24}{count:14,}{expected:14,}  {change}{'' if inside else '  OUTSIDE OF THE BAND'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
