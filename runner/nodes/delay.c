/* delay - waits for some time, or until a time. The end is kept with the node: a run that is resumed waits for what is
 * left. Output: {until, waitedMs}. */
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include "runner/until.h"
#include <stdio.h>
#include <stdlib.h>

#define KEPT_FROM_MS 1000 /* a shorter one is not worth a write */

struct delay {
    struct until *until;
    int64_t until_ms, begun_ms; /* wall clock */
};

static void done(struct node *node, int64_t until_ms, int64_t begun_ms)
{
    struct json_object *out = json_object_new_object();
    int64_t now = clock_wall_ms();

    json_set_time(out, "until", until_ms);
    json_set_int(out, "waitedMs", now > begun_ms ? now - begun_ms : 0);
    node_done(node, out);
}

static void on_time(void *ctx)
{
    struct node *node = ctx;
    struct delay *delay = node->state;
    done(node, delay->until_ms, delay->begun_ms);
}

/* *ret_ms: when it ends. false: the settings do not say, which has been told. */
static bool find_end(struct node *node, int64_t begun_ms, int64_t *ret_ms)
{
    struct json_object *kept = node_saved(node), *ms = json_get(node->data, "ms");
    const char *until = json_get_string(node->data, "until", NULL);
    int64_t end = json_get_int(kept, "untilMs", 0);

    json_object_put(kept);
    if (end > 0) {
        *ret_ms = end;
        return true;
    }
    if (json_get(node->data, "until")) {
        if (!until || clock_parse(until, ret_ms) != RS_OK) {
            node_fail(node, "input", NULL, "`until` must be a time like 2026-11-30T18:00:00Z, not %.100s",
                      json_text(json_get(node->data, "until"), NULL));
            return false;
        }
        return true;
    }
    double wanted = json_object_get_double(ms);
    if ((!json_object_is_type(ms, json_type_int) && !json_object_is_type(ms, json_type_double)) || wanted < 0 ||
        wanted > (double)DELAY_MAX_MS) {
        node_fail(node, "input", NULL, "`ms` must be a number of milliseconds, at most a year's, not %.100s",
                  json_text(ms, NULL));
        return false;
    }
    *ret_ms = begun_ms + (int64_t)wanted;
    return true;
}

void delay_start(struct node *node)
{
    int64_t now = clock_wall_ms(), until;
    char message[64], time[CLOCK_TEXT_MAX];

    if (!find_end(node, now, &until))
        return;
    if (until <= now) {
        done(node, until, now);
        return;
    }
    struct delay *delay = calloc(1, sizeof *delay);
    if (!delay)
        abort(); /* a run process without memory: its run is an orphan then */
    *delay = (struct delay){.until_ms = until, .begun_ms = now};
    node->state = delay;
    if (until - now >= KEPT_FROM_MS) {
        struct json_object *kept = json_object_new_object();
        json_set_int(kept, "untilMs", until);
        node_save(node, kept);
        json_object_put(kept);
    }
    snprintf(message, sizeof message, "until %s", clock_format(until, time));
    node_wait(node, message, until);
    delay->until = until_new(&node->x->loop, until, on_time, node);
}

void delay_stop(struct node *node)
{
    node_fail(node, "cancelled", NULL, "cancelled");
}

void delay_release(struct node *node)
{
    struct delay *delay = node->state;
    if (delay)
        until_free(delay->until);
    free(delay);
}
