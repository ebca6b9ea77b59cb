#include "bridge/draft.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_MS 20 /* between two tries without memory */

struct outcome *draft_outcome(struct draft *d)
{
    while (!d->outcome) { /* without memory nothing can be stored: wait for it as for a full disk */
        d->outcome = calloc(1, sizeof *d->outcome);
        if (d->outcome)
            d->outcome->commit_us = -1;
        else
            nanosleep(&(struct timespec){.tv_nsec = MEMORY_MS * 1000000L}, NULL);
    }
    return d->outcome;
}

struct answer *draft_answer(struct draft *d, struct peer *peer)
{
    struct outcome *o = draft_outcome(d);
    if (peer->pending)
        for (int i = o->n_answers; i-- > 0;)
            if (o->answers[i].peer == peer)
                return &o->answers[i];
    if (o->n_answers == o->answers_cap) {
        int cap = o->answers_cap ? 2 * o->answers_cap : 8;
        struct answer *answers = realloc(o->answers, (size_t)cap * sizeof *answers);
        if (!answers)
            return NULL;
        o->answers = answers;
        o->answers_cap = cap;
    }
    struct answer *a = &o->answers[o->n_answers++];
    *a = (struct answer){.peer = peer_ref(peer)};
    buf_init(&a->text, INGEST_ANSWER_MAX);
    peer->pending = true;
    return a;
}

void draft_error(struct draft *d, struct peer *peer, int64_t n, const char *message)
{
    struct answer *a = draft_answer(d, peer);
    d->outcome->n_errors++;
    if (!a || a->text.len > INGEST_ANSWER_MAX / 2)
        return;
    buf_puts(&a->text, "{\"error\":");
    buf_put_json(&a->text, message, strlen(message));
    if (n > 0)
        buf_printf(&a->text, ",\"n\":%" PRId64, n);
    buf_puts(&a->text, "}\n");
}

void draft_ack_later(struct draft *d, struct peer *peer)
{
    if (!peer->ack || peer->ack_listed)
        return;
    peer->ack_listed = true;
    peer->ack_next = d->to_ack;
    d->to_ack = peer;
}

void draft_acks(struct draft *d, bool stored)
{
    while (d->to_ack) {
        struct peer *peer = d->to_ack;
        d->to_ack = peer->ack_next;
        peer->ack_listed = false;
        struct answer *a = stored && peer->acked != peer->last ? draft_answer(d, peer) : NULL;
        if (!a)
            continue;
        buf_puts(&a->text, "{\"ack\":");
        buf_put_number(&a->text, peer->last);
        buf_puts(&a->text, "}\n");
        peer->acked = peer->last;
    }
}

bool draft_event(struct draft *d, struct event *ev)
{
    struct outcome *o = draft_outcome(d);
    if (o->n_events == o->events_cap) {
        int cap = o->events_cap ? 2 * o->events_cap : 64;
        struct event **events = realloc(o->events, (size_t)cap * sizeof *events);
        if (!events)
            return false;
        o->events = events;
        o->events_cap = cap;
    }
    o->events[o->n_events++] = ev;
    return true;
}

struct outcome *draft_take(struct draft *d)
{
    struct outcome *o = d->outcome;
    for (int i = 0; o && i < o->n_answers; i++)
        o->answers[i].peer->pending = false;
    d->outcome = NULL;
    return o;
}
