/* buf - a growing byte buffer that cannot grow past its maximum. */
#ifndef RUNSPOOL_BASE_BUF_H
#define RUNSPOOL_BASE_BUF_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;       /* NUL-terminated whenever non-NULL; the NUL is not counted in len */
    size_t len;       /* bytes used */
    size_t cap;       /* bytes allocated */
    size_t max;       /* bytes len may reach */
    enum rs_err err;  /* sticky: RS_OK, RS_LIMIT or RS_NOMEM; after an error appends do nothing */
};

/* buf_init - an empty buffer that may hold at most max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* buf_release - free the contents; the buffer is as after buf_init. */
void buf_release(struct buf *b);
/* buf_clear - forget contents and error, keep the allocation. */
void buf_clear(struct buf *b);

/* The appenders return b->err: RS_OK, or RS_LIMIT / RS_NOMEM with the contents before the call unchanged.
 * Because the error is sticky a caller may check b->err once at the end. */
enum rs_err buf_append(struct buf *b, const void *data, size_t len);
enum rs_err buf_puts(struct buf *b, const char *s);
enum rs_err buf_putc(struct buf *b, char c);
/* buf_put_number - the same as buf_printf of "%" PRId64, for where many are put. */
enum rs_err buf_put_number(struct buf *b, int64_t number);
enum rs_err buf_printf(struct buf *b, const char *fmt, ...) RS_PRINTF(2, 3);
/* buf_put_json - append s (len bytes) as a JSON string with its quotes (RFC 8259, section 7);
 * bytes that are not UTF-8 become U+FFFD. */
enum rs_err buf_put_json(struct buf *b, const char *s, size_t len);
/* buf_put_duration - "840 ms", "3.2 s", "2 min 05 s", "3 h 07 min". */
enum rs_err buf_put_duration(struct buf *b, int64_t ms);
/* buf_consume - drop the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);
/* buf_fit - give back what is allocated beyond the contents. */
void buf_fit(struct buf *b);
/* buf_take - move the contents out: the caller owns the NUL-terminated string (never NULL unless out of memory),
 * *ret_len (may be NULL) gets its length. The buffer is empty afterwards. */
char *buf_take(struct buf *b, size_t *ret_len);

#endif
