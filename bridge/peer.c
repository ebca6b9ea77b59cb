#include "bridge/ingest.h"
#include "base/clock.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct peer *peer_new(void *connection)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer) {
        peer->refs = 1;
        peer->connection = connection;
    }
    return peer;
}

struct peer *peer_ref(struct peer *peer)
{
    atomic_fetch_add(&peer->refs, 1);
    return peer;
}

void peer_unref(struct peer *peer)
{
    if (!peer)
        return;
    int before = atomic_fetch_sub(&peer->refs, 1);
    assert(before > 0);
    if (before == 1)
        free(peer);
}

struct intake *intake_new(struct peer *peer, const char *text, size_t len)
{
    struct intake *in = malloc(sizeof *in + len);
    if (!in)
        return NULL;
    in->next = NULL;
    in->peer = peer_ref(peer);
    in->closed = len == 0;
    in->len = len;
    in->received_us = clock_mono_us();
    if (len > 0)
        memcpy(in->text, text, len);
    return in;
}

void intake_free(struct intake *in)
{
    peer_unref(in->peer);
    free(in);
}

void outcome_free(struct outcome *o)
{
    if (!o)
        return;
    for (int i = 0; i < o->n_events; i++)
        event_unref(o->events[i]);
    for (int i = 0; i < o->n_answers; i++) {
        peer_unref(o->answers[i].peer);
        buf_release(&o->answers[i].text);
    }
    free(o->events);
    free(o->answers);
    free(o);
}
