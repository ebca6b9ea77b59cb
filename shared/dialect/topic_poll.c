/* Polling a topic: the client's cursor is the state it has. */
#include "dialect/topic.h"

#include <stdlib.h>
#include <string.h>

static bool take_gap(void *ctx, const char *id, const char *json, size_t len)
{
    struct buf *gaps = ctx;
    (void)id; /* a gap has none */
    if (gaps->len > 0)
        buf_putc(gaps, ',');
    return buf_append(gaps, json, len) == RS_OK;
}

enum rs_err topic_poll_begin(struct feed *feed, struct cursor since, struct eventlog *log, struct fault *fault)
{
    struct buf gaps;
    struct message_sink sink = {take_gap, &gaps};
    buf_init(&gaps, POLL_BYTES_MAX);
    feed->seen = since;
    enum rs_err err = feed_start(feed, since, NULL, log, &sink, fault);
    if (!err && gaps.err)
        err = fault_set(fault, gaps.err, "no memory for a gap message");
    if (!err && gaps.len > 0)
        feed->gap = buf_take(&gaps, NULL);
    buf_release(&gaps);
    return err;
}

enum rs_err topic_poll_put(const struct feed *feed, const struct topic_state *state, bool give, struct buf *out,
                           struct fault *fault)
{
    buf_puts(out, "{\"events\":[");
    if (feed->gap)
        buf_puts(out, feed->gap);
    if (feed->gap && give)
        buf_putc(out, ',');
    if (give)
        buf_append(out, state->message.data, state->message.len);
    enum rs_err err = buf_printf(out, "],\"next\":\"%s\"}", state->id);
    return err ? fault_set(fault, err, "the answer is too large") : RS_OK;
}

enum rs_err topic_poll(struct feed *feed, bool started, struct cursor since, struct store *store, struct eventlog *log,
                       struct buf *out, struct poll_said *ret, struct fault *fault)
{
    struct topic_state state = {0};
    const struct topic_asked asked = {feed->org[0] ? feed->org : NULL, feed->param, &feed->query};
    enum rs_err err = started ? RS_OK : topic_poll_begin(feed, since, log, fault);
    if (!err)
        err = topic_make(feed->endpoint->topic, &asked, store, log, &state, fault);
    if (!err && feed->seen.kind == CURSOR_NOW)
        feed->seen = state.at;
    if (!err) {
        bool give = topic_differs(&feed->seen, &state);
        *ret = (struct poll_said){.empty = !give && !feed->gap, .gaps = feed->gap != NULL, .whole = true};
        err = topic_poll_put(feed, &state, give, out, fault);
    }
    topic_state_release(&state);
    return err;
}
