/* schedule_row - a schedule as its row has it. Only shared/model/schedule*.c includes this. */
#ifndef RUNSPOOL_MODEL_SCHEDULE_ROW_H
#define RUNSPOOL_MODEL_SCHEDULE_ROW_H

#include "model/cron.h"
#include "model/schedule.h"

enum catch_up { CATCH_UP_ALL, CATCH_UP_LATEST, CATCH_UP_SKIP };
enum catch_up catch_up_of(const char *word); /* unknown: latest */

struct schedule {
    char org[ID_MAX + 1], workflow_id[ID_MAX + 1], node_id[ID_MAX + 1];
    char cron_text[CRON_TEXT_MAX + 1], timezone[TZ_NAME_MAX + 1], catch_up[16];
    int64_t jitter_ms, due_ms, fire_ms, last_ms, missed;
    bool enabled, paused;
    char last_run[ID_MAX + 1]; /* "": none */
    char error[FAULT_MESSAGE_MAX];
};
#define SCHEDULE_COLUMNS                                                                                               \
    "org, workflow_id, node_id, cron, timezone, catch_up, jitter, enabled, paused, due, fire, last, last_run, missed, error"
/* schedule_of - rows: SCHEDULE_COLUMNS first. */
void schedule_of(struct db_rows *rows, struct schedule *ret);

/* Its times, parsed. Release with schedule_times_release; zeroed is fine. */
struct schedule_times {
    struct cron cron;
    struct tz *tz;
};
enum rs_err schedule_times(const char *cron, const char *timezone, struct schedule_times *ret, struct fault *fault) RS_MUST_CHECK;
void schedule_times_release(struct schedule_times *times);
/* schedule_next - the time due after after_ms; 0: none. */
int64_t schedule_next(const struct schedule_times *times, int64_t after_ms);
/* schedule_fire_time - when a due time fires: up to jitter_ms later, always the same for the same. due_ms 0 gives 0. */
int64_t schedule_fire_time(const struct schedule *s, int64_t due_ms);

#endif
