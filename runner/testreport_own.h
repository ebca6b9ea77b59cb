/* testreport_own - what the readers of the formats share. Only testreport*.c includes this. */
#ifndef RUNSPOOL_RUNNER_TESTREPORT_OWN_H
#define RUNSPOOL_RUNNER_TESTREPORT_OWN_H

#include "runner/testreport.h"

#define TESTREPORT_SECONDS_MAX 1e9
#define TESTREPORT_TESTS_MAX 1000000000

/* testreport_failure - tell one, when there is room. Texts are cut; file and message may be NULL, line 0.
 * Returns: its JSON, borrowed, to be completed; NULL: no room. */
struct json_object *testreport_failure(struct testreport *report, const char *name, const char *file, int64_t line,
                                       const char *message);
/* testreport_place - where it failed; NULL is fine. */
void testreport_place(struct json_object *failure, const char *file, int64_t line);
/* testreport_say - add a line to the message of a failure, NULL is fine. */
void testreport_say(struct json_object *failure, const char *text);

/* Each takes a line without colours; true: it has found something that only its format has. */
bool testreport_tap_line(struct testreport *report, const char *line);
bool testreport_pytest_line(struct testreport *report, const char *line);
enum rs_err testreport_junit(struct testreport *report, const char *text, size_t len,
                             struct fault *fault) RS_MUST_CHECK;

#endif
