/* event - immutable, refcounted facts and their home streams. */
#include "event/event.h"
#include "base/clock.h"
#include "base/json.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct home *home_new(const char *name, const char *org, const char *const *tags, int n_tags)
{
    struct home *home = calloc(1, sizeof *home);

    if (!home)
        return NULL;
    atomic_init(&home->refs, 1);
    home->name = strdup(name);
    home->org = strdup(org);
    if (!home->name || !home->org)
        goto fail;
    if (n_tags > 0) {
        home->tags = calloc((size_t)n_tags, sizeof *home->tags);
        if (!home->tags)
            goto fail;
        for (; home->n_tags < n_tags; home->n_tags++) {
            home->tags[home->n_tags] = strdup(tags[home->n_tags]);
            if (!home->tags[home->n_tags])
                goto fail;
        }
    }
    return home;
fail:
    home_unref(home);
    return NULL;
}

struct home *home_ref(struct home *home)
{
    atomic_fetch_add_explicit(&home->refs, 1, memory_order_relaxed);
    return home;
}

void home_unref(struct home *home)
{
    if (!home || atomic_fetch_sub_explicit(&home->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < home->n_tags; i++)
        free(home->tags[i]);
    free(home->tags);
    free(home->name);
    free(home->org);
    free(home);
}

struct event *event_new(int64_t id, int64_t seq, int64_t time_ms, struct home *home, const char *type,
                        const char *data, size_t data_len)
{
    struct event *ev = malloc(sizeof *ev + data_len + 1);
    size_t type_len = strnlen(type, EVENT_TYPE_MAX);

    if (!ev)
        return NULL;
    atomic_init(&ev->refs, 1);
    ev->id = id;
    ev->seq = seq;
    ev->time_ms = time_ms;
    ev->home = home_ref(home);
    memcpy(ev->type, type, type_len);
    ev->type[type_len] = '\0';
    ev->data_len = data_len;
    memcpy(ev->data, data, data_len);
    ev->data[data_len] = '\0';
    return ev;
}

struct event *event_ref(struct event *ev)
{
    atomic_fetch_add_explicit(&ev->refs, 1, memory_order_relaxed);
    return ev;
}

void event_unref(struct event *ev)
{
    if (!ev || atomic_fetch_sub_explicit(&ev->refs, 1, memory_order_acq_rel) != 1)
        return;
    home_unref(ev->home);
    free(ev);
}

bool event_type_valid(const char *type, size_t len)
{
    size_t i = 0, dot;

    if (len > EVENT_TYPE_MAX)
        return false;
    while (i < len && type[i] >= 'a' && type[i] <= 'z')
        i++;
    if (i == 0)
        return false;
    if (i == len)
        return true;
    if (type[i] != '.')
        return false;
    dot = i++;
    while (i < len && ((type[i] >= 'a' && type[i] <= 'z') || type[i] == '_'))
        i++;
    return i == len && i > dot + 1;
}

static bool is_one_of(const char *type, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(type, *list) == 0)
            return true;
    }
    return false;
}

bool event_type_ends(const char *type)
{
    static const char *const list[] = {"run.finished", "run.failed", "run.cancelled", NULL};
    return is_one_of(type, list);
}

bool event_type_reopens(const char *type)
{
    static const char *const list[] = {"run.retried", "run.resumed", NULL};
    return is_one_of(type, list);
}

bool event_type_is_bulk(const char *type)
{
    static const char *const list[] = {"log", "log.dropped", "agent.delta", NULL};
    return is_one_of(type, list);
}

enum rs_err event_put_json(const struct event *ev, struct buf *out)
{
    char time[CLOCK_TEXT_MAX];

    /* Names and types passed their checks: nothing in them needs escaping. */
    buf_puts(out, "{\"id\":\"");
    buf_put_number(out, ev->id);
    buf_puts(out, "\",\"stream\":\"");
    buf_puts(out, ev->home->name);
    buf_puts(out, "\",\"seq\":");
    buf_put_number(out, ev->seq);
    buf_puts(out, ",\"type\":\"");
    buf_puts(out, ev->type);
    buf_puts(out, "\",\"time\":\"");
    buf_puts(out, clock_format(ev->time_ms, time));
    buf_puts(out, "\",\"org\":");
    buf_put_json(out, ev->home->org, strlen(ev->home->org));
    buf_puts(out, ",\"data\":");
    buf_append(out, ev->data, ev->data_len);
    return buf_putc(out, '}');
}

struct json_object *event_data(const struct event *ev)
{
    /* json-c counts the scalars in the innermost object as one level more than our limit does. */
    struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
    struct json_object *data;

    if (!tok)
        return NULL;
    data = json_tokener_parse_ex(tok, ev->data, (int)ev->data_len);
    json_tokener_free(tok);
    return data;
}
