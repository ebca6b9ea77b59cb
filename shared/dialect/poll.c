#include "dialect/topic.h"
#include <string.h>

#define POLL_CHUNK 100 /* events read at once */

enum rs_err poll_parse(const struct query *query, struct cursor *ret_since, int *ret_wait_s, struct fault *fault)
{
    struct cursor since = {.kind = CURSOR_NONE};
    if (cursor_parse(query_get(query, "since"), &since))
        return fault_set(fault, RS_INVALID, "since must be start, now, or the id of a message");
    int wait_s = 0;
    const char *wait = query_get(query, "wait");
    if (wait) {
        if (wait[0] == '\0' || wait[strspn(wait, "0123456789")] != '\0')
            return fault_set(fault, RS_INVALID, "wait must be a whole number of seconds");
        for (const char *c = wait; *c && wait_s <= POLL_WAIT_MAX_S; c++)
            wait_s = wait_s * 10 + (*c - '0');
        if (wait_s > POLL_WAIT_MAX_S)
            wait_s = POLL_WAIT_MAX_S;
    }
    *ret_since = since;
    *ret_wait_s = wait_s;
    return RS_OK;
}

struct poll_text {
    struct buf *out;
    size_t start;
    int n;
    bool full, gaps;
    int64_t first;
};

static void note(struct poll_text *text, const char *id)
{
    struct cursor at = {.id = 0};
    if (!id)
        text->gaps = true;
    else if (text->first == 0 && cursor_parse(id, &at) == RS_OK)
        text->first = at.id;
}

static bool poll_take(void *ctx, const char *id, const char *json, size_t len)
{
    struct poll_text *text = ctx;
    if (text->n > 0 && text->out->len - text->start + len > POLL_BYTES_MAX) {
        text->full = true;
        return false;
    }
    note(text, id);
    if (text->n++ > 0)
        (void)buf_putc(text->out, ',');
    (void)buf_append(text->out, json, len);
    return true;
}

enum rs_err poll_answer(struct feed *feed, bool started, struct cursor since, struct store *store, struct eventlog *log,
                        struct buf *out, struct poll_said *ret, struct fault *fault)
{
    if (feed->endpoint->topic)
        return topic_poll(feed, started, since, store, log, out, ret, fault);
    (void)buf_puts(out, "{\"events\":[");
    struct poll_text text = {.out = out, .start = out->len};
    struct message_sink sink = {.message = poll_take, .ctx = &text};
    enum rs_err err = RS_OK;
    if (!started)
        err = feed_start(feed, since, store, log, &sink, fault);
    bool more = true, ended = false;
    for (int n = 0; !err && more && n < POLL_EVENTS_MAX && !text.full; n += POLL_CHUNK)
        err = feed_read(feed, log, POLL_CHUNK, &sink, &more, fault);
    if (!err && !more)
        err = feed_ended(feed, log, &ended, fault);
    if (err)
        return err;
    char next[CURSOR_TEXT_MAX];
    (void)buf_printf(out, "],\"next\":\"%s\"", cursor_format(feed->at.id, feed->at.part, next));
    if (ended)
        (void)buf_puts(out, ",\"end\":true");
    err = buf_putc(out, '}');
    if (err)
        return fault_set(fault, err, "the answer is too large");
    *ret = (struct poll_said){
        .empty = text.n == 0 && !ended, .gaps = text.gaps, .whole = !more && !text.full, .first = text.first};
    return RS_OK;
}
