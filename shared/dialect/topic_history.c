/* /ws/workflow-history: ended runs and their figures. */
#include "dialect/topics.h"

#include "base/clock.h"
#include "model/run_history.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define OFFSET_MAX 1000000000
#define TEXT_MAX 200 /* bytes of q */
#define DAY_MS INT64_C(86400000)

static enum rs_err read_number(const struct query *query, const char *name, int least, int most, int *ret, struct fault *fault)
{
    const char *text = query_get(query, name);
    if (!text)
        return RS_OK;
    char *end = NULL;
    long n = strspn(text, "0123456789") > 0 ? strtol(text, &end, 10) : -1;
    if (!end || *end || strlen(text) > 10 || n < least || n > most)
        return fault_set(fault, RS_INVALID, "%s must be a number from %d to %d", name, least, most);
    *ret = (int)n;
    return RS_OK;
}

/* A moment as RFC 3339 has it, or a day (UTC): its beginning; *ret_end: where it ends. A + that was sent as it is has become a
 * blank. */
static enum rs_err read_time(const struct query *query, const char *name, int64_t *ret, int64_t *ret_end, struct fault *fault)
{
    char text[CLOCK_TEXT_MAX + 16];
    const char *given = query_get(query, name);
    if (!given)
        return RS_OK;
    bool day = strlen(given) == 10;
    enum rs_err err = strlen(given) < CLOCK_TEXT_MAX + 4 ? RS_OK : RS_INVALID;
    if (!err) {
        snprintf(text, sizeof text, "%s%s", given, day ? "T00:00:00Z" : "");
        char *blank = strlen(text) > 11 ? strchr(text + 11, ' ') : NULL;
        if (blank)
            *blank = '+';
        err = clock_parse(text, ret);
    }
    if (err)
        return fault_set(fault, RS_INVALID, "%s must be a time (2026-11-21T15:04:05Z) or a day (2026-11-21)", name);
    if (ret_end)
        *ret_end = *ret + (day ? DAY_MS : 1);
    return RS_OK;
}

static bool is_end_status(const char *status)
{
    return strcmp(status, "success") == 0 || strcmp(status, "error") == 0 || strcmp(status, "cancelled") == 0;
}

static enum rs_err read_filter(const struct query *query, struct run_history_filter *ret, struct fault *fault)
{
    int64_t last = 0;
    *ret = (struct run_history_filter){
        .status = query_get(query, "status"),
        .workflow_id = query_get(query, "workflow"),
        .text = query_get(query, "q"),
        .to_ms = INT64_MAX,
        .days = query_get(query, "days") != NULL,
        .limit = LIMIT_DEFAULT,
    };
    enum rs_err err = read_number(query, "limit", 1, RUN_HISTORY_MAX, &ret->limit, fault);
    if (!err)
        err = read_number(query, "offset", 0, OFFSET_MAX, &ret->offset, fault);
    if (!err)
        err = read_time(query, "from", &ret->from_ms, NULL, fault);
    if (!err)
        err = read_time(query, "to", &last, &ret->to_ms, fault);
    if (err)
        return err;
    if (ret->status && !is_end_status(ret->status))
        return fault_set(fault, RS_INVALID, "status must be success, error or cancelled: these are runs that have ended");
    if (ret->workflow_id && !id_valid(ret->workflow_id))
        return fault_set(fault, RS_INVALID, "workflow must be the id of a workflow");
    if (ret->text && strlen(ret->text) > TEXT_MAX)
        return fault_set(fault, RS_INVALID, "q must not be longer than %d bytes", TEXT_MAX);
    if (ret->from_ms >= ret->to_ms)
        return fault_set(fault, RS_INVALID, "to must not be before from");
    return RS_OK;
}

static enum rs_err check(const struct query *query, struct fault *fault)
{
    struct run_history_filter filter;
    return read_filter(query, &filter, fault);
}

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    struct run_history_filter filter;
    enum rs_err err = read_filter(asked->query, &filter, fault);
    (void)log;
    filter.org = asked->org;
    return err ? err : run_history(store, &filter, clock_wall_ms(), ret, fault);
}

static bool concerns(const struct event *ev)
{
    return event_type_ends(ev->type) || event_type_reopens(ev->type);
}

static const char *const streams[] = {"history", NULL};
static const char *const parameters[] = {"limit", "offset", "status", "workflow", "from", "to", "q", "days", NULL};

const struct topic topic_history = {
    .type = "workflow_history_update",
    .build = build,
    .check = check,
    .streams = streams,
    .concerns = concerns,
    .query = parameters,
    .slow = true,
};
