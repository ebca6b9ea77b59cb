/* answer - what is made of a model's text before people see it. Pure functions, any thread; texts are UTF-8. */
#ifndef RUNSPOOL_RUNNER_ASSIST_ANSWER_H
#define RUNSPOOL_RUNNER_ASSIST_ANSWER_H

#include "base/buf.h"
#include "base/json.h"

#define ANSWER_BLOCKS_MAX 200
#define ANSWER_CITATIONS_MAX 500

/* answer_without_thinking - append text to out without its thinking: <think>, <thinking>, <thought>, <reasoning> or
 * <reflection> up to their ends, or up to the text's end when they have none; all before an end without a beginning.
 * What stands in code blocks stays. Trimmed. *ret_blocks: how many were left out. Returns out->err. */
enum rs_err answer_without_thinking(const char *text, struct buf *out, int *ret_blocks);
/* answer_code_blocks - the fenced blocks (CommonMark, section 4.5): [{language, code, closed}], owned by the caller. */
struct json_object *answer_code_blocks(const char *text);
/* answer_check_citations - append text to out without marks [n] that point at no passage, outside code. passages: array
 * of strings or of objects with `text`; NULL: none. Returns [{number, valid, overlap, supported}] in the order of the
 * marks, owned: overlap is how many of the longer words of the marked sentence stand in the passage (0 to 1), supported
 * when that is ANSWER_SUPPORT or more. */
#define ANSWER_SUPPORT 0.3
struct json_object *answer_check_citations(const char *text, struct json_object *passages, struct buf *out);

#endif
