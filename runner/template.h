/* template - finds the `{{ jq }}` parts of a text. A part ends at the first `}}` that is no part of the jq program by
 * jq's own lexing: one in a string, a comment or an open bracket does not count, so `{{ {a: {b: 1}} }}` is one part.
 * A literal `{{` is written as `{{ "{{" }}`. Pure functions, any thread, any bytes. */
#ifndef RUNSPOOL_RUNNER_TEMPLATE_H
#define RUNSPOOL_RUNNER_TEMPLATE_H

#include "base/err.h"
#include "base/json.h"
#include <stdbool.h>
#include <stddef.h>

struct template_part {
    bool program; /* jq text (without its brackets), or text to be taken as it is */
    size_t start, len;
};

/* template_next - the part at *pos; *pos moves behind it.
 * Returns: RS_OK; RS_NOT_FOUND at the end of the text; RS_INVALID (message says what is open and where it began). */
enum rs_err template_next(const char *text, size_t len, size_t *pos, struct template_part *ret,
                          struct fault *fault) RS_MUST_CHECK;
/* template_has - does the text hold any `{{`? */
bool template_has(const char *text, size_t len);
/* template_has_json - does any string below value hold one? Member names are not looked at. value may be NULL. */
bool template_has_json(struct json_object *value);

/* template_program_arg - which argument of a command is program text for an interpreter (the text after `sh -c`,
 * `python3 -c`, `perl -e`, also behind env, timeout or the like)? Index, or -1. argv: array of strings. */
int template_program_arg(struct json_object *argv);

#endif
