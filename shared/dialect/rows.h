/* rows - the functions that the table of endpoints names; the contracts are those of struct endpoint. */
#ifndef RUNSPOOL_DIALECT_ROWS_H
#define RUNSPOOL_DIALECT_ROWS_H

#include "dialect/dialect.h"

enum rs_err native_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err console_status_opening(struct feed *feed, struct store *store, struct eventlog *log,
                                   struct dialect_out *out, struct fault *fault);
enum rs_err console_status_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err console_logs_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                                 struct fault *fault);
enum rs_err console_logs_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err console_scraping_open(struct feed *feed, struct store *store, const struct path_params *params,
                                  struct fault *fault);
enum rs_err console_scraping_opening(struct feed *feed, struct store *store, struct eventlog *log,
                                     struct dialect_out *out, struct fault *fault);
enum rs_err console_scraping_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err monitor_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault);
enum rs_err monitor_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                            struct fault *fault);
enum rs_err monitor_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err crew_run_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault);
enum rs_err crew_run_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                             struct fault *fault);
enum rs_err crew_run_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);

enum rs_err assistant_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault);
enum rs_err assistant_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                              struct fault *fault);
enum rs_err assistant_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);
enum rs_err crew_graph_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault);
enum rs_err crew_graph_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);
enum rs_err crew_graph_heartbeat(struct buf *out);

enum rs_err crew_mission_open(struct feed *feed, struct store *store, const struct path_params *params,
                              struct fault *fault);
enum rs_err crew_mission_standing(struct feed *feed, struct store *store, struct eventlog *log, int64_t head,
                                  struct event ***ret, int *ret_n, struct fault *fault);
enum rs_err crew_mission_project(const struct feed *feed, const struct event *ev, struct dialect_out *out);
enum rs_err crew_mission_heartbeat(struct buf *out);

#endif
