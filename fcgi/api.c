#include "api.h"

#include "gateway.h"

static const struct route routes[] = {
    {"GET", "/api", about_get, "what there is: routes and streams", "", NULL},
    {"GET", "/api/workflows", workflows_list, "saved workflows", "viewer", NULL},
    {"POST", "/api/workflows", workflows_post, "save a new workflow", "editor", NULL},
    {"POST", "/api/workflows/import", workflow_import_post, "a workflow of Dagu or n8n as a definition, with a report; nothing is saved",
     "editor", NULL},
    {"GET", "/api/workflows/{id}", workflow_get_one, "one workflow with its definition", "viewer", NULL},
    {"PUT", "/api/workflows/{id}", workflow_put, "save a workflow, new or changed", "editor", NULL},
    {"DELETE", "/api/workflows/{id}", workflow_remove, "delete a workflow; its runs stay", "editor", NULL},
    {"GET", "/api/workflows/{id}/versions", workflow_versions_list, "versions of a workflow, newest first", "viewer", NULL},
    {"GET", "/api/workflows/{id}/versions/{version}", workflow_version_get, "a workflow as it was", "viewer", NULL},
    {"POST", "/api/workflows/{id}/run", workflow_run, "run a saved workflow, or the nodes and edges given", "operator",
     run_done},
    {"POST", "/api/workflows/{id}/pause", workflow_pause_post, "let no run of a workflow begin", "operator", NULL},
    {"POST", "/api/workflows/{id}/resume", workflow_resume_post, "let a paused workflow's runs begin again", "operator", NULL},
    {"GET", "/api/schedules", schedules_list, "schedules of all workflows, with their next times", "viewer", NULL},
    {"GET", "/api/workflows/{id}/schedule", workflow_schedule, "schedules of one workflow, with their next times", "viewer", NULL},
    {"POST", "/api/workflows/{id}/schedule/pause", workflow_schedule_pause, "let its schedules start nothing", "operator", NULL},
    {"POST", "/api/workflows/{id}/schedule/resume", workflow_schedule_resume, "let them start it again", "operator", NULL},
    {"GET", "/api/system-status", system_status_get, "how the parts of the system are", "viewer", NULL},
    {"GET", "/api/webhooks", webhooks_list, "webhooks that came, newest first", "viewer", NULL},
    {"GET", "/api/webhook-status", webhook_status_get, "how many webhooks came from whom", "viewer", NULL},
    {"GET", "/api/runs", runs_list, "runs, newest first", "viewer", NULL},
    {"GET", "/api/runs/{id}", run_get, "one run with its nodes", "viewer", NULL},
    {"PATCH", "/api/runs/{id}", run_patch, "change the priority of a run that waits", "operator", NULL},
    {"GET", "/api/runs/{id}/logs", run_logs, "log lines of a run", "viewer", NULL},
    {"GET", "/api/runs/{id}/events", run_events, "events of a run", "viewer", NULL},
    {"GET", "/api/runs/{id}/artifacts", artifacts_list, "files a run has left", "viewer", NULL},
    {"GET", "/api/runs/{id}/artifacts/{name...}", artifact_get, "one of these files; Range is honoured", "viewer", NULL},
    {"POST", "/api/runs/{id}/cancel", run_cancel_post, "end a run", "operator", run_done},
    {"POST", "/api/runs/{id}/pause", run_pause_post, "let no further node of a run begin", "operator", run_done},
    {"POST", "/api/runs/{id}/retry", run_retry_post, "start an ended run over", "operator", run_done},
    {"POST", "/api/runs/{id}/resume", run_resume_post, "go on with a run that failed, was cancelled or is paused", "operator",
     run_done},
    {"POST", "/api/runs/{id}/rerun", run_rerun_post, "a new run of the same, perhaps with another input or version", "operator",
     run_done},
    {"GET", "/api/sessions", sessions_list, "sessions, by id", "viewer", NULL},
    {"GET", "/api/sessions/{id}", session_get_one, "one session with its tools and messages", "viewer", NULL},
    {"PUT", "/api/sessions/{id}", session_put, "make a session, or change what the body names", "operator", NULL},
    {"DELETE", "/api/sessions/{id}", session_remove, "delete a session; its runs stay", "operator", NULL},
    {"PUT", "/api/sessions/{id}/tools", session_tools_put, "enable and disable tools of a session", "operator", NULL},
    {"GET", "/api/secrets", secrets_list, "names and dates of secrets, never their values", "editor", NULL},
    {"PUT", "/api/secrets/{name}", secret_put_one, "set a secret: {\"value\"}", "admin", NULL},
    {"DELETE", "/api/secrets/{name}", secret_remove, "forget a secret", "admin", NULL},
    {"GET", "/api/node-types", node_types_list, "kinds of nodes, with a JSON Schema of their settings", "viewer", NULL},
    {"POST", "/api/queue/pause", queue_pause_post, "let no queued run begin", "operator", queue_done},
    {"POST", "/api/queue/resume", queue_resume_post, "let queued runs begin again", "operator", queue_done},
    {"GET", "/api/runs/{id}/nodes/{node}/items", items_get, "items of a foreach that have begun", "viewer", NULL},
    {"GET", "/api/approvals", approvals_list, "nodes that wait for a person, oldest first", "viewer", NULL},
    {"POST", "/api/runs/{id}/nodes/{node}/approve", approve_post, "say yes to a node that waits for it", "operator",
     decision_done},
    {"POST", "/api/runs/{id}/nodes/{node}/reject", reject_post, "say no", "operator", decision_done},
    {"POST", "/api/events", events_post, "emit an event", "operator", events_done},
};

const struct program api_program = {
    .name = "api.fcgi",
    .description = "Runspool's REST interface",
    .routes = routes,
    .n_routes = sizeof routes / sizeof *routes,
    .any_text = "/api/workflows/import",
};

int main(int argc, char **argv)
{
    return gateway_main(&api_program, argc, argv);
}
