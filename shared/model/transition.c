/* The one table of what may follow what, for runs and for nodes. */
#include "model/run.h"

#include <string.h>

static const char *const run_names[] = {
    [RUN_QUEUED] = "queued", [RUN_RUNNING] = "running",     [RUN_SUCCESS] = "success",
    [RUN_ERROR] = "error",   [RUN_CANCELLED] = "cancelled", [RUN_PAUSED] = "paused",
};
static const char *const node_names[] = {
    [NODE_PENDING] = "pending", [NODE_RUNNING] = "running", [NODE_WAITING] = "waiting",     [NODE_SUCCESS] = "success",
    [NODE_ERROR] = "error",     [NODE_SKIPPED] = "skipped", [NODE_CANCELLED] = "cancelled",
};

#define N_RUN (sizeof(run_names) / sizeof(run_names[0]))
#define N_NODE (sizeof(node_names) / sizeof(node_names[0]))

/* An ended run returns to the queue when it is retried or resumed; a paused one when it goes on; a running one when its
 * process died and it is to be resumed. */
static const bool run_moves[N_RUN][N_RUN] = {
    [RUN_QUEUED] = {[RUN_RUNNING] = true, [RUN_ERROR] = true, [RUN_CANCELLED] = true, [RUN_PAUSED] = true},
    [RUN_RUNNING] = {[RUN_SUCCESS] = true,
                     [RUN_ERROR] = true,
                     [RUN_CANCELLED] = true,
                     [RUN_PAUSED] = true,
                     [RUN_QUEUED] = true},
    [RUN_PAUSED] = {[RUN_QUEUED] = true, [RUN_CANCELLED] = true},
    [RUN_SUCCESS] = {[RUN_QUEUED] = true},
    [RUN_ERROR] = {[RUN_QUEUED] = true},
    [RUN_CANCELLED] = {[RUN_QUEUED] = true},
};
/* running to running is another try; an ended node is pending again when its run is retried or resumed, one that was
 * running or waiting when its run's process died and the run is resumed. */
static const bool node_moves[N_NODE][N_NODE] = {
    [NODE_PENDING] = {[NODE_RUNNING] = true, [NODE_SKIPPED] = true, [NODE_CANCELLED] = true},
    [NODE_RUNNING] = {[NODE_PENDING] = true,
                      [NODE_RUNNING] = true,
                      [NODE_WAITING] = true,
                      [NODE_SUCCESS] = true,
                      [NODE_ERROR] = true,
                      [NODE_CANCELLED] = true},
    [NODE_WAITING] = {[NODE_PENDING] = true,
                      [NODE_RUNNING] = true,
                      [NODE_SUCCESS] = true,
                      [NODE_ERROR] = true,
                      [NODE_CANCELLED] = true},
    [NODE_SUCCESS] = {[NODE_PENDING] = true},
    [NODE_ERROR] = {[NODE_PENDING] = true},
    [NODE_SKIPPED] = {[NODE_PENDING] = true},
    [NODE_CANCELLED] = {[NODE_PENDING] = true},
};

const char *run_status_name(enum run_status s)
{
    return run_names[s];
}

const char *node_status_name(enum node_status s)
{
    return node_names[s];
}

enum rs_err run_status_parse(const char *name, enum run_status *ret)
{
    size_t i;

    for (i = 0; i < N_RUN; i++) {
        if (strcmp(run_names[i], name) == 0) {
            *ret = (enum run_status)i;
            return RS_OK;
        }
    }
    return RS_INVALID;
}

enum rs_err node_status_parse(const char *name, enum node_status *ret)
{
    size_t i;

    for (i = 0; i < N_NODE; i++) {
        if (strcmp(node_names[i], name) == 0) {
            *ret = (enum node_status)i;
            return RS_OK;
        }
    }
    return RS_INVALID;
}

bool run_status_ended(enum run_status s)
{
    return s == RUN_SUCCESS || s == RUN_ERROR || s == RUN_CANCELLED;
}

bool node_status_ended(enum node_status s)
{
    return s == NODE_SUCCESS || s == NODE_ERROR || s == NODE_SKIPPED || s == NODE_CANCELLED;
}

bool run_may_move(enum run_status from, enum run_status to)
{
    return run_moves[from][to];
}

bool node_may_move(enum node_status from, enum node_status to)
{
    return node_moves[from][to];
}
