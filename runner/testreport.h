/* testreport - what a test program says of its tests: TAP (version 13 and 14, and what automake and prove print) and
 * pytest's output line by line as they come, JUnit XML (as pytest, Maven, gtest and others write it) from a file.
 * Pure but for its memory; one thread. */
#ifndef RUNSPOOL_RUNNER_TESTREPORT_H
#define RUNSPOOL_RUNNER_TESTREPORT_H

#include "base/json.h"
#include <stdbool.h>
#include <stdint.h>

#define TESTREPORT_FAILURES_MAX 100 /* told one by one; all are counted */
#define TESTREPORT_NAME_MAX 300     /* bytes of a name */
#define TESTREPORT_MESSAGE_MAX 1000 /* bytes of a message */
#define TESTREPORT_FILE_MAX (16 * 1024 * 1024)

enum testreport_format { TESTREPORT_AUTO, TESTREPORT_TAP, TESTREPORT_JUNIT, TESTREPORT_PYTEST };

struct testreport {
    enum testreport_format format; /* what is read; TESTREPORT_AUTO: not known yet */
    bool found;                    /* something that only a report has was seen */
    int64_t passed, failed, skipped, errors;
    int64_t duration_ms; /* -1: not said */
    struct json_object *failures;
    /* TAP */
    int64_t planned; /* -1: no plan */
    bool details;    /* lines that may belong to the failure before */
    bool yaml;
    /* pytest */
    char heading[TESTREPORT_NAME_MAX]; /* of the failure being described: "TestA.test_b" */
    struct json_object *places;        /* heading: {file, line} */
};
void testreport_init(struct testreport *report, enum testreport_format format);
void testreport_release(struct testreport *report);

/* testreport_line - one line of the program's standard output, without its newline; ANSI colours do no harm. */
void testreport_line(struct testreport *report, const char *text, size_t len);
/* testreport_file - a whole report; the format is seen from its first character when it is not known. Counts again from
 * nothing. RS_INVALID: not XML, or XML without a test suite. */
enum rs_err testreport_file(struct testreport *report, const char *text, size_t len, struct fault *fault) RS_MUST_CHECK;
/* testreport_end - no more lines: what was planned and never ran is an error. */
void testreport_end(struct testreport *report);
/* testreport_json - {format, passed, failed, skipped, errors, total, durationMs, failures: [{name, file?, line?,
 * message?}]}; owned. */
struct json_object *testreport_json(const struct testreport *report);

#endif
