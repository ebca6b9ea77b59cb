/* text - what others wrote, as HTML: escaped, without what a terminal or a bidirectional algorithm would act on, so that
 * nothing but the text itself is shown. Pure functions, any thread. The appenders return out->err. */
#ifndef RUNSPOOL_EXPORT_TEXT_H
#define RUNSPOOL_EXPORT_TEXT_H

#include "base/buf.h"
#include "base/json.h"
#include <stdbool.h>
#include <stdint.h>

/* text_put - escaped; terminal sequences and control characters but tab and newline are left out, embeddings and overrides
 * of the writing direction are named ("[U+202E]"), bytes that are not UTF-8 become U+FFFD.
 * colors: colours and weights of the terminal (ECMA-48, 8.3.117) become spans of the classes in page.css; each is closed. */
enum rs_err text_put(struct buf *out, const char *text, size_t len, bool colors);
enum rs_err text_puts(struct buf *out, const char *text); /* the same, plain; NULL is nothing */
/* text_line - a line of a log: with colours; a carriage return writes over what stands before it. */
enum rs_err text_line(struct buf *out, const char *text, size_t len);
/* text_json - a value as a tree that can be folded; long ones begin folded. NULL: the word "Empty". */
enum rs_err text_json(struct buf *out, struct json_object *value);
enum rs_err text_count(struct buf *out, int64_t n, const char *one, const char *many); /* "1,204 lines" */
enum rs_err text_bytes(struct buf *out, int64_t n);                                    /* "3.2 kB" */
enum rs_err text_moment(struct buf *out, int64_t wall_ms);                             /* "2026-11-21 15:04:05 UTC" */

#endif
