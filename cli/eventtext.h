/* eventtext - an event in words for a terminal or a log file. Pure but for the terminal's width. */
#ifndef RUNSPOOL_CLI_EVENTTEXT_H
#define RUNSPOOL_CLI_EVENTTEXT_H

#include "base/json.h"
#include "cli/term.h"

#define EVENTTEXT_MAX (1024 * 1024)

/* eventtext_put - one line and its newline: time, who (padded to who_columns; NULL: the node's id), after the
 * stream when with_stream, and what. event: a native message, {"op":"gap"} included. Returns out->err. */
enum rs_err eventtext_put(struct buf *out, const struct term *term, struct json_object *event, bool with_stream,
                          const char *who, int who_columns);

#endif
