#include "bridge/live.h"
#include "bridge/bridge.h"
#include "bridge/spool_server.h"
#include "bridge/told.h"
#include "bridge/writer.h"

void live_look(struct bridge *bridge)
{
    if (uv_hrtime() - bridge->looked_ns >= LIVE_LOOK_US * 1000u)
        live_look_now(bridge);
}

void live_look_now(struct bridge *bridge)
{
    if (!bridge->spool)
        return;
    spool_server_take(bridge->spool);
    writer_turn(bridge->writer);
    bridge->looked_ns = uv_hrtime();
    if (bridge->tolds)
        tolds_wake(bridge->tolds); /* what polls were told before is not all any more */
}
