/* test_run - runs tests by a command (as of shell) and reads what they report: TAP or pytest's output as it comes, or
 * the file `report` names (JUnit XML, or one of the others). Output: {passed, failed, skipped, errors, total,
 * durationMs, failures, format, exitCode, stdout, stderr, ...}. Failed tests fail the node, unless failOnTests is
 * false. */
#include "base/clock.h"
#include "runner/beneath.h"
#include "runner/nodes/nodes.h"
#include "runner/nodes/program.h"
#include "runner/testreport.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (16 * 1024) /* bytes kept of stdout and stderr: their end, as the report has the rest */

struct test_run {
    struct tool tool; /* first: it is the node's state, and what exec calls back with */
    struct testreport report;
    int64_t begun_ms;
};

static void on_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    struct test_run *run = ctx;

    if (stream == EXEC_STDOUT)
        testreport_line(&run->report, text, len);
    tool_log_line(&run->tool, stream == EXEC_STDOUT ? "info" : "warning", stream, text, len);
}

static enum testreport_format format_of(const struct node *node)
{
    static const char *const words[] = {"auto", "tap", "junit", "pytest"};
    const char *word = json_get_string(node->data, "format", "auto");

    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0)
            return (enum testreport_format)i;
    return TESTREPORT_AUTO;
}

static enum rs_err read_report(struct test_run *run, struct fault *fault)
{
    struct node *node = run->tool.node;
    const char *path = json_get_string(node->data, "report", NULL);
    struct stat st;
    size_t len;
    char *text;

    if (!path || !*path)
        return RS_OK;
    enum rs_err err = beneath_read(node->x->work, path, TESTREPORT_FILE_MAX, &text, &len, &st, fault);
    if (err)
        return err;
    if ((size_t)st.st_size > len) {
        err = fault_set(fault, RS_LIMIT, "the report is %lld bytes; at most %d are read", (long long)st.st_size,
                        TESTREPORT_FILE_MAX);
    } else {
        run->report.format = format_of(node); /* whatever standard output looked like */
        err = testreport_file(&run->report, text, len, fault);
    }
    free(text);
    return err;
}

static void keep_end(struct json_object *out, const char *key)
{
    struct json_object *text = json_get(out, key);
    int len = json_object_get_string_len(text);
    const char *at = json_object_get_string(text) + (len > TEXT_MAX ? len - TEXT_MAX : 0);

    if (len <= TEXT_MAX)
        return;
    while (((unsigned char)*at & 0xc0) == 0x80)
        at++;
    json_set(out, key, json_object_new_string(at));
    json_set_bool(out, "truncated", true);
}

static struct json_object *output(struct test_run *run, struct exec_result *result, int64_t took_ms)
{
    struct json_object *out = testreport_json(&run->report), *rest = program_output(result);

    if (!json_get(out, "durationMs"))
        json_set_int(out, "durationMs", took_ms);
    json_object_object_foreach(rest, key, value)
    {
        json_set(out, key, json_object_get(value));
    }
    json_object_put(rest);
    keep_end(out, "stdout");
    keep_end(out, "stderr");
    return out;
}

static void on_done(void *ctx, struct exec_result *result)
{
    struct test_run *run = ctx;
    struct node *node = run->tool.node;
    const struct testreport *report = &run->report;
    struct fault fault = {0};
    bool read = read_report(run, &fault) == RS_OK;

    testreport_end(&run->report);
    struct json_object *out = output(run, result, clock_mono_ms() - run->begun_ms);
    bool ended_well = result->signal == 0 && result->exit_code == 0;
    int64_t bad = report->failed + report->errors, total = bad + report->passed + report->skipped;

    if (tool_failed(&run->tool, result, out))
        return;
    if (result->signal)
        node_fail(node, "exit", out, "the tests were ended by signal %s", json_get_string(out, "signal", "?"));
    else if (!read)
        node_fail(node, ended_well ? "input" : "exit", out, "no report: %s (exit status %d)", fault.message,
                  result->exit_code);
    else if (!report->found)
        node_fail(node, ended_well ? "input" : "exit", out,
                  "no test report was found in what the command wrote (exit status %d)", result->exit_code);
    else if (bad > 0 && json_get_bool(node->data, "failOnTests", true))
        node_fail(node, "exit", out, "%lld of %lld tests failed", (long long)bad, (long long)total);
    else if (bad == 0 && !ended_well)
        node_fail(node, "exit", out, "no test failed, but the exit status is %d", result->exit_code);
    else
        node_done(node, out);
}

void test_run_start(struct node *node)
{
    struct test_run *run = calloc(1, sizeof *run);
    struct fault fault = {0};

    if (!run)
        abort(); /* as tool_new */
    run->tool.node = node;
    node->state = run;
    run->begun_ms = clock_mono_ms();
    testreport_init(&run->report, format_of(node));
    enum rs_err err = shell_command(&run->tool, &fault);
    if (!err && run->report.format == TESTREPORT_JUNIT && !json_get(node->data, "report"))
        err = fault_set(&fault, RS_INVALID, "JUnit XML is read from the file that `report` names");
    if (!err)
        err = program_run(&run->tool, NULL, on_line, on_done, &fault);
    if (err)
        tool_fail(node, &fault);
}

void test_run_release(struct node *node)
{
    struct test_run *run = node->state;
    if (run)
        testreport_release(&run->report);
    tool_release(node);
}
