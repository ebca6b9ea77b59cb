/* stream - names of home streams and views. A kind from a closed list, then ':' and an id; '*' only as the whole
 * name; or a bare word. Pure functions, any thread. */
#ifndef RUNSPOOL_EVENT_STREAM_H
#define RUNSPOOL_EVENT_STREAM_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define STREAM_MAX 140 /* bytes of the longest stream name, with room for its NUL */

/* stream_check - is the name well-formed for a subscriber? Returns RS_OK or RS_INVALID with what is wrong. */
enum rs_err stream_check(const char *name, struct fault *fault) RS_MUST_CHECK;
/* stream_check_home - may an event be appended to it? (no wildcard, and not `runs`, `workflows`, `history`, `adws`,
 * `routes`, which are views only; `workflow:X` is a view too). */
enum rs_err stream_check_home(const char *name, struct fault *fault) RS_MUST_CHECK;
/* stream_homes - the streams that together show every home there can be ("run:*", ..., "queue", ...). Returns how many. */
#define STREAM_HOMES_MAX 32
int stream_homes(const char *ret[STREAM_HOMES_MAX]);
/* stream_is_wildcard - "run:*". */
bool stream_is_wildcard(const char *name);
/* stream_id - the part after ':' (borrowed), or NULL for a bare name. */
const char *stream_id(const char *name);
/* stream_has_kind - does name start with kind and ':'? */
bool stream_has_kind(const char *name, const char *kind);

#endif
