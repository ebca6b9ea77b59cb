#include "runner/until.h"
#include "base/clock.h"
#include <stdlib.h>

struct until {
    uv_timer_t timer;
    int64_t wall_ms;
    void (*fn)(void *ctx);
    void *ctx;
};

static void on_timer(uv_timer_t *timer)
{
    struct until *until = timer->data;
    int64_t left = until->wall_ms - clock_wall_ms();

    if (left > 0)
        uv_timer_start(timer, on_timer, (uint64_t)(left < UNTIL_LOOK_MS ? left : UNTIL_LOOK_MS), 0);
    else
        until->fn(until->ctx);
}

struct until *until_new(uv_loop_t *loop, int64_t wall_ms, void (*fn)(void *ctx), void *ctx)
{
    struct until *until = calloc(1, sizeof *until);
    if (!until)
        abort(); /* a run process without memory: its run is an orphan then */
    *until = (struct until){.wall_ms = wall_ms, .fn = fn, .ctx = ctx};
    uv_timer_init(loop, &until->timer);
    until->timer.data = until;
    uv_timer_start(&until->timer, on_timer, 0, 0);
    return until;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void until_free(struct until *until)
{
    if (until)
        uv_close((uv_handle_t *)&until->timer, on_closed);
}
