# The conformance suite: installed with the package, for `runspool conformance`.
conformancedir = $(pkgdatadir)/conformance
dist_conformance_DATA = \
  tests/conformance/conformance.py tests/conformance/conftest.py tests/conformance/doors.py \
  tests/conformance/install.py tests/conformance/proof.py tests/conformance/report.py \
  tests/conformance/test_common.py tests/conformance/test_auth.py tests/conformance/test_native.py tests/conformance/test_console.py \
  tests/conformance/test_assistant.py tests/conformance/test_monitor.py tests/conformance/test_crew.py \
  tests/conformance/test_topics.py

EXTRA_DIST += tests/integration/test_conformance.py tests/integration/test_replay.py \
  tests/integration/test_bad_input.py
