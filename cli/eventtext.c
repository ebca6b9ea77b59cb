#include "cli/eventtext.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The wall clock of this place, to the millisecond. */
static void put_time(struct buf *out, const struct term *term, struct json_object *event)
{
    int64_t ms;
    struct tm tm;
    time_t seconds;
    if (clock_parse(json_get_string(event, "time", ""), &ms) != RS_OK)
        return;
    seconds = (time_t)(ms / 1000);
    localtime_r(&seconds, &tm);
    buf_printf(out, "%s%02d:%02d:%02d.%03d%s ", term_on(term, TERM_DIM), tm.tm_hour, tm.tm_min, tm.tm_sec,
               (int)(ms % 1000), term_off(term));
}

static void put_state(struct buf *out, const struct term *term, const char *status, const char *text)
{
    const struct term_state *state = term_state(status);
    buf_printf(out, "%s%s %s%s", term_on(term, state->color), term->utf8 ? state->symbol : state->ascii, text,
               term_off(term));
}

static void put_log(struct buf *out, const struct term *term, struct json_object *data)
{
    const char *level = json_get_string(data, "level", "info");
    enum term_color color = strcmp(level, "error") == 0     ? TERM_RED
                            : strcmp(level, "warning") == 0 ? TERM_AMBER
                                                            : TERM_DIM;
    buf_printf(out, "%s%s%s ", term_on(term, color), term->utf8 ? "│" : "|", term_off(term));
    const char *message = json_get_string(data, "message", "");
    term_put_fit(out, term, message, term_width(message) + 1, false);
}

/* Types whose last part is a state's word, in the past or not. */
static const char *status_of(const char *type)
{
    static const struct {
        const char *word, *status;
    } words[] = {{"queued", "queued"},       {"started", "running"}, {"finished", "success"}, {"failed", "error"},
                 {"cancelled", "cancelled"}, {"skipped", "skipped"}, {"waiting", "waiting"},  {"paused", "paused"},
                 {"retried", "running"},     {"resumed", "running"}, {"progress", "running"}, {"slow", "running"}};
    const char *dot = strchr(type, '.');
    for (unsigned i = 0; dot && i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(words[i].word, dot + 1) == 0)
            return words[i].status;
    return NULL;
}

static void put_duration(struct buf *out, const struct term *term, struct json_object *data)
{
    int64_t ms = json_get(data, "durationMs") ? json_get_int(data, "durationMs", 0)
                                              : (int64_t)(json_object_get_double(json_get(data, "durationS")) * 1000 + 0.5);
    if (!json_get(data, "durationMs") && !json_get(data, "durationS"))
        return;
    buf_puts(out, term_on(term, TERM_DIM));
    buf_puts(out, " in ");
    buf_put_duration(out, ms);
    buf_puts(out, term_off(term));
}

/* Text of other people, in one line. */
static void put_after(struct buf *out, const struct term *term, const char *between, const char *text)
{
    if (!text || !*text)
        return;
    buf_puts(out, between);
    term_put_fit(out, term, text, term_width(text) + 1, false);
}

static void put_known(struct buf *out, const struct term *term, const char *type, const char *status,
                      struct json_object *data)
{
    const char *word = strchr(type, '.') + 1;
    const char *message = json_get_string(json_get(data, "error"), "message", json_get_string(data, "message", NULL));
    char text[96];
    if (strncmp(type, "node.", 5) == 0)
        snprintf(text, sizeof(text), "%s", word);
    else if (strcmp(type, "run.progress") == 0)
        snprintf(text, sizeof(text), "%d %%", (int)json_get_int(data, "progress", 0));
    else
        snprintf(text, sizeof(text), "%.60s %s", strncmp(type, "run.", 4) == 0 ? "run" : type,
                 strncmp(type, "run.", 4) == 0 ? word : "");
    put_state(out, term, status, text);
    put_duration(out, term, data);
    if (message && strcmp(message, word) != 0) /* "cancelled: cancelled" */
        put_after(out, term, ": ", message);
}

static void put_approval(struct buf *out, const struct term *term, const char *word, struct json_object *data)
{
    if (strcmp(word, "requested") == 0) {
        put_state(out, term, "waiting", "asks");
        put_after(out, term, ": ", json_get_string(data, "prompt", NULL));
        put_after(out, term, ", until ", json_get_string(data, "deadline", NULL));
        return;
    }
    const char *decision = json_get_string(data, "decision", "decided");
    put_state(out, term, strcmp(decision, "approved") == 0 ? "success" : "error", decision);
    put_after(out, term, " by ", json_get_string(data, "by", NULL));
    put_after(out, term, ": ", json_get_string(data, "comment", NULL));
}

/* A tool, an agent or its task; a call by an agent has a callId. */
static void put_work(struct buf *out, const struct term *term, const char *what, const char *word, struct json_object *data)
{
    bool call = json_get_string(data, "callId", NULL) != NULL, ended = strcmp(word, "finished") == 0;
    const char *status = ended ? json_get_string(data, "status", "success") : "running";
    const char *name = json_get_string(data, strcmp(what, "tool") == 0 ? "tool" : "name", "");
    struct json_object *error = json_get(data, "error"), *usage = json_get(data, "usage");
    const char *error_text = json_get_string(error, "message", json_get_string(data, "error", NULL));
    put_state(out, term, status, call ? "call of" : what);
    put_after(out, term, " ", name);
    buf_puts(out, !ended                             ? " started"
                  : strcmp(status, "success") == 0   ? " finished"
                  : strcmp(status, "cancelled") == 0 ? " cancelled"
                                                     : " failed");
    put_duration(out, term, data);
    if (json_get(usage, "totalTokens"))
        buf_printf(out, ", %lld tokens", (long long)json_get_int(usage, "totalTokens", 0));
    put_after(out, term, " with ", json_get_string(data, "model", NULL));
    put_after(out, term, ": ", error_text);
    if (!ended && call)
        put_after(out, term, ": ", json_text(json_get(data, "params"), NULL));
}

/* Whatever else there is: its members as name=value. */
static void put_members(struct buf *out, const struct term *term, const char *type, struct json_object *data)
{
    buf_puts(out, type);
    if (!json_object_is_type(data, json_type_object)) {
        put_after(out, term, " ", json_text(data, NULL));
        return;
    }
    json_object_object_foreach(data, name, value)
    {
        const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
        bool plain = text && *text && !strpbrk(text, " \t\n\"=");
        put_after(out, term, " ", name);
        put_after(out, term, "=", plain ? text : json_text(value, NULL));
    }
}

/* Events that have words of their own, but for those of runs and nodes. */
static bool put_special(struct buf *out, const struct term *term, const char *type, struct json_object *data)
{
    const char *dot = strchr(type, '.'), *word = dot ? dot + 1 : "";
    bool begun = strcmp(word, "started") == 0, work = begun || strcmp(word, "finished") == 0;
    if (strcmp(type, "agent.delta") == 0) {
        buf_printf(out, "%s%s%s ", term_on(term, TERM_DIM), term->utf8 ? "│" : "|", term_off(term));
        put_after(out, term, "", json_get_string(data, "delta", ""));
    } else if (strcmp(type, "approval.requested") == 0 || strcmp(type, "approval.decided") == 0) {
        put_approval(out, term, word, data);
    } else if (work && strncmp(type, "tool.", 5) == 0) {
        put_work(out, term, "tool", word, data);
    } else if (work && strncmp(type, "agent.", 6) == 0) {
        put_work(out, term, "agent", word, data);
    } else if (work && strncmp(type, "task.", 5) == 0) {
        put_work(out, term, "task", word, data);
    } else {
        return false;
    }
    return true;
}

enum rs_err eventtext_put(struct buf *out, const struct term *term, struct json_object *event, bool with_stream,
                          const char *who, int who_columns)
{
    const char *type = json_get_string(event, "type", ""), *op = json_get_string(event, "op", NULL);
    const char *stream = json_get_string(event, "stream", "");
    struct json_object *data = json_get(event, "data");
    const char *status = status_of(type);

    if (op) {
        buf_printf(out, "%s-- events %s to %s of %s were removed by retention%s\n", term_on(term, TERM_AMBER),
                   json_get_string(event, "first", "?"), json_get_string(event, "last", "?"), stream, term_off(term));
        return out->err;
    }
    put_time(out, term, event);
    if (with_stream)
        buf_printf(out, "%s%s%s ", term_on(term, TERM_BLUE), stream, term_off(term));
    buf_puts(out, term_on(term, TERM_DIM));
    term_put_fit(out, term, who ? who : json_get_string(data, "nodeId", ""), who_columns, true);
    buf_printf(out, "%s ", term_off(term));
    if (strcmp(type, "log") == 0)
        put_log(out, term, data);
    else if (strcmp(type, "log.dropped") == 0)
        buf_printf(out, "%s%d log lines were lost in an outage%s", term_on(term, TERM_AMBER),
                   (int)json_get_int(data, "count", 0), term_off(term));
    else if (status && (strncmp(type, "run.", 4) == 0 || strncmp(type, "node.", 5) == 0))
        put_known(out, term, type, status, data);
    else if (!put_special(out, term, type, data))
        put_members(out, term, type, data);
    return buf_putc(out, '\n');
}
