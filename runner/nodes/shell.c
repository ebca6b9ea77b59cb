/* shell - runs a program (no shell is put between, unless the command names one). Output: {exitCode, signal, stdout,
 * stderr, truncated} and, with parse json, `json`. A program that ends with another status than 0 is an error of code
 * exit; its output is kept. */
#include "runner/nodes/nodes.h"
#include "runner/nodes/tool.h"
#include "runner/template.h"
#include <string.h>

static struct json_object *take_text(struct buf *b)
{
    return json_object_new_string_len(b->data ? b->data : "", (int)b->len);
}

static void on_done(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;
    struct node *node = tool->node;
    struct json_object *out, *json = NULL;
    struct fault fault = {0};

    out = json_object_new_object();
    json_set(out, "exitCode", result->signal ? NULL : json_object_new_int(result->exit_code));
    json_set(out, "signal",
             result->signal ? json_object_new_string(sigabbrev_np(result->signal) ? sigabbrev_np(result->signal) : "?")
                            : NULL);
    json_set(out, "stdout", take_text(&result->captured[EXEC_STDOUT]));
    json_set(out, "stderr", take_text(&result->captured[EXEC_STDERR]));
    json_set_bool(out, "truncated", result->truncated);
    json_set_int(out, "stdoutBytes", result->bytes[EXEC_STDOUT]);
    json_set_int(out, "stderrBytes", result->bytes[EXEC_STDERR]);
    if (tool_failed(tool, result, out))
        return;
    if (strcmp(json_get_string(node->data, "parse", "text"), "json") == 0) {
        const struct buf *text = &result->captured[EXEC_STDOUT];
        if (json_parse(text->data ? text->data : "", text->len, EXEC_CAPTURE_MAX * 3, &json, &fault) == RS_OK)
            json_set(out, "json", json);
    }
    if (result->signal)
        node_fail(node, "exit", out, "ended by signal %s", json_get_string(out, "signal", "?"));
    else if (result->exit_code != 0)
        node_fail(node, "exit", out, "exit status %d", result->exit_code);
    else if (fault.code != RS_OK)
        node_fail(node, "input", out, "stdout is not JSON: %s", fault.message);
    else
        node_done(node, out);
}

static enum rs_err take_command(struct tool *tool, struct json_object *command, struct fault *fault)
{
    enum rs_err err = RS_OK;
    size_t n = json_object_is_type(command, json_type_array) ? json_object_array_length(command) : 0;

    if (n == 0)
        return fault_set(fault, RS_INVALID, "`command` is not a list of arguments");
    for (size_t i = 0; i < n && !err; i++) {
        struct json_object *arg = json_object_array_get_idx(command, i);
        if (!arg)
            return fault_set(fault, RS_INVALID, "argument %zu of the command is null", i);
        if (json_object_is_type(arg, json_type_string)) {
            err = tool_arg(tool, json_object_get_string(arg), (size_t)json_object_get_string_len(arg), fault);
        } else {
            size_t len;
            const char *text = json_text(arg, &len);
            err = tool_arg(tool, text, len, fault);
        }
    }
    return err;
}

/* Values must not become program text: seen on the evaluated command too, as the interpreter's name may be a template.
 */
static enum rs_err check_program_text(struct json_object *raw, struct json_object *command, struct fault *fault)
{
    int program = template_program_arg(command);
    if (program < 0)
        return RS_OK;
    struct json_object *text =
        json_object_is_type(raw, json_type_array) ? json_object_array_get_idx(raw, (size_t)program) : raw;
    if (template_has_json(text))
        return fault_set(fault, RS_INVALID,
                         "program text may not hold templates: hand values over as arguments or by `env`");
    return RS_OK;
}

static enum rs_err take_env(struct tool *tool, struct json_object *env, struct fault *fault)
{
    enum rs_err err = RS_OK;

    if (!json_object_is_type(env, json_type_object))
        return RS_OK;
    json_object_object_foreach(env, name, value)
    {
        if (!err && value)
            err = tool_env(tool, name, json_object_get_string(value), fault);
    }
    return err;
}

void shell_start(struct node *node)
{
    struct tool *tool = tool_new(node);
    struct json_object *command = json_get(node->data, "command"), *input = json_get(node->data, "stdin");
    char cwd[PATH_MAX];
    struct fault fault = {0};
    size_t input_len = 0;
    const char *input_text = NULL;

    if (!config_is(node->x->dd->config, "runner.shell", "allow")) {
        node_fail(node, "input", NULL, "commands are not allowed here: the setting runner.shell is deny");
        return;
    }
    if (json_object_is_type(input, json_type_string)) {
        input_text = json_object_get_string(input);
        input_len = (size_t)json_object_get_string_len(input);
    } else if (input) {
        input_text = json_text(input, &input_len);
    }
    enum rs_err err = take_command(tool, command, &fault);
    if (!err)
        err = check_program_text(json_get(node->def->data, "command"), command, &fault);
    if (!err)
        err = take_env(tool, json_get(node->data, "env"), &fault);
    if (!err)
        err = tool_cwd(node, json_get_string(node->data, "cwd", NULL), cwd, &fault);
    if (!err)
        err = tool_run(tool, cwd, input_text, input_len, NULL, on_done, &fault);
    if (err)
        tool_fail(node, &fault);
}
