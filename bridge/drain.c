#include "bridge/drain.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/front.h"
#include "bridge/hub.h"
#include "bridge/kept.h"
#include "bridge/native.h"
#include "bridge/poke.h"
#include "bridge/redis.h"
#include "bridge/signals.h"
#include "bridge/spool_server.h"
#include "bridge/topic.h"
#include "bridge/web.h"
#include "bridge/worker.h"
#include "bridge/writer.h"
#include "bridge/ws.h"
#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 10 /* how often one looks whether the clients have gone */
#define CUT_MS 500 /* after the cut, before the parts are closed around what is left */

static void on_worker_over(void *ctx)
{
    struct bridge *bridge = ctx;
    spool_server_drain(bridge->spool);
    writer_stop(bridge->writer);
}

void drain_begin(struct bridge *bridge)
{
    if (bridge->draining)
        return;
    bridge->draining = true;
    log_event(LOG_LEVEL_INFO, "bridge.draining", "clients=%d", hub_n_subscribers(bridge->hub));
    front_close(bridge->front);
    bridge->front = NULL;
    redis_close(bridge->redis);
    bridge->redis = NULL;
    worker_stop(bridge->worker, on_worker_over, bridge); /* answers what was asked; its events arrive by the spool */
}

static void say_goodbye(struct subscriber *sub, void *ctx)
{
    int retry_ms = rand() % DRAIN_SPREAD_MS;
    (void)ctx;
    if (sub->state == SUBSCRIBER_ENDED)
        return;
    if (native_speaks(sub))
        native_bye(sub, "restart", "the bridge is stopping", retry_ms);
    if (sub->door == &door_sse) {
        char text[32];
        int n = snprintf(text, sizeof text, "retry: %d\n\n", retry_ms);
        subscriber_raw(sub, text, (size_t)n);
    }
    subscriber_end(sub, END_DRAIN);
}

static void cut(struct subscriber *sub, void *ctx)
{
    (void)ctx;
    sub->door->cut(sub);
}

static void close_parts(struct bridge *bridge)
{
    ws_close(bridge->ws);
    web_close(bridge->web);
    spool_server_close(bridge->spool);
    poke_close(bridge->poke);
    writer_free(bridge->writer);
    worker_free(bridge->worker);
    topics_free(bridge->topics);
    signals_close(bridge->crews);
    hub_free(bridge->hub);
    for (size_t i = 0; i < sizeof bridge->signals / sizeof *bridge->signals; i++)
        uv_close((uv_handle_t *)&bridge->signals[i], NULL);
    uv_close((uv_handle_t *)&bridge->sweep, NULL);
    uv_close((uv_handle_t *)&bridge->drain, NULL);
}

static void look(uv_timer_t *timer)
{
    struct bridge *bridge = timer->data;
    int64_t left = (int64_t)bridge->drain_until_ms - (int64_t)uv_now(&bridge->loop);
    int n = hub_n_subscribers(bridge->hub) + web_n_connections(bridge->web);
    if (left <= 0 && !bridge->drain_cut) {
        bridge->drain_cut = true;
        hub_each(bridge->hub, cut, NULL);
    }
    if (n == 0 || left < -CUT_MS)
        close_parts(bridge);
}

void drain_clients(struct bridge *bridge)
{
    hub_each(bridge->hub, say_goodbye, NULL);
    kepts_drain(bridge->kepts);
    bridge->drain_until_ms = uv_now(&bridge->loop) + (uint64_t)config_number(bridge->config, "bridge.drain");
    uv_timer_start(&bridge->drain, look, 1, LOOK_MS);
}
