/* api - the handlers of api.fcgi, one file a resource; shared/http/route_rows.h has their rows. */
#ifndef RUNSPOOL_FCGI_API_H
#define RUNSPOOL_FCGI_API_H

#include "routes.h"

extern const struct program api_program;

route_fn auth_ticket_post, auth_session_get, auth_session_post, auth_session_delete;
route_fn about_get, doctor_get, openapi_get;
route_fn workflows_list, workflows_post, workflow_get_one, workflow_put, workflow_remove, workflow_validate_post;
route_fn workflow_versions_list, workflow_version_get;
route_fn workflow_run, workflow_actions_post;
route_fn schedules_list, workflow_schedule, workflow_schedule_pause, workflow_schedule_resume;
route_fn system_status_get;
route_fn webhooks_list, webhook_status_get, metrics_get;
route_fn workflows_active_get, workflow_history_get;
route_fn runs_list, run_get, run_patch, run_cancel_post;
route_fn run_pause_post, workflow_pause_post, workflow_resume_post, queue_pause_post, queue_resume_post;
route_fn queue_get, queue_post, queue_entry_get, queue_entry_patch, queue_entry_delete;
route_fn run_retry_post, run_resume_post, run_rerun_post;
route_fn run_logs, run_events;
route_fn artifacts_list, artifact_get, run_export_get;
route_fn sessions_list, session_get_one, session_put, session_remove, session_tools_put;
route_fn adws_list, adw_get_one, adw_put, adw_patch, adw_remove;
route_fn items_get, routes_get;
route_fn approvals_list, approve_post, reject_post;
route_done_fn decision_done;
route_fn events_post;
route_fn jq_post;
route_fn models_get, node_types_list, workflow_import_post;
route_fn secrets_list, secret_put_one, secret_remove;
route_done_fn run_done, queue_done, queue_post_done, events_done;

#endif
