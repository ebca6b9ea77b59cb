/* What a client asks of a feed, and what an emitter puts into the log: a query string, a line feed, a type, a line
 * feed, the data of an event. Every message that an endpoint makes of it must be JSON and carry its id. */
#include "base/json.h"
#include "dialect/dialect.h"
#include "event/line.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ask(const char *text)
{
    struct query query;
    struct cursor since, again;
    int wait_s;
    char id[CURSOR_TEXT_MAX];
    if (query_parse(text, &query, NULL) != RS_OK)
        return;
    if (poll_parse(&query, &since, &wait_s, NULL) == RS_OK) {
        assert(wait_s >= 0 && wait_s <= POLL_WAIT_MAX_S);
        if (since.kind == CURSOR_AT) {
            assert(since.id >= 0 && since.part >= 0);
            assert(cursor_parse(cursor_format(since.id, since.part, id), &again) == RS_OK);
            assert(again.kind == CURSOR_AT && again.id == since.id && again.part == since.part);
        }
    }
    query_release(&query);
}

static void check_message(const struct dialect_out *out, int i)
{
    struct json_object *message = NULL;
    char id[CURSOR_TEXT_MAX];
    assert(json_parse(out->text.data + out->at[i].start, out->at[i].len, DIALECT_TEXT_MAX, &message, NULL) == RS_OK);
    assert(strcmp(json_get_string(message, "id", ""), cursor_format(out->event_id, i, id)) == 0);
    json_object_put(message);
}

static void project(const struct event *ev)
{
    char run[] = "run:r1", tool[] = "tool:web";
    struct dialect_out out;
    dialect_out_init(&out);
    for (unsigned e = 0; e < n_endpoints; e++) {
        char *stream = strstr(endpoints[e].path, "{toolId}") ? tool : run;
        if (endpoints[e].topic)
            continue;
        struct feed feed = {.endpoint = &endpoints[e], .streams = &stream, .n_streams = 1};
        snprintf(feed.param, sizeof(feed.param), "%s", stream_id(stream));
        dialect_out_reset(&out, ev->id);
        assert(endpoints[e].project(&feed, ev, &out) == RS_OK);
        for (int i = 0; i < out.n; i++)
            check_message(&out, i);
    }
    dialect_out_release(&out);
}

/* Only what the codec of spool lines lets pass can be in the log. */
static void emit(const char *type, const char *data, size_t data_len)
{
    struct buf text;
    struct line line;
    buf_init(&text, EVENT_LINE_MAX);
    (void)line_put_event(&text, 0, 0, 1, "tool:web", type, data, data_len);
    if (!text.err && line_parse(text.data, text.len - 1, &line, NULL) == RS_OK && line.kind == LINE_EVENT) {
        struct home *home = home_new(line.stream, "default", NULL, 0);
        struct event *ev = event_new(7, 1, 1, home, line.type, line.data, line.data_len);
        project(ev);
        event_unref(ev);
        home_unref(home);
    }
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    assert(text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    char *type = memchr(text, '\n', len);
    if (type)
        *type++ = '\0';
    ask(text);
    char *data = type ? memchr(type, '\n', len - (size_t)(type - text)) : NULL;
    if (data) {
        *data++ = '\0';
        if (event_type_valid(type, strlen(type)))
            emit(type, data, len - (size_t)(data - text));
    }
    free(text);
    return 0;
}
