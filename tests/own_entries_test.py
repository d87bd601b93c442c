"""Follows docs/adding-an-entry.md in a copy of the repository: the commands as they stand there, but for a build that is
not optimised and has the kernels of one instruction set."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGURE = ("cmake --preset debug -D CMAKE_CXX_FLAGS_DEBUG=-O0 -D OMG_CUDA=OFF -D OMG_TESTS=OFF -D OMG_BENCHMARKS=OFF "
             "-D OMG_EXAMPLES=OFF -D OMG_CPU_INSTRUCTION_SETS=sse2")


class OwnEntries(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.copy = Path(self.folder.name)
        for name in ("CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src", "kernels", "examples", "bench"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.copy / name)

    def tearDown(self):
        self.folder.cleanup()

    def run_command(self, command):
        done = subprocess.run(["bash", "-ec", command], cwd=self.copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env={**os.environ, "OMG_BACKEND": "cpu"})
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        return done.stdout

    def test_the_commands_of_the_page(self):
        page = (ROOT / "docs" / "adding-an-entry.md").read_text(encoding="utf-8")
        commands = re.search(r"```sh\n(.*?)```", page, re.S).group(1).splitlines()
        build = next(command for command in commands if command.startswith("cmake "))
        self.assertTrue(build.startswith("cmake --preset release "))
        output = ""
        for command in commands:
            command = command.replace("cmake --preset release ", CONFIGURE + " ").replace("release", "debug")
            output += self.run_command(command)
        self.assertIn("pseudo_huber", output)
        self.assertIn("normalised step, learned", output)
        self.assertIn("own entries", output)
        for kind, name in (("rules", "normalised_step"), ("learners", "sign_learner")):
            self.assertIn(name, self.run_command(f"build/debug/bin/omg list {kind}"))


if __name__ == "__main__":
    unittest.main()
