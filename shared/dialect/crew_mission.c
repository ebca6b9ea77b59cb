/* Crew monitor, /mission: how each crew of the caller's stands. */
#include "base/clock.h"
#include "base/json.h"
#include "dialect/crew.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include "event/poke.h"
#include "model/crew.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNALS_WAIT_MS 1000 /* for what was computed here to be in the log */

static const char *const types[] = {"crew.signal", NULL};

/* Where no bridge does so all the time. What cannot be computed now stands as it was told last. */
static void compute_signals(struct store *store)
{
    struct eventlog *log = NULL;
    struct fault fault;
    if (eventlog_has_bridge(store->dd) ||
        eventlog_open(store->dd, EVENTLOG_READ, NULL, NULL, &log, &fault) != RS_OK)
        return;
    if (crew_signals(store, log, &fault) == RS_OK && outbox_wait(store, SIGNALS_WAIT_MS, &fault) != RS_OK) {
        /* It comes a little later. */
    }
    eventlog_close(log);
}

enum rs_err crew_mission_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    (void)params;
    compute_signals(store);
    enum rs_err err = feed_add_stream(feed, "mission:*");
    return err ? fault_set(fault, err, "the crews cannot be followed") : RS_OK;
}

enum rs_err crew_mission_heartbeat(struct buf *out)
{
    char now[CLOCK_TEXT_MAX];
    return buf_printf(out, "{\"type\":\"heartbeat\",\"timestamp\":\"%s\"}", clock_format(clock_wall_ms(), now));
}

/* The newest signal of a crew up to head, computed or emitted, as a reference; NULL: none. */
static enum rs_err newest_signal(struct eventlog *log, const struct crew *crew, int64_t head, struct event **ret,
                                 struct fault *fault)
{
    static const char *const kinds[] = {"mission", "crew"};
    char stream[STREAM_MAX];
    struct event *newest = NULL;
    enum rs_err err = RS_OK;
    for (unsigned i = 0; !err && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct event **events = NULL;
        int n = 0;
        snprintf(stream, sizeof(stream), "%s:%.*s", kinds[i], ID_MAX, crew->home);
        err = eventlog_read_newest(log, stream, types, head, 1, &events, &n, fault);
        if (!err && n > 0 && strcmp(events[0]->home->org, crew->org) == 0 && (!newest || events[0]->id > newest->id)) {
            event_unref(newest);
            newest = event_ref(events[0]);
        }
        eventlog_events_free(events, n);
    }
    *ret = newest;
    return err;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(struct event *const *)a)->id, y = (*(struct event *const *)b)->id;
    return (x > y) - (x < y);
}

enum rs_err crew_mission_standing(struct feed *feed, struct store *store, struct eventlog *log, int64_t head,
                                  struct event ***ret, int *ret_n, struct fault *fault)
{
    struct crew *crews = NULL;
    int n_crews = 0, n = 0;
    enum rs_err err = crew_list(store, feed->org, &crews, &n_crews, fault);
    struct event **events = err ? NULL : calloc((size_t)n_crews + 1, sizeof(struct event *));
    if (!err && !events)
        err = fault_set(fault, RS_NOMEM, "no memory for the crews");
    for (int i = 0; !err && i < n_crews; i++) {
        err = newest_signal(log, &crews[i], head, &events[n], fault);
        if (!err && events[n])
            n++;
    }
    free(crews);
    if (err) {
        eventlog_events_free(events, n);
        return err;
    }
    qsort(events, (size_t)n, sizeof(struct event *), by_id);
    *ret = events;
    *ret_n = n;
    return RS_OK;
}

static const char *status_word(struct json_object *data)
{
    static const char *const words[] = {"offline", "available", "busy"};
    const char *status = json_get_string(data, "status", "");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], status) == 0)
            return words[i];
    return NULL;
}

enum rs_err crew_mission_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    /* The view holds runs of crews too. */
    if (strcmp(ev->type, types[0]) != 0 || stream_has_kind(ev->home->name, "run"))
        return RS_OK;
    struct json_object *data = event_data(ev);
    if (!data)
        return RS_NOMEM;
    const char *crew = crew_of_event(ev, data), *status = status_word(data);
    enum rs_err err = RS_OK;
    if (crew && status && feed_has_crew(feed, crew)) {
        struct buf *text = put_begin(out, "signal");
        put_time(text, "timestamp", ev->time_ms);
        (void)buf_printf(text, ",\"payload\":{\"status\":\"%s\"", status);
        put_text(text, "crewId", crew);
        (void)buf_putc(text, '}');
        err = put_end(out);
    }
    json_object_put(data);
    return err;
}
