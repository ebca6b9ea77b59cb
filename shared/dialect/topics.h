/* topics - those there are: the rows of endpoints[] name them, and so do the handlers of their HTTP twins. */
#ifndef RUNSPOOL_DIALECT_TOPICS_H
#define RUNSPOOL_DIALECT_TOPICS_H

#include "dialect/topic.h"

extern const struct topic topic_workflows; /* runs_active */
extern const struct topic topic_history;   /* run_history */
extern const struct topic topic_queue;     /* entry_list */
extern const struct topic topic_adw_state; /* adw_get */
extern const struct topic topic_adw_monitor; /* adw_list */
extern const struct topic topic_routes;    /* route_list */
extern const struct topic topic_system;    /* system_status */
extern const struct topic topic_metrics;   /* stats/samples.h */
extern const struct topic topic_webhooks;  /* hook_status */

#endif
