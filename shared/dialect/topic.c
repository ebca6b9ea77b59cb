#include "dialect/topic.h"

#include "base/clock.h"
#include "base/json.h"
#include <fnmatch.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_PATH_MAX 256 /* of a deeper member, or one with longer names, every change counts */

int topic_every_ms(const struct topic *topic)
{
    return topic->every_ms > 0 ? topic->every_ms : TOPIC_EVERY_MS;
}

static bool is_unhashed(const char *path, const char *const *patterns)
{
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, path, FNM_PATHNAME | FNM_NOESCAPE) == 0)
            return true;
    return false;
}

/* value as text, without the members that are left out. path: of value, with room for MEMBER_PATH_MAX; len: of it. */
static void put_hashed(struct buf *out, struct json_object *value, const char *const *patterns, char *path, size_t len)
{
    size_t text_len;
    if (!json_object_is_type(value, json_type_object) && !json_object_is_type(value, json_type_array)) {
        const char *text = json_text(value, &text_len);
        buf_append(out, text, text_len);
        return;
    }
    bool list = json_object_is_type(value, json_type_array);
    buf_putc(out, list ? '[' : '{');
    for (size_t i = 0; list && i < json_object_array_length(value); i++) {
        put_hashed(out, json_object_array_get_idx(value, i), patterns, path, len);
        buf_putc(out, ',');
    }
    if (!list) {
        json_object_object_foreach(value, name, member)
        {
            size_t name_len = strlen(name), at = len;
            bool fits = len + name_len + 2 <= MEMBER_PATH_MAX;
            if (fits) {
                if (at > 0)
                    path[at++] = '/';
                memcpy(path + at, name, name_len + 1);
            }
            if (fits && is_unhashed(path, patterns))
                continue;
            buf_put_json(out, name, name_len);
            buf_putc(out, ':');
            put_hashed(out, member, patterns, path, fits ? at + name_len : MEMBER_PATH_MAX);
            buf_putc(out, ',');
        }
    }
    buf_putc(out, list ? ']' : '}');
}

enum rs_err topic_hash(struct json_object *data, const char *const *patterns, uint32_t *ret)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES]; /* the same in all programs: a cursor is valid in each */
    unsigned char hash[crypto_shorthash_BYTES];
    char path[MEMBER_PATH_MAX] = "";
    struct buf text;
    buf_init(&text, DIALECT_TEXT_MAX);
    if (patterns) {
        put_hashed(&text, data, patterns, path, 0);
    } else {
        size_t len;
        const char *whole = json_text(data, &len);
        buf_append(&text, whole, len);
    }
    enum rs_err err = text.err;
    if (!err) {
        crypto_shorthash(hash, (const unsigned char *)text.data, text.len, key);
        *ret = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    }
    buf_release(&text);
    return err;
}

static enum rs_err put_message(const struct topic *topic, struct json_object *data, struct topic_state *ret)
{
    char time[CLOCK_TEXT_MAX];
    size_t len;
    const char *text = json_text(data, &len);
    buf_printf(&ret->message, "{\"type\":\"%s\",\"id\":\"%s\",\"data\":", topic->type, ret->id);
    buf_append(&ret->message, text, len);
    return buf_printf(&ret->message, ",\"timestamp\":\"%s\"}", clock_format(clock_wall_ms(), time));
}

enum rs_err topic_make(const struct topic *topic, const struct topic_asked *asked, struct store *store, struct eventlog *log,
                       struct topic_state *ret, struct fault *fault)
{
    struct json_object *data = NULL;
    *ret = (struct topic_state){.at = {.kind = CURSOR_AT, .hashed = true}};
    buf_init(&ret->message, DIALECT_TEXT_MAX);
    enum rs_err err = eventlog_head(log, &ret->at.id, fault);
    if (!err)
        err = topic->build(store, log, asked, &data, fault);
    if (err == RS_NOT_FOUND) {
        data = json_object_new_object();
        err = data ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a state");
    }
    if (err)
        return err;
    err = topic_hash(data, topic->unhashed, &ret->at.hash);
    if (!err) {
        cursor_format_hash(ret->at.id, ret->at.hash, ret->id);
        err = put_message(topic, data, ret);
    }
    json_object_put(data);
    return err ? fault_set(fault, err, "the state is too large to be shown") : RS_OK;
}

void topic_state_release(struct topic_state *state)
{
    buf_release(&state->message);
}

bool topic_differs(const struct cursor *seen, const struct topic_state *state)
{
    return seen->kind != CURSOR_AT || !seen->hashed || seen->hash != state->at.hash;
}

enum rs_err topic_open(struct feed *feed, const struct path_params *params, struct fault *fault)
{
    enum rs_err err = RS_OK;
    if (params->n > 0)
        err = feed_take_param(feed, params, params->at[params->n - 1].name, fault);
    for (const char *const *name = feed->endpoint->topic->streams; !err && name && *name; name++) {
        char stream[STREAM_MAX];
        bool of_param = (*name)[strlen(*name) - 1] == ':';
        snprintf(stream, sizeof stream, "%s%s", *name, of_param ? feed->param : "");
        err = feed_add_stream(feed, stream);
        if (err)
            (void)fault_set(fault, err, "%s cannot be followed", stream);
    }
    return err;
}

/* Only what the topic understands, so that what it ignores makes no second state of the same. */
static enum rs_err take_query(const char *const *names, const struct query *given, struct query *ret)
{
    size_t bytes = 0;
    int n = 0;
    for (const char *const *name = names; *name; name++) {
        const char *value = query_get(given, *name);
        if (value) {
            bytes += strlen(*name) + strlen(value) + 2;
            n++;
        }
    }
    if (n == 0)
        return RS_OK;
    char *at = ret->storage = malloc(bytes);
    ret->params = calloc((size_t)n, sizeof *ret->params);
    if (!ret->storage || !ret->params)
        return RS_NOMEM;
    for (const char *const *name = names; *name; name++) {
        const char *value = query_get(given, *name);
        if (!value)
            continue;
        ret->params[ret->n_params].name = at;
        at = stpcpy(at, *name) + 1;
        ret->params[ret->n_params++].value = at;
        at = stpcpy(at, value) + 1;
    }
    return RS_OK;
}

enum rs_err feed_set_query(struct feed *feed, const struct query *query, struct fault *fault)
{
    const struct topic *topic = feed->endpoint->topic;
    if (!topic || !topic->query)
        return RS_OK;
    if (take_query(topic->query, query, &feed->query) != RS_OK)
        return fault_set(fault, RS_NOMEM, "no memory for a query");
    return topic->check ? topic->check(&feed->query, fault) : RS_OK;
}
