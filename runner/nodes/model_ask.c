#include "runner/nodes/model_ask.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model_ask {
    struct node *node;
    struct chat *chat;
    struct json_object *messages;
    struct price price;
    model_ask_fn *fn;
    void *ctx;
    int64_t timeout_ms;
    uv_timer_t timer;
};

void model_count(struct node *node, const struct price *price, struct json_object *messages, struct chat_parts *parts,
                 struct model_usage *sum)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    size_t len;
    enum rs_err err;

    if (!parts->has_usage) {
        (void)json_text(messages, &len);
        parts->prompt_tokens = (int64_t)(len / 4);
        parts->completion_tokens = (int64_t)((parts->text.len + 3) / 4);
    }
    struct model_usage used = {.requests = 1,
                               .prompt_tokens = parts->prompt_tokens,
                               .completion_tokens = parts->completion_tokens,
                               .cost = price_cost(price, parts->prompt_tokens, parts->completion_tokens),
                               .unpriced = !price->known};
    if (sum)
        model_usage_sum(sum, &used);
    do
        err = model_usage_add(&x->store, x->claim.id, x->claim.fence, node->def->id, &used, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "usage");
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void ask_free(struct model_ask *ask)
{
    json_object_put(ask->messages);
    uv_close((uv_handle_t *)&ask->timer, on_timer_closed);
}

static void on_text(void *ctx, const char *text, size_t len)
{
    (void)ctx; /* a verdict is no text for people */
    (void)text;
    (void)len;
}

static void on_retry(void *ctx, const char *message)
{
    struct model_ask *ask = ctx;
    node_log(ask->node, "warning", "agent", message, strlen(message));
}

static void on_done(void *ctx, struct chat_answer *answer)
{
    struct model_ask *ask = ctx;

    if (answer->err == RS_OK)
        model_count(ask->node, &ask->price, ask->messages, answer->parts, NULL);
    ask->fn(ask->ctx, answer);
    ask_free(ask);
}

static const struct chat_watch watch = {.on_text = on_text, .on_retry = on_retry, .on_done = on_done};

static void on_timeout(uv_timer_t *timer)
{
    struct model_ask *ask = timer->data;
    struct chat_parts parts;
    struct chat_answer answer = {.err = RS_TIMEOUT, .parts = &parts};
    char shown[ENDPOINT_SHOWN_MAX];

    chat_abort(ask->chat);
    chat_parts_init(&parts);
    snprintf(answer.message, sizeof answer.message, "%s has not answered in %lld ms",
             endpoint_shown(config_text(ask->node->x->dd->config, "model.url"), shown), (long long)ask->timeout_ms);
    ask->fn(ask->ctx, &answer);
    chat_parts_release(&parts);
    ask_free(ask);
}

enum rs_err model_ask_start(struct node *node, const char *model, struct json_object *body, int64_t timeout_ms,
                            model_ask_fn *fn, void *ctx, struct model_ask **ret, struct fault *fault)
{
    const struct config *config = node->x->dd->config;
    struct chat_request request = {.url = config_text(config, "model.url"),
                                   .key = config_text(config, "model.key"),
                                   .allow_private = true,
                                   .body = body,
                                   .retries = CHAT_RETRIES};
    struct price price;

    if (!model || !*model)
        model = config_text(config, "model.default");
    if (!request.url || !model)
        return fault_set(fault, RS_NOT_FOUND, "no model is configured");
    enum rs_err err = price_of_table(config_text(config, "model.prices"), model, &price, fault);
    if (err)
        return err;
    struct model_ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return fault_set(fault, RS_NOMEM, "out of memory");
    *ask = (struct model_ask){.node = node, .price = price, .fn = fn, .ctx = ctx, .timeout_ms = timeout_ms};
    json_set_string(body, "model", model);
    if ((err = chat_start(&node->x->loop, node->x->http, &request, &watch, ask, &ask->chat, fault))) {
        free(ask);
        return err;
    }
    ask->messages = json_object_get(json_get(body, "messages"));
    uv_timer_init(&node->x->loop, &ask->timer);
    ask->timer.data = ask;
    uv_timer_start(&ask->timer, on_timeout, (uint64_t)timeout_ms, 0);
    *ret = ask;
    return RS_OK;
}

void model_ask_abort(struct model_ask *ask)
{
    if (!ask)
        return;
    chat_abort(ask->chat);
    ask_free(ask);
}
