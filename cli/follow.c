/* What `run --follow` knows of a run: folded from its events. Drawing is in display.c, the loop in followrun.c. */
#include "cli/follow.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMNS_MAX 32

static char *dup_or_end(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

void follow_init(struct follow *follow, const struct term *term, struct json_object *record)
{
    struct json_object *nodes = json_get_array(json_get(record, "graph"), "nodes");
    int n = nodes ? (int)json_object_array_length(nodes) : 0;
    *follow = (struct follow){.term = term, .duration_ms = -1};
    snprintf(follow->run_id, sizeof(follow->run_id), "%s", json_get_string(record, "id", ""));
    snprintf(follow->name, sizeof(follow->name), "%s", json_get_string(record, "name", ""));
    snprintf(follow->status, sizeof(follow->status), "queued");
    follow->nodes = calloc((size_t)(n ? n : 1), sizeof(*follow->nodes));
    if (!follow->nodes)
        abort();
    for (int i = 0; i < n; i++) {
        struct json_object *node = json_object_array_get_idx(nodes, (size_t)i);
        struct follow_node *mine = &follow->nodes[follow->n_nodes++];
        const char *id = json_get_string(node, "id", "");
        mine->id = dup_or_end(id);
        mine->label = dup_or_end(json_get_string(json_get(node, "data"), "label", id));
        strcpy(mine->status, "pending");
        mine->duration_ms = -1;
        int width = term_width(mine->label);
        if (width > follow->label_columns)
            follow->label_columns = width > LABEL_COLUMNS_MAX ? LABEL_COLUMNS_MAX : width;
    }
}

void follow_release(struct follow *follow)
{
    for (int i = 0; i < follow->n_nodes; i++) {
        free(follow->nodes[i].id);
        free(follow->nodes[i].label);
    }
    free(follow->nodes);
    json_object_put(follow->output);
    json_object_put(follow->error);
    *follow = (struct follow){0};
}

const char *follow_who(const struct follow *follow, const char *node_id)
{
    if (term_width(node_id) > FOLLOW_WHO_MAX)
        for (int i = 0; i < follow->n_nodes; i++)
            if (strcmp(follow->nodes[i].id, node_id) == 0)
                return follow->nodes[i].label;
    return node_id;
}

static void follow_node_event(struct follow *follow, struct json_object *data, int64_t time_ms)
{
    const char *id = json_get_string(data, "nodeId", ""), *status = json_get_string(data, "status", NULL);
    for (int i = 0; status && i < follow->n_nodes; i++) {
        struct follow_node *node = &follow->nodes[i];
        if (strcmp(node->id, id) != 0)
            continue;
        if (strcmp(status, "running") == 0 && strcmp(node->status, "running") != 0) {
            node->started_ms = time_ms;
            node->duration_ms = -1;
        }
        node->attempt = (int)json_get_int(data, "attempt", node->attempt);
        node->duration_ms = json_get_int(data, "durationMs", node->duration_ms);
        snprintf(node->status, sizeof(node->status), "%s", status);
        return;
    }
}

static void follow_run_event(struct follow *follow, const char *type, struct json_object *data, int64_t time_ms)
{
    snprintf(follow->status, sizeof(follow->status), "%s", json_get_string(data, "status", follow->status));
    follow->progress = (int)json_get_int(data, "progress", follow->progress);
    if (strcmp(type, "run.started") == 0)
        follow->started_ms = time_ms;
    if (event_type_ends(type)) {
        follow->duration_ms = json_get_int(data, "durationMs", 0);
        json_object_put(follow->output);
        json_object_put(follow->error);
        follow->output = json_object_get(json_get(data, "output"));
        follow->error = json_object_get(json_get(data, "error"));
    }
}

bool follow_event(struct follow *follow, struct json_object *event)
{
    const char *type = json_get_string(event, "type", "");
    struct json_object *data = json_get(event, "data");
    int64_t time_ms = clock_wall_ms();
    (void)!clock_parse(json_get_string(event, "time", ""), &time_ms);
    if (strncmp(type, "node.", 5) == 0) {
        follow_node_event(follow, data, time_ms);
        return strcmp(type, "node.failed") == 0 || strcmp(type, "node.retried") == 0 ||
               strcmp(type, "node.waiting") == 0;
    }
    if (strncmp(type, "run.", 4) == 0) {
        follow_run_event(follow, type, data, time_ms);
        return false;
    }
    if (strncmp(type, "tool.", 5) == 0)
        return json_get_string(data, "callId", NULL) != NULL; /* an agent's call; others repeat what nodes say */
    /* So do these: a node that asks waits. Whatever else comes is shown. */
    return strcmp(type, "approval.requested") != 0 && strncmp(type, "agent.", 6) != 0 && strncmp(type, "task.", 5) != 0;
}
