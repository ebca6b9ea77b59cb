/* How crews stand, and the events that tell of it. */
#include "base/clock.h"
#include "base/map.h"
#include "model/crew.h"
#include "model/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX (2 * ID_MAX + 2)

static const char *key_of(const char *org, const char *crew_id, char text[KEY_MAX])
{
    snprintf(text, KEY_MAX, "%s/%s", org, crew_id);
    return text;
}

/* The crews with a run that is executed: running, by a process that renews its lease. */
static enum rs_err busy_crews(struct store *store, struct map *ret, struct fault *fault)
{
    static char busy[] = "busy";
    struct db_rows *rows = NULL;
    char key[KEY_MAX];
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT DISTINCT org, crew_id FROM run WHERE status = 'running' AND crew_id IS NOT NULL"
                               " AND lease > $1",
                               "i", clock_wall_ms());

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        if (map_put(ret, key_of(db_text(rows, 0), db_text(rows, 1), key), busy) != RS_OK)
            err = fault_set(fault, RS_NOMEM, "no memory for the crews");
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Somebody may have emitted to `mission:ID` before any workflow named the crew, and so made it another organisation's: what is
 * told of this crew must not go there. */
static enum rs_err own_home(struct change *change, struct eventlog *log, struct crew *crew, struct fault *fault)
{
    char stream[STREAM_MAX];
    struct eventlog_stream known;
    enum rs_err err;

    snprintf(stream, sizeof(stream), "mission:%.*s", ID_MAX, crew->home);
    if ((err = eventlog_stream(log, stream, &known, fault)) == RS_NOT_FOUND || (err == RS_OK && strcmp(known.org, crew->org) == 0))
        return RS_OK;
    if (err != RS_OK)
        return err;
    crew_other_home(crew->org, crew->id, crew->home);
    return db_run(change_db(change), NULL, fault, "UPDATE crew SET home = $1 WHERE org = $2 AND id = $3", "ttt", crew->home,
                  crew->org, crew->id);
}

static enum rs_err tell(struct change *change, struct eventlog *log, struct crew *crew, const char *signal,
                        struct fault *fault)
{
    char stream[STREAM_MAX];
    struct json_object *data;
    int64_t changed = 0;
    enum rs_err err = db_run(change_db(change), &changed, fault,
                             "UPDATE crew SET signal = $1 WHERE org = $2 AND id = $3 AND signal = $4", "tttt", signal,
                             crew->org, crew->id, crew->signal);

    if (err != RS_OK || changed != 1) /* another process has told */
        return err;
    if (crew->signal[0] == '\0' && (err = own_home(change, log, crew, fault)) != RS_OK)
        return err;
    if ((data = json_object_new_object()) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for an event");
    json_set_string(data, "crewId", crew->id);
    json_set_string(data, "status", signal);
    snprintf(stream, sizeof(stream), "mission:%.*s", ID_MAX, crew->home);
    err = change_event(change, stream, "crew.signal", data, fault);
    json_object_put(data);
    return err;
}

/* Opens the transaction at the first that differs: mostly there is none. */
static enum rs_err tell_changed(struct store *store, struct eventlog *log, struct crew *crews, int n, const struct map *busy,
                                bool runner, struct change **change, struct fault *fault)
{
    char key[KEY_MAX];
    enum rs_err err = RS_OK;
    int i;

    for (i = 0; err == RS_OK && i < n; i++) {
        const char *signal = map_get(busy, key_of(crews[i].org, crews[i].id, key)) != NULL ? "busy"
                             : runner                                                      ? "available"
                                                                                           : "offline";
        if (strcmp(signal, crews[i].signal) == 0)
            continue;
        if (*change == NULL)
            err = change_begin(store, change, fault);
        if (err == RS_OK)
            err = tell(*change, log, &crews[i], signal, fault);
    }
    return err;
}

enum rs_err crew_signals(struct store *store, struct eventlog *log, struct fault *fault)
{
    struct change *change = NULL;
    struct crew *crews = NULL;
    struct map busy = {0};
    int n = 0, runners = 0;
    enum rs_err err;

    if ((err = crew_list(store, NULL, &crews, &n, fault)) != RS_OK || n == 0)
        goto out;
    if ((err = busy_crews(store, &busy, fault)) == RS_OK && (err = runner_count_alive(store, &runners, fault)) == RS_OK)
        err = tell_changed(store, log, crews, n, &busy, runners > 0, &change, fault);
    if (err != RS_OK)
        change_abort(change);
    else if (change != NULL)
        err = change_commit(change, fault);
out:
    map_clear(&busy, NULL);
    free(crews);
    return err;
}

/* Is there nothing left in the log of what was told of the crew? */
static enum rs_err is_forgotten(struct eventlog *log, const struct crew *crew, bool *ret, struct fault *fault)
{
    static const char *const types[] = {"crew.signal", NULL};
    char stream[STREAM_MAX];
    struct event **events = NULL;
    int n = 0;
    enum rs_err err;

    snprintf(stream, sizeof(stream), "mission:%.*s", ID_MAX, crew->home);
    err = eventlog_read_newest(log, stream, types, 0, 1, &events, &n, fault);
    *ret = n == 0;
    eventlog_events_free(events, n);
    return err;
}

enum rs_err crew_signals_anew(struct store *store, struct eventlog *log, struct fault *fault)
{
    struct crew *crews = NULL;
    bool forgotten = false;
    int n = 0, i;
    enum rs_err err = crew_list(store, NULL, &crews, &n, fault);

    for (i = 0; err == RS_OK && i < n; i++) {
        if (crews[i].signal[0] == '\0')
            continue;
        err = is_forgotten(log, &crews[i], &forgotten, fault);
        if (err == RS_OK && forgotten)
            err = db_run(store->db, NULL, fault, "UPDATE crew SET signal = '' WHERE org = $1 AND id = $2", "tt", crews[i].org,
                         crews[i].id);
    }
    free(crews);
    return err;
}
