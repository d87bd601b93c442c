"""What the README shows works: its study runs, and its commands exist."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PROGRAM = os.environ["OMG_PROGRAM"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


class Readme(unittest.TestCase):
    def test_study_runs_and_its_certificate_holds(self):
        (study,) = blocks("toml")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "study.toml")
            path.write_text(study)
            out = pathlib.Path(folder, "results")
            subprocess.run([PROGRAM, "run", path, "--out", out, "--quiet"], check=True)
            records = json.loads((out / "summary.json").read_text())["cells"]
        self.assertEqual([record["lanes"] for record in records], [1000])
        ratio = records[0]["certificate"]["max_ratio"]
        self.assertGreater(ratio, 0.99)
        self.assertLessEqual(ratio, 1 + 1e-9)

    def test_results_are_those_of_the_study(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "results")
            subprocess.run([PROGRAM, "run", ROOT / "studies/claims.toml", "--check", "--backend", "cpu", "--out", out, "--quiet"], check=True)
            table = subprocess.run(
                [ROOT / "scripts/results-table", out / "summary.json"], check=True, capture_output=True, text=True
            ).stdout
            subprocess.run([ROOT / "scripts/results-figure", out / "summary.json", out / "figure.svg"], check=True)
            drawn = (out / "figure.svg").read_text()
        self.assertIn(table, README)
        # The picture is the same but for rounding to a tenth of a pixel.
        number = re.compile(r"-?\d+(?:\.\d+)?")
        shown = (ROOT / "docs/envelopes.svg").read_text()
        self.assertEqual(number.sub("#", drawn), number.sub("#", shown))
        for ours, theirs in zip(number.findall(drawn), number.findall(shown), strict=True):
            self.assertAlmostEqual(float(ours), float(theirs), delta=0.11)

    def test_wrong_files_get_one_message(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            other, document = folder / "other.json", folder / "document.md"
            other.write_text('{"cells": [], "claims": []}')
            document.write_text("no markers")
            for script, summary, to in [
                ("results-table", folder / "none.json", document),
                ("results-table", ROOT / "README.md", document),
                ("results-table", other, document),
                ("results-figure", folder, folder / "figure.svg"),
                ("results-figure", other, folder / "figure.svg"),
            ]:
                ended = subprocess.run([ROOT / "scripts" / script, summary, to], capture_output=True, text=True)
                self.assertEqual(ended.returncode, 2, ended.stderr)
                self.assertIn(f"{script}: {summary}: ", ended.stderr)
                self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
            self.assertEqual(sorted(path.name for path in folder.iterdir()), ["document.md", "other.json"])
            self.assertEqual(document.read_text(), "no markers")

    def test_commands_exist(self):
        lines = [line.split("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
        commands = [line for line in lines if line]
        self.assertTrue(commands)
        for command in commands:
            if command[0].startswith("scripts/"):
                self.assertTrue(os.access(ROOT / command[0], os.X_OK), command)
            else:
                self.assertTrue(command[0].endswith("bin/omg"), command)
                subprocess.run([PROGRAM, command[1], "--help"], check=True, stdout=subprocess.DEVNULL)

    def test_links_lead_somewhere(self):
        for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]:
            for link in re.findall(r"\]\(([^)#]+)", document.read_text()):
                if "://" not in link:
                    self.assertTrue((document.parent / link).exists(), f"{document.name}: {link}")


if __name__ == "__main__":
    unittest.main()
