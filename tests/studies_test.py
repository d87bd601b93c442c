"""The studies that come with the program confirm their claims."""

import os
import pathlib
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["OMG_PROGRAM"]
STUDIES = pathlib.Path(__file__).resolve().parent.parent / "studies"


class Studies(unittest.TestCase):
    def test_claims_and_certificates_hold(self):
        # readme_test runs claims.toml; toy.toml and real-data.toml report, and their certificates hold.
        for study in sorted(STUDIES.glob("*.toml")):
            if study.name == "claims.toml":
                continue
            with self.subTest(study.name), tempfile.TemporaryDirectory() as folder:
                result = subprocess.run(
                    [PROGRAM, "run", study, "--check", "--backend", "cpu", "--out", pathlib.Path(folder, "out"), "--quiet"],
                    capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
