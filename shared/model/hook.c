/* Webhooks: triggers as rows, deliveries that become runs. */
#include "model/hook.h"

#include "model/graph.h"
#include "model/hook_row.h"
#include "model/jqcheck.h"
#include "model/run.h"
#include "model/workflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATCHES_MAX 100 /* workflows one delivery may start */

/* ---- triggers of saved workflows ---- */

enum rs_err hook_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                      struct fault *fault)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node, *data;
    enum rs_err err = db_run(db, NULL, fault, "DELETE FROM hook WHERE org = $1 AND workflow_id = $2", "tt", org, workflow_id);
    size_t i;

    for (i = 0; err == RS_OK && nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        data = json_get(node, "data");
        if (strcmp(json_get_string(data, "kind", ""), "webhook") != 0)
            continue;
        err = db_run(db, NULL, fault,
                     "INSERT INTO hook (org, workflow_id, node_id, source, events, filter) VALUES ($1, $2, $3, $4, $5, $6)",
                     "tttttt", org, workflow_id, json_get_string(node, "id", ""), json_get_string(data, "source", ""),
                     json_text(json_get_array(data, "events"), NULL), json_get_string(data, "filter", NULL));
    }
    return err;
}

/* `push`, or `pull_request.opened` with the body's action behind the dot. */
static bool event_fits(const char *events_text, const struct hook_delivery *delivery)
{
    struct json_object *events = NULL;
    const char *event = delivery->proof->event, *action = json_get_string(delivery->body, "action", NULL), *want;
    char whole[2 * HOOK_EVENT_MAX + 2] = "";
    bool fits = false;
    size_t i;

    if (json_parse(events_text, strlen(events_text), JSON_BODY_MAX, &events, NULL) != RS_OK ||
        !json_object_is_type(events, json_type_array) || json_object_array_length(events) == 0) {
        json_object_put(events);
        return true; /* all */
    }
    if (action != NULL && strlen(action) <= HOOK_EVENT_MAX)
        snprintf(whole, sizeof(whole), "%s.%s", event, action);
    for (i = 0; i < json_object_array_length(events) && !fits; i++) {
        want = json_object_get_string(json_object_array_get_idx(events, i));
        fits = want != NULL && (strcmp(want, event) == 0 || (whole[0] != '\0' && strcmp(want, whole) == 0));
    }
    json_object_put(events);
    return fits;
}

/* jq's truth: everything but null and false. */
static enum rs_err filter_fits(const char *filter, struct json_object *input, bool *ret, struct fault *fault)
{
    struct json_object *value = NULL;
    enum rs_err err = RS_OK;

    *ret = true;
    if (filter == NULL || filter[0] == '\0')
        return RS_OK;
    if ((err = jq_once(filter, input, NULL, &value, fault)) == RS_OK)
        *ret = value != NULL && !(json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value));
    json_object_put(value);
    return err;
}

struct match {
    char workflow_id[ID_MAX + 1], node_id[ID_MAX + 1];
    char *filter;
};

static enum rs_err find_matches(struct db *db, const struct hook_delivery *delivery, struct match *ret, int *ret_n,
                                struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT workflow_id, node_id, events, filter FROM hook WHERE org = $1 AND source = $2"
                               " ORDER BY workflow_id, node_id",
                               "tt", delivery->org, delivery->source);

    *ret_n = 0;
    while (err == RS_OK && *ret_n < MATCHES_MAX && (err = db_next(rows, fault)) == RS_OK) {
        struct match *m = &ret[*ret_n];
        if (!event_fits(db_text(rows, 2), delivery))
            continue;
        snprintf(m->workflow_id, sizeof(m->workflow_id), "%s", db_text(rows, 0));
        snprintf(m->node_id, sizeof(m->node_id), "%s", db_text(rows, 1));
        m->filter = db_is_null(rows, 3) ? NULL : strdup(db_text(rows, 3));
        ++*ret_n;
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* ---- a run for each match ---- */

struct note {
    const struct hook_delivery *delivery;
    const struct match *match;
    bool taken; /* said back: there is a run for it already */
};

static enum rs_err note_key(struct change *change, const char *run_id, const struct note *note, const char *key,
                            struct fault *fault)
{
    return db_run(change_db(change), NULL, fault,
                  "INSERT INTO hook_run (org, source, delivery, workflow_id, node_id, run_id, created)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                  "tttttti", note->delivery->org, note->delivery->source, key, note->match->workflow_id, note->match->node_id,
                  run_id, change_now(change));
}

/* Where its time is signed, under its signature, too: of one that comes under two ids at a time, both may be new. */
static enum rs_err note_run(struct change *change, const char *run_id, void *ctx, struct fault *fault)
{
    struct note *note = ctx;
    const struct hook_proof *proof = note->delivery->proof;
    enum rs_err err = note_key(change, run_id, note, proof->delivery, fault);

    if (err == RS_OK && proof->timed && strcmp(proof->delivery, proof->signature) != 0)
        err = note_key(change, run_id, note, proof->signature, fault);
    note->taken = err == RS_CONFLICT;
    return err;
}

static struct json_object *trigger_of(const struct hook_delivery *delivery, const struct match *match)
{
    struct json_object *trigger = json_object_new_object();

    json_set_string(trigger, "kind", "webhook");
    json_set_string(trigger, "nodeId", match->node_id);
    json_set_string(trigger, "source", delivery->source);
    json_set_string(trigger, "deliveryId", delivery->proof->delivery);
    return trigger;
}

static enum rs_err start(struct store *store, struct note *note, struct json_object *given, char run_id[ID_MAX + 1],
                         struct fault *fault)
{
    const struct match *match = note->match;
    struct json_object *definition = NULL, *input = NULL, *errors = json_object_new_array(),
                       *trigger = trigger_of(note->delivery, match);
    struct run_new run = {.org = note->delivery->org, .workflow_id = match->workflow_id, .trigger = trigger, .within = note_run,
                          .within_ctx = note};
    enum rs_err err = workflow_get(store, run.org, match->workflow_id, &definition, fault);
    int i;

    if (err == RS_OK) {
        run.workflow_version = (int)json_get_int(definition, "version", 0);
        for (i = 0; workflow_record_members[i] != NULL; i++)
            json_object_object_del(definition, workflow_record_members[i]);
        err = graph_check_input(definition, given, errors, &input, fault);
    }
    run.definition = definition;
    run.input = input;
    if (err == RS_OK)
        err = run_create(store, &run, run_id, fault);
    json_object_put(trigger);
    json_object_put(errors);
    json_object_put(input);
    json_object_put(definition);
    return err;
}

static struct json_object *input_of(const struct hook_delivery *delivery)
{
    struct json_object *input = json_object_new_object();

    json_set_string(input, "source", delivery->source);
    json_set_string(input, "event", delivery->proof->event);
    json_set_string(input, "deliveryId", delivery->proof->delivery);
    json_set(input, "headers", json_object_get(delivery->headers));
    json_set(input, "body", json_object_get(delivery->body));
    return input;
}

static void add_result(struct json_object *list, const struct match *match, const char *run_id, const char *message)
{
    struct json_object *one = json_object_new_object();

    json_set_string(one, "runId", run_id);
    json_set_string(one, "workflowId", match->workflow_id);
    json_set_string(one, "nodeId", match->node_id);
    json_set_string(one, "message", message);
    json_object_array_add(list, one);
}

static enum rs_err start_all(struct store *store, const struct hook_delivery *delivery, const struct match *matches, int n,
                             struct json_object *runs, struct json_object *failed, struct fault *fault)
{
    struct json_object *input = input_of(delivery);
    char run_id[ID_MAX + 1];
    enum rs_err err = RS_OK;
    bool fits;
    int i;

    for (i = 0; err == RS_OK && i < n; i++) {
        struct note note = {.delivery = delivery, .match = &matches[i]};
        struct fault why = {0};
        err = filter_fits(matches[i].filter, input, &fits, &why);
        if (err == RS_OK && !fits)
            continue;
        if (err == RS_OK)
            err = start(store, &note, input, run_id, &why);
        if (err == RS_OK) {
            add_result(runs, &matches[i], run_id, NULL);
        } else if (note.taken) {
            err = RS_OK; /* by this delivery, when it came before and was not finished */
        } else if (err == RS_BUSY || err == RS_IO || err == RS_NOMEM) {
            fault_set(fault, err, "%s", why.message);
        } else {
            add_result(failed, &matches[i], NULL, why.message);
            err = RS_OK;
        }
    }
    json_object_put(input);
    return err;
}

enum rs_err hook_deliver(struct store *store, const struct hook_delivery *delivery, int64_t now_ms, struct json_object **ret,
                         struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *runs = json_object_new_array(), *failed = json_object_new_array();
    struct match *matches = calloc(MATCHES_MAX, sizeof(*matches));
    int i, n = 0;
    enum rs_err err = matches != NULL ? hook_seen(store->db, delivery, now_ms, fault)
                                      : fault_set(fault, RS_NOMEM, "no memory for a webhook");

    if (err == RS_OK)
        err = find_matches(store->db, delivery, matches, &n, fault);
    if (err == RS_OK)
        err = start_all(store, delivery, matches, n, runs, failed, fault);
    if (err == RS_OK)
        err = hook_note_accepted(store, delivery, runs, failed, now_ms, fault);
    json_set_string(answer, "deliveryId", delivery->proof->delivery);
    json_set_string(answer, "event", delivery->proof->event[0] != '\0' ? delivery->proof->event : NULL);
    json_set(answer, "runs", runs);
    if (json_object_array_length(failed) > 0)
        json_set(answer, "failed", json_object_get(failed));
    json_object_put(failed);
    for (i = 0; matches != NULL && i < n; i++)
        free(matches[i].filter);
    free(matches);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}
