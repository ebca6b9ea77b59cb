#include "bridge/native.h"
#include "base/json.h"
#include "bridge/bridge.h"
#include "bridge/hub.h"
#include "bridge/limits.h"
#include "bridge/native_answer.h"
#include "bridge/native_job.h"
#include "bridge/native_message.h"
#include "bridge/renew.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A subscribe or unsubscribe that waits for its turn. */
struct change_op {
    struct change_op *next;
    bool remove;
    struct native_wish wish;
    struct cursor since;
    struct json_object *streams; /* a reference: an array of strings, checked */
};
struct native {
    char org[ID_MAX + 1];
    struct change_op *ops, **ops_end;
    int n_waiting; /* streams named by them, */
    int n_adding;  /* and of these by subscribes */
    struct native_jobs *jobs;
};

bool native_speaks(const struct subscriber *sub)
{
    return sub->native || (sub->format == FRAME_SSE && sub->feed && sub->feed->endpoint->native);
}

enum rs_err native_open(struct subscriber *sub, const char *org)
{
    struct native *n = calloc(1, sizeof *n);
    if (!n)
        return RS_NOMEM;
    strcpy(n->org, org);
    n->ops_end = &n->ops;
    n->jobs = native_jobs_new(sub, n->org);
    if (!n->jobs) {
        free(n);
        return RS_NOMEM;
    }
    sub->native = n;
    native_answer_hello(sub);
    return RS_OK;
}

static void free_op(struct change_op *op)
{
    json_object_put(op->streams);
    free(op);
}

void native_close(struct subscriber *sub)
{
    struct native *n = sub->native;
    if (!n)
        return;
    for (struct change_op *op = n->ops, *next; op; op = next) {
        next = op->next;
        free_op(op);
    }
    native_jobs_release(n->jobs);
    free(n);
    sub->native = NULL;
}

/* From its answer on, it is as the client wishes. */
static void grant(struct subscriber *sub, const struct native_wish *wish)
{
    unsigned format = sub->format;
    if (wish->names_batch)
        format = (format & ~(unsigned)FRAME_BATCH) | (wish->batch ? FRAME_BATCH : 0);
    if (wish->names_format)
        format = (format & ~(unsigned)FRAME_MSGPACK) | (wish->msgpack ? FRAME_MSGPACK : 0);
    if (format != sub->format)
        subscriber_set_format(sub, (enum frame_format)format);
}

/* {"op":"subscribed","streams":[...],"head":"N"} */
static void answer_change(struct subscriber *sub, const struct change_op *op, int64_t head)
{
    struct buf text;
    size_t len;
    buf_init(&text, NATIVE_REPLY_MAX);
    buf_printf(&text, "{\"op\":\"%s\",\"streams\":", op->remove ? "unsubscribed" : "subscribed");
    const char *streams = json_text(op->streams, &len);
    buf_append(&text, streams, len);
    if (!op->remove)
        buf_printf(&text, ",\"head\":\"%" PRId64 "\"", head);
    native_put_form(&text, sub->format, &op->wish);
    buf_putc(&text, '}');
    native_answer(sub, &text);
    buf_release(&text);
}

static const char *stream_at(const struct change_op *op, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(op->streams, i));
}

static void fail(struct subscriber *sub, enum rs_err err)
{
    struct fault fault = {.code = err, .message = "the subscription could not be made"};
    native_answer_error(sub, &fault, NULL);
    subscriber_end(sub, END_FAILED);
}

static void unsubscribe(struct subscriber *sub, const struct change_op *op)
{
    if (sub->feed) {
        hub_leave(sub->bridge->hub, sub);
        for (size_t i = 0; i < json_object_array_length(op->streams); i++)
            feed_remove_stream(sub->feed, stream_at(op, i));
        if (sub->feed->n_streams == 0) {
            feed_free(sub->feed);
            sub->feed = NULL;
            sub->state = SUBSCRIBER_IDLE;
        } else if (hub_join(sub->bridge->hub, sub) != RS_OK) {
            fail(sub, RS_NOMEM);
            return;
        }
    }
    answer_change(sub, op, 0);
}

/* Everything up to here was given to a live subscriber, or does not concern it. */
static int64_t place(const struct subscriber *sub)
{
    int64_t published = hub_published(sub->bridge->hub);
    return sub->after > published ? sub->after : published;
}

static enum rs_err add_streams(struct subscriber *sub, const struct feed *from)
{
    enum rs_err err = RS_OK;
    hub_leave(sub->bridge->hub, sub);
    for (int i = 0; !err && i < from->n_streams; i++)
        err = feed_add_stream(sub->feed, from->streams[i]);
    return err ? err : hub_join(sub->bridge->hub, sub);
}

static bool ignore_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct subscriber *sub = ctx;
    (void)id; /* a gap beyond the head: it has none */
    subscriber_control(sub, json, len);
    return true;
}

/* More streams for a live subscriber: from now on, or first from `since` up to where it is. */
static enum rs_err subscribe_more(struct subscriber *sub, struct feed *feed, struct cursor since)
{
    enum rs_err err = RS_OK;
    if (since.kind == CURSOR_NONE || since.kind == CURSOR_NOW) {
        err = add_streams(sub, feed);
        feed_free(feed);
        return err;
    }
    struct message_sink sink = {ignore_message, sub};
    struct fault fault;
    sub->side = feed;
    sub->side_until = sub->after = place(sub);
    err = feed_start(feed, since, &sub->bridge->store, sub->bridge->log, &sink, &fault);
    if (!err)
        subscriber_resume(sub);
    return err;
}

static void subscribe(struct subscriber *sub, const struct change_op *op)
{
    size_t n = json_object_array_length(op->streams);
    const char **names = malloc((n + 1) * sizeof *names);
    struct path_params none = {.n = 0};
    struct fault fault = {0};
    struct feed *feed = NULL;
    enum rs_err err = RS_NOMEM;
    int64_t head = place(sub); /* what comes after it is sent, neither more nor less */
    bool from_now = op->since.kind == CURSOR_NONE || op->since.kind == CURSOR_NOW;
    if (!names)
        goto out;
    for (size_t i = 0; i < n; i++) {
        names[i] = stream_at(op, i);
        if (sub->who && feed_may_follow(sub->who, names[i], &fault) != RS_OK) { /* the token was renewed while it waited */
            err = RS_OK;
            native_answer_error(sub, &fault, NULL);
            goto out;
        }
    }
    err = feed_open(endpoint_find("", &none), &none, names, (int)n, &sub->bridge->store, sub->native->org, &feed, &fault);
    if (err)
        goto out;
    if (limits_follow(sub->bridge, feed, sub->feed, &fault) != RS_OK) {
        feed_free(feed);
        native_answer_error(sub, &fault, NULL);
        goto out;
    }
    grant(sub, &op->wish);
    answer_change(sub, op, head);
    if (sub->state == SUBSCRIBER_ENDED)
        feed_free(feed);
    else if (sub->feed)
        err = subscribe_more(sub, feed, op->since);
    else
        err = subscriber_start(sub, feed, from_now ? (struct cursor){.kind = CURSOR_AT, .id = head} : op->since, &fault);
out:
    free(names);
    if (err)
        fail(sub, err);
}

/* Carry out what waits, as long as the subscriber is up to date. */
static void next_ops(struct subscriber *sub)
{
    struct native *n = sub->native;
    while (n->ops && (sub->state == SUBSCRIBER_IDLE || sub->state == SUBSCRIBER_LIVE)) {
        struct change_op *op = n->ops;
        n->ops = op->next;
        if (!n->ops)
            n->ops_end = &n->ops;
        n->n_waiting -= (int)json_object_array_length(op->streams);
        n->n_adding -= op->remove ? 0 : (int)json_object_array_length(op->streams);
        if (op->remove)
            unsubscribe(sub, op);
        else
            subscribe(sub, op);
        free_op(op);
    }
}

void native_live(struct subscriber *sub)
{
    next_ops(sub);
}

void native_side_done(struct subscriber *sub)
{
    struct feed *side = sub->side;
    sub->side = NULL;
    enum rs_err err = add_streams(sub, side);
    feed_free(side);
    if (err)
        fail(sub, err);
    else
        subscriber_resume(sub);
}

/* How many subscriptions there would be. Those that wait are counted as they were asked for. */
static size_t count_with(const struct subscriber *sub, struct json_object *streams)
{
    size_t n = json_object_array_length(streams);
    size_t count = (size_t)sub->native->n_adding + (size_t)(sub->feed ? sub->feed->n_streams : 0) +
                   (size_t)(sub->side ? sub->side->n_streams : 0);
    if (count + n <= FEED_STREAMS_MAX)
        return count + n;
    for (size_t i = 0; i < n; i++) /* near the limit one looks closely */
        count += !sub->feed || !feed_has_stream(sub->feed, json_object_get_string(json_object_array_get_idx(streams, i)));
    return count;
}

static enum rs_err op_change(struct subscriber *sub, const struct native_message *m, struct fault *fault)
{
    bool remove = m->op == NATIVE_UNSUBSCRIBE;
    int n = (int)json_object_array_length(m->streams);
    if (sub->native->n_waiting + n > NATIVE_WAITING_MAX)
        return fault_set(fault, RS_LIMIT, "changes of %d streams wait until you have caught up", NATIVE_WAITING_MAX);
    if (!remove && count_with(sub, m->streams) > FEED_STREAMS_MAX)
        return fault_set(fault, RS_LIMIT, "at most %d subscriptions on one connection", FEED_STREAMS_MAX);
    for (int i = 0; sub->who && i < n; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(m->streams, (size_t)i));
        enum rs_err err = feed_may_follow(sub->who, name, fault);
        if (err)
            return err;
    }
    struct change_op *op = calloc(1, sizeof *op);
    if (!op)
        return fault_set(fault, RS_NOMEM, "no memory for a subscription");
    op->remove = remove;
    op->wish = m->wish;
    op->since = m->since;
    op->streams = json_object_get(m->streams);
    *sub->native->ops_end = op;
    sub->native->ops_end = &op->next;
    sub->native->n_waiting += n;
    sub->native->n_adding += remove ? 0 : n;
    next_ops(sub);
    return RS_OK;
}

/* The least scope of what is asked; NULL: of everyone who may be here. */
static const char *scope_of(enum native_op op)
{
    return op == NATIVE_RUN || op == NATIVE_CANCEL ? "operator" : NULL;
}

static enum rs_err renew(struct subscriber *sub, const struct native_message *m, struct fault *fault)
{
    enum rs_err err = renew_token(sub, json_get_string(m->json, "token", ""), fault);
    if (!err)
        native_answer_ok(sub, NULL, m->ref);
    return err;
}

static enum rs_err carry_out(struct subscriber *sub, const struct native_message *m, struct fault *fault)
{
    static const char pong[] = "{\"op\":\"pong\"}";
    enum rs_err err = sub->who ? access_allows(sub->who, scope_of(m->op), fault) : RS_OK;
    if (err)
        return err;
    switch (m->op) {
    case NATIVE_SUBSCRIBE:
    case NATIVE_UNSUBSCRIBE:
        return op_change(sub, m, fault);
    case NATIVE_PING:
        subscriber_control(sub, pong, sizeof pong - 1);
        return RS_OK;
    case NATIVE_AUTH:
        return renew(sub, m, fault);
    case NATIVE_RUN:
        return native_jobs_run(sub->native->jobs, m, fault);
    case NATIVE_CANCEL:
        return native_jobs_cancel(sub->native->jobs, m, fault);
    }
    return RS_OK;
}

bool native_takes_binary(const struct subscriber *sub)
{
    return sub->native && sub->format & FRAME_MSGPACK;
}

void native_message(struct subscriber *sub, const char *bytes, size_t len, bool packed)
{
    struct native_message message;
    struct fault fault = {0};
    enum rs_err err = native_message_parse(bytes, len, packed, &message, &fault);
    if (!err)
        err = carry_out(sub, &message, &fault);
    if (err)
        native_answer_error(sub, &fault, message.ref);
    native_message_release(&message);
}
