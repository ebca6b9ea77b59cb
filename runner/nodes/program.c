#include "runner/nodes/program.h"
#include <string.h>

static struct json_object *take_text(struct buf *b)
{
    return json_object_new_string_len(b->data ? b->data : "", (int)b->len);
}

struct json_object *program_output(struct exec_result *result)
{
    struct json_object *out = json_object_new_object();
    const char *signal = result->signal ? sigabbrev_np(result->signal) : NULL;

    json_set(out, "exitCode", result->signal ? NULL : json_object_new_int(result->exit_code));
    json_set(out, "signal", result->signal ? json_object_new_string(signal ? signal : "?") : NULL);
    json_set(out, "stdout", take_text(&result->captured[EXEC_STDOUT]));
    json_set(out, "stderr", take_text(&result->captured[EXEC_STDERR]));
    json_set_bool(out, "truncated", result->truncated);
    json_set_int(out, "stdoutBytes", result->bytes[EXEC_STDOUT]);
    json_set_int(out, "stderrBytes", result->bytes[EXEC_STDERR]);
    return out;
}

void program_done(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;
    struct node *node = tool->node;
    struct json_object *out = program_output(result), *json = NULL;
    struct fault fault = {0};

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

enum rs_err program_args(struct tool *tool, struct json_object *args, struct fault *fault)
{
    size_t n = json_object_is_type(args, json_type_array) ? json_object_array_length(args) : 0;
    enum rs_err err = RS_OK;

    for (size_t i = 0; i < n && !err; i++) {
        struct json_object *arg = json_object_array_get_idx(args, i);
        if (!arg)
            return fault_set(fault, RS_INVALID, "argument %zu is null", i);
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

enum rs_err program_run(struct tool *tool, struct json_object *input,
                        void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len),
                        void (*on_done)(void *ctx, struct exec_result *result), struct fault *fault)
{
    struct node *node = tool->node;
    char cwd[PATH_MAX];
    size_t len = 0;
    const char *text = NULL;

    if (!config_is(node->x->dd->config, "runner.shell", "allow"))
        return fault_set(fault, RS_DENIED, "commands are not allowed here: the setting runner.shell is deny");
    if (json_object_is_type(input, json_type_string)) {
        text = json_object_get_string(input);
        len = (size_t)json_object_get_string_len(input);
    } else if (input) {
        text = json_text(input, &len);
    }
    if (len > EXEC_STDIN_MAX)
        return fault_set(fault, RS_LIMIT, "what the program is to read is %zu bytes; at most %d are given", len,
                         EXEC_STDIN_MAX);
    enum rs_err err = take_env(tool, json_get(node->data, "env"), fault);
    if (!err)
        err = tool_cwd(node, json_get_string(node->data, "cwd", NULL), cwd, fault);
    return err ? err : tool_run(tool, cwd, text, len, on_line, on_done, fault);
}
