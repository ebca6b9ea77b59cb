#include "runner/logcut.h"
#include <stdlib.h>
#include <string.h>

void logcut_init(struct logcut *cut, int64_t max)
{
    *cut = (struct logcut){.max = max};
}

bool logcut_next(struct logcut *cut, struct logcut_kept *ret)
{
    if (cut->n == 0)
        return false;
    *ret = cut->tail[cut->first];
    cut->tail_bytes -= ret->len;
    cut->first = (cut->first + 1) % LOGCUT_TAIL_LINES;
    cut->n--;
    return true;
}

void logcut_release(struct logcut *cut)
{
    struct logcut_kept line;
    while (logcut_next(cut, &line))
        free(line.text);
}

static void keep(struct logcut *cut, int stream, const char *text, size_t len)
{
    struct logcut_kept old;
    char *copy;

    while (cut->n > 0 && (cut->n == LOGCUT_TAIL_LINES || cut->tail_bytes + len > LOGCUT_TAIL_BYTES)) {
        (void)logcut_next(cut, &old);
        cut->lines++;
        cut->bytes += (int64_t)old.len + 1;
        free(old.text);
    }
    if (!(copy = malloc(len + 1))) {
        cut->lines++;
        cut->bytes += (int64_t)len + 1;
        return;
    }
    memcpy(copy, text, len + 1);
    cut->tail[(cut->first + cut->n) % LOGCUT_TAIL_LINES] = (struct logcut_kept){stream, len, copy};
    cut->n++;
    cut->tail_bytes += len;
}

enum logcut_answer logcut_line(struct logcut *cut, int stream, const char *text, size_t len)
{
    int64_t cost = (int64_t)len + LOGCUT_LINE_COST;
    bool first = !cut->cutting;

    if (first && cut->used + cost <= cut->max) {
        cut->used += cost;
        return LOGCUT_LOG;
    }
    cut->cutting = true;
    keep(cut, stream, text, len);
    return first ? LOGCUT_FIRST : LOGCUT_KEEP;
}
