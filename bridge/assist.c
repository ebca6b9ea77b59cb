#include "bridge/assist.h"
#include "base/json.h"
#include "base/log.h"
#include "bridge/assist_job.h"
#include "bridge/bridge.h"
#include "bridge/renew.h"
#include "bridge/hub.h"
#include "bridge/limits.h"
#include "bridge/ws.h"
#include <stdlib.h>
#include <string.h>

#define ERROR_MAX 4096 /* bytes of an error message */

/* An action that waits for its turn. */
struct held {
    struct held *next;
    struct assistant_action action;
    size_t bytes;
};
struct assist {
    struct subscriber *sub;
    char org[ID_MAX + 1], caller[CALLER_MAX + 1];
    struct cursor since;      /* until the caller's runs were looked for */
    char seen_run[ID_MAX + 1]; /* which `since` is a cursor of; "" none */
    struct assist_job *job;   /* under way; NULL: none */
    char run_id[ID_MAX + 1];  /* followed; "" none yet */
    char (*next)[ID_MAX + 1]; /* to be followed after it */
    int n_next;
    struct held *held, **held_end;
    int n_held;
    size_t held_bytes;
};

static void answer_error(struct subscriber *sub, const struct fault *fault)
{
    struct buf text;
    buf_init(&text, ERROR_MAX);
    if (assistant_put_error(&text, rs_err_name(fault->code), fault->message) == RS_OK)
        subscriber_control(sub, text.data, text.len);
    else
        subscriber_end(sub, END_FAILED);
    buf_release(&text);
}

/* --- the run it follows --- */

/* Is its run unfinished, as far as the client has been told? A short read. */
static bool busy(const struct assist *a)
{
    char stream[STREAM_MAX];
    struct eventlog_stream known;
    if (!a->run_id[0])
        return false;
    snprintf(stream, sizeof stream, "run:%s", a->run_id);
    if (eventlog_stream(a->sub->bridge->log, stream, &known, NULL) != RS_OK)
        return true; /* nothing of it has arrived yet */
    return known.end_id == 0 || a->sub->state != SUBSCRIBER_LIVE || known.end_id > a->sub->after;
}

static enum rs_err open_feed(const struct assist *a, const char *run_id, struct feed **ret, struct fault *fault)
{
    struct path_params params;
    const struct endpoint *endpoint = endpoint_find(ASSISTANT_PATH, &params);
    params.n = 1;
    strcpy(params.at[0].name, endpoint->query_param);
    snprintf(params.at[0].value, sizeof params.at[0].value, "%s", run_id);
    enum rs_err err = feed_open(endpoint, &params, NULL, 0, &a->sub->bridge->store, a->org, ret, fault);
    return err ? err : limits_follow(a->sub->bridge, *ret, NULL, fault);
}

/* Show this run from now on, instead of the one before. */
static void follow(struct assist *a, const char *run_id, struct cursor since)
{
    struct subscriber *sub = a->sub;
    struct feed *feed = NULL;
    struct fault fault = {0};
    enum rs_err err = open_feed(a, run_id, &feed, &fault);
    if (err) {
        feed_free(feed);
        answer_error(sub, &fault);
        return;
    }
    hub_leave(sub->bridge->hub, sub);
    feed_free(sub->feed);
    sub->feed = NULL;
    sub->state = SUBSCRIBER_IDLE;
    memcpy(a->run_id, feed->param, sizeof a->run_id);
    err = subscriber_start(sub, feed, since, &fault);
    if (!err)
        return;
    log_event(LOG_LEVEL_WARN, "assistant.failed", "error=%s reason=\"%s\"", rs_err_name(err), fault.message);
    subscriber_end(sub, END_FAILED);
}

static enum rs_err add_next(struct assist *a, const char *run_id)
{
    char(*next)[ID_MAX + 1] = realloc(a->next, (size_t)(a->n_next + 1) * sizeof *next);
    if (!next)
        return RS_NOMEM;
    a->next = next;
    snprintf(next[a->n_next++], sizeof *next, "%s", run_id);
    return RS_OK;
}

static void follow_next(struct assist *a)
{
    char run_id[ID_MAX + 1];
    memcpy(run_id, a->next[0], sizeof run_id);
    memmove(a->next, a->next + 1, (size_t)--a->n_next * sizeof *a->next);
    follow(a, run_id, (struct cursor){.kind = CURSOR_START});
}

static bool has_run(const struct assist *a, const char *run_id)
{
    bool found = strcmp(a->run_id, run_id) == 0;
    for (int i = 0; !found && i < a->n_next; i++)
        found = strcmp(a->next[i], run_id) == 0;
    return found;
}

/* --- coming back --- */

struct search {
    const struct assist *asking;
    const char *run_id;
    bool found;
};

static void find_follower(struct subscriber *sub, void *ctx)
{
    struct search *s = ctx;
    if (sub->assist && sub->assist != s->asking && sub->state != SUBSCRIBER_ENDED && has_run(sub->assist, s->run_id))
        s->found = true;
}

/* Does another connection show it? Then it is that one's. */
static bool is_taken(const struct assist *a, const char *run_id)
{
    struct search s = {.asking = a, .run_id = run_id};
    hub_each(a->sub->bridge->hub, find_follower, &s);
    return s.found;
}

/* Did the run end after the client's cursor? */
static bool ended_since(const struct assist *a, const char *run_id)
{
    char stream[STREAM_MAX];
    struct eventlog_stream known;
    snprintf(stream, sizeof stream, "run:%s", run_id);
    return a->since.kind == CURSOR_AT && eventlog_stream(a->sub->bridge->log, stream, &known, NULL) == RS_OK &&
           known.end_id > a->since.id;
}

/* Of the caller's runs the one to show: that of the cursor; else one under way that no other connection shows; else the newest
 * one, when it ended behind the cursor. -1: none. */
static int choose(const struct assist *a, const struct assist_job *job)
{
    for (int i = 0; i < job->n_runs; i++)
        if (strcmp(job->runs[i].id, a->seen_run) == 0)
            return i;
    for (int i = 0; i < job->n_runs; i++)
        if (!job->runs[i].ended && !is_taken(a, job->runs[i].id))
            return i;
    int last = job->n_runs - 1;
    return last >= 0 && ended_since(a, job->runs[last].id) && !is_taken(a, job->runs[last].id) ? last : -1;
}

static void on_looked(struct assist *a, const struct assist_job *job)
{
    int first = job->err ? -1 : choose(a, job);
    if (job->err)
        answer_error(a->sub, &job->fault);
    if (first < 0)
        return;
    const char *last = job->runs[first].id;
    for (int i = first + 1; i < job->n_runs && a->n_next < ASSIST_NEXT_MAX; i++)
        if (strcmp(job->runs[i].after, last) == 0 && add_next(a, job->runs[i].id) == RS_OK)
            last = job->runs[i].id;
    follow(a, job->runs[first].id, a->since);
}

/* The run whose event the cursor names: the client saw it. */
static enum rs_err find_seen_run(struct assist *a, struct fault *fault)
{
    static const char *const all[] = {"run:*"};
    struct eventlog_query query = {.streams = all, .n_streams = 1, .org = a->org, .after = a->since.id - 1,
                                   .until = a->since.id};
    struct event **events = NULL;
    int n = 0;
    int64_t examined;
    if (a->since.kind != CURSOR_AT || a->since.id == 0)
        return RS_OK;
    enum rs_err err = eventlog_read(a->sub->bridge->log, &query, 1, &events, &n, &examined, fault);
    if (err)
        return err;
    if (n > 0)
        snprintf(a->seen_run, sizeof a->seen_run, "%s", stream_id(events[0]->home->name));
    eventlog_events_free(events, n);
    return RS_OK;
}

/* --- actions --- */

static void go_on(struct assist *a);

static void on_done(void *owner, struct assist_job *job)
{
    struct assist *a = owner;
    a->job = NULL;
    if (a->sub->state == SUBSCRIBER_ENDED)
        return;
    if (job->verb == ASSIST_LOOK)
        on_looked(a, job);
    else if (job->err)
        answer_error(a->sub, &job->fault);
    else if (job->verb == ASSIST_EXECUTE && add_next(a, job->run_id) != RS_OK)
        subscriber_end(a->sub, END_FAILED);
    go_on(a);
}

/* run_id: of the job; NULL: none. action: taken over; NULL: none. */
static enum rs_err put(struct assist *a, enum assist_verb verb, const char *run_id, struct assistant_action *action,
                       struct fault *fault)
{
    struct assist_job *job = assist_job_new(verb, a, on_done);
    if (!job)
        return fault_set(fault, RS_NOMEM, "no memory for an action");
    strcpy(job->org, a->org);
    strcpy(job->caller, a->caller);
    if (run_id)
        strcpy(job->run_id, run_id);
    if (action) {
        job->action = *action;
        *action = (struct assistant_action){.json = NULL};
    }
    enum rs_err err = assist_job_put(a->sub->bridge->worker, job, fault);
    if (!err)
        a->job = job;
    return err;
}

static enum rs_err execute(struct assist *a, struct assistant_action *action, struct fault *fault)
{
    const char *last = a->n_next > 0 ? a->next[a->n_next - 1] : a->run_id;
    if (a->n_next == 0 && !busy(a))
        return put(a, ASSIST_EXECUTE, NULL, action, fault);
    if (!config_is(a->sub->bridge->config, "assistant.busy", "queue"))
        return fault_set(fault, RS_OCCUPIED, "run %s is under way: wait for its end, or cancel it", a->run_id);
    if (a->n_next >= ASSIST_NEXT_MAX)
        return fault_set(fault, RS_LIMIT, "%d messages of this connection are waiting already", ASSIST_NEXT_MAX);
    return put(a, ASSIST_EXECUTE, last, action, fault);
}

static enum rs_err cancel(struct assist *a, const struct assistant_action *action, struct fault *fault)
{
    if (action->run_id)
        return put(a, ASSIST_CANCEL, action->run_id, NULL, fault);
    if (!busy(a))
        return fault_set(fault, RS_CONFLICT, "nothing is running that could be cancelled");
    return put(a, ASSIST_CANCEL, a->run_id, NULL, fault);
}

/* May an action be carried out now? */
static bool is_ready(const struct assist *a)
{
    return !a->job && a->sub->state != SUBSCRIBER_REPLAY && a->sub->state != SUBSCRIBER_ENDED;
}

/* Whatever may happen next: the next run is shown, or an action carried out. */
static void go_on(struct assist *a)
{
    while (a->n_next > 0 && is_ready(a) && !busy(a))
        follow_next(a);
    while (a->held && is_ready(a)) {
        struct held *h = a->held;
        struct fault fault = {0};
        a->held = h->next;
        if (!a->held)
            a->held_end = &a->held;
        a->n_held--;
        a->held_bytes -= h->bytes;
        enum rs_err err = h->action.verb == ASSISTANT_EXECUTE ? execute(a, &h->action, &fault) : cancel(a, &h->action, &fault);
        assistant_action_release(&h->action);
        free(h);
        if (err)
            answer_error(a->sub, &fault);
    }
}

static enum rs_err hold(struct assist *a, struct json_object *json, size_t bytes, struct fault *fault)
{
    struct assistant_action action = {.json = NULL};
    struct held *h = NULL;
    enum rs_err err = assistant_parse(json, &action, fault);
    if (!err && a->sub->who)
        err = access_allows(a->sub->who, "operator", fault);
    if (!err && (a->n_held >= ASSIST_HELD_MAX || a->held_bytes + bytes > ASSIST_HELD_BYTES))
        err = fault_set(fault, RS_LIMIT, "too many actions of this connection are waiting");
    if (!err && !(h = calloc(1, sizeof *h)))
        err = fault_set(fault, RS_NOMEM, "no memory for an action");
    if (err) {
        assistant_action_release(&action);
        return err;
    }
    h->action = action;
    h->bytes = bytes;
    *a->held_end = h;
    a->held_end = &h->next;
    a->n_held++;
    a->held_bytes += bytes;
    return RS_OK;
}

void assist_message(struct subscriber *sub, const char *text, size_t len)
{
    static const char pong[] = "{\"type\":\"pong\"}";
    struct assist *a = sub->assist;
    struct json_object *json = NULL;
    struct fault fault = {0};
    bool ping = len == 4 && memcmp(text, "ping", 4) == 0;
    enum rs_err err = ping ? RS_OK : json_parse(text, len, WS_MESSAGE_MAX, &json, &fault);
    ping = ping || strcmp(json_get_string(json, "type", ""), "ping") == 0;
    if (!err && renew_message(sub, json))
        goto out;
    if (ping)
        subscriber_control(sub, pong, sizeof pong - 1);
    else if (err || (err = hold(a, json, len, &fault)) != RS_OK)
        answer_error(sub, &fault);
out:
    json_object_put(json);
    go_on(a);
}

void assist_live(struct subscriber *sub)
{
    go_on(sub->assist);
}

enum rs_err assist_open(struct subscriber *sub, const struct assist_opening *opening, struct feed *feed, struct cursor since,
                        struct fault *fault)
{
    struct assist *a = calloc(1, sizeof *a);
    if (!a) {
        feed_free(feed);
        return fault_set(fault, RS_NOMEM, "no memory for a connection");
    }
    a->sub = sub;
    strcpy(a->org, opening->org);
    strcpy(a->caller, opening->caller.name);
    a->since = since;
    a->held_end = &a->held;
    sub->assist = a;
    if (feed) {
        memcpy(a->run_id, feed->param, sizeof a->run_id);
        return subscriber_start(sub, feed, since, fault);
    }
    enum rs_err err = find_seen_run(a, fault);
    return err ? err : put(a, ASSIST_LOOK, NULL, NULL, fault);
}

void assist_close(struct subscriber *sub)
{
    struct assist *a = sub->assist;
    if (!a)
        return;
    if (a->job)
        a->job->owner = NULL;
    for (struct held *h = a->held, *next; h; h = next) {
        next = h->next;
        assistant_action_release(&h->action);
        free(h);
    }
    free(a->next);
    free(a);
    sub->assist = NULL;
}
