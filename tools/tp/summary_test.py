#!/usr/bin/env python3
"""summary.py counts what ctest reports, and cannot call a broken run green."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import summary  # noqa: E402


def case(status, output="", inner=""):
    return f'<testcase name="t" status="{status}">{inner}<system-out>{output}</system-out></testcase>'


class Summary(unittest.TestCase):
    def run_on(self, *cases, broken=0):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "dev.xml")
            path.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
            screen = io.StringIO()
            with contextlib.redirect_stdout(screen):
                code = summary.main(["--broken", str(broken), str(path)])
            return code, screen.getvalue().strip().split("\n")

    def test_googletest_programs_count_by_case_and_others_as_one(self):
        google = "[  PASSED  ] 7 tests.\n[  SKIPPED ] 2 tests, listed below:\na_test.cpp:3: Skipped\nno engine\n"
        code, lines = self.run_on(case("run", google), case("run", "fine"))
        self.assertEqual((code, lines[-1]), (0, "8 passed, 0 failed, 2 skipped"))
        self.assertIn("no engine", lines[0])

    def test_python_programs_count_by_case(self):
        said = "test_memory (x.Y) ... skipped 'no right to read it'\n-----\nRan 9 tests in 0.1s\n\nOK (skipped=2)\n"
        code, lines = self.run_on(case("run", said), case("run", "Ran 1 test in 0.001s\n\nOK\n"))
        self.assertEqual((code, lines[-1]), (0, "8 passed, 0 failed, 2 skipped"))
        self.assertIn("no right to read it", lines[0])
        failed = "Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"
        self.assertEqual(self.run_on(case("fail", failed))[1][-1], "6 passed, 2 failed, 1 skipped")
        crashed = case("fail", "Ran 2 tests in 0.1s\n\nOK\n")
        self.assertEqual(self.run_on(crashed)[1][-1], "2 passed, 1 failed, 0 skipped")

    def test_failures_and_crashes(self):
        failed = "[  PASSED  ] 3 tests.\n[  FAILED  ] 2 tests, listed below:\n"
        self.assertEqual(self.run_on(case("fail", failed))[1][-1], "3 passed, 2 failed, 0 skipped")
        crashed = case("fail", "[  PASSED  ] 3 tests.\n", '<failure message="Segfault"/>')
        self.assertEqual(self.run_on(crashed), (1, ["failed   dev: t", "3 passed, 1 failed, 0 skipped"]))

    def test_a_preset_that_did_not_build_is_a_failure(self):
        self.assertEqual(self.run_on(case("run"), broken=1), (1, ["1 passed, 1 failed, 0 skipped"]))

    def test_nothing_run_is_not_a_pass(self):
        self.assertEqual(self.run_on()[0], 1)

    def test_skipped_programs_say_why(self):
        skipped = case("notrun", inner='<skipped message="SKIP_RETURN_CODE=77"/>', output="skipped: no packages\n")
        code, lines = self.run_on(case("run"), skipped)
        self.assertEqual(lines, ["skipped  dev: t: no packages", "1 passed, 0 failed, 1 skipped"])


if __name__ == "__main__":
    unittest.main(buffer=True)
