#include "bridge/topic.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/subscriber.h"
#include "bridge/worker.h"
#include <stdlib.h>
#include <string.h>

#define N_THREADS 2       /* of topics that are quick, and of those that may be slow */
#define LAG_MS 100        /* a member that has not taken the last state yet is looked at again after that */
#define LONG_MS 200       /* who comes to a topic that takes longer is given the last state first */
#define NEWCOMER_SHARE 4  /* building for those who come takes at most a fifth of the thread's time */

/* One thread and what it reads with. */
struct builder {
    const struct datadir *dd;
    struct worker *worker;
    struct eventlog *log; /* the thread's */
};
struct topics {
    struct builder builders[N_THREADS];
};

struct topic_group {
    int refs; /* the group, the timer, the build at work */
    struct bridge *bridge;
    struct group *group; /* NULL once it has ended */
    const struct topic *topic;
    char org[ID_MAX + 1], param[ID_MAX + 1];
    struct query query;
    uv_timer_t timer;
    struct topic_shown *shown; /* the newest state; NULL: none yet */
    bool building, dirty;
    bool some_await;           /* members that await an event (awaits_event) */
    unsigned turn;             /* builds begun */
    bool begun;
    bool failed;
    int64_t begun_ms, ended_ms, took_ms; /* of the last build, loop time */
    int64_t serve_ms;          /* loop time when somebody is due to get what there is; INT64_MAX: nobody */
};

struct build {
    struct job job; /* first */
    struct topic_group *t;
    struct builder *builder;
    struct topic_shown *shown;
};

static void unref(struct topic_group *t)
{
    if (--t->refs > 0)
        return;
    topic_shown_unref(t->shown);
    query_release(&t->query);
    free(t);
}

static void on_timer_closed(uv_handle_t *handle)
{
    unref(handle->data);
}

struct topic_group *topic_group_new(struct bridge *bridge, struct group *group)
{
    struct topic_group *t = calloc(1, sizeof *t);
    struct feed copy = {.endpoint = group->feed->endpoint};
    if (!t)
        return NULL;
    if (feed_set_query(&copy, &group->feed->query, NULL) != RS_OK) {
        query_release(&copy.query);
        free(t);
        return NULL;
    }
    t->refs = 2;
    t->bridge = bridge;
    t->group = group;
    t->topic = group->feed->endpoint->topic;
    t->serve_ms = INT64_MAX;
    strcpy(t->org, group->feed->org);
    strcpy(t->param, group->feed->param);
    t->query = copy.query;
    uv_timer_init(&bridge->loop, &t->timer);
    t->timer.data = t;
    return t;
}

void topic_group_free(struct topic_group *t)
{
    if (!t)
        return;
    t->group = NULL;
    uv_close((uv_handle_t *)&t->timer, on_timer_closed);
    unref(t);
}

static int64_t now_of(const struct topic_group *t)
{
    return (int64_t)uv_now(&t->bridge->loop);
}

/* A state made before the member came may lack what it knows of; of a topic that takes long it is better than none. */
static bool may_have(struct topic_group *t, const struct topic_place *place)
{
    if (place->settled || (int)(t->shown->turn - place->turn) >= 0)
        return true;
    if (t->shown->err || t->took_ms < LONG_MS)
        return false;
    t->dirty = true;
    return true;
}

/* A poll is told what to answer. Returns as serve. */
static int64_t serve_poll(struct topic_group *t, struct subscriber *sub, int64_t now, bool first)
{
    struct topic_place *place = &sub->place;
    bool differs = t->shown->err || topic_differs(&place->seen, &t->shown->state);
    topic_shown_unref(place->shown);
    place->shown = topic_shown_ref(t->shown);
    place->answer = differs && now >= place->next_ms;
    if (place->answer || first)
        sub->door->wake(sub);
    return differs && !place->answer ? place->next_ms : INT64_MAX;
}

/* "now" on a stream of states: the first after the next event. The state at the time is no measure: a change may be in it whose
 * event, and with it the member's reason to be told, is still on its way. Topics that are probed change without events. */
static bool awaits_event(const struct topic_group *t, const struct subscriber *sub)
{
    return sub->place.seen.kind == CURSOR_NOW && sub->door->format != FRAME_NONE && t->topic->probe_ms == 0;
}

/* What a member gets of the newest state. Returns when to look at it again; INT64_MAX: not before there is another. */
static int64_t serve(struct topic_group *t, struct subscriber *sub, int64_t now)
{
    struct topic_place *place = &sub->place;
    struct topic_shown *shown = t->shown;
    bool first = !place->settled;
    if (!shown || sub->state != SUBSCRIBER_LIVE || place->answer || !may_have(t, place))
        return INT64_MAX;
    if (sub->door->format != FRAME_NONE && shown->err)
        return INT64_MAX; /* it is tried again */
    place->settled = true;
    if (awaits_event(t, sub))
        return INT64_MAX;
    if (first && place->seen.kind == CURSOR_NOW)
        place->seen = shown->state.at;
    if (sub->door->format == FRAME_NONE)
        return serve_poll(t, sub, now, first);
    if (!topic_differs(&place->seen, &shown->state))
        return INT64_MAX;
    if (now < place->next_ms)
        return place->next_ms;
    if (sub->queue_len > 0)
        return now + LAG_MS; /* what it gets then is newer */
    struct block *block = sub->compression ? topic_shown_compressed(shown, t->bridge->deflater, sub->format)
                                           : topic_shown_block(shown, sub->format);
    if (!block) {
        subscriber_end(sub, END_FAILED);
        return INT64_MAX;
    }
    place->seen = shown->state.at;
    place->next_ms = now + topic_every_ms(t->topic);
    t->bridge->metrics.values[sub->door->deliveries]++;
    subscriber_give(sub, block);
    return INT64_MAX;
}

static void serve_all(struct topic_group *t)
{
    int64_t now = now_of(t);
    t->serve_ms = INT64_MAX;
    for (int f = 0; f < FRAME_N_FORMATS; f++)
        for (struct subscriber *sub = t->group->members[f]; sub; sub = sub->group_next) {
            int64_t at = serve(t, sub, now);
            t->serve_ms = at < t->serve_ms ? at : t->serve_ms;
        }
}

static bool has_newcomer(const struct topic_group *t)
{
    for (int f = 0; f < FRAME_N_FORMATS; f++)
        for (const struct subscriber *sub = t->group->members[f]; sub; sub = sub->group_next)
            if (!sub->place.settled && sub->state == SUBSCRIBER_LIVE)
                return true;
    return false;
}

/* When the next build is due; INT64_MAX: not before something happens. */
static int64_t next_build(const struct topic_group *t)
{
    int64_t at = INT64_MAX, every = topic_every_ms(t->topic);
    if (!t->begun)
        return 0;
    if (t->dirty)
        at = t->ended_ms + every; /* from the end: one that began late must not be followed too soon */
    if (t->topic->probe_ms > 0 && t->begun_ms + t->topic->probe_ms < at)
        at = t->begun_ms + t->topic->probe_ms;
    if (at <= t->ended_ms || !has_newcomer(t))
        return at;
    int64_t rest = NEWCOMER_SHARE * (t->ended_ms - t->begun_ms);
    if (t->shown && t->shown->err)
        rest = every;
    rest = rest < every ? rest : every;
    return t->ended_ms + rest < at ? t->ended_ms + rest : at;
}

static void run_build(struct job *job, struct store *store, const struct fault *fault)
{
    struct build *b = (struct build *)job;
    struct topic_shown *shown = b->shown;
    const struct topic_asked asked = {b->t->org, b->t->param, &b->t->query};
    struct store bare = {.dd = b->builder->dd, .program = "bridge"};
    if (!store && b->t->topic->without_database)
        store = &bare;
    shown->fault = *fault;
    shown->err = store ? RS_OK : fault->code;
    if (!shown->err && !b->builder->log)
        shown->err = eventlog_open(b->builder->dd, EVENTLOG_READ, NULL, NULL, &b->builder->log, &shown->fault);
    if (!shown->err)
        shown->err = topic_make(b->t->topic, &asked, store, b->builder->log, &shown->state, &shown->fault);
}

static void plan(struct topic_group *t);

/* Said once, until it works again. */
static void note_failure(struct topic_group *t, const struct topic_shown *shown)
{
    if (shown->err && !t->failed)
        log_event(LOG_LEVEL_WARN, "topic.failed", "type=%s error=%s reason=\"%s\"", t->topic->type, rs_err_name(shown->err),
                  shown->fault.message);
    t->failed = shown->err != RS_OK;
    t->dirty = t->dirty || t->failed;
}

static void on_built(struct job *job)
{
    struct build *b = (struct build *)job;
    struct topic_group *t = b->t;
    t->building = false;
    t->ended_ms = now_of(t);
    t->took_ms = t->ended_ms - t->begun_ms;
    note_failure(t, b->shown);
    if (t->group) {
        topic_shown_unref(t->shown);
        t->shown = b->shown;
        serve_all(t);
        plan(t);
    } else {
        topic_shown_unref(b->shown);
    }
    unref(t);
    free(b);
}

static void begin_build(struct topic_group *t)
{
    struct builder *builder = &t->bridge->topics->builders[t->topic->slow ? 1 : 0];
    struct build *b = calloc(1, sizeof *b);
    struct topic_shown *shown = calloc(1, sizeof *shown);
    t->begun = true;
    t->begun_ms = t->ended_ms = now_of(t);
    if (b && shown) {
        *shown = (struct topic_shown){.refs = 1, .turn = t->turn + 1};
        *b = (struct build){.job = {.run = run_build, .done = on_built}, .t = t, .builder = builder, .shown = shown};
    }
    if (!b || !shown || worker_put(builder->worker, &b->job) != RS_OK) {
        free(b);
        free(shown);
        t->dirty = true; /* later, then */
        return;
    }
    t->refs++;
    t->building = true;
    t->dirty = false;
    t->turn++;
}

static void on_timer(uv_timer_t *timer)
{
    struct topic_group *t = timer->data;
    if (t->serve_ms <= now_of(t))
        serve_all(t);
    plan(t);
}

/* Begin to build if that is due, and come back when the next thing is. */
static void plan(struct topic_group *t)
{
    int64_t now = now_of(t), at = t->serve_ms;
    if (!t->building && next_build(t) <= now)
        begin_build(t);
    if (!t->building) {
        int64_t build = next_build(t);
        at = build < at ? build : at;
    }
    if (at == INT64_MAX)
        uv_timer_stop(&t->timer);
    else
        uv_timer_start(&t->timer, on_timer, at > now ? (uint64_t)(at - now) : 1, 0);
}

/* Those who await an event get the state that is built next. */
static void end_await(struct topic_group *t)
{
    t->some_await = false;
    for (int f = 0; f < FRAME_N_FORMATS; f++)
        for (struct subscriber *sub = t->group->members[f]; sub; sub = sub->group_next)
            if (awaits_event(t, sub)) {
                sub->place.seen = (struct cursor){.kind = CURSOR_NONE};
                sub->place.settled = false;
                sub->place.turn = t->turn + 1;
            }
}

void topic_group_event(struct topic_group *t, const struct event *ev)
{
    if (t->topic->concerns && !t->topic->concerns(ev))
        return;
    t->dirty = true;
    if (t->some_await)
        end_await(t);
    if (!t->building)
        plan(t);
}

void topic_group_enter(struct topic_group *t, struct subscriber *sub)
{
    sub->place.turn = t->turn + 1;
    t->some_await = t->some_await || awaits_event(t, sub);
    int64_t at = serve(t, sub, now_of(t));
    t->serve_ms = at < t->serve_ms ? at : t->serve_ms;
    if (!t->building)
        plan(t);
}

void topics_free(struct topics *topics)
{
    if (!topics)
        return;
    for (int i = 0; i < N_THREADS; i++) {
        struct builder *b = &topics->builders[i];
        if (b->worker)
            worker_stop(b->worker, NULL, NULL);
        worker_free(b->worker);
        eventlog_close(b->log);
    }
    free(topics);
}

enum rs_err topics_start(uv_loop_t *loop, const struct datadir *dd, struct topics **ret, struct fault *fault)
{
    struct topics *topics = calloc(1, sizeof *topics);
    enum rs_err err = topics ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for topics");
    for (int i = 0; !err && i < N_THREADS; i++) {
        topics->builders[i].dd = dd;
        err = worker_start(loop, dd, &topics->builders[i].worker, fault);
    }
    if (err)
        topics_free(topics);
    else
        *ret = topics;
    return err;
}
