#include "runner/lines.h"
#include "base/clock.h"
#include "base/utf8.h"
#include <string.h>

void lines_init(struct lines *lines, lines_fn *fn, void *ctx)
{
    lines->fn = fn;
    lines->ctx = ctx;
    lines->len = 0;
    lines->cut = lines->after_cr = false;
    lines->shown_ms = 0;
}

enum rs_err text_scrub(struct buf *out, const char *text, size_t len)
{
    size_t at = 0, good = 0; /* text[good..at) is good and not yet appended */

    while (at < len) {
        size_t n = text[at] == '\0' ? 0 : utf8_char(text + at, len - at);
        if (n > 0) {
            at += n;
            continue;
        }
        buf_append(out, text + good, at - good);
        buf_puts(out, "\xef\xbf\xbd");
        good = ++at;
    }
    return at > good ? buf_append(out, text + good, at - good) : out->err;
}

size_t text_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static void emit(struct lines *lines)
{
    struct buf out;
    size_t len = lines->len;

    if (lines->cut) {
        /* A character cut in two at the end of the buffer is left out rather than shown as broken. */
        size_t back = 1;
        while (back < 4 && back < len && ((unsigned char)lines->text[len - back] & 0xc0) == 0x80)
            back++;
        if (back <= len && utf8_char(lines->text + len - back, back) == 0)
            len -= back;
    }
    buf_init(&out, 3 * LINE_TEXT_MAX + sizeof LINE_CUT_MARK);
    text_scrub(&out, lines->text, len);
    if (lines->cut)
        buf_puts(&out, LINE_CUT_MARK);
    if (!out.err)
        lines->fn(lines->ctx, out.data ? out.data : "", out.len);
    buf_release(&out);
    lines->len = 0;
    lines->cut = false;
}

/* A line that the next one may overwrite. */
static void progress(struct lines *lines)
{
    int64_t now = clock_mono_ms();

    lines->after_cr = lines->len > 0;
    if (lines->len > 0 && (lines->shown_ms == 0 || now - lines->shown_ms >= LINE_PROGRESS_MS)) {
        lines->shown_ms = now;
        emit(lines);
    }
}

void lines_feed(struct lines *lines, const char *data, size_t len)
{
    while (len > 0) {
        if (lines->after_cr) {
            lines->after_cr = false;
            if (*data == '\n') {
                lines_flush(lines);
                data++, len--;
                continue;
            }
            lines->len = 0;
            lines->cut = false;
        }
        size_t n = 0;
        while (n < len && data[n] != '\n' && data[n] != '\r')
            n++;
        size_t room = LINE_TEXT_MAX - lines->len, take = n < room ? n : room;
        memcpy(lines->text + lines->len, data, take);
        lines->len += take;
        lines->cut |= n > room;
        if (n < len) {
            /* A lone \r at a line's start says nothing; an empty line of \n does. */
            if (data[n] == '\n')
                emit(lines);
            else
                progress(lines);
            n++;
        }
        data += n;
        len -= n;
    }
}

void lines_flush(struct lines *lines)
{
    if (lines->len > 0)
        emit(lines);
}
