#include "bridge/ingest.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/draft.h"
#include "event/line.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_FIRST_MS 20
#define RETRY_MOST_MS 1000
#define STOP_TRIES 5        /* when stopping: what is not stored then stays unacknowledged, and is sent again */
#define FOREIGN_EVENTS 1000 /* read at once */

struct ingest {
    struct eventlog *log;
    struct ingest_sink sink;
    int64_t published;
    struct peer *named;       /* peers with a producer, a reference each */
    struct draft draft;       /* of the outcome being made */
    struct line *lines;       /* of the transaction being made; entries point into them */
    struct eventlog_entry *entries;
    struct peer **peers;      /* whose line entry i is: borrowed from the intake, which is kept until the commit */
    size_t n_entries;
    struct intake *held;      /* intakes whose text entries point into, and whose peers are used below */
};

/* Hand the outcome over, unless there is nothing in it. */
static void give_outcome(struct ingest *in)
{
    struct outcome *o = draft_take(&in->draft);
    if (o)
        in->sink.outcome(in->sink.ctx, o);
}

/* After a failure: wait, longer each time. Returns false when it is time to give up. */
static bool wait_to_retry(struct ingest *in, int tries, const char *what, const struct fault *fault)
{
    int ms = RETRY_FIRST_MS << (tries < 6 ? tries : 6);
    if (ms > RETRY_MOST_MS)
        ms = RETRY_MOST_MS;
    draft_outcome(&in->draft)->n_failures++;
    if (tries == 0)
        log_event(LOG_LEVEL_ERROR, what, "reason=\"%s\"", fault->message);
    if (tries >= STOP_TRIES && in->sink.stopping(in->sink.ctx))
        return false;
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
    return true;
}

/* Add the events with published < id < before (0: all) to the outcome. What is stored is published, so no giving up. */
static void read_foreign(struct ingest *in, int64_t before)
{
    const char *homes[STREAM_HOMES_MAX];
    struct eventlog_query query = {.streams = homes, .n_streams = stream_homes(homes), .until = before > 0 ? before - 1 : 0};
    for (int tries = 0;;) {
        struct event **events = NULL;
        struct fault fault = {0};
        int n = 0, i = 0;
        int64_t examined = 0;
        query.after = in->published;
        enum rs_err err = eventlog_read(in->log, &query, FOREIGN_EVENTS, &events, &n, &examined, &fault);
        if (!err && n > 0) {
            struct outcome *o = draft_outcome(&in->draft);
            for (; i < n && draft_event(&in->draft, events[i]); i++)
                in->published = event_ref(events[i])->id;
            o->n_foreign += i;
            if (i < n)
                err = fault_set(&fault, RS_NOMEM, "no memory for events");
        }
        eventlog_events_free(events, n);
        if (err && !wait_to_retry(in, tries++, "log.unreadable", &fault))
            return;
        if (!err && n == 0)
            return;
    }
}

static void forget_batch(struct ingest *in)
{
    in->n_entries = 0;
    while (in->held) {
        struct intake *next = in->held->next;
        intake_free(in->held);
        in->held = next;
    }
}

typedef enum rs_err append_fn(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault);

static enum rs_err append_by(struct ingest *in, append_fn *append, struct fault *fault)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    enum rs_err err = append(in->log, in->entries, in->n_entries, fault);
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (!err)
        draft_outcome(&in->draft)->commit_us = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
    return err;
}

static bool append(struct ingest *in)
{
    struct fault fault = {0};
    for (int tries = 0; append_by(in, eventlog_append, &fault) != RS_OK; tries++)
        if (!wait_to_retry(in, tries, "commit.failed", &fault))
            return false;
    return true;
}

static void take_stored(struct ingest *in, const struct eventlog_entry *e, struct peer *peer)
{
    struct outcome *o = draft_outcome(&in->draft);
    if (e->status == RS_CONFLICT) {
        draft_error(&in->draft, peer, e->producer_seq, "the run has ended");
    } else if (e->status != RS_OK) {
        draft_error(&in->draft, peer, e->producer_seq, rs_err_name(e->status));
    } else if (e->duplicate) {
        o->n_duplicates++;
    } else {
        if (e->event->id > in->published + 1)
            read_foreign(in, e->event->id);
        while (!draft_event(&in->draft, e->event))
            nanosleep(&(struct timespec){.tv_nsec = RETRY_FIRST_MS * 1000000L}, NULL);
        in->published = e->event->id;
        o->n_stored++;
    }
}

/* What has been gathered was committed, or never will be: hand over the outcome with its events and acknowledgements. */
static void settle(struct ingest *in, bool stored)
{
    for (size_t i = 0; i < in->n_entries; i++)
        if (stored)
            take_stored(in, &in->entries[i], in->peers[i]);
        else if (in->entries[i].producer)
            in->peers[i]->lost = true;
    draft_acks(&in->draft, stored);
    in->n_entries = 0;
    give_outcome(in);
}

static void commit(struct ingest *in)
{
    settle(in, in->n_entries == 0 || append(in));
}

static void remove_named(struct ingest *in, struct peer *peer)
{
    for (struct peer **link = &in->named; *link; link = &(*link)->next)
        if (*link == peer) {
            *link = peer->next;
            peer->next = NULL;
            peer_unref(peer);
            return;
        }
}

static void take_hello(struct ingest *in, struct peer *peer, const struct line *line)
{
    int64_t last = 0;
    struct fault fault = {0};
    commit(in); /* lines of the same producer on its old connection count */
    for (int tries = 0; eventlog_producer(in->log, line->producer, &last, &fault) != RS_OK; tries++)
        if (!wait_to_retry(in, tries, "log.unreadable", &fault)) {
            peer->lost = true; /* without its number nobody could tell its lines from those sent again */
            return;
        }
    if (*peer->producer)
        remove_named(in, peer);
    for (struct peer *p = in->named, *next; p; p = next) {
        next = p->next;
        if (strcmp(p->producer, line->producer) != 0)
            continue;
        struct answer *a = draft_answer(&in->draft, p);
        if (a)
            a->close = true;
        p->replaced = true;
        remove_named(in, p);
    }
    strcpy(peer->producer, line->producer);
    peer->ack = line->ack;
    peer->last = peer->acked = last;
    peer->next = in->named;
    in->named = peer_ref(peer);
    struct answer *a = draft_answer(&in->draft, peer);
    if (a)
        buf_printf(&a->text, "{\"hello\":1,\"lastSeq\":%" PRId64 "}\n", last);
}

static void take_event(struct ingest *in, struct peer *peer, const struct line *line)
{
    bool numbered = line->n > 0 && *peer->producer;
    if (numbered && line->n <= peer->last) {
        draft_outcome(&in->draft)->n_duplicates++;
        peer->acked = -1; /* it did not hear the acknowledgement: say it again */
        draft_ack_later(&in->draft, peer);
        return;
    }
    if (numbered) {
        peer->last = line->n;
        draft_ack_later(&in->draft, peer);
    }
    if (in->n_entries == 0)
        draft_outcome(&in->draft)->received_us = in->held->received_us;
    in->peers[in->n_entries] = peer;
    in->entries[in->n_entries++] = (struct eventlog_entry){
        .stream = line->stream,
        .type = line->type,
        .data = line->data,
        .data_len = line->data_len,
        .time_ms = line->time_ms,
        .oid = line->oid,
        .producer = numbered ? peer->producer : NULL,
        .producer_seq = line->n,
    };
}

static void take_line(struct ingest *in, struct peer *peer, const char *text, size_t len)
{
    struct line *line = &in->lines[in->n_entries];
    struct fault fault = {0};
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return;
    draft_outcome(&in->draft)->n_lines++;
    enum rs_err err = line_parse(text, len, line, &fault);
    if (err) {
        draft_error(&in->draft, peer, line->n, fault.message);
        if (*peer->producer && line->n > peer->last) { /* refused for good: not to be sent again */
            peer->last = line->n;
            draft_ack_later(&in->draft, peer);
        }
    } else if (line->kind == LINE_HELLO) {
        take_hello(in, peer, line);
    } else {
        take_event(in, peer, line);
    }
}

/* It has sent all it will: with the answers to that it can be closed, if it is not. */
static void take_end(struct ingest *in, struct peer *peer)
{
    struct answer *a = draft_answer(&in->draft, peer);
    if (a)
        a->close = true;
    remove_named(in, peer);
}

/* Commits what does not fit into one transaction. */
static void gather(struct ingest *in, struct intake *list)
{
    while (list) {
        struct intake *now = list;
        struct peer *peer = now->peer;
        list = now->next;
        now->next = in->held;
        in->held = now;
        const char *p = now->text, *end = now->text + now->len;
        while (p < end && !peer->replaced && !peer->lost) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            take_line(in, peer, p, (size_t)(newline - p));
            p = newline + 1;
            if (in->n_entries == INGEST_ENTRIES_MAX)
                commit(in);
        }
        draft_outcome(&in->draft)->bytes += now->len;
        if (now->closed)
            take_end(in, peer);
    }
}

void ingest_finish(struct ingest *in)
{
    commit(in);
    forget_batch(in);
}

void ingest_take(struct ingest *in, struct intake *list)
{
    gather(in, list);
    ingest_finish(in);
}

bool ingest_is_light(const struct intake *list)
{
    static const char hello[] = "\"hello\"";
    size_t bytes = 0;
    for (; list; list = list->next) {
        bytes += list->len;
        if (list->closed || bytes > INGEST_LIGHT_BYTES || memmem(list->text, list->len, hello, sizeof hello - 1))
            return false;
    }
    return true;
}

enum rs_err ingest_take_now(struct ingest *in, struct intake *list)
{
    struct fault fault = {0};
    gather(in, list);
    enum rs_err err = in->n_entries > 0 ? append_by(in, eventlog_append_now, &fault) : RS_OK;
    if (err)
        return err;
    settle(in, true);
    forget_batch(in);
    return RS_OK;
}

void ingest_publish(struct ingest *in)
{
    read_foreign(in, 0);
    give_outcome(in);
}

void ingest_foreign(struct ingest *in)
{
    if (eventlog_changed(in->log))
        ingest_publish(in);
}

enum rs_err ingest_new(struct eventlog *log, const struct ingest_sink *sink, struct ingest **ret, int64_t *ret_head,
                       struct fault *fault)
{
    int64_t head;
    enum rs_err err = eventlog_head(log, &head, fault);
    if (err)
        return err;
    struct ingest *in = calloc(1, sizeof *in);
    if (in) {
        in->lines = calloc(INGEST_ENTRIES_MAX, sizeof *in->lines);
        in->entries = calloc(INGEST_ENTRIES_MAX, sizeof *in->entries);
        in->peers = calloc(INGEST_ENTRIES_MAX, sizeof *in->peers);
    }
    if (!in || !in->lines || !in->entries || !in->peers) {
        ingest_free(in);
        return fault_set(fault, RS_NOMEM, "no memory for the writer");
    }
    in->log = log;
    in->sink = *sink;
    in->published = head;
    *ret = in;
    *ret_head = head;
    return RS_OK;
}

void ingest_free(struct ingest *in)
{
    if (!in)
        return;
    forget_batch(in);
    while (in->named)
        remove_named(in, in->named);
    outcome_free(draft_take(&in->draft));
    free(in->lines);
    free(in->entries);
    free(in->peers);
    free(in);
}
