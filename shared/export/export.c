#include "export/export.h"

#include "config.h"
#include "export/log.h"
#include "export/page.h"
#include "export/pictures.h"
#include "export/text.h"
#include "export/work.h"
#include "model/artifact.h"
#include "model/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_fact(struct buf *out, const char *name, int64_t wall_ms)
{
    if (!wall_ms)
        return;
    buf_printf(out, "<span>%s ", name);
    text_moment(out, wall_ms);
    buf_puts(out, "</span>");
}

static void put_error(struct page *page, struct json_object *error)
{
    struct buf *out = &page->out;
    const struct page_node *node = map_get(&page->by_id, json_get_string(error, "nodeId", ""));
    if (!error)
        return;
    buf_puts(out, "<div class=\"failure\" role=\"note\"><strong>Error</strong> ");
    text_puts(out, json_get_string(error, "message", json_text(error, NULL)));
    if (node) {
        buf_printf(out, " <a href=\"#n%d\">", (int)(node - page->nodes));
        text_puts(out, node->label);
        buf_puts(out, "</a>");
    }
    buf_puts(out, "</div>\n");
}

static void put_head(struct page *page, const struct log_survey *survey)
{
    struct buf *out = &page->out;
    struct json_object *record = page->record;
    int64_t duration = json_get_int(record, "durationMs", -1), version = json_get_int(record, "workflowVersion", 0);
    buf_puts(out, "<header>");
    page_state(out, page_status(json_get_string(record, "status", "")));
    buf_puts(out, "\n<h1 dir=\"auto\">");
    text_puts(out, json_get_string(record, "name", json_get_string(record, "workflowId", "")));
    buf_puts(out, "</h1>\n<p><span>Run <span class=\"mono\">");
    text_puts(out, json_get_string(record, "id", ""));
    buf_puts(out, "</span></span><span>Workflow <span class=\"mono\">");
    text_puts(out, json_get_string(record, "workflowId", ""));
    buf_puts(out, "</span>");
    if (version)
        buf_printf(out, ", version %lld", (long long)version);
    buf_puts(out, "</span>");
    put_fact(out, page_time(record, "startedAt") ? "Started" : "Queued", page_time(record, "startedAt") ? page_time(record, "startedAt") : page_time(record, "createdAt"));
    put_fact(out, "Ended", page_time(record, "finishedAt"));
    if (duration >= 0) {
        buf_puts(out, "<span class=\"number\">Took ");
        buf_put_duration(out, duration);
        buf_puts(out, "</span>");
    }
    if (json_get_int(record, "attempt", 1) > 1)
        buf_printf(out, "<span class=\"number\">Attempt %lld</span>", (long long)json_get_int(record, "attempt", 1));
    work_put_usage(page);
    if (survey->complete) {
        buf_puts(out, "<span class=\"number\">Complete, ");
        text_count(out, survey->events, "event", "events");
        buf_puts(out, "</span>");
    }
    buf_puts(out, "</p></header>\n");
    if (!page->ended) {
        buf_puts(out, "<p class=\"note\" role=\"note\">This run had not ended. It is shown as it was at ");
        text_moment(out, page->now_ms);
        buf_puts(out, ".</p>\n");
    } else if (!survey->complete) {
        buf_puts(out, survey->gap ? "<p class=\"note\" role=\"note\">Older events are no longer kept. States and results are complete, the log is not.</p>\n"
                                  : "<p class=\"note\" role=\"note\">The log had not all arrived when this was made. States and results are complete.</p>\n");
    }
}

static void put_value(struct buf *out, const char *title, struct json_object *value)
{
    buf_printf(out, "<h3>%s</h3>", title);
    text_json(out, value);
}

static void put_node(struct page *page, const struct page_node *node)
{
    struct buf *out = &page->out;
    struct json_object *error = json_get(node->record, "error");
    int64_t attempt = json_get_int(node->record, "attempt", 1);
    buf_printf(out, "<details class=\"item\" id=\"n%d\"%s><summary>", (int)(node - page->nodes), error || node->work ? " open" : "");
    page_state(out, node->status);
    buf_puts(out, "<strong>");
    text_puts(out, node->label);
    buf_puts(out, "</strong><span class=\"faint\">");
    text_puts(out, node->kind);
    buf_puts(out, "</span>");
    if (node->duration_ms >= 0) {
        buf_puts(out, "<span class=\"number\">");
        buf_put_duration(out, node->duration_ms);
        buf_puts(out, "</span>");
    }
    if (attempt > 1)
        buf_printf(out, "<span class=\"number\">attempt %lld</span>", (long long)attempt);
    buf_puts(out, "</summary><div>");
    if (error)
        put_value(out, "Error", error);
    work_put(out, node->work);
    if (json_get(node->record, "output"))
        put_value(out, "Output", json_get(node->record, "output"));
    put_value(out, "Settings", node->settings);
    buf_puts(out, "</div></details>\n");
}

static int by_begin(const void *a, const void *b)
{
    const struct page_node *x = *(struct page_node *const *)a, *y = *(struct page_node *const *)b;
    if (x->started_ms != y->started_ms)
        return !x->started_ms ? 1 : !y->started_ms ? -1 : x->started_ms < y->started_ms ? -1 : 1;
    return x < y ? -1 : x > y;
}

static enum rs_err put_nodes(struct page *page, struct fault *fault)
{
    struct page_node **order = calloc((size_t)page->n_nodes + 1, sizeof *order);
    if (!order)
        return fault_set(fault, RS_NOMEM, "no memory for the nodes of a run");
    for (int i = 0; i < page->n_nodes; i++)
        order[i] = &page->nodes[i];
    qsort(order, (size_t)page->n_nodes, sizeof *order, by_begin);
    buf_puts(&page->out, "<h2>Timeline</h2>\n");
    pictures_timeline(page, order);
    buf_puts(&page->out, "<h2>Nodes</h2>\n");
    enum rs_err err = RS_OK;
    for (int i = 0; !err && i < page->n_nodes; i++) {
        put_node(page, order[i]);
        err = page_flush(page, fault);
    }
    free(order);
    return err;
}

static void put_attempts(struct page *page)
{
    struct json_object *attempts = json_get_array(page->record, "attempts");
    struct buf *out = &page->out;
    size_t n = attempts ? json_object_array_length(attempts) : 0;
    if (n < 2)
        return;
    buf_puts(out, "<h2>Attempts</h2><table><tr><th>Attempt</th><th>State</th><th>Started</th><th>Error</th></tr>\n");
    for (size_t i = 0; i < n; i++) {
        struct json_object *attempt = json_object_array_get_idx(attempts, i);
        buf_printf(out, "<tr><td class=\"number\">%lld</td><td>", (long long)json_get_int(attempt, "attempt", 0));
        page_state(out, page_status(json_get_string(attempt, "status", "")));
        buf_puts(out, "</td><td>");
        if (page_time(attempt, "startedAt"))
            text_moment(out, page_time(attempt, "startedAt"));
        buf_puts(out, "</td><td>");
        text_puts(out, json_get_string(json_get(attempt, "error"), "message", ""));
        buf_puts(out, "</td></tr>\n");
    }
    buf_puts(out, "</table>\n");
}

static enum rs_err put_artifacts(struct page *page, const struct datadir *dd, struct fault *fault)
{
    struct artifact_list list = {.items = NULL};
    struct buf *out = &page->out;
    enum rs_err err = artifact_find(dd, json_get_string(page->record, "id", ""), &list, fault);
    if (!err && list.n) {
        buf_puts(out, "<h2>Artifacts</h2><p class=\"faint\">Their names only; the files stay where the run was.</p>\n"
                      "<table><tr><th>Name</th><th>Size</th><th>Changed</th></tr>\n");
        for (int i = 0; i < list.n; i++) {
            buf_puts(out, "<tr><td class=\"mono\">");
            text_puts(out, list.items[i].name);
            buf_puts(out, "</td><td class=\"number\">");
            text_bytes(out, list.items[i].bytes);
            buf_puts(out, "</td><td>");
            text_moment(out, list.items[i].modified_ms);
            buf_puts(out, "</td></tr>\n");
        }
        buf_puts(out, list.more ? "</table><p class=\"faint\">There are more.</p>\n" : "</table>\n");
    }
    artifact_list_release(&list);
    return err;
}

static enum rs_err put_page(struct page *page, const struct datadir *dd, struct eventlog *log, struct fault *fault)
{
    struct log_survey survey;
    struct buf *out = &page->out;
    char title[RUN_NAME_MAX + ID_MAX + 32];
    enum rs_err err = log_survey(page, log, &survey, fault);
    if (err)
        return err;
    snprintf(title, sizeof title, "%s · run %s", json_get_string(page->record, "name", json_get_string(page->record, "workflowId", "")),
             json_get_string(page->record, "id", ""));
    page_begin(page, title);
    put_head(page, &survey);
    put_error(page, json_get(page->record, "error"));
    buf_puts(out, "<h2>Graph</h2>\n");
    if ((err = pictures_graph(page)) != RS_OK)
        return fault_set(fault, err, "no memory for the graph");
    if ((err = page_flush(page, fault)) != RS_OK || (err = put_nodes(page, fault)) != RS_OK)
        return err;
    buf_puts(out, "<h2>Input and output</h2>\n");
    put_value(out, "Input", json_get(page->record, "input"));
    put_value(out, "Output", json_get(page->record, "output"));
    put_attempts(page);
    if ((err = put_artifacts(page, dd, fault)) != RS_OK)
        return err;
    buf_puts(out, "<details open><summary><h2>Log, ");
    text_count(out, survey.lines, "line", "lines");
    buf_puts(out, "</h2></summary>\n");
    if ((err = log_put(page, log, &survey, fault)) != RS_OK)
        return err;
    buf_puts(out, "</details>\n<footer class=\"faint\"><p>Made by Runspool " PACKAGE_VERSION " at ");
    text_moment(out, page->now_ms);
    buf_puts(out, ". All times are UTC.</p></footer>\n");
    page_end(page);
    return page_flush(page, fault);
}

enum rs_err export_run(const struct datadir *dd, struct store *store, struct eventlog *log, const char *org,
                       const char *run_id, int fd, struct fault *fault)
{
    struct json_object *record = NULL;
    struct page page;
    enum rs_err err = run_record(store, org, run_id, &record, fault);
    if (err)
        return err;
    if ((err = page_init(&page, fd, record, fault)) == RS_OK)
        err = put_page(&page, dd, log, fault);
    page_release(&page);
    return err;
}
