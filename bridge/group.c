#include "bridge/group.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX (DIALECT_TEXT_MAX + BLOCK_BYTES_MAX)

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *group_key(const struct feed *feed)
{
    struct buf key;
    char **names = NULL;
    buf_init(&key, (size_t)(feed->n_streams + 4) * (STREAM_MAX + 1) + ID_MAX + (feed->crews ? strlen(feed->crews) : 0) +
                       2 * QUERY_TEXT_MAX);
    buf_printf(&key, "%p\n%s\n%s\n%s", (const void *)feed->endpoint, feed->org, feed->param,
               feed->crews ? feed->crews : "*");
    for (int i = 0; i < feed->query.n_params; i++) {
        const char *name = feed->query.params[i].name, *value = feed->query.params[i].value;
        buf_putc(&key, '\n');
        buf_put_json(&key, name, strlen(name));
        buf_put_json(&key, value, strlen(value));
    }
    if (feed->n_streams > 0) {
        names = malloc((size_t)feed->n_streams * sizeof *names);
        if (!names) {
            buf_release(&key);
            return NULL;
        }
        memcpy(names, feed->streams, (size_t)feed->n_streams * sizeof *names);
        qsort(names, (size_t)feed->n_streams, sizeof *names, by_name);
        for (int i = 0; i < feed->n_streams; i++)
            buf_printf(&key, "\n%s", names[i]);
        free(names);
    }
    if (key.err)
        buf_release(&key);
    return buf_take(&key, NULL);
}

struct group *group_new(char *key)
{
    struct group *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->pins = pins_new();
    if (!g->pins) {
        free(g);
        return NULL;
    }
    g->key = key;
    for (int f = 0; f < FRAME_N_FORMATS; f++)
        g->members_end[f] = &g->members[f];
    return g;
}

void group_free(struct group *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->n_batch; i++)
        event_unref(g->batch[i]);
    free(g->batch);
    for (int f = 0; f < FRAME_N_FORMATS; f++)
        deflate_history_release(&g->history[f]);
    topic_group_free(g->topic);
    pins_unref(g->pins);
    free(g->key);
    free(g);
}

void group_add(struct group *g, struct subscriber *sub)
{
    struct subscriber ***end = &g->members_end[sub->format];
    sub->group = g;
    sub->group_next = NULL;
    sub->group_link = *end;
    **end = sub;
    *end = &sub->group_next;
    g->n_members++;
    g->feed = sub->feed;
    group_out_of_step(sub);
}

void group_out_of_step(struct subscriber *sub)
{
    sub->in_step = false;
    if (sub->group && sub->compression == COMPRESSION_RUNNING)
        sub->group->history[sub->format].behind = true;
}

void group_remove(struct group *g, struct subscriber *sub)
{
    *sub->group_link = sub->group_next;
    if (sub->group_next)
        sub->group_next->group_link = sub->group_link;
    else
        g->members_end[sub->format] = sub->group_link;
    sub->group = NULL;
    sub->group_next = NULL;
    sub->group_link = NULL;
    g->n_members--;
    if (g->feed == sub->feed)
        for (int f = 0; f < FRAME_N_FORMATS; f++)
            if (g->members[f])
                g->feed = g->members[f]->feed;
}

enum rs_err group_add_event(struct group *g, struct event *ev)
{
    if (g->n_batch > 0 && g->batch[g->n_batch - 1] == ev)
        return RS_OK;
    if (g->n_batch == g->batch_cap) {
        int cap = g->batch_cap ? 2 * g->batch_cap : 4;
        struct event **batch = realloc(g->batch, (size_t)cap * sizeof *batch);
        if (!batch)
            return RS_NOMEM;
        g->batch = batch;
        g->batch_cap = cap;
    }
    g->batch[g->n_batch++] = event_ref(ev);
    g->n_events++;
    return RS_OK;
}

static enum rs_err put_event(struct group *g, struct block *block, enum frame_format format, struct dialect_out *out,
                             const struct event *ev)
{
    char id[CURSOR_TEXT_MAX];
    dialect_out_reset(out, ev->id);
    enum rs_err err = g->feed->endpoint->project(g->feed, ev, out);
    if (!err)
        err = block_begin_event(block, ev->id);
    for (int i = 0; !err && i < out->n; i++)
        err = block_put(block, format, cursor_format(ev->id, out->first_part + i, id), out->text.data + out->at[i].start, out->at[i].len);
    return err;
}

static bool someone_is_behind(const struct group *g, enum frame_format format)
{
    for (const struct subscriber *sub = g->members[format]; sub; sub = sub->group_next)
        if (sub->compression == COMPRESSION_RUNNING && sub->state == SUBSCRIBER_LIVE && !sub->in_step)
            return true;
    return false;
}

static struct block *compress(struct group *g, struct bridge *bridge, enum frame_format format, enum compression compression,
                              const struct block *block)
{
    struct deflate_history *history = &g->history[format];
    if (history->behind)
        history->behind = someone_is_behind(g, format);
    struct block *compressed = deflate_block(bridge->deflater, format, compression, history, history->behind, block);
    if (compressed && !compressed->pins)
        compressed->pins = pins_ref(g->pins);
    if (compressed)
        compressed->received_us = block->received_us;
    return compressed;
}

/* A member may be ended while it is given a block, but stays a member until the loop comes round. What is compressed is so
 * once for all. */
static void give(struct group *g, struct bridge *bridge, enum frame_format format, struct block *block)
{
    struct block *blocks[COMPRESSION_N] = {block};
    if (block->bytes.len == 0)
        return;
    int n = 0;
    for (struct subscriber *sub = g->members[format]; sub; sub = sub->group_next, n++) {
        __builtin_prefetch(sub->group_next);
        struct block **same = &blocks[sub->compression];
        if (!*same && sub->state == SUBSCRIBER_LIVE && !(*same = compress(g, bridge, format, sub->compression, block)))
            subscriber_end(sub, END_FAILED);
        if (*same)
            subscriber_live(sub, *same);
    }
    for (int i = COMPRESSION_NONE + 1; i < COMPRESSION_N; i++)
        block_unref(blocks[i]);
    bridge->metrics.values[g->members[format]->door->deliveries] += (int64_t)n * block->n_messages;
}

static enum rs_err deliver_format(struct group *g, struct bridge *bridge, enum frame_format format)
{
    struct dialect_out out;
    struct block *block = NULL;
    enum rs_err err = RS_OK;
    dialect_out_init(&out);
    for (int i = 0; !err && i < g->n_batch; i++) {
        if (!block) {
            block = block_new(BLOCK_MAX);
            if (block) {
                block->received_us = bridge->received_us;
                block->pins = pins_ref(g->pins);
            } else {
                err = RS_NOMEM;
            }
        }
        if (!err)
            err = put_event(g, block, format, &out, g->batch[i]);
        if (err || (block->bytes.len <= BLOCK_BYTES_MAX && i < g->n_batch - 1))
            continue;
        err = block_close(block, format);
        if (!err) {
            give(g, bridge, format, block);
            block_unref(block);
            block = NULL;
        }
    }
    block_unref(block);
    dialect_out_release(&out);
    return err;
}

/* The batch ends with the end of the one run that is followed. */
static void end_with_run(struct group *g)
{
    if (!g->feed->run_id[0] || !event_type_ends(g->batch[g->n_batch - 1]->type))
        return;
    for (enum frame_format f = 0; f < FRAME_NONE; f++)
        for (struct subscriber *sub = g->members[f]; sub; sub = sub->group_next) {
            if (sub->state != SUBSCRIBER_LIVE)
                continue;
            if (subscriber_ends(sub))
                subscriber_end(sub, END_FINISHED);
            else if (sub->assist) /* looks from the loop what comes next */
                subscriber_resume(sub);
        }
}

void group_deliver(struct group *g, struct bridge *bridge)
{
    for (enum frame_format f = 0; f < FRAME_NONE; f++) {
        enum rs_err err = g->members[f] ? deliver_format(g, bridge, f) : RS_OK;
        if (!err)
            continue;
        /* They would miss events: end them, so that they come back by cursor. */
        log_event(LOG_LEVEL_ERROR, "delivery.failed", "error=%s subscribers=%d", rs_err_name(err), g->n_members);
        for (struct subscriber *sub = g->members[f]; sub; sub = sub->group_next)
            subscriber_end(sub, END_FAILED);
    }
    end_with_run(g);
    for (struct subscriber *sub = g->members[FRAME_NONE]; sub; sub = sub->group_next)
        if (sub->state == SUBSCRIBER_LIVE)
            sub->door->wake(sub);
    for (int i = 0; i < g->n_batch; i++)
        event_unref(g->batch[i]);
    g->n_batch = 0;
}
