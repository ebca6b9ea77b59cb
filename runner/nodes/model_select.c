/* model_select - which model is to answer: the one asked for, then the session's, then those the settings have for the
 * intent (assistant.models.INTENT), then assistant.models.default, then model.default; the first that the endpoint has
 * (GET .../models). Without an endpoint the output's model is null. */
#include "model/models.h"
#include "model/session.h"
#include "base/endpoint.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct selection {
    struct node *node;
    struct http_transfer *transfer;
    struct json_object *candidates;
    char shown[ENDPOINT_SHOWN_MAX];
};

static void selection_free(struct selection *s)
{
    s->node->state = NULL;
    json_object_put(s->candidates);
    free(s);
}

static void choose(struct selection *s, struct json_object *available)
{
    struct node *node = s->node;
    struct json_object *out = json_object_new_object();
    size_t n = available ? json_object_array_length(available) : 0;

    /* Nobody named one: what the endpoint offers first. */
    if (json_object_array_length(s->candidates) == 0 && n > 0)
        models_add(s->candidates, json_object_get_string(json_object_array_get_idx(available, 0)), "endpoint");
    const char *model = models_choose(s->candidates, available);
    json_set(out, "model", model ? json_object_new_string(model) : NULL);
    json_set(out, "candidates", json_object_get(s->candidates));
    json_set_int(out, "available", (int64_t)n);
    json_set_bool(out, "probed", available != NULL);
    if (model) {
        selection_free(s);
        node_done(node, out);
        return;
    }
    char names[256] = "";
    for (size_t i = 0, at = 0; i < json_object_array_length(s->candidates) && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                               json_get_string(json_object_array_get_idx(s->candidates, i), "model", ""));
    if (*names)
        node_fail(node, "model", out, "%s has none of the models %s", s->shown, names);
    else
        node_fail(node, "model", out, "no model is named, and %s lists none: set model.default", s->shown);
    selection_free(s);
}

static void on_response(void *ctx, struct http_response *response)
{
    struct selection *s = ctx;
    struct json_object *answer = NULL, *available = NULL;

    if (response->err) {
        node_fail(s->node, "model", NULL, "%s cannot be reached: %s", s->shown, response->message);
        selection_free(s);
        return;
    }
    if (response->status == 401 || response->status == 403) {
        node_fail(s->node, "model", NULL, "%s does not accept the key, or the lack of one (%ld)", s->shown,
                  response->status);
        selection_free(s);
        return;
    }
    /* An endpoint that cannot tell what it has is taken at the settings' word. */
    if (response->status == 200 && response->body.len > 0 &&
        json_parse(response->body.data, response->body.len, HTTP_BODY_MAX, &answer, NULL) == RS_OK)
        available = models_available(answer);
    json_object_put(answer);
    choose(s, available);
    json_object_put(available);
}

static enum rs_err probe(struct selection *s, const char *base, const char *key, struct fault *fault)
{
    struct json_object *headers = json_object_new_object();
    struct buf bearer;
    char url[ENDPOINT_URL_MAX];
    struct http_request request = {.url = url, .headers = headers, .allow_private = true};

    buf_init(&bearer, HTTP_HEADERS_MAX);
    if (key && buf_printf(&bearer, "Bearer %s", key) == RS_OK)
        json_set_string(headers, "Authorization", bearer.data);
    buf_release(&bearer);
    enum rs_err err = endpoint_url(base, "models", url, fault);
    if (!err)
        err = http_start(s->node->x->http, &request, on_response, s, &s->transfer, fault);
    json_object_put(headers);
    return err;
}

static void add_for_intent(struct selection *s, const char *intent)
{
    char key[ID_MAX + 32];
    if (!intent || !id_valid(intent) || strchr(intent, '.'))
        return;
    snprintf(key, sizeof key, "assistant.models.%s", intent);
    models_add(s->candidates, config_text(s->node->x->dd->config, key), intent);
}

static void add_of_session(struct selection *s)
{
    struct execution *x = s->node->x;
    struct json_object *session = NULL;

    if (x->claim.session_id[0] && session_get(&x->store, x->claim.org, x->claim.session_id, &session, NULL) == RS_OK)
        models_add(s->candidates, json_get_string(session, "model", NULL), "session");
    json_object_put(session);
}

void model_select_start(struct node *node)
{
    const struct config *config = node->x->dd->config;
    const char *base = config_text(config, "model.url");
    struct selection *s = calloc(1, sizeof *s);
    struct fault fault = {0};

    if (!s)
        execution_give_up();
    s->node = node;
    s->candidates = json_object_new_array();
    node->state = s;
    models_add(s->candidates, json_get_string(node->data, "requested", NULL), "requested");
    add_of_session(s);
    add_for_intent(s, json_get_string(node->data, "intent", NULL));
    add_for_intent(s, "default");
    models_add(s->candidates, config_text(config, "model.default"), "model.default");
    if (!base) {
        struct json_object *out = json_object_new_object();
        json_set(out, "model", NULL);
        json_set(out, "candidates", json_object_get(s->candidates));
        json_set_int(out, "available", 0);
        json_set_bool(out, "probed", false);
        json_set_string(out, "reason", "no model endpoint is configured (model.url)");
        selection_free(s);
        node_done(node, out);
        return;
    }
    endpoint_shown(base, s->shown);
    if (probe(s, base, config_text(config, "model.key"), &fault)) {
        node_fail(node, "input", NULL, "model.url: %s", fault.message);
        selection_free(s);
    }
}

void model_select_stop(struct node *node)
{
    struct selection *s = node->state;
    if (!s)
        return;
    http_abort(s->transfer);
    selection_free(s);
    node_fail(node, "cancelled", NULL, "cancelled");
}
