/* Schedules: what is due becomes runs. */
#include "model/schedule_row.h"

#include "base/clock.h"
#include "model/run.h"
#include "model/workflow.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 60000 /* until a schedule whose zone cannot be read is looked at again */
#define KEEP_MS (30 * 24 * 3600 * 1000LL) /* schedule_run: far longer than any due time can come back */

/* The due times of one schedule that have come: those to run, oldest first, and what comes after them. */
struct due {
    int64_t run[SCHEDULE_CATCH_UP_MAX];
    int n;
    int64_t missed; /* let go */
    int64_t newest, next;
};

/* Walk from the time the row waits for. What is missed longest is let go first. */
static void find_due(const struct schedule *s, const struct schedule_times *times, int64_t now_ms, struct due *ret)
{
    enum catch_up how = catch_up_of(s->catch_up);
    int keep = how == CATCH_UP_ALL ? SCHEDULE_CATCH_UP_MAX : 1;
    int64_t t = s->due_ms, n_all = 0;

    *ret = (struct due){.n = 0};
    if (now_ms - t > SCHEDULE_BACK_MS)
        t = schedule_next(times, now_ms - SCHEDULE_BACK_MS);
    for (; t > 0 && schedule_fire_time(s, t) <= now_ms; t = schedule_next(times, t)) {
        n_all++;
        ret->newest = t;
        if (how == CATCH_UP_SKIP && now_ms - schedule_fire_time(s, t) > SCHEDULE_GRACE_MS)
            continue;
        if (ret->n == keep)
            memmove(ret->run, ret->run + 1, (size_t)--ret->n * sizeof(ret->run[0]));
        ret->run[ret->n++] = t;
    }
    ret->missed = n_all - ret->n;
    ret->next = t;
}

/* One step of a schedule's row, with what makes sure that it is made once. */
struct step {
    const struct schedule *s;
    const struct lease *lease;
    int64_t expected; /* what its row waits for */
    int64_t due;      /* becomes a run; 0: none does */
    int64_t newest, next, missed;
    int64_t fire;     /* when it is looked at again; 0: when next fires */
    const char *error;
    bool taken;       /* said back: this time has its run already */
};

static enum rs_err step_row(struct change *change, const struct step *step, const char *run_id, struct fault *fault)
{
    const struct schedule *s = step->s;
    int64_t changed = 0;
    enum rs_err err = lease_check(change, step->lease, fault);

    if (err == RS_OK)
        err = db_run(change_db(change), &changed, fault,
                     "UPDATE schedule SET due = $1, fire = $2, last = $3, missed = missed + $4, error = $5,"
                     " last_run = COALESCE($6, last_run)"
                     " WHERE org = $7 AND workflow_id = $8 AND node_id = $9 AND due = $10 AND enabled = 1 AND paused = 0",
                     "iiiittttti", step->next, step->fire > 0 ? step->fire : schedule_fire_time(s, step->next), step->newest, step->missed, step->error,
                     run_id, s->org, s->workflow_id, s->node_id, step->expected);
    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "the schedule %s of workflow %s was changed", s->node_id, s->workflow_id);
    return err;
}

/* Inside the transaction that makes the run. */
static enum rs_err note_run(struct change *change, const char *run_id, void *ctx, struct fault *fault)
{
    struct step *step = ctx;
    enum rs_err err = step_row(change, step, run_id, fault);

    if (err != RS_OK)
        return err;
    err = db_run(change_db(change), NULL, fault,
                  "INSERT INTO schedule_run (org, workflow_id, node_id, due, run_id, created) VALUES ($1, $2, $3, $4, $5, $6)",
                  "tttiti", step->s->org, step->s->workflow_id, step->s->node_id, step->due, run_id, change_now(change));
    step->taken = err == RS_CONFLICT;
    return err;
}

/* Go on without a run. */
static enum rs_err pass(struct store *store, const struct step *step, struct fault *fault)
{
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        return err;
    if ((err = step_row(change, step, NULL, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

static struct json_object *trigger_of(const struct step *step, int64_t now_ms)
{
    struct json_object *trigger = json_object_new_object();

    json_set_string(trigger, "kind", "schedule");
    json_set_string(trigger, "nodeId", step->s->node_id);
    json_set_time(trigger, "dueAt", step->due);
    if (now_ms - schedule_fire_time(step->s, step->due) > SCHEDULE_LATE_MS)
        json_set_bool(trigger, "caughtUp", true);
    return trigger;
}

static struct json_object *settings_of(struct json_object *definition, const char *node_id)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node;
    size_t i;

    for (i = 0; nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        if (strcmp(json_get_string(node, "id", ""), node_id) == 0)
            return json_get(node, "data");
    }
    return NULL;
}

/* The workflow as it is saved, started once. */
static enum rs_err start(struct store *store, struct step *step, int64_t now_ms, struct fault *fault)
{
    static const char *const added[] = {"version", "createdAt", "updatedAt", "org"};
    const struct schedule *s = step->s;
    struct json_object *definition = NULL, *input = NULL, *errors = json_object_new_array(), *trigger = trigger_of(step, now_ms);
    struct run_new run = {.org = s->org, .workflow_id = s->workflow_id, .trigger = trigger, .within = note_run, .within_ctx = step};
    char run_id[ID_MAX + 1];
    enum rs_err err = workflow_get(store, s->org, s->workflow_id, &definition, fault);
    size_t i;

    if (err == RS_OK) {
        run.workflow_version = (int)json_get_int(definition, "version", 0);
        for (i = 0; i < sizeof(added) / sizeof(added[0]); i++)
            json_object_object_del(definition, added[i]);
        err = graph_check_input(definition, json_get(settings_of(definition, s->node_id), "input"), errors, &input, fault);
    }
    run.definition = definition;
    run.input = input;
    if (err == RS_OK)
        err = run_create(store, &run, run_id, fault);
    json_object_put(trigger);
    json_object_put(errors);
    json_object_put(input);
    json_object_put(definition);
    return err;
}

/* Will it go better the next time, without anybody doing anything? */
static bool is_passing(enum rs_err err)
{
    return err == RS_BUSY || err == RS_IO || err == RS_NOMEM;
}

static enum rs_err fire_one(struct store *store, const struct lease *lease, const struct schedule *s, int64_t now_ms,
                            struct schedule_fired *ret, struct fault *fault)
{
    struct schedule_times times = {.tz = NULL};
    struct step step = {.s = s, .lease = lease, .expected = s->due_ms};
    struct fault why = {0};
    struct due due;
    enum rs_err err;
    int i;

    if ((err = schedule_times(s->cron_text, s->timezone, &times, &why)) != RS_OK) {
        /* It was right when it was saved: tzdata is gone, perhaps only here. */
        if (is_passing(err))
            return fault_set(fault, err, "%s", why.message);
        step.newest = s->last_ms;
        step.next = s->due_ms;
        step.fire = now_ms + AGAIN_MS;
        step.error = why.message;
        ret->n_failed++;
        return pass(store, &step, fault);
    }
    find_due(s, &times, now_ms, &due);
    schedule_times_release(&times);
    step.missed = due.missed;
    if (due.n == 0) {
        step.newest = due.newest > 0 ? due.newest : s->last_ms;
        step.next = due.next;
        if ((err = pass(store, &step, fault)) == RS_OK)
            ret->n_missed += due.missed;
        return err;
    }
    for (i = 0; i < due.n; i++) {
        step.due = step.newest = due.run[i];
        step.next = i + 1 < due.n ? due.run[i + 1] : due.next;
        step.taken = false;
        if ((err = start(store, &step, now_ms, &why)) == RS_OK) {
            ret->n_runs++;
        } else if (step.taken) {
            /* The clock was set back, and the workflow saved again. */
            if ((err = pass(store, &step, fault)) != RS_OK)
                return err;
        } else if (err == RS_CONFLICT || is_passing(err)) {
            return fault_set(fault, err, "%s", why.message);
        } else {
            /* All that is due would come to the same end. */
            step.newest = due.newest;
            step.next = due.next;
            step.error = why.message;
            ret->n_failed++;
            return pass(store, &step, fault);
        }
        ret->n_missed += step.missed;
        step.missed = 0;
        step.expected = step.next;
    }
    return RS_OK;
}

static enum rs_err read_due(struct store *store, int64_t now_ms, struct schedule *ret, int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE fire > 0 AND fire <= $1"
                               " ORDER BY fire, org, workflow_id, node_id LIMIT $2",
                               "ii", now_ms, (int64_t)SCHEDULE_ROWS_MAX);

    *ret_n = 0;
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        schedule_of(rows, &ret[(*ret_n)++]);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err still_ours(struct store *store, const struct lease *lease, struct fault *fault)
{
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err == RS_OK)
        err = lease_check(change, lease, fault);
    change_abort(change);
    return err;
}

enum rs_err schedule_fire(struct store *store, const struct lease *lease, int64_t now_ms, struct schedule_fired *ret,
                          struct fault *fault)
{
    struct schedule *due = calloc(SCHEDULE_ROWS_MAX, sizeof(*due));
    struct fault why = {0};
    int i, n = 0;
    enum rs_err err;

    *ret = (struct schedule_fired){0};
    if (due == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for schedules");
    err = read_due(store, now_ms, due, &n, fault);
    ret->more = n == SCHEDULE_ROWS_MAX;
    for (i = 0; err == RS_OK && i < n; i++) {
        err = fire_one(store, lease, &due[i], now_ms, ret, &why);
        /* The lease, or only this schedule, saved or paused just now? */
        if (err == RS_CONFLICT)
            err = still_ours(store, lease, fault);
        else if (err != RS_OK)
            fault_set(fault, err, "%s", why.message);
    }
    if (err == RS_OK && ret->n_runs > 0)
        err = db_run(store->db, NULL, fault, "DELETE FROM schedule_run WHERE created < $1", "i", clock_wall_ms() - KEEP_MS);
    free(due);
    return err;
}
