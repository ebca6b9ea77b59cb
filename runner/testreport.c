#include "base/utf8.h"
#include "runner/testreport_own.h"
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

static const char *const names[] = {"auto", "tap", "junit", "pytest"};

void testreport_init(struct testreport *report, enum testreport_format format)
{
    *report = (struct testreport){.format = format, .duration_ms = -1, .planned = -1};
    report->failures = json_object_new_array();
    report->places = json_object_new_object();
}

void testreport_release(struct testreport *report)
{
    json_object_put(report->failures);
    json_object_put(report->places);
    report->failures = report->places = NULL;
}

static void set_cut(struct json_object *object, const char *key, const char *text, size_t max)
{
    char cut[TESTREPORT_MESSAGE_MAX + 8];
    if (!text || !*text)
        return;
    snprintf(cut, sizeof cut, "%.*s%s", (int)max, text, strlen(text) > max ? "..." : "");
    utf8_repair(cut);
    json_set_string(object, key, cut);
}

struct json_object *testreport_failure(struct testreport *report, const char *name, const char *file, int64_t line,
                                       const char *message)
{
    if (json_object_array_length(report->failures) >= TESTREPORT_FAILURES_MAX)
        return NULL;
    struct json_object *failure = json_object_new_object();
    set_cut(failure, "name", name && *name ? name : "?", TESTREPORT_NAME_MAX);
    testreport_place(failure, file, line);
    set_cut(failure, "message", message, TESTREPORT_MESSAGE_MAX);
    json_object_array_add(report->failures, failure);
    return failure;
}

void testreport_place(struct json_object *failure, const char *file, int64_t line)
{
    if (!failure)
        return;
    set_cut(failure, "file", file, TESTREPORT_NAME_MAX);
    if (line > 0)
        json_set_int(failure, "line", line);
}

void testreport_say(struct json_object *failure, const char *text)
{
    const char *before = json_get_string(failure, "message", NULL);
    char all[TESTREPORT_MESSAGE_MAX * 2];

    if (!failure || !*text || (before && strlen(before) >= TESTREPORT_MESSAGE_MAX))
        return;
    snprintf(all, sizeof all, "%s%s%.*s", before ? before : "", before ? "\n" : "", TESTREPORT_MESSAGE_MAX, text);
    set_cut(failure, "message", all, TESTREPORT_MESSAGE_MAX);
}

/* Without the escapes of a terminal (ECMA-48: CSI sequences). */
static void plain(const char *text, size_t len, char out[LINE_MAX_BYTES])
{
    size_t n = 0;

    for (size_t i = 0; i < len && n < LINE_MAX_BYTES - 1; i++) {
        if (text[i] == '\033' && i + 1 < len && text[i + 1] == '[') {
            for (i += 2; i < len && (text[i] < '@' || text[i] > '~'); i++) {
            }
            continue;
        }
        if (text[i] != '\r')
            out[n++] = text[i];
    }
    out[n] = '\0';
}

void testreport_line(struct testreport *report, const char *text, size_t len)
{
    char line[LINE_MAX_BYTES];

    plain(text, len, line);
    if ((report->format == TESTREPORT_AUTO || report->format == TESTREPORT_TAP) && testreport_tap_line(report, line)) {
        report->format = TESTREPORT_TAP;
        report->found = true;
    }
    if ((report->format == TESTREPORT_AUTO || report->format == TESTREPORT_PYTEST) &&
        testreport_pytest_line(report, line)) {
        report->format = TESTREPORT_PYTEST;
        report->found = true;
    }
}

enum rs_err testreport_file(struct testreport *report, const char *text, size_t len, struct fault *fault)
{
    enum testreport_format format = report->format;
    size_t at = 0;

    while (at < len && (strchr(" \t\r\n", text[at]) || (unsigned char)text[at] >= 0x80))
        at++; /* white space, a byte order mark */
    testreport_release(report);
    testreport_init(report, format);
    if (format == TESTREPORT_JUNIT || (format == TESTREPORT_AUTO && at < len && text[at] == '<'))
        return testreport_junit(report, text, len, fault);
    for (const char *line = text, *end = text + len; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((newline ? newline : end) - line);
        testreport_line(report, line, n);
        line += n + 1;
    }
    return RS_OK;
}

void testreport_end(struct testreport *report)
{
    int64_t seen = report->passed + report->failed + report->skipped;
    char message[128];

    if (report->format != TESTREPORT_TAP || report->planned < 0 || seen >= report->planned)
        return;
    snprintf(message, sizeof message, "%lld tests were planned, %lld ran", (long long)report->planned, (long long)seen);
    report->errors += report->planned - seen;
    (void)testreport_failure(report, "plan", NULL, 0, message);
}

struct json_object *testreport_json(const struct testreport *report)
{
    struct json_object *out = json_object_new_object();

    json_set_string(out, "format", names[report->format]);
    json_set_int(out, "passed", report->passed);
    json_set_int(out, "failed", report->failed);
    json_set_int(out, "skipped", report->skipped);
    json_set_int(out, "errors", report->errors);
    json_set_int(out, "total", report->passed + report->failed + report->skipped + report->errors);
    if (report->duration_ms >= 0)
        json_set_int(out, "durationMs", report->duration_ms);
    json_set(out, "failures", json_object_get(report->failures));
    return out;
}
