/* approval - waits for a person, who approves or rejects (model/approval.h), at most until the deadline; then `default`
 * decides, or the node fails. The edges of handle approved or rejected are taken. Output: the decision. */
#include "model/approval.h"
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include "runner/until.h"
#include <stdio.h>
#include <string.h>

static void take(struct node *node, struct json_object *decision)
{
    node->handle = json_get_bool(decision, "approved", false) ? "approved" : "rejected";
    node_done(node, decision);
}

/* The run's process was told to look, or does so now and then. */
static void look(struct node *node)
{
    struct execution *x = node->x;
    struct json_object *decision = NULL;
    struct fault fault;

    /* An error: the next time. */
    if (approval_look(&x->store, x->claim.id, node->def->id, &decision, &fault) == RS_OK && decision)
        take(node, decision);
}

static void on_deadline(void *ctx)
{
    struct node *node = ctx;
    struct execution *x = node->x;
    const char *fallback = json_get_string(node->data, "default", "fail");
    bool approve = strcmp(fallback, "approve") == 0, reject = strcmp(fallback, "reject") == 0;
    struct json_object *decision = NULL;
    int64_t since = clock_mono_ms();
    struct fault fault;
    enum rs_err err;

    do
        err = approval_expire(&x->store, x->claim.id, x->claim.fence, node->def->id, approve || reject ? &approve : NULL,
                              &decision, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "approval");
    if (decision)
        take(node, decision);
    else
        node_fail(node, "timeout", NULL, "nobody had decided at the deadline");
}

void approval_start(struct node *node)
{
    struct execution *x = node->x;
    struct json_object *message = json_get(node->data, "message"), *decision = NULL;
    int64_t wait_ms = json_get_int(node->data, "deadlineMs", 0), since = clock_mono_ms(), deadline = 0;
    char text[APPROVAL_TEXT_MAX];
    struct fault fault;
    enum rs_err err;

    if (json_get(node->data, "deadlineMs") && (wait_ms < 1 || wait_ms > DELAY_MAX_MS)) {
        node_fail(node, "input", NULL, "`deadlineMs` must be a number of milliseconds, at most a year's");
        return;
    }
    snprintf(text, sizeof text, "%s",
             json_object_is_type(message, json_type_string) ? json_object_get_string(message) : json_text(message, NULL));
    mask_string(x->mask, text, sizeof text, true);
    do
        err = approval_request(&x->store, x->claim.id, x->claim.fence, node->def->id, text,
                               wait_ms > 0 ? clock_wall_ms() + wait_ms : 0, &deadline, &decision, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "approval");
    if (decision) {
        take(node, decision);
        return;
    }
    node_waits(node);
    node->nudged = look;
    if (deadline > 0)
        node->state = until_new(&x->loop, deadline, on_deadline, node);
}

void approval_stop(struct node *node)
{
    node_fail(node, "cancelled", NULL, "cancelled");
}

void approval_release(struct node *node)
{
    until_free(node->state);
}
