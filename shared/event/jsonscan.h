/* jsonscan - check JSON text (RFC 8259) without building anything: grammar, UTF-8, nesting. Pure functions, any thread. */
#ifndef RUNSPOOL_EVENT_JSONSCAN_H
#define RUNSPOOL_EVENT_JSONSCAN_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* A reading position. Every function moves `at` forward and never beyond `end`; on failure `at` is where it failed. */
struct jsonscan {
    const char *at, *end;
};

/* jsonscan_space - skip white space. */
void jsonscan_space(struct jsonscan *scan);
/* jsonscan_take - skip the byte c when it is the next one. Returns whether it was. */
bool jsonscan_take(struct jsonscan *scan, char c);
/* jsonscan_string - skip one string with its quotes. *ret_escaped (may be NULL): it holds a backslash. */
enum rs_err jsonscan_string(struct jsonscan *scan, bool *ret_escaped) RS_MUST_CHECK;
/* jsonscan_value - skip one value of any type, without white space around it.
 * Returns: RS_OK; RS_INVALID (grammar or UTF-8), RS_LIMIT (deeper than JSON_DEPTH_MAX). */
enum rs_err jsonscan_value(struct jsonscan *scan) RS_MUST_CHECK;
/* jsonscan_object - is the text exactly one JSON object, with nothing around it but white space? */
enum rs_err jsonscan_object(const char *text, size_t len) RS_MUST_CHECK;
/* jsonscan_text - decode a string's bytes between the quotes (already checked) into out, which has room for max bytes
 * and a NUL. Returns false when it is longer, or holds a NUL or anything escaped beyond ASCII. */
bool jsonscan_text(const char *raw, size_t len, bool escaped, char *out, size_t max);

#endif
