TESTS += tests/crash.test
EXTRA_DIST += tests/crash.test tests/crash/run tests/crash/harness.py tests/crash/checker.py tests/crash/producers.py \
  tests/crash/followers.py tests/crash/faults.py tests/crash/test_checker.py tests/crash/test_rounds.py
