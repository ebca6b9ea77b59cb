/* cursor - a place in the event log: "everything up to and including message id.part has been seen".
 * Pure functions, any thread. */
#ifndef RUNSPOOL_EVENT_CURSOR_H
#define RUNSPOOL_EVENT_CURSOR_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum cursor_kind { CURSOR_NONE /* absent */, CURSOR_START, CURSOR_NOW, CURSOR_AT /* id, part */ };
struct cursor {
    enum cursor_kind kind;
    int64_t id; /* event id, 0 before the first */
    int part;   /* 0 for message "N", 1 for "N.1"; CURSOR_PART_ALL when all of the event's messages were seen */
    bool hashed;   /* it came as "N.xxxxxxxx": the id of a topic's state */
    uint32_t hash; /* of that state */
};
#define CURSOR_TEXT_MAX 64
#define CURSOR_PART_MAX 999
#define CURSOR_PART_ALL CURSOR_PART_MAX /* beyond any part an event can have, and still a cursor as text */

/* cursor_parse - "start", "now", "N", "N.K", and "N.xxxxxxxx" (a topic's hash; where events are read it stands for N).
 * NULL (absent) gives CURSOR_NONE. Anything else, or a number beyond int64: RS_INVALID, *ret untouched. */
enum rs_err cursor_parse(const char *text, struct cursor *ret) RS_MUST_CHECK;
/* cursor_format - "N" for part 0, else "N.K". cursor_format_hash - "N.xxxxxxxx". Both return text. */
char *cursor_format(int64_t id, int part, char text[CURSOR_TEXT_MAX]);
char *cursor_format_hash(int64_t id, uint32_t hash, char text[CURSOR_TEXT_MAX]);

#endif
