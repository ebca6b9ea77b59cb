/* event - one fact of the log: immutable, refcounted (atomic), shared by every door. */
#ifndef RUNSPOOL_EVENT_EVENT_H
#define RUNSPOOL_EVENT_EVENT_H

#include "base/buf.h"
#include "base/err.h"
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_TYPE_MAX 64            /* bytes of a type, without NUL */
#define EVENT_DATA_MAX (512 * 1024)  /* bytes of data as JSON text */
#define EVENT_LINE_MAX (EVENT_DATA_MAX + 4096) /* bytes of a spool line */
#define HOME_TAGS_MAX 64

/* The home stream of events: immutable, refcounted (atomic), one object shared by all events of a batch. */
struct home {
    _Atomic int refs;
    char *name;   /* "run:r_1" */
    char *org;
    char **tags;  /* views it belongs to: "workflow:lint", "crew:quality", "session:s1", "tool:scrape"; may be NULL */
    int n_tags;
};
struct home *home_new(const char *name, const char *org, const char *const *tags, int n_tags); /* copies; NULL: no memory */
struct home *home_ref(struct home *home);
void home_unref(struct home *home); /* NULL is fine */

struct event {
    _Atomic int refs;
    int64_t id;      /* position in the log, strictly increasing, never reused */
    int64_t seq;     /* 1, 2, ... in the home stream, no holes */
    int64_t time_ms; /* wall clock of the emitter */
    struct home *home;
    char type[EVENT_TYPE_MAX + 1];
    size_t data_len;
    char data[]; /* JSON object text, NUL-terminated */
};
/* event_new - takes a reference on home, copies the rest. NULL: no memory. */
struct event *event_new(int64_t id, int64_t seq, int64_t time_ms, struct home *home, const char *type,
                        const char *data, size_t data_len);
struct event *event_ref(struct event *ev);
void event_unref(struct event *ev); /* NULL is fine */

/* event_type_check - [a-z]+(\.[a-z_]+)?, at most EVENT_TYPE_MAX. */
bool event_type_valid(const char *type, size_t len);
/* event_type_ends - run.finished, run.failed, run.cancelled: the last event of a run until it is retried. */
bool event_type_ends(const char *type);
/* event_type_reopens - run.retried, run.resumed. */
bool event_type_reopens(const char *type);
/* event_type_is_bulk - log, log.dropped, agent.delta: may bypass the outbox and be dropped in an outage. */
bool event_type_is_bulk(const char *type);

/* event_put_json - append the canonical object {"id","stream","seq","type","time","org","data"}. Returns out->err. */
enum rs_err event_put_json(const struct event *ev, struct buf *out);
/* event_data - ev->data parsed; owned by the caller; NULL only without memory (data was checked when appended). */
struct json_object *event_data(const struct event *ev);

#endif
