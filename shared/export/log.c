#include "export/log.h"

#include "base/clock.h"
#include "export/text.h"
#include "export/work.h"

#include <stdio.h>
#include <string.h>

enum { BATCH = 2000, PART = 1000 /* lines that are folded together */ };

static struct eventlog_query query_of(const struct page *page, const char *const *stream)
{
    return (struct eventlog_query){.streams = stream, .n_streams = 1, .org = json_get_string(page->record, "org", NULL)};
}

typedef enum rs_err take_fn(void *ctx, const struct event *event);

/* Every event of the run in order, up to `until` (0: to the newest, whose id it then gets). */
static enum rs_err each_event(struct page *page, struct eventlog *log, int64_t *until, take_fn *take, void *ctx, struct fault *fault)
{
    char name[STREAM_MAX];
    const char *const stream[] = {name};
    snprintf(name, sizeof name, "run:%s", json_get_string(page->record, "id", ""));
    struct eventlog_query query = query_of(page, stream);
    int64_t head = 0;
    enum rs_err err = *until ? RS_OK : eventlog_head(log, &head, fault);
    query.until = *until ? *until : head;
    *until = query.until;
    while (!err && query.after < query.until) {
        struct event **events = NULL;
        int n = 0;
        err = eventlog_read(log, &query, BATCH, &events, &n, &query.after, fault);
        for (int i = 0; !err && i < n; i++)
            if ((err = take(ctx, events[i])) != RS_OK)
                fault_set(fault, err, "no memory for a run's events");
        eventlog_events_free(events, n);
        if (!err)
            err = page_flush(page, fault);
    }
    return err;
}

/* What of an event is a line of the log. */
struct line {
    char class;       /* e, w, s, o(ther), or 0: of the program itself */
    const char *text; /* before what is told, or NULL */
    const char *told; /* what somebody wrote, or NULL */
    size_t told_len;
    struct json_object *data; /* of the event; owned */
};

static void tell(struct line *line, struct json_object *told)
{
    bool text = json_object_is_type(told, json_type_string); /* which may hold a NUL; a number is as JSON has it */
    line->told = told ? json_object_get_string(told) : NULL;
    line->told_len = text ? (size_t)json_object_get_string_len(told) : line->told ? strlen(line->told) : 0;
}

/* false: it is no line. Words as the dashboard's (htdocs/app/text.js). */
static bool take_line(const struct event *event, struct line *line)
{
    static const struct {
        const char *type, *text, *told;
        char class;
    } known[] = {
        {"node.finished", "finished", NULL, 's'},
        {"node.failed", "failed: ", "error", 'e'},
        {"node.cancelled", "was cancelled", NULL, 'w'},
        {"node.retried", "is tried again: ", "message", 'w'},
        {"node.waiting", "waits: ", "message", 'o'},
        {"approval.requested", "asks: ", "prompt", 'o'},
        {"approval.decided", "decided: ", "decision", 'o'},
        {"log.dropped", "lines were dropped here, because they came faster than they could be kept: ", "count", 'w'},
        {"run.retried", "started over, attempt ", "attempt", 'o'},
        {"run.resumed", "went on, attempt ", "attempt", 'o'},
    };
    *line = (struct line){0};
    if (strcmp(event->type, "log") == 0) {
        line->data = event_data(event);
        const char *level = json_get_string(line->data, "level", "");
        line->class = strcmp(level, "error") == 0 ? 'e' : strcmp(level, "warning") == 0 ? 'w' : 0;
        tell(line, json_get(line->data, "message"));
        return true;
    }
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(event->type, known[i].type) == 0) {
            line->data = event_data(event);
            line->class = known[i].class;
            line->text = known[i].text;
            struct json_object *told = known[i].told ? json_get(line->data, known[i].told) : NULL;
            tell(line, json_get(told, "message") ? json_get(told, "message") : told);
            return true;
        }
    return false;
}

struct surveying {
    struct page *page;
    struct log_survey *survey;
    int64_t last_seq;
    bool ends;
};

static enum rs_err survey_event(void *ctx, const struct event *event)
{
    struct surveying *s = ctx;
    struct line line;
    if (event->seq != s->last_seq + 1)
        s->survey->gap = true;
    s->last_seq = event->seq;
    s->ends = event_type_ends(event->type);
    s->survey->events++;
    if (take_line(event, &line)) {
        s->survey->lines++;
        json_object_put(line.data);
    }
    return work_take(s->page, event); /* a run that starts over is both */
}

enum rs_err log_survey(struct page *page, struct eventlog *log, struct log_survey *ret, struct fault *fault)
{
    struct surveying s = {.page = page, .survey = ret};
    *ret = (struct log_survey){0};
    enum rs_err err = each_event(page, log, &ret->until, survey_event, &s, fault);
    ret->complete = s.ends && !ret->gap;
    return err;
}

struct writing {
    struct page *page;
    int64_t n, lines;
    const struct page_node *last; /* of the line before */
};

static void begin_part(struct writing *w)
{
    struct buf *out = &w->page->out;
    if (w->n)
        buf_puts(out, "</details>\n");
    int64_t end = w->n + PART < w->lines ? w->n + PART : w->lines;
    buf_puts(out, "<details class=\"part\" open><summary>");
    text_count(out, w->n + 1, "to", "to");
    buf_putc(out, ' ');
    text_count(out, end, "", "");
    buf_puts(out, "</summary>\n");
}

static enum rs_err put_line(void *ctx, const struct event *event)
{
    struct writing *w = ctx;
    struct buf *out = &w->page->out;
    struct line line;
    char time[CLOCK_TEXT_MAX];
    if (w->n >= w->lines || !take_line(event, &line))
        return RS_OK;
    const struct page_node *node = map_get(&w->page->by_id, json_get_string(line.data, "nodeId", ""));
    if (w->lines > PART && w->n % PART == 0)
        begin_part(w);
    buf_printf(out, "<p id=\"l%lld\"", (long long)++w->n);
    if (node)
        buf_printf(out, " class=\"n%d%s%.1s\"", (int)(node - w->page->nodes), line.class ? " " : "", &line.class);
    else if (line.class)
        buf_printf(out, " class=\"%.1s\"", &line.class);
    buf_printf(out, "><b>%lld</b><i>%.12s</i>", (long long)w->n, clock_format(event->time_ms, time) + 11);
    if (node && node != w->last) {
        buf_puts(out, "<u>");
        text_puts(out, node->label);
        buf_puts(out, "</u>");
    }
    w->last = node;
    text_puts(out, line.text);
    if (line.told)
        text_line(out, line.told, line.told_len);
    json_object_put(line.data);
    return buf_putc(out, '\n');
}

static void put_tools(struct page *page)
{
    struct buf *out = &page->out;
    buf_puts(out, "<div id=\"tools\" hidden><input id=\"find\" type=\"search\" placeholder=\"Filter lines\" aria-label=\"Filter lines\">"
                  "<select id=\"node\" aria-label=\"Node\"><option value=\"\">All nodes</option>");
    for (int i = 0; i < page->n_nodes; i++) {
        buf_printf(out, "<option value=\"n%d\">", i);
        text_puts(out, page->nodes[i].label);
        buf_puts(out, "</option>");
    }
    buf_puts(out, "</select><select id=\"level\" aria-label=\"Level\"><option value=\"\">All levels</option><option value=\"warning\">Warnings and errors"
                  "</option><option value=\"error\">Errors</option></select><span id=\"found\" class=\"number faint\" role=\"status\"></span></div>\n");
}

enum rs_err log_put(struct page *page, struct eventlog *log, const struct log_survey *survey, struct fault *fault)
{
    struct writing writing = {.page = page, .lines = survey->lines};
    int64_t until = survey->until;
    put_tools(page);
    buf_puts(&page->out, "<div id=\"log\">\n");
    enum rs_err err = until ? each_event(page, log, &until, put_line, &writing, fault) : RS_OK;
    buf_puts(&page->out, writing.n > 0 && survey->lines > PART ? "</details></div>\n" : "</div>\n");
    return err;
}
