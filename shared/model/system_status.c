#include "model/system_status.h"

#include "base/clock.h"
#include "model/probe.h"
#include "model/run.h"
#include "model/schedule.h"
#include "model/system_since.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define OUTBOX_LATE_MS 30000
#define NO_DATABASE "not known while the database does not answer"

/* What the parts are asked with, and what one leaves for those after it. */
struct round {
    struct store *store;
    const char *org;
    int64_t now_ms;
    bool database; /* it answers */
    struct json_object *late;
};

static void ask_bridge(struct round *round, struct probe *ret)
{
    probe_bridge(round->store->dd, ret);
}

static void ask_redis(struct round *round, struct probe *ret)
{
    probe_redis(round->store->dd, ret);
}

static void ask_model(struct round *round, struct probe *ret)
{
    probe_model(round->store->dd, ret);
}

static void ask_database(struct round *round, struct probe *ret)
{
    struct db_rows *rows = NULL;
    struct fault fault = {0};
    enum rs_err err;

    if (round->store->db == NULL) {
        probe_say(ret, "down", "it cannot be opened");
        return;
    }
    err = db_query(round->store->db, &rows, &fault, "SELECT COUNT(*) FROM outbox WHERE created < $1", "i",
                   round->now_ms - OUTBOX_LATE_MS);
    if (err == RS_OK)
        err = db_next(rows, &fault);
    round->database = err == RS_OK;
    if (err != RS_OK)
        probe_say(ret, "down", "%s", fault.message);
    else if (db_int(rows, 0) > 0)
        probe_say(ret, "degraded", "events have been waiting in the outbox for over %d s", OUTBOX_LATE_MS / 1000);
    else
        probe_say(ret, "healthy", "%s", "");
    db_done(rows);
    snprintf(ret->version, sizeof(ret->version), "schema %d", db_schema_version());
}

static void ask_event_log(struct round *round, struct probe *ret)
{
    struct eventlog *log = NULL;
    struct fault fault = {0};
    int64_t head = 0;
    enum rs_err err = eventlog_open(round->store->dd, EVENTLOG_READ, NULL, NULL, &log, &fault);

    if (err == RS_OK)
        err = eventlog_head(log, &head, &fault);
    eventlog_close(log);
    probe_say(ret, err == RS_OK ? "healthy" : "down", "%s", fault.message);
}

/* The one that has been up longest speaks for all. */
static void ask_runner(struct round *round, struct probe *ret)
{
    struct runners_alive alive = {0};
    struct fault fault = {0};

    if (!round->database)
        probe_say(ret, "down", NO_DATABASE);
    else if (runners_look(round->store, &alive, &fault) != RS_OK)
        probe_say(ret, "down", "%s", fault.message);
    else if (alive.n > 0)
        probe_say(ret, "healthy", "%d alive", alive.n);
    else if (alive.n_dead > 0) /* one that ended takes its row with it */
        probe_say(ret, "down", "the runner has died");
    else
        probe_say(ret, "disabled", "no runner runs here: runs are started one by one");
    if (alive.n > 0) {
        snprintf(ret->version, sizeof(ret->version), "%s", alive.version);
        ret->uptime_s = alive.started_ms > 0 ? (round->now_ms - alive.started_ms) / 1000 : -1;
    }
}

static void ask_scheduler(struct round *round, struct probe *ret)
{
    struct json_object *first;
    struct fault fault = {0};
    size_t n_late;
    int n = 0;

    if (!round->database) {
        probe_say(ret, "down", NO_DATABASE);
        return;
    }
    if (schedule_late(round->store, round->org, round->now_ms, &n, &round->late, &fault) != RS_OK) {
        probe_say(ret, "down", "%s", fault.message);
        return;
    }
    n_late = json_object_array_length(round->late);
    first = n_late > 0 ? json_object_array_get_idx(round->late, 0) : NULL;
    if (first != NULL)
        probe_say(ret, "degraded", "%d schedules, %zu late or unable to start, the first: %s", n, n_late,
                  json_get_string(first, "workflowId", ""));
    else
        probe_say(ret, "healthy", "%d schedules", n);
}

static void ask_disk(struct round *round, struct probe *ret)
{
    struct statvfs disk;
    long long left;

    if (statvfs(round->store->dd->root, &disk) != 0) {
        probe_say(ret, "down", "%s", strerror(errno));
        return;
    }
    left = (long long)disk.f_bavail * (long long)disk.f_frsize;
    probe_say(ret, left < SYSTEM_STATUS_DISK_LOW ? "degraded" : "healthy", "%lld MiB left", left / (1024 * 1024));
}

/* essential: without it nothing works. The database comes first, others ask it. */
static const struct part {
    const char *name;
    void (*ask)(struct round *round, struct probe *ret);
    bool essential;
} parts[] = {
    {"database", ask_database, true}, {"event_log", ask_event_log, true}, {"bridge", ask_bridge, false},
    {"runner", ask_runner, false},    {"scheduler", ask_scheduler, false}, {"redis", ask_redis, false},
    {"model_endpoint", ask_model, false}, {"disk", ask_disk, false},
};

static struct json_object *number(int64_t n)
{
    return n >= 0 ? json_object_new_int64(n) : NULL;
}

static struct json_object *ask_part(const struct part *part, struct round *round, const char **status)
{
    struct json_object *answer = json_object_new_object();
    struct probe probe = {.status = "down", .latency_ms = -1, .uptime_s = -1};
    int64_t begun = clock_mono_ms();
    bool down;

    part->ask(round, &probe);
    down = strcmp(probe.status, "down") == 0;
    if (probe.latency_ms < 0 && !down && strcmp(probe.status, "disabled") != 0)
        probe.latency_ms = clock_mono_ms() - begun;
    json_set_string(answer, "status", probe.status);
    json_set(answer, "latency_ms", number(probe.latency_ms));
    json_set(answer, "version", probe.version[0] != '\0' ? json_object_new_string(probe.version) : NULL);
    json_set(answer, "uptime_s", number(probe.uptime_s));
    json_set_string(answer, "detail", probe.detail);
    if (down && part->essential)
        *status = "down";
    else if ((down || strcmp(probe.status, "degraded") == 0) && strcmp(*status, "down") != 0)
        *status = "degraded";
    return answer;
}

enum rs_err system_status(struct store *store, const char *org, int64_t now_ms, struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *components = json_object_new_object(), *one;
    struct round round = {.store = store, .org = org, .now_ms = now_ms};
    const char *status = "healthy";

    if (answer == NULL || components == NULL) {
        json_object_put(answer);
        json_object_put(components);
        return fault_set(fault, RS_NOMEM, "no memory for the status");
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        one = ask_part(&parts[i], &round, &status);
        if (round.late != NULL)
            json_set(one, "late", round.late);
        round.late = NULL;
        json_set(components, parts[i].name, one);
    }
    system_since(round.database ? store->db : NULL, org != NULL ? org : "", now_ms, components);
    json_set_string(answer, "status", status);
    json_set(answer, "components", components);
    json_set_time(answer, "checked_at", now_ms);
    *ret = answer;
    return RS_OK;
}
