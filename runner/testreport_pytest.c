/* pytest's output: its last line counts ("2 failed, 10 passed in 0.12s"), the short summary names ("FAILED a.py::test_b
 * - AssertionError"), the tracebacks before it tell where ("a.py:12: AssertionError" below "____ test_b ____"). */
#include "runner/testreport_own.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text between signs of a ruler: "=== x ===". false: it is none. */
static bool ruler(const char *line, char sign, char *out, size_t size)
{
    size_t n = strlen(line), from = 0;

    while (from < n && line[from] == sign)
        from++;
    while (n > from && line[n - 1] == sign)
        n--;
    if (from < 3 || n <= from + 2 || line[from] != ' ' || line[n - 1] != ' ' || n - from - 2 >= size)
        return false;
    memcpy(out, line + from + 1, n - from - 2);
    out[n - from - 2] = '\0';
    return true;
}

/* "2 failed, 10 passed, 1 warning in 0.12s (0:00:01)". */
static bool summary(struct testreport *report, const char *text)
{
    const char *in = strstr(text, " in ");
    int64_t passed = 0, failed = 0, skipped = 0, errors = 0;
    double seconds;
    char *end;

    if (!in || !((seconds = strtod(in + 4, &end)) >= 0 && seconds < TESTREPORT_SECONDS_MAX) || *end != 's' ||
        end == in + 4)
        return false;
    if (strncmp(text, "no tests ran", 12) != 0)
        for (const char *at = text; at < in;) {
            long long n = strtoll(at, &end, 10);
            size_t len = strcspn(end + (*end == ' '), ", ");
            const char *word = end + 1;
            if (end == at || *end != ' ' || n < 0 || n > TESTREPORT_TESTS_MAX)
                return false;
            if (strncmp(word, "passed", len) == 0 || strncmp(word, "xpassed", len) == 0)
                passed += n;
            else if (strncmp(word, "failed", len) == 0)
                failed += n;
            else if (strncmp(word, "skipped", len) == 0 || strncmp(word, "xfailed", len) == 0)
                skipped += n;
            else if (strncmp(word, "errors", len) == 0) /* or error */
                errors += n;
            else if (strncmp(word, "warnings", len) != 0 && strncmp(word, "deselected", len) != 0 &&
                     strncmp(word, "reruns", len) != 0 && strncmp(word, "subtests", len) != 0)
                return false;
            at = word + len;
            if (at[0] == ' ' && strncmp(at, " subtests", 9) != 0 && at < in)
                return false;
            at += strspn(at, ", ");
            if (at >= in || strncmp(at, "in ", 3) == 0)
                break;
        }
    report->passed = passed;
    report->failed = failed;
    report->skipped = skipped;
    report->errors = errors;
    report->duration_ms = (int64_t)(seconds * 1000 + 0.5);
    return true;
}

/* "a.py::TestA::test_b[x] - message" of the short summary. */
static void named(struct testreport *report, const char *text)
{
    char name[TESTREPORT_NAME_MAX], file[TESTREPORT_NAME_MAX], heading[TESTREPORT_NAME_MAX];
    const char *dash = strstr(text, " - ");
    size_t len = dash ? (size_t)(dash - text) : strlen(text);

    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
    snprintf(file, sizeof file, "%s", name);
    char *colons = strstr(file, "::"), *at = heading;
    heading[0] = '\0';
    if (colons) {
        *colons = '\0';
        snprintf(heading, sizeof heading, "%s", colons + 2);
        while ((at = strstr(at, "::"))) {
            *at = '.';
            memmove(at + 1, at + 2, strlen(at + 2) + 1);
        }
    }
    struct json_object *place = json_get(report->places, heading);
    (void)testreport_failure(report, name, json_get_string(place, "file", file), json_get_int(place, "line", 0),
                             dash ? dash + 3 : NULL);
}

/* "tests/a.py:12: AssertionError": the last one below a heading is where it failed. */
static void place(struct testreport *report, const char *line)
{
    const char *colon = strstr(line, ".py:");
    char *end, file[TESTREPORT_NAME_MAX];

    if (!colon || strcspn(line, " \t") < (size_t)(colon - line) || (size_t)(colon - line) + 4 > sizeof file)
        return;
    long n = strtol(colon + 4, &end, 10);
    if (n <= 0 || *end != ':' ||
        (json_object_object_length(report->places) >= TESTREPORT_FAILURES_MAX &&
         !json_get(report->places, report->heading)))
        return;
    memcpy(file, line, (size_t)(colon - line) + 3);
    file[colon - line + 3] = '\0';
    struct json_object *at = json_object_new_object();
    testreport_place(at, file, n);
    json_set(report->places, report->heading, at);
}

bool testreport_pytest_line(struct testreport *report, const char *line)
{
    char text[TESTREPORT_NAME_MAX];

    if (ruler(line, '_', text, sizeof text)) {
        snprintf(report->heading, sizeof report->heading, "%s", text);
        return false;
    }
    if (ruler(line, '=', text, sizeof text)) {
        report->heading[0] = '\0';
        if (strcmp(text, "test session starts") == 0)
            return true;
        return summary(report, text);
    }
    if (report->heading[0])
        place(report, line);
    /* A runner's own "FAILED x" is no pytest; its failures have a file in front, or come with the summary line. */
    bool failed = strncmp(line, "FAILED ", 7) == 0, error = strncmp(line, "ERROR ", 6) == 0;
    if ((failed || error) && strstr(line, ".py"))
        named(report, line + (failed ? 7 : 6));
    return ((line[0] >= '0' && line[0] <= '9') || strncmp(line, "no tests ran", 12) == 0) && summary(report, line);
}
