#!/usr/bin/env python3
"""The fake under test. fake_test.py [NAME...]: all checks, or those whose name holds NAME. Needs the environment that
tests/aws/prepare makes."""

import sys
import unittest

MODULES = ["life", "dependencies", "consistency", "refusals", "services"]


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1


def main() -> int:
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]] or None
    suite = loader.loadTestsFromNames([f"checks.{name}" for name in MODULES])
    result = unittest.TextTestRunner(resultclass=Result).run(suite)
    failed = len(result.failures) + len(result.errors)
    assert isinstance(result, Result)
    print(f"{result.passed} passed, {failed} failed")
    return 0 if failed == 0 and result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
