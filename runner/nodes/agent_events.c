/* What is told of an agent while it works. */
#include "base/clock.h"
#include "base/utf8.h"
#include "model/run_emit.h"
#include "runner/nodes/agent.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX (2 * 1024 * 1024) /* bytes of a piece of text with what was held back before it */

void agent_emit(struct node *node, const char *type, struct json_object *data)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = run_emit(&x->store, x->claim.id, x->claim.fence, type, data, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "event");
    json_object_put(data);
}

struct json_object *agent_event_data(const struct node *node)
{
    struct json_object *data = json_object_new_object();
    const char *crew = json_get_string(node->x->claim.definition, "crewId", NULL);

    json_set(data, "crewId", crew ? json_object_new_string(crew) : NULL);
    json_set_string(data, "nodeId", node->def->id);
    return data;
}

void agent_put_seconds(struct json_object *data, const char *key, int64_t ms)
{
    char text[32];
    if (ms < 0)
        ms = 0;
    snprintf(text, sizeof text, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    json_set(data, key, json_object_new_double_s((double)ms / 1000, text));
}

void agent_put_text(const struct node *node, struct json_object *data, const char *key, const char *text, size_t max)
{
    size_t len = strlen(text), at = 0, n;
    struct buf shown;

    /* Before it is cut: of half a secret nobody would know later what it is. */
    buf_init(&shown, 4 * len + sizeof MASK_MARK);
    if (len > max && mask_hits(node->x->mask, text, len)) {
        bool masked = mask_text(node->x->mask, text, len, false, &shown) == RS_OK;
        text = masked && shown.data ? shown.data : MASK_MARK;
        len = strlen(text);
    }

    if (len > max) {
        while ((n = utf8_char(text + at, len - at)) > 0 && at + n <= max)
            at += n;
        len = at;
    }
    json_set(data, key, json_object_new_string_len(text, (int)len));
    buf_release(&shown);
}

/* --- deltas --- */

static void tell(struct agent_deltas *deltas)
{
    struct execution *x = deltas->node->x;
    struct spool *spool;
    struct fault fault;
    size_t len;

    if (deltas->text.len == 0)
        return;
    struct json_object *data = agent_event_data(deltas->node);
    json_set(data, "delta", json_object_new_string_len(deltas->text.data, (int)deltas->text.len));
    const char *text = json_text(data, &len);
    /* In an outage the emitter counts what it must drop and says so itself (log.dropped). */
    if (store_spool(&x->store, &spool, &fault) == RS_OK &&
        spool_append(spool, x->stream, "agent.delta", text, len, 0) != RS_OK) {
        /* Counted. */
    }
    json_object_put(data);
    buf_clear(&deltas->text);
    deltas->told_ms = clock_mono_ms();
}

static void on_time(uv_timer_t *timer)
{
    tell(timer->data);
}

void agent_deltas_init(struct agent_deltas *deltas, struct node *node)
{
    *deltas = (struct agent_deltas){.node = node};
    buf_init(&deltas->text, AGENT_DELTA_MAX);
    mask_stream_init(&deltas->masked, node->x->mask);
    uv_timer_init(&node->x->loop, &deltas->timer);
    deltas->timer.data = deltas;
}

static void add(struct agent_deltas *deltas, const char *text, size_t len)
{
    /* So much in so short a time is more than a reader needs at once: no text is lost, only told sooner. */
    if (deltas->text.len + len > AGENT_DELTA_MAX)
        tell(deltas);
    while (len > AGENT_DELTA_MAX) {
        size_t at = 0, n;
        while ((n = utf8_char(text + at, len - at)) > 0 && at + n <= AGENT_DELTA_MAX)
            at += n;
        buf_append(&deltas->text, text, at);
        tell(deltas);
        text += at;
        len -= at;
    }
    buf_append(&deltas->text, text, len);
    if (uv_is_active((uv_handle_t *)&deltas->timer))
        return;
    int64_t since = clock_mono_ms() - deltas->told_ms;
    if (!deltas->told_ms || since >= AGENT_DELTA_MS)
        tell(deltas);
    else
        uv_timer_start(&deltas->timer, on_time, (uint64_t)(AGENT_DELTA_MS - since), 0);
}

void agent_deltas_add(struct agent_deltas *deltas, const char *text, size_t len)
{
    struct buf shown;

    buf_init(&shown, SHOWN_MAX);
    if (mask_stream_feed(&deltas->masked, text, len, &shown) == RS_OK && shown.len > 0)
        add(deltas, shown.data, shown.len);
    buf_release(&shown);
}

void agent_deltas_flush(struct agent_deltas *deltas)
{
    struct buf rest;

    buf_init(&rest, SHOWN_MAX);
    if (mask_stream_end(&deltas->masked, &rest) == RS_OK && rest.len > 0)
        add(deltas, rest.data, rest.len);
    buf_release(&rest);
    uv_timer_stop(&deltas->timer);
    tell(deltas);
}

void agent_deltas_close(struct agent_deltas *deltas, uv_close_cb closed)
{
    agent_deltas_flush(deltas);
    buf_release(&deltas->text);
    mask_stream_release(&deltas->masked);
    uv_close((uv_handle_t *)&deltas->timer, closed);
}
