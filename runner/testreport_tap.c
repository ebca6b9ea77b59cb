/* The Test Anything Protocol: plan, "ok" and "not ok" with directives, the YAML block or comments behind a failure,
 * bail outs. Subtests are indented, and their parent's line counts for them. */
#include "runner/testreport_own.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct json_object *last_failure(const struct testreport *report)
{
    size_t n = json_object_array_length(report->failures);
    return n > 0 && n < TESTREPORT_FAILURES_MAX ? json_object_array_get_idx(report->failures, n - 1) : NULL;
}

/* The directive behind an unescaped " # ": SKIP or TODO. Cuts it off the description. */
static const char *take_directive(char *description)
{
    for (char *at = description; (at = strchr(at, '#')); at++) {
        if (at > description && at[-1] == '\\')
            continue;
        const char *word = at + 1 + strspn(at + 1, " \t");
        if (strncasecmp(word, "skip", 4) == 0 || strncasecmp(word, "todo", 4) == 0) {
            *at = '\0';
            return word;
        }
    }
    return NULL;
}

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t", text[n - 1]))
        text[--n] = '\0';
}

static void test_point(struct testreport *report, bool ok, const char *rest)
{
    char description[TESTREPORT_NAME_MAX + 64];
    size_t n;

    rest += strspn(rest, " \t");
    rest += strspn(rest, "0123456789");
    rest += strspn(rest, " \t");
    if (*rest == '-' && (rest[1] == ' ' || rest[1] == '\0'))
        rest += 1 + strspn(rest + 1, " \t");
    n = strnlen(rest, sizeof description - 1);
    memcpy(description, rest, n);
    description[n] = '\0';
    const char *directive = take_directive(description);
    trim(description);
    report->details = false;
    if (directive && (strncasecmp(directive, "skip", 4) == 0 || !ok)) {
        report->skipped++; /* TODO: it was expected to fail */
    } else if (ok) {
        report->passed++;
    } else {
        report->failed++;
        report->details = testreport_failure(report, description, NULL, 0, NULL) != NULL;
    }
}

/* "key: value" of the YAML block, or a comment. */
static void detail(struct testreport *report, const char *text)
{
    static const char *const files[] = {"file:", "at:"}, *const messages[] = {"message:", "reason:", "error:"};
    struct json_object *failure = last_failure(report);
    char value[TESTREPORT_MESSAGE_MAX];

    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (strncmp(text, messages[i], strlen(messages[i])) == 0)
            text += strlen(messages[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n = strlen(files[i]);
        if (strncmp(text, files[i], n) == 0) {
            text += n;
            text += strspn(text, " '\"");
            n = strcspn(text, ":'\"");
            n = n < sizeof value ? n : sizeof value - 1;
            memcpy(value, text, n);
            value[n] = '\0';
            testreport_place(failure, value, text[n] == ':' ? strtol(text + n + 1, NULL, 10) : 0);
            return;
        }
    }
    if (strncmp(text, "line:", 5) == 0 && strtol(text + 5, NULL, 10) > 0) {
        testreport_place(failure, NULL, strtol(text + 5, NULL, 10));
        return;
    }
    text += strspn(text, " ");
    testreport_say(failure, text);
}

/* Perl's Test::More: "#   at t/a.t line 12." */
static bool perl_place(struct testreport *report, const char *text)
{
    const char *line = strstr(text, " line ");
    char file[TESTREPORT_NAME_MAX];

    if (strncmp(text, "at ", 3) != 0 || !line || line < text + 3 || line - text - 3 >= (ptrdiff_t)sizeof file ||
        strtol(line + 6, NULL, 10) <= 0)
        return false;
    memcpy(file, text + 3, (size_t)(line - text - 3));
    file[line - text - 3] = '\0';
    testreport_place(last_failure(report), file, strtol(line + 6, NULL, 10));
    return true;
}

static bool plan(struct testreport *report, const char *line)
{
    char *end;

    if (strncmp(line, "1..", 3) != 0 || line[3] < '0' || line[3] > '9')
        return false;
    long long n = strtoll(line + 3, &end, 10);
    end += strspn(end, " \t");
    if (*end != '\0' && *end != '#')
        return false;
    /* Several test programs behind one another each have a plan. */
    report->planned = (report->planned < 0 ? 0 : report->planned) + (n < TESTREPORT_TESTS_MAX ? n : 0);
    return true;
}

bool testreport_tap_line(struct testreport *report, const char *line)
{
    bool not_ok = strncmp(line, "not ok", 6) == 0 && strchr(" \t", line[6]); /* the NUL counts */

    if (strncmp(line, "TAP version 1", 13) == 0)
        return true;
    if (not_ok || (strncmp(line, "ok", 2) == 0 && strchr(" \t", line[2]))) {
        /* "ok" with neither plan nor number is too common a word to make the output TAP. */
        const char *rest = line + (not_ok ? 6 : 2);
        bool sure = report->found || report->planned >= 0 || report->format == TESTREPORT_TAP ||
                    (rest[0] == ' ' && strspn(rest + 1, "0123456789") > 0);
        if (!sure)
            return false;
        report->yaml = false;
        test_point(report, !not_ok, rest);
        return true;
    }
    if (plan(report, line))
        return report->format == TESTREPORT_TAP || report->planned > 0;
    if (report->format != TESTREPORT_TAP)
        return false;
    if (strncmp(line, "Bail out!", 9) == 0) {
        report->errors++;
        (void)testreport_failure(report, "Bail out!", NULL, 0, line + 9 + strspn(line + 9, " "));
        report->details = false;
        report->planned = -1; /* what did not run is said by that */
        return true;
    }
    if (!report->details)
        return true;
    const char *text = line + strspn(line, " \t");
    if (strcmp(text, "---") == 0 || strcmp(text, "...") == 0) {
        report->yaml = *text == '-';
    } else if (report->yaml) {
        detail(report, text);
    } else if (*line == '#') {
        text = line + 1 + strspn(line + 1, " \t");
        if (!perl_place(report, text))
            testreport_say(last_failure(report), text);
    }
    return true;
}
