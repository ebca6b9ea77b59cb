#include "runner/nodes/tool.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tool *tool_new(struct node *node)
{
    struct tool *tool = calloc(1, sizeof *tool);
    if (!tool)
        abort(); /* a run process without memory: its run is an orphan then */
    tool->node = node;
    node->state = tool;
    return tool;
}

void tool_clear_args(struct tool *tool)
{
    for (int i = 0; i < tool->n_args; i++)
        free(tool->argv[i]);
    memset(tool->argv, 0, sizeof tool->argv);
    tool->n_args = 0;
}

void tool_free(struct tool *tool)
{
    if (!tool)
        return;
    tool_clear_args(tool);
    logcut_release(&tool->cut);
    for (int i = 0; i < tool->n_env; i++)
        free(tool->envp[i]);
    free(tool);
}

enum rs_err tool_arg(struct tool *tool, const char *text, size_t len, struct fault *fault)
{
    if (memchr(text, 0, len))
        return fault_set(fault, RS_INVALID, "argument %d holds a NUL byte", tool->n_args);
    /* Every user of this machine can read the command lines of others. */
    if (mask_hits(tool->node->x->mask, text, len))
        return fault_set(fault, RS_INVALID, "argument %d holds a secret: hand it over by `env` or `stdin`",
                         tool->n_args);
    if (tool->n_args == TOOL_ARGS_MAX || (tool->n_bytes += len) > TOOL_ARGS_BYTES_MAX)
        return fault_set(fault, RS_LIMIT, "the arguments are more than %d, or longer than %d bytes", TOOL_ARGS_MAX,
                         TOOL_ARGS_BYTES_MAX);
    if (!(tool->argv[tool->n_args] = strndup(text, len)))
        return fault_set(fault, RS_NOMEM, "out of memory");
    tool->n_args++;
    return RS_OK;
}

enum rs_err tool_env(struct tool *tool, const char *name, const char *value, struct fault *fault)
{
    size_t len = strlen(name);
    char *text;

    if (len == 0 || strchr(name, '='))
        return fault_set(fault, RS_INVALID, "\"%.64s\" cannot be the name of an environment variable", name);
    if ((tool->n_bytes += len + strlen(value)) > TOOL_ARGS_BYTES_MAX)
        return fault_set(fault, RS_LIMIT, "arguments and environment are longer than %d bytes", TOOL_ARGS_BYTES_MAX);
    if (asprintf(&text, "%s=%s", name, value) < 0)
        return fault_set(fault, RS_NOMEM, "out of memory");
    for (int i = 0; i < tool->n_env; i++)
        if (strncmp(tool->envp[i], text, len + 1) == 0) {
            free(tool->envp[i]);
            tool->envp[i] = text;
            return RS_OK;
        }
    if (tool->n_env == TOOL_ENV_MAX) {
        free(text);
        return fault_set(fault, RS_LIMIT, "more than %d environment variables", TOOL_ENV_MAX);
    }
    tool->envp[tool->n_env++] = text;
    return RS_OK;
}

/* What the node's own env has set already, stays. */
static enum rs_err base_env(struct tool *tool, struct fault *fault)
{
    const struct execution *x = tool->node->x;
    const char *path = getenv("PATH"), *lang = getenv("LANG");
    const char *base[][2] = {
        {"PATH", path && *path ? path : "/usr/local/bin:/usr/bin:/bin"},
        {"HOME", x->work},
        {"LANG", lang && *lang ? lang : "C.UTF-8"},
    };
    for (size_t i = 0; i < sizeof base / sizeof *base; i++) {
        size_t len = strlen(base[i][0]);
        bool set = false;
        for (int k = 0; k < tool->n_env; k++)
            set |= strncmp(tool->envp[k], base[i][0], len) == 0 && tool->envp[k][len] == '=';
        enum rs_err err = set ? RS_OK : tool_env(tool, base[i][0], base[i][1], fault);
        if (err)
            return err;
    }
    /* Not for the node to change: what a dead run left is found by it. */
    enum rs_err err = tool_env(tool, "RUNSPOOL_RUN_ID", x->claim.id, fault);
    return err ? err : tool_env(tool, "RUNSPOOL_NODE_ID", tool->node->def->id, fault);
}

static enum rs_err on_group(void *ctx, pid_t pgid, struct fault *fault)
{
    struct tool *tool = ctx;
    return node_set_group(tool->node, pgid, fault);
}

static void say(struct tool *tool, const char *fmt, ...) RS_PRINTF(2, 3);
static void say(struct tool *tool, const char *fmt, ...)
{
    char message[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    node_log(tool->node, "warning", "runner", message, (size_t)n < sizeof message ? (size_t)n : sizeof message - 1);
}

void tool_log_line(struct tool *tool, const char *level, enum exec_stream stream, const char *text, size_t len)
{
    switch (logcut_line(&tool->cut, (int)stream, text, len)) {
    case LOGCUT_LOG:
        node_log(tool->node, level, stream == EXEC_STDOUT ? "stdout" : "stderr", text, len);
        break;
    case LOGCUT_FIRST:
        say(tool,
            "more output than runner.max_log (%lld bytes) lets into the log: from here on it is counted, and its last "
            "lines "
            "follow at the end",
            (long long)tool->cut.max);
        break;
    case LOGCUT_KEEP:
        break;
    }
}

static void on_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    struct tool *tool = ctx;

    if (tool->on_line)
        tool->on_line(tool, stream, text, len);
    else
        tool_log_line(tool, stream == EXEC_STDOUT ? "info" : "warning", stream, text, len);
}

/* What was cut is said, and the last lines follow. */
static void end_log(struct tool *tool, const struct exec_result *result)
{
    struct logcut *cut = &tool->cut;
    struct logcut_kept line;

    if (cut->lines > 0)
        say(tool, "%lld lines (%lld bytes) of output are left out of the log here (runner.max_log)",
            (long long)cut->lines, (long long)cut->bytes);
    while (logcut_next(cut, &line)) {
        bool out = line.stream == EXEC_STDOUT;
        node_log(tool->node, out ? "info" : "warning", out ? "stdout" : "stderr", line.text, line.len);
        free(line.text);
    }
    for (int i = 0; i < 2; i++)
        if (result->bytes[i] > EXEC_CAPTURE_MAX)
            say(tool, "the node's output keeps the first %d of %lld bytes of %s", EXEC_CAPTURE_MAX,
                (long long)result->bytes[i], i == EXEC_STDOUT ? "stdout" : "stderr");
}

static void on_done(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;

    tool->exec = NULL;
    end_log(tool, result);
    tool->on_done(tool, result);
}

bool tool_failed(struct tool *tool, const struct exec_result *result, struct json_object *output)
{
    bool processes = result->over == LIMITS_PROCESSES;

    if (result->failure) {
        json_object_put(output);
        node_fail(tool->node, "input", NULL, "%s: %s", tool->argv[0], result->failure);
        return true;
    }
    if (result->over == LIMITS_NONE)
        return false;
    const char *where = processes
                            ? tool->own_bound[0] ? "the node's limits.maxProcesses" : "the setting runner.max_processes"
                        : tool->own_bound[1] ? "the node's limits.maxMemory"
                                             : "the setting runner.max_memory";
    node_fail(tool->node, "limit", output,
              processes ? "killed: %lld processes and threads are more than %s allows (%lld)"
                        : "killed: %lld bytes of memory are more than %s allows (%lld)",
              (long long)result->amount, where, (long long)(processes ? tool->bound.processes : tool->bound.memory));
    return true;
}

/* The node may take less than the settings allow, never more. */
static void take_bounds(struct tool *tool)
{
    const struct config *config = tool->node->x->dd->config;
    struct json_object *own = json_get(tool->node->data, "limits");
    int64_t *bounds[2] = {&tool->bound.processes, &tool->bound.memory};
    const int64_t set[2] = {config_number(config, "runner.max_processes"), config_number(config, "runner.max_memory")};
    const int64_t wish[2] = {json_get_int(own, "maxProcesses", 0), json_get_int(own, "maxMemory", 0)};

    for (int i = 0; i < 2; i++) {
        tool->own_bound[i] = wish[i] > 0 && (set[i] == 0 || wish[i] < set[i]);
        *bounds[i] = tool->own_bound[i] ? wish[i] : set[i];
    }
}

enum rs_err tool_run(struct tool *tool, const char *cwd, const char *input, size_t input_len,
                     void (*line)(void *ctx, enum exec_stream stream, const char *text, size_t len),
                     void (*done)(void *ctx, struct exec_result *result), struct fault *fault)
{
    struct execution *x = tool->node->x;
    const struct sandbox *sandbox;
    enum rs_err err = base_env(tool, fault);

    if (!err)
        err = execution_sandbox(x, &sandbox, fault);
    if (err)
        return err;
    tool->on_line = line;
    tool->on_done = done;
    snprintf(tool->mark, sizeof tool->mark, "RUNSPOOL_NODE_ID=%s", tool->node->def->id);
    logcut_release(&tool->cut);
    logcut_init(&tool->cut, config_number(x->dd->config, "runner.max_log"));
    take_bounds(tool);
    struct exec_spec spec = {
        .argv = (const char *const *)tool->argv,
        .envp = (const char *const *)tool->envp,
        .cwd = cwd,
        .input = input,
        .input_len = input_len,
        .sandbox = sandbox,
        .mask = x->mask,
        .limits = x->limits,
        .bound = tool->bound,
        .mark = tool->mark,
        .kill_after_ms = config_number(x->dd->config, "runner.kill_after"),
        .ctx = tool,
        .on_group = on_group,
        .on_line = on_line,
        .on_done = on_done,
    };
    return exec_start(&x->loop, x->reaper, &spec, &tool->exec, fault);
}

void tool_stop(struct node *node)
{
    struct tool *tool = node->state;
    if (tool && tool->exec)
        exec_stop(tool->exec);
}

void tool_release(struct node *node)
{
    tool_free(node->state);
}

void tool_fail(struct node *node, const struct fault *fault)
{
    node_fail(node, fault->code == RS_LIMIT ? "limit" : "input", NULL, "%s", fault->message);
}

enum rs_err tool_cwd(const struct node *node, const char *name, char ret[PATH_MAX], struct fault *fault)
{
    const char *work = node->x->work;
    size_t len = strlen(work);
    int n;

    if (!name || !*name)
        n = snprintf(ret, PATH_MAX, "%s", work);
    else if (*name == '/')
        n = snprintf(ret, PATH_MAX, "%s", name);
    else
        n = snprintf(ret, PATH_MAX, "%s/%s", work, name);
    if (n >= PATH_MAX)
        return fault_set(fault, RS_INVALID, "the path is too long");
    bool inside = strncmp(ret, work, len) == 0 && (ret[len] == '/' || ret[len] == '\0');
    for (const char *p = ret; inside && (p = strstr(p, "..")); p += 2)
        inside = p[-1] != '/' || (p[2] != '/' && p[2] != '\0');
    return inside ? RS_OK : fault_set(fault, RS_INVALID, "\"%.200s\" is not in the run's work folder", name);
}
