/* Reading a feed from the log: where it starts, the next messages with gaps in their place, and whether it has ended.
 */
#include "dialect/dialect.h"
#include <stdlib.h>
#include <string.h>

static void feed_stand(struct feed *feed, int64_t id)
{
    feed->at = (struct cursor){.kind = CURSOR_AT, .id = id};
    feed->whole = true;
    feed->gap_to = id;
}

static const char *feed_org(const struct feed *feed)
{
    return feed->org[0] ? feed->org : NULL;
}

/* A cursor "N" may stand within event N, which is then read again and its messages counted off. */
static int64_t feed_after(const struct feed *feed)
{
    bool within = feed->endpoint->several && !feed->whole && feed->at.id > 0;
    return within ? feed->at.id - 1 : feed->at.id;
}

static struct eventlog_query feed_query(const struct feed *feed)
{
    return (struct eventlog_query){
        .streams = (const char *const *)feed->streams,
        .n_streams = feed->n_streams,
        .org = feed_org(feed),
        .after = feed_after(feed),
        .without_bulk = feed->endpoint->without_bulk,
    };
}

/* Hand over message i. */
static bool give(const struct dialect_out *out, int i, struct message_sink *sink)
{
    char id[CURSOR_TEXT_MAX];
    cursor_format(out->event_id, out->first_part + i, id);
    return sink->message(sink->ctx, id, out->text.data + out->at[i].start, out->at[i].len);
}

static enum rs_err give_gap(const struct feed *feed, const char *stream, int64_t first, int64_t last,
                            struct message_sink *sink, bool *ret_taken, struct fault *fault)
{
    struct buf text;
    buf_init(&text, STREAM_MAX + 256);
    enum rs_err err = dialect_put_gap(&text, feed->endpoint->native, stream, first, last);
    if (!err)
        *ret_taken = sink->message(sink->ctx, NULL, text.data, text.len);
    buf_release(&text);
    return err ? fault_set(fault, err, "no memory for a gap message") : RS_OK;
}

static enum rs_err start_at_opening(struct feed *feed, struct store *store, struct eventlog *log,
                                    struct message_sink *sink, struct fault *fault)
{
    struct dialect_out out;
    dialect_out_init(&out);
    enum rs_err err = feed->endpoint->opening(feed, store, log, &out, fault);
    for (int i = 0; !err && i < out.n; i++)
        (void)give(&out, i, sink);
    feed->gap_to = feed->at.id;
    dialect_out_release(&out);
    return err;
}

/* A cursor that no event here has: what the client saw from `first` on is not in this log. Then it stands at `at`. */
static enum rs_err start_beyond(struct feed *feed, int64_t first, int64_t last, int64_t at, struct message_sink *sink,
                                struct fault *fault)
{
    enum rs_err err = RS_OK;
    for (int i = 0; !err && i < feed->n_streams; i++) {
        bool taken;
        err = give_gap(feed, feed->streams[i], first, last, sink, &taken, fault);
    }
    feed_stand(feed, at);
    return err;
}

/* The state as older events tell it, each by messages with its own id. */
static enum rs_err start_at_standing(struct feed *feed, struct store *store, struct eventlog *log, int64_t head,
                                     struct message_sink *sink, struct fault *fault)
{
    struct event **events = NULL;
    struct dialect_out out;
    int n = 0;
    dialect_out_init(&out);
    enum rs_err err = feed->endpoint->standing(feed, store, log, head, &events, &n, fault);
    for (int i = 0; !err && i < n; i++) {
        dialect_out_reset(&out, events[i]->id);
        err = feed->endpoint->project(feed, events[i], &out);
        for (int part = 0; !err && part < out.n; part++)
            (void)give(&out, part, sink);
    }
    eventlog_events_free(events, n);
    dialect_out_release(&out);
    feed_stand(feed, head);
    return err;
}

enum rs_err feed_start(struct feed *feed, struct cursor since, struct store *store, struct eventlog *log,
                       struct message_sink *sink, struct fault *fault)
{
    int64_t head, skipped, skipped_to;
    enum rs_err err = RS_OK;
    if (since.kind == CURSOR_NONE && feed->endpoint->opening) {
        err = start_at_opening(feed, store, log, sink, fault);
        goto out;
    }
    if (since.kind == CURSOR_START || (feed->endpoint->topic && since.kind != CURSOR_AT)) {
        feed_stand(feed, 0);
        goto out;
    }
    err = eventlog_head(log, &head, fault);
    if (err)
        goto out;
    if (since.kind == CURSOR_NONE && feed->endpoint->standing) {
        err = start_at_standing(feed, store, log, head, sink, fault);
        goto out;
    }
    if (since.kind != CURSOR_AT) {
        feed_stand(feed, head);
        goto out;
    }
    err = eventlog_skipped(log, since.id, &skipped, &skipped_to, fault);
    if (err)
        goto out;
    if (since.id <= head && !skipped) {
        feed_stand(feed, since.id);
        feed->at.part = since.part;
        feed->whole = since.id == 0;
        feed->gap_to = feed_after(feed); /* of an event within which it stands, the rest may be missing */
        goto out;
    }
    if (skipped)
        err = start_beyond(feed, skipped, since.id, skipped_to, sink, fault);
    else
        err = start_beyond(feed, head + 1, since.id, head, sink, fault);
out:
    return err;
}

/* What one feed_read works on. */
struct chunk {
    struct event **events;
    int n_events;
    int64_t examined;
    struct eventlog_missing missing;
    int next_gap;
};

/* Events, and what is missing among them. */
static enum rs_err chunk_read(const struct feed *feed, struct eventlog *log, int max_events, struct chunk *chunk,
                              struct fault *fault)
{
    struct eventlog_query query = feed_query(feed);

    /* Gaps up to there have been told: a long log need not look for them again. */
    chunk->missing.after = query.after > feed->gap_to ? query.after : feed->gap_to;
    return eventlog_read_with_gaps(log, &query, max_events, &chunk->events, &chunk->n_events, &chunk->examined,
                                   &chunk->missing, fault);
}

/* Did a limit end the answer, rather than the log? The log's byte limit shows in what it gave. */
static bool chunk_was_cut(const struct chunk *chunk, int max_events)
{
    size_t bytes = 0;
    for (int i = 0; i < chunk->n_events; i++)
        bytes += chunk->events[i]->data_len;
    return chunk->n_events >= max_events || bytes >= EVENTLOG_READ_BYTES - EVENT_DATA_MAX;
}

/* The gaps that begin below id. The feed then stands before id as far as they reach. */
static enum rs_err pass_gaps(struct feed *feed, struct chunk *chunk, int64_t id, struct message_sink *sink,
                             bool *ret_taken, struct fault *fault)
{
    for (; chunk->next_gap < chunk->missing.n; chunk->next_gap++) {
        const struct eventlog_gap *gap = &chunk->missing.gaps[chunk->next_gap];
        int64_t first = gap->first > feed->gap_to ? gap->first : feed->gap_to + 1;
        if (gap->last < first)
            continue;
        if (first >= id)
            break;
        enum rs_err err = give_gap(feed, gap->stream, first, gap->last, sink, ret_taken, fault);
        if (err || !*ret_taken)
            return err;
        feed->gap_to = gap->last;
        int64_t reached = gap->last < id ? gap->last : id - 1;
        if (reached > feed->at.id)
            feed_passed(feed, reached, 0);
    }
    return RS_OK;
}

static enum rs_err pass_event(struct feed *feed, const struct event *ev, struct dialect_out *out,
                              struct message_sink *sink, bool *ret_taken, struct fault *fault)
{
    dialect_out_reset(out, ev->id);
    enum rs_err err = feed->endpoint->project(feed, ev, out);
    if (err)
        return fault_set(fault, err, "event %lld cannot be shown here", (long long)ev->id);
    int first = ev->id == feed->at.id ? feed->at.part + 1 : 0;
    for (int i = first; i < out->n; i++) {
        *ret_taken = give(out, i, sink);
        if (!*ret_taken)
            return RS_OK;
        feed_passed(feed, ev->id, i + 1);
        feed->whole = false;
    }
    feed_passed(feed, ev->id, out->n);
    return RS_OK;
}

enum rs_err feed_read(struct feed *feed, struct eventlog *log, int max_events, struct message_sink *sink,
                      bool *ret_more, struct fault *fault)
{
    struct chunk chunk = {0};
    struct dialect_out out;
    dialect_out_init(&out);
    bool taken = true;
    enum rs_err err = chunk_read(feed, log, max_events, &chunk, fault);
    for (int i = 0; !err && taken && i < chunk.n_events; i++) {
        err = pass_gaps(feed, &chunk, chunk.events[i]->id, sink, &taken, fault);
        if (!err && taken)
            err = pass_event(feed, chunk.events[i], &out, sink, &taken, fault);
    }
    if (!err && taken)
        err = pass_gaps(feed, &chunk, chunk.examined + 1, sink, &taken, fault);
    if (!err && taken) {
        if (chunk.examined > feed->at.id)
            feed_passed(feed, chunk.examined, 0);
        feed->whole = true;
    }
    if (!err)
        *ret_more = !taken || chunk_was_cut(&chunk, max_events);
    eventlog_events_free(chunk.events, chunk.n_events);
    dialect_out_release(&out);
    return err;
}

static bool refuse(void *ctx, const char *id, const char *json, size_t len)
{
    (void)id, (void)json, (void)len;
    *(bool *)ctx = true;
    return false;
}

enum rs_err feed_ended(const struct feed *feed, struct eventlog *log, bool *ret, struct fault *fault)
{
    if (!feed->run_id[0]) {
        *ret = false;
        return RS_OK;
    }
    struct eventlog_stream stream;
    enum rs_err err = eventlog_stream(log, feed->streams[0], &stream, fault);
    bool foreign = !err && feed->org[0] && strcmp(feed->org, stream.org) != 0;
    if (err == RS_NOT_FOUND || foreign || (!err && stream.end_id == 0)) {
        *ret = false;
        return RS_OK;
    }
    if (err)
        return err;
    /* Not every event gives a message here, so the last message a client saw may lie before the end: look whether
     * anything is left, with a copy of the position and a sink that takes nothing. */
    struct feed probe = *feed;
    bool found = false, more = true;
    struct message_sink sink = {.message = refuse, .ctx = &found};
    while (more && !found && (probe.at.id < stream.end_id || !probe.whole)) {
        err = feed_read(&probe, log, 100, &sink, &more, fault);
        if (err)
            return err;
    }
    *ret = !found;
    return RS_OK;
}
