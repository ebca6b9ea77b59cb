#include "dialect/one_run.h"
#include "dialect/rows.h"
#include "dialect/topics.h"
#include <stdio.h>

const struct endpoint endpoints[] = {
    {.path = "",
     .description = "every event of the streams asked for, as recorded",
     .project = native_project,
     .native = true},
    {.path = "/workflows/{runId}",
     .description = "workflow console: status of a run and of its nodes",
     .open = one_run_open,
     .opening = console_status_opening,
     .project = console_status_project,
     .without_bulk = true},
    {.path = "/workflows/{runId}/logs",
     .description = "workflow console: log lines of a run",
     .open = one_run_open,
     .opening = console_logs_opening,
     .project = console_logs_project},
    {.path = "/scraping/{toolId}",
     .description = "workflow console: progress of a scraping tool",
     .open = console_scraping_open,
     .opening = console_scraping_opening,
     .project = console_scraping_project,
     .without_bulk = true},
    {.path = "/workflow/{workflowId}",
     .description = "execution monitor: a workflow's current run, and each later one",
     .open = monitor_open,
     .opening = monitor_opening,
     .project = monitor_project,
     .several = true},
    {.path = "/runs/{run_id}",
     .description = "crew monitor: agents and tasks of a run",
     .open = crew_run_open,
     .opening = crew_run_opening,
     .project = crew_run_project,
     .several = true,
     .closes = true,
     .without_bulk = true},
    {.path = ASSISTANT_PATH,
     .description = "assistant console: steps of a run; its WebSocket starts and cancels runs",
     .open = assistant_open,
     .opening = assistant_opening,
     .project = assistant_project,
     .actions = true,
     .query_param = "runId"},
    {.path = "/workflows", .description = "topic: runs that are queued, running or paused", .topic = &topic_workflows},
    {.path = "/workflow-history", .description = "topic: ended runs, and figures of them", .topic = &topic_history},
    {.path = "/queue", .description = "topic: the queue's entries, and is it paused", .topic = &topic_queue},
    {.path = "/adw-state/{adw_id}", .description = "topic: the state of an ADW", .topic = &topic_adw_state},
    {.path = "/adw-monitor", .description = "topic: all ADWs, and how many there are of each status", .topic = &topic_adw_monitor},
    {.path = "/routes", .description = "topic: all that can be called, and how often it was", .topic = &topic_routes},
    {.path = "/system-status", .description = "topic: how the parts of the system are", .topic = &topic_system},
    {.path = "/metrics", .description = "topic: the bridge's figures of the last two minutes, second by second", .topic = &topic_metrics},
    {.path = "/webhook-status", .description = "topic: how many webhooks came from whom", .topic = &topic_webhooks},
    {.path = "/graph",
     .description = "crew monitor: tools that crews use; ?crew_id= for one crew",
     .open = crew_graph_open,
     .project = crew_graph_project,
     .query_param = "crew_id",
     .heartbeat_ms = 20000,
     .heartbeat = crew_graph_heartbeat,
     .without_bulk = true},
    {.path = "/graph/{crew_id}",
     .description = "crew monitor: tools that a crew uses",
     .open = crew_graph_open,
     .project = crew_graph_project,
     .heartbeat_ms = 20000,
     .heartbeat = crew_graph_heartbeat,
     .without_bulk = true},
    {.path = "/mission",
     .description = "crew monitor: how each crew stands",
     .open = crew_mission_open,
     .standing = crew_mission_standing,
     .project = crew_mission_project,
     .heartbeat_ms = 45000,
     .heartbeat = crew_mission_heartbeat,
     .without_bulk = true},
};
const unsigned n_endpoints = sizeof(endpoints) / sizeof(endpoints[0]);

const struct endpoint *endpoint_find(const char *path, struct path_params *ret_params)
{
    for (unsigned i = 0; i < n_endpoints; i++) {
        const struct endpoint *endpoint = &endpoints[i];
        if (endpoint->path[0] == '\0' && path[0] == '\0') {
            ret_params->n = 0;
            return endpoint;
        }
        if (endpoint->path[0] != '\0' && path_match(endpoint->path, path, ret_params))
            return endpoint;
    }
    return NULL;
}

void endpoint_add_query(const struct endpoint *endpoint, const struct query *query, struct path_params *params)
{
    const char *value = endpoint->query_param ? query_get(query, endpoint->query_param) : NULL;
    if (!value || params->n == PATH_PARAMS_MAX)
        return;
    /* A value that is too long is cut to one that is no id. */
    snprintf(params->at[params->n].name, sizeof params->at[0].name, "%s", endpoint->query_param);
    snprintf(params->at[params->n].value, sizeof params->at[0].value, "%s", value);
    params->n++;
}
