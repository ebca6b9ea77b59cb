#include "export/work.h"

#include "export/text.h"

#include <stdlib.h>
#include <string.h>

#define MS_MAX 1e15 /* an event from outside may claim any number */

struct call {
    char *key;                             /* node and id of the call; owned */
    struct json_object *started, *finished; /* data of its events, or NULL; owned */
};

struct work {
    bool agent;
    struct buf text;
    bool cut;
    struct json_object *started, *finished; /* of the agent, or NULL; owned */
    struct call *calls;
    int n_calls, left_out;
};

static void forget(struct work *work)
{
    for (int i = 0; i < work->n_calls; i++) {
        free(work->calls[i].key);
        json_object_put(work->calls[i].started);
        json_object_put(work->calls[i].finished);
    }
    free(work->calls);
    json_object_put(work->started);
    json_object_put(work->finished);
    buf_release(&work->text);
    *work = (struct work){0};
    buf_init(&work->text, WORK_TEXT_MAX);
}

void work_free(struct work *work)
{
    if (work)
        forget(work);
    free(work);
}

static enum rs_err take_delta(struct work *work, struct json_object *data)
{
    struct json_object *delta = json_get(data, "delta");
    if (!json_object_is_type(delta, json_type_string) || work->cut)
        return RS_OK;
    size_t len = (size_t)json_object_get_string_len(delta);
    if (work->text.len + len > WORK_TEXT_MAX) {
        work->cut = true;
        return RS_OK;
    }
    return buf_append(&work->text, json_object_get_string(delta), len);
}

/* A call: with the id an agent gave it, or the node itself. It ends what began last under that id. */
static enum rs_err take_call(struct work *work, struct json_object *data, bool begins)
{
    const char *key = json_get_string(data, "callId", "");
    struct call *call = NULL;
    for (int i = work->n_calls - 1; !begins && !call && i >= 0; i--)
        if (!work->calls[i].finished && strcmp(work->calls[i].key, key) == 0)
            call = &work->calls[i];
    if (!call && work->n_calls == WORK_CALLS_MAX) {
        work->left_out += begins;
        return RS_OK;
    }
    if (!call) {
        struct call *calls = realloc(work->calls, ((size_t)work->n_calls + 1) * sizeof *calls);
        if (!calls)
            return RS_NOMEM;
        work->calls = calls;
        calls[work->n_calls] = (struct call){.key = strdup(key)};
        if (!calls[work->n_calls].key)
            return RS_NOMEM;
        call = &calls[work->n_calls++];
    }
    *(begins ? &call->started : &call->finished) = json_object_get(data);
    return RS_OK;
}

static enum rs_err take(struct page_node *node, const char *type, struct json_object *data)
{
    if (!node->work) {
        if (!(node->work = calloc(1, sizeof *node->work)))
            return RS_NOMEM;
        buf_init(&node->work->text, WORK_TEXT_MAX);
    }
    struct work *work = node->work;
    if (strcmp(type, "tool.started") == 0 || strcmp(type, "tool.finished") == 0)
        return take_call(work, data, type[5] == 's');
    if (strcmp(type, "agent.started") == 0) {
        forget(work);
        work->started = json_object_get(data);
    } else if (strcmp(type, "agent.finished") == 0) {
        json_object_put(work->finished);
        work->finished = json_object_get(data);
    } else if (strcmp(type, "agent.delta") == 0 && take_delta(work, data) != RS_OK) {
        return RS_NOMEM;
    }
    work->agent = true;
    return RS_OK;
}

enum rs_err work_take(struct page *page, const struct event *event)
{
    for (int i = 0; strcmp(event->type, "run.retried") == 0 && i < page->n_nodes; i++)
        if (page->nodes[i].work) /* the whole run starts over */
            forget(page->nodes[i].work);
    if (strncmp(event->type, "tool.", 5) != 0 && strncmp(event->type, "agent.", 6) != 0)
        return RS_OK;
    struct json_object *data = event_data(event);
    struct page_node *node = map_get(&page->by_id, json_get_string(data, "nodeId", ""));
    bool own = event->type[0] == 't' && !json_get(data, "callId"); /* a node that is a tool: the record has all of it */
    enum rs_err err = node && !own ? take(node, event->type, data) : RS_OK;
    json_object_put(data);
    return err;
}

static void put_usage(struct buf *out, struct json_object *usage)
{
    struct json_object *cost = json_get(usage, "costUsd");
    if (!json_get(usage, "totalTokens"))
        return;
    buf_printf(out, "<span class=\"number\">%s", json_get_bool(usage, "estimated", false) ? "about " : "");
    text_count(out, json_get_int(usage, "totalTokens", 0), "token", "tokens");
    buf_puts(out, "</span>");
    if (cost)
        buf_printf(out, "<span class=\"number\">$%.4f</span>", json_object_get_double(cost));
}

static void put_seconds(struct buf *out, struct json_object *data)
{
    double ms = json_object_get_double(json_get(data, "durationS")) * 1000 + 0.5;
    if (!json_get(data, "durationS") || !(ms >= 0 && ms < MS_MAX))
        return;
    buf_puts(out, "<span class=\"number\">");
    buf_put_duration(out, (int64_t)ms);
    buf_puts(out, "</span>");
}

static void put_call(struct buf *out, const struct call *call)
{
    struct json_object *any = call->finished ? call->finished : call->started, *error = json_get(call->finished, "error");
    const char *status = call->finished ? json_get_string(call->finished, "status", "success") : "running";
    buf_puts(out, "<details class=\"item\"><summary>");
    page_state(out, strcmp(status, "completed_with_errors") == 0 ? "error" : page_status(status));
    buf_puts(out, "<strong class=\"mono\">");
    text_puts(out, json_get_string(any, "tool", ""));
    buf_puts(out, "</strong>");
    put_seconds(out, call->finished);
    buf_puts(out, "</summary><div><h3>Parameters</h3>");
    text_json(out, json_get(call->started, "params"));
    if (call->finished) {
        buf_puts(out, error ? "<h3>Error</h3>" : "<h3>Output</h3>");
        text_json(out, error ? error : json_get(call->finished, "output"));
    }
    buf_puts(out, "</div></details>\n");
}

void work_put(struct buf *out, const struct work *work)
{
    if (!work)
        return;
    if (work->agent) {
        buf_puts(out, "<h3>Agent</h3><p class=\"facts\"><span class=\"mono\">");
        text_puts(out, json_get_string(work->started, "model", ""));
        buf_puts(out, "</span>");
        put_usage(out, json_get(work->finished, "usage"));
        put_seconds(out, work->finished);
        buf_puts(out, "</p><p class=\"written\" dir=\"auto\">");
        if (work->text.len)
            text_put(out, work->text.data, work->text.len, false);
        else
            buf_puts(out, "<span class=\"faint\">It wrote no text.</span>");
        buf_printf(out, "%s</p>", work->cut ? " <span class=\"faint\">… and more, which is not kept here</span>" : "");
    }
    if (work->n_calls)
        buf_puts(out, "<h3>Tools</h3>");
    for (int i = 0; i < work->n_calls; i++)
        put_call(out, &work->calls[i]);
    if (work->left_out) {
        buf_puts(out, "<p class=\"faint\">");
        text_count(out, work->left_out, "more call", "more calls");
        buf_puts(out, " are not kept here.</p>");
    }
}

void work_put_usage(struct page *page)
{
    int64_t tokens = 0;
    double cost = 0;
    bool priced = false;
    for (int i = 0; i < page->n_nodes; i++) {
        struct json_object *usage = page->nodes[i].work ? json_get(page->nodes[i].work->finished, "usage") : NULL;
        tokens += json_get_int(usage, "totalTokens", 0);
        priced = priced || json_get(usage, "costUsd");
        cost += json_object_get_double(json_get(usage, "costUsd"));
    }
    if (!tokens)
        return;
    buf_puts(&page->out, "<span class=\"number\">");
    text_count(&page->out, tokens, "token", "tokens");
    if (priced)
        buf_printf(&page->out, ", $%.4f", cost);
    buf_puts(&page->out, "</span>");
}
