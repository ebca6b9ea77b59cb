/* route_rows - every route of the FastCGI programs but polling, which endpoints[] (dialect/table.c) drives: one row each. Included
 * by the program, for its table with handlers (fcgi/api.c, fcgi/hook.c), and by http/route_info.c, for what others list.
 * A new route is one row here and its function. Whoever includes this defines
 *   API_ROUTE(method, pattern, handler, description, scope, done), HOOK_ROUTE(the same)
 * as fcgi/routes.h explains struct route. No guard: it is included several times. */

API_ROUTE("GET", "/api", about_get, "what there is: routes and streams", "", NULL)
API_ROUTE("GET", "/api/doctor", doctor_get, "what a page that looks into its connection has to know", "", NULL)
API_ROUTE("GET", "/api/routes", routes_get, "all that can be called, how often it was, and how long that took", "viewer", NULL)
API_ROUTE("GET", "/api/openapi.json", openapi_get, "this interface as OpenAPI 3.1", "", NULL)
API_ROUTE("GET", "/api/workflows", workflows_list, "saved workflows", "viewer", NULL)
API_ROUTE("POST", "/api/workflows", workflows_post, "save a new workflow", "editor", NULL)
API_ROUTE("POST", "/api/workflows/import", workflow_import_post, "a workflow of Dagu or n8n as a definition, with a report; nothing is saved",
          "editor", NULL)
API_ROUTE("POST", "/api/workflows/validate", workflow_validate_post, "every problem of a definition; nothing is saved", "editor", NULL)
API_ROUTE("GET", "/api/workflows/active", workflows_active_get, "runs that are queued, running or paused", "viewer", NULL)
API_ROUTE("GET", "/api/workflows/{id}", workflow_get_one, "one workflow with its definition", "viewer", NULL)
API_ROUTE("PUT", "/api/workflows/{id}", workflow_put, "save a workflow, new or changed", "editor", NULL)
API_ROUTE("DELETE", "/api/workflows/{id}", workflow_remove, "delete a workflow; its runs stay", "editor", NULL)
API_ROUTE("GET", "/api/workflows/{id}/versions", workflow_versions_list, "versions of a workflow, newest first", "viewer", NULL)
API_ROUTE("GET", "/api/workflows/{id}/versions/{version}", workflow_version_get, "a workflow as it was", "viewer", NULL)
API_ROUTE("POST", "/api/workflows/{id}/run", workflow_run, "run a saved workflow, or the nodes and edges given", "operator",
          run_done)
API_ROUTE("POST", "/api/workflows/{id}/pause", workflow_pause_post, "let no run of a workflow begin", "operator", NULL)
API_ROUTE("POST", "/api/workflows/{id}/resume", workflow_resume_post, "let a paused workflow's runs begin again", "operator", NULL)
API_ROUTE("POST", "/api/workflow/actions", workflow_actions_post, "actions of the assistant: execute_workflow, cancel_workflow",
          "operator", run_done)
API_ROUTE("GET", "/api/schedules", schedules_list, "schedules of all workflows, with their next times", "viewer", NULL)
API_ROUTE("GET", "/api/workflows/{id}/schedule", workflow_schedule, "schedules of one workflow, with their next times", "viewer", NULL)
API_ROUTE("POST", "/api/workflows/{id}/schedule/pause", workflow_schedule_pause, "let its schedules start nothing", "operator", NULL)
API_ROUTE("POST", "/api/workflows/{id}/schedule/resume", workflow_schedule_resume, "let them start it again", "operator", NULL)
API_ROUTE("GET", "/api/system-status", system_status_get, "how the parts of the system are", "viewer", NULL)
API_ROUTE("GET", "/api/webhooks", webhooks_list, "webhooks that came, newest first", "viewer", NULL)
API_ROUTE("GET", "/api/workflow-history", workflow_history_get, "runs that have ended, newest first, and figures of them", "viewer", NULL)
API_ROUTE("GET", "/api/metrics", metrics_get, "the bridge's figures of the last two minutes, second by second", "viewer", NULL)
API_ROUTE("GET", "/api/webhook-status", webhook_status_get, "how many webhooks came from whom", "viewer", NULL)
API_ROUTE("GET", "/api/runs", runs_list, "runs, newest first", "viewer", NULL)
API_ROUTE("GET", "/api/runs/{id}", run_get, "one run with its nodes", "viewer", NULL)
API_ROUTE("PATCH", "/api/runs/{id}", run_patch, "change the priority of a run that waits", "operator", NULL)
API_ROUTE("GET", "/api/runs/{id}/logs", run_logs, "log lines of a run", "viewer", NULL)
API_ROUTE("GET", "/api/runs/{id}/events", run_events, "events of a run", "viewer", NULL)
API_ROUTE("GET", "/api/runs/{id}/export.html", run_export_get, "a run as one HTML file that needs nothing else", "viewer", NULL)
API_ROUTE("GET", "/api/runs/{id}/artifacts", artifacts_list, "files a run has left", "viewer", NULL)
API_ROUTE("GET", "/api/runs/{id}/artifacts/{name...}", artifact_get, "one of these files; Range is honoured", "viewer", NULL)
API_ROUTE("POST", "/api/runs/{id}/cancel", run_cancel_post, "end a run", "operator", run_done)
API_ROUTE("POST", "/api/runs/{id}/pause", run_pause_post, "let no further node of a run begin", "operator", run_done)
API_ROUTE("POST", "/api/runs/{id}/retry", run_retry_post, "start an ended run over", "operator", run_done)
API_ROUTE("POST", "/api/runs/{id}/resume", run_resume_post, "go on with a run that failed, was cancelled or is paused", "operator",
          run_done)
API_ROUTE("POST", "/api/runs/{id}/rerun", run_rerun_post, "a new run of the same, perhaps with another input or version", "operator",
          run_done)
API_ROUTE("GET", "/api/sessions", sessions_list, "sessions, by id", "viewer", NULL)
API_ROUTE("GET", "/api/sessions/{id}", session_get_one, "one session with its tools and messages", "viewer", NULL)
API_ROUTE("PUT", "/api/sessions/{id}", session_put, "make a session, or change what the body names", "operator", NULL)
API_ROUTE("DELETE", "/api/sessions/{id}", session_remove, "delete a session; its runs stay", "operator", NULL)
API_ROUTE("PUT", "/api/sessions/{id}/tools", session_tools_put, "enable and disable tools of a session", "operator", NULL)
API_ROUTE("GET", "/api/adws", adws_list, "states of ADWs, changed last first, and how many there are of each status", "viewer", NULL)
API_ROUTE("GET", "/api/adws/{id}", adw_get_one, "state of one ADW", "viewer", NULL)
API_ROUTE("PUT", "/api/adws/{id}", adw_put, "set the state of an ADW, new or not", "editor", NULL)
API_ROUTE("PATCH", "/api/adws/{id}", adw_patch, "change the state of an ADW by a merge patch, new or not", "editor", NULL)
API_ROUTE("DELETE", "/api/adws/{id}", adw_remove, "forget an ADW", "editor", NULL)
API_ROUTE("GET", "/api/secrets", secrets_list, "names and dates of secrets, never their values", "editor", NULL)
API_ROUTE("PUT", "/api/secrets/{name}", secret_put_one, "set a secret: {\"value\"}", "admin", NULL)
API_ROUTE("DELETE", "/api/secrets/{name}", secret_remove, "forget a secret", "admin", NULL)
API_ROUTE("GET", "/api/node-types", node_types_list, "kinds of nodes, with a JSON Schema of their settings", "viewer", NULL)
API_ROUTE("POST", "/api/jq", jq_post, "what a jq expression gives, with the data of a run or other data", "editor", NULL)
API_ROUTE("GET", "/api/models", models_get, "models of the endpoint, and what each is for", "viewer", NULL)
API_ROUTE("GET", "/api/queue", queue_get, "entries of the queue, and is it paused", "viewer", NULL)
API_ROUTE("POST", "/api/queue", queue_post, "put work into the queue, with a run of a workflow or only tracked", "operator",
          queue_post_done)
API_ROUTE("GET", "/api/queue/{id}", queue_entry_get, "one entry of the queue", "viewer", NULL)
API_ROUTE("PATCH", "/api/queue/{id}", queue_entry_patch, "change an entry: its priority, and so its place, or what it says", "operator",
          NULL)
API_ROUTE("DELETE", "/api/queue/{id}", queue_entry_delete, "take an entry out; its run is cancelled unless it has begun", "operator",
          NULL)
API_ROUTE("POST", "/api/queue/pause", queue_pause_post, "let no queued run begin", "operator", queue_done)
API_ROUTE("POST", "/api/queue/resume", queue_resume_post, "let queued runs begin again", "operator", queue_done)
API_ROUTE("GET", "/api/runs/{id}/nodes/{node}/items", items_get, "items of a foreach that have begun", "viewer", NULL)
API_ROUTE("GET", "/api/approvals", approvals_list, "nodes that wait for a person, oldest first", "viewer", NULL)
API_ROUTE("POST", "/api/runs/{id}/nodes/{node}/approve", approve_post, "say yes to a node that waits for it", "operator",
          decision_done)
API_ROUTE("POST", "/api/runs/{id}/nodes/{node}/reject", reject_post, "say no", "operator", decision_done)
API_ROUTE("POST", "/api/events", events_post, "emit an event", "operator", events_done)
API_ROUTE("POST", "/api/auth/ticket", auth_ticket_post, "a ticket for streams or one path, to be put into an address", "viewer", NULL)
API_ROUTE("GET", "/api/auth/session", auth_session_get, "who you are here, and until when", "viewer", NULL)
API_ROUTE("POST", "/api/auth/session", auth_session_post, "keep the token of this request in a cookie that no script can read",
          "viewer", NULL)
API_ROUTE("DELETE", "/api/auth/session", auth_session_delete, "forget that cookie", "", NULL)

HOOK_ROUTE("POST", "/hooks/{source}", hook_post, "take a webhook", "", NULL)

#undef API_ROUTE
#undef HOOK_ROUTE
