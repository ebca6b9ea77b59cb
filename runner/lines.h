/* lines - cuts a stream of bytes into lines for people: at \n, at LINE_TEXT_MAX bytes, and at \r. What ends in a lone
 * \r is a progress display about to be overwritten: of those one is given every LINE_PROGRESS_MS, and the last. ANSI
 * escapes are kept; what is not UTF-8 becomes U+FFFD. Pure but for its buffer; one thread. */
#ifndef RUNSPOOL_RUNNER_LINES_H
#define RUNSPOOL_RUNNER_LINES_H

#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_TEXT_MAX 8192    /* bytes of a line; the rest of it is left out */
#define LINE_PROGRESS_MS 1000 /* of a progress display, one line in so long is given */
#define LINE_CUT_MARK " [rest of line cut]"

/* text: valid UTF-8, NUL-terminated, without its newline; borrowed for the call. */
typedef void lines_fn(void *ctx, const char *text, size_t len);

struct lines {
    lines_fn *fn;
    void *ctx;
    char text[LINE_TEXT_MAX];
    size_t len;
    bool cut;         /* the line was longer than its buffer */
    bool after_cr;    /* text[0..len) ended by \r: a \n right behind makes it a line, anything else overwrites it */
    int64_t shown_ms; /* when a progress display was last given (monotonic), 0: never */
};
void lines_init(struct lines *lines, lines_fn *fn, void *ctx);
void lines_feed(struct lines *lines, const char *data, size_t len);
void lines_flush(struct lines *lines); /* end of the stream: a last line without newline is given too */

/* text_scrub - append len bytes as valid UTF-8 without NUL: each bad byte becomes U+FFFD. Returns out->err. */
enum rs_err text_scrub(struct buf *out, const char *text, size_t len);
/* text_cut - the largest length <= max at which text (valid UTF-8 but for its end) can be cut between characters. */
size_t text_cut(const char *text, size_t len, size_t max);

#endif
