#include "dialect/dialect.h"
#include "dialect/topic.h"
#include <stdlib.h>
#include <string.h>

/* A feed that names exactly one run can end with it. */
static void feed_note_run(struct feed *feed)
{
    feed->run_id[0] = '\0';
    if (feed->n_streams != 1)
        return;
    const char *stream = feed->streams[0];
    if (!stream_has_kind(stream, "run") || stream_is_wildcard(stream))
        return;
    const char *id = stream_id(stream);
    size_t len = strlen(id);
    if (len <= ID_MAX)
        memcpy(feed->run_id, id, len + 1);
}

bool feed_has_stream(const struct feed *feed, const char *stream)
{
    for (int i = 0; i < feed->n_streams; i++)
        if (strcmp(feed->streams[i], stream) == 0)
            return true;
    return false;
}

enum rs_err feed_add_stream(struct feed *feed, const char *stream)
{
    enum rs_err err = stream_check(stream, NULL);
    if (err)
        return err;
    if (feed_has_stream(feed, stream))
        return RS_OK;
    if (feed->n_streams >= FEED_STREAMS_MAX)
        return RS_LIMIT;
    char **streams = realloc(feed->streams, sizeof(*streams) * (size_t)(feed->n_streams + 1));
    if (!streams)
        return RS_NOMEM;
    feed->streams = streams;
    char *copy = strdup(stream);
    if (!copy)
        return RS_NOMEM;
    feed->streams[feed->n_streams++] = copy;
    feed_note_run(feed);
    return RS_OK;
}

void feed_remove_stream(struct feed *feed, const char *stream)
{
    for (int i = 0; i < feed->n_streams; i++) {
        if (strcmp(feed->streams[i], stream) != 0)
            continue;
        free(feed->streams[i]);
        feed->n_streams--;
        memmove(feed->streams + i, feed->streams + i + 1, sizeof(*feed->streams) * (size_t)(feed->n_streams - i));
        feed_note_run(feed);
        return;
    }
}

static enum rs_err feed_add_named(struct feed *feed, const char *const *streams, int n_streams, struct fault *fault)
{
    if (n_streams == 0)
        return fault_set(fault, RS_INVALID, "no stream was named; say which, as in ?stream=run:ID");
    for (int i = 0; i < n_streams; i++) {
        enum rs_err err = stream_check(streams[i], fault);
        if (err)
            return err;
        err = feed_add_stream(feed, streams[i]);
        if (err == RS_LIMIT)
            return fault_set(fault, err, "more than %d streams", FEED_STREAMS_MAX);
        if (err)
            return fault_set(fault, err, "stream %s cannot be followed", streams[i]);
    }
    return RS_OK;
}

/* org: NULL: of all, for the command line. */
static enum rs_err open_feed(const struct endpoint *endpoint, const struct path_params *params, const char *const *streams,
                             int n_streams, struct store *store, const char *org, const struct access *who,
                             struct feed **ret, struct fault *fault)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return fault_set(fault, RS_NOMEM, "no memory for a feed");
    feed->endpoint = endpoint;
    enum rs_err err;
    size_t org_len = org ? strlen(org) : 0;
    if (org_len > ID_MAX) {
        err = fault_set(fault, RS_INVALID, "the organisation's name is too long");
        goto out;
    }
    if (org)
        memcpy(feed->org, org, org_len);
    feed->by_token = who && who->by_token;
    if (who && who->crews && !(feed->crews = strdup(who->crews))) {
        err = fault_set(fault, RS_NOMEM, "no memory for a feed");
        goto out;
    }
    if (endpoint->native)
        err = feed_add_named(feed, streams, n_streams, fault);
    else if (endpoint->topic)
        err = topic_open(feed, params, fault);
    else
        err = endpoint->open(feed, store, params, fault);
    if (err)
        goto out;
    *ret = feed;
    feed = NULL;
out:
    feed_free(feed);
    return err;
}

enum rs_err feed_open(const struct endpoint *endpoint, const struct path_params *params, const char *const *streams,
                      int n_streams, struct store *store, const char *org, struct feed **ret, struct fault *fault)
{
    return open_feed(endpoint, params, streams, n_streams, store, org, NULL, ret, fault);
}

enum rs_err feed_may_follow(const struct access *who, const char *stream, struct fault *fault)
{
    if (!access_has_stream(who, stream))
        return fault_set(fault, RS_DENIED, "the ticket is not for the stream %.200s", stream);
    /* A wildcard is of no crew: it would show those of others. */
    if ((stream_has_kind(stream, "crew") || stream_has_kind(stream, "mission")) && !access_has_crew(who, stream_id(stream)))
        return fault_set(fault, RS_DENIED, "the token is not for the crew of %.200s", stream);
    return RS_OK;
}

enum rs_err feed_open_as(const struct endpoint *endpoint, const struct path_params *params, const char *const *streams,
                         int n_streams, struct store *store, const struct access *who, struct feed **ret,
                         struct fault *fault)
{
    for (int i = 0; i < n_streams; i++) {
        enum rs_err err = feed_may_follow(who, streams[i], fault);
        if (err)
            return err;
    }
    return open_feed(endpoint, params, streams, n_streams, store, who->org, who, ret, fault);
}

bool feed_has_crew(const struct feed *feed, const char *crew_id)
{
    const struct access who = {.crews = feed->crews};
    return access_has_crew(&who, crew_id);
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    for (int i = 0; i < feed->n_streams; i++)
        free(feed->streams[i]);
    free(feed->streams);
    free(feed->crews);
    free(feed->gap);
    query_release(&feed->query);
    free(feed);
}

enum rs_err feed_take_param(struct feed *feed, const struct path_params *params, const char *name, struct fault *fault)
{
    const char *value = path_param(params, name);
    if (!id_valid(value))
        return fault_set(fault, RS_INVALID, "%s must be 1 to %d of the characters A-Z a-z 0-9 . _ -", name, ID_MAX);
    memcpy(feed->param, value, strlen(value) + 1);
    return RS_OK;
}

void feed_passed(struct feed *feed, int64_t event_id, int n_messages)
{
    feed->at = (struct cursor){.kind = CURSOR_AT, .id = event_id, .part = n_messages > 0 ? n_messages - 1 : 0};
    feed->whole = true;
}

bool feed_wants(const struct feed *feed, const struct event *ev)
{
    if (ev->id == feed->at.id)
        return feed->endpoint->several && !feed->whole;
    return ev->id > feed->at.id;
}
