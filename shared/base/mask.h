/* mask - replaces secret values by `***` in text that leaves the process, in the forms in which programs print them:
 * as they are, JSON-escaped (once and twice), URL-encoded, and base64 (also inside a longer base64 text, in any of the
 * three alignments). Of a value of several lines each longer line is looked for, too.
 *
 * Not masked: values under MASK_VALUE_MIN bytes, because their letters stand everywhere; lines under MASK_LINE_MIN bytes
 * of a value of several lines; and what a program computes from a value in any other way.
 *
 * Search: one pass; at each byte four bytes index a bitmap, and what it lets pass is compared with the patterns that
 * begin so, longest first. Where matches overlap, all that they cover is replaced, by one mark.
 * Threads: a mask is read by any number after its last mask_add; a mask_stream belongs to one. */
#ifndef RUNSPOOL_BASE_MASK_H
#define RUNSPOOL_BASE_MASK_H

#include "base/buf.h"
#include "base/json.h"
#include <stdbool.h>

#define MASK_MARK "***"
#define MASK_VALUE_MIN 4   /* bytes of a value */
#define MASK_LINE_MIN 8    /* bytes of one line of a value of several */
#define MASK_VALUE_MAX 65536

struct mask;
struct mask *mask_new(void); /* NULL: no memory */
void mask_free(struct mask *mask); /* wipes its patterns; NULL is fine */

/* mask_add - from now on hide this value. Returns: RS_OK, also for a value that is too short to be masked; RS_LIMIT (over
 * MASK_VALUE_MAX), RS_NOMEM. */
enum rs_err mask_add(struct mask *mask, const char *value, size_t len) RS_MUST_CHECK;
/* mask_empty - does it hide nothing? true for NULL; everything below then copies or does nothing. */
bool mask_empty(const struct mask *mask);

/* mask_hits - is there anything to hide in text? */
bool mask_hits(const struct mask *mask, const char *text, size_t len);
/* mask_text - append text with everything hidden. cut: the text may end in the middle of a value: an end that is the
 * beginning of one, and at least MASK_VALUE_MIN bytes of it, is hidden as well. Returns out->err. */
enum rs_err mask_text(const struct mask *mask, const char *text, size_t len, bool cut, struct buf *out);
/* mask_string - the same in place, for a NUL-terminated text in a buffer of size bytes; the mark may cost its end. */
void mask_string(const struct mask *mask, char *text, size_t size, bool cut);
/* mask_json - value with everything hidden in its strings, numbers and member names; those changed become strings.
 * Consumes value, returns it or what stands for it, owned; NULL for JSON null. Objects and arrays are changed in place. */
struct json_object *mask_json(const struct mask *mask, struct json_object *value);

/* mask_copy - the same, but value itself stays as it is, where others hold it: when there is something to hide, a copy is
 * returned. Without memory for that: the mark alone. */
struct json_object *mask_copy(const struct mask *mask, struct json_object *value);

/* A text that comes in pieces: what may be the beginning of a value waits for the next piece. */
struct mask_stream {
    const struct mask *mask; /* borrowed; NULL: everything passes */
    struct buf held;
    size_t covered;          /* bytes of held that a mark already stands for */
};
void mask_stream_init(struct mask_stream *stream, const struct mask *mask);
void mask_stream_release(struct mask_stream *stream);
/* mask_stream_feed - a piece of at most 1 MiB: append to out what of all that came can be told. Returns out->err, or RS_NOMEM. */
enum rs_err mask_stream_feed(struct mask_stream *stream, const char *data, size_t len, struct buf *out);
/* mask_stream_end - append the rest. */
enum rs_err mask_stream_end(struct mask_stream *stream, struct buf *out);

#endif
