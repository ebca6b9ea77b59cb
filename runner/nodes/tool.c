#include "runner/nodes/tool.h"
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
    for (int i = 0; i < tool->n_env; i++)
        free(tool->envp[i]);
    free(tool);
}

enum rs_err tool_arg(struct tool *tool, const char *text, size_t len, struct fault *fault)
{
    if (memchr(text, 0, len))
        return fault_set(fault, RS_INVALID, "argument %d holds a NUL byte", tool->n_args);
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
    return tool_env(tool, "RUNSPOOL_RUN_ID", x->claim.id, fault);
}

static enum rs_err on_group(void *ctx, pid_t pgid, struct fault *fault)
{
    struct tool *tool = ctx;
    return node_set_group(tool->node, pgid, fault);
}

static void log_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    struct tool *tool = ctx;
    node_log(tool->node, stream == EXEC_STDOUT ? "info" : "warning", stream == EXEC_STDOUT ? "stdout" : "stderr", text,
             len);
}

enum rs_err tool_run(struct tool *tool, const char *cwd, const char *input, size_t input_len,
                     void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len),
                     void (*on_done)(void *ctx, struct exec_result *result), struct fault *fault)
{
    struct execution *x = tool->node->x;
    const struct sandbox *sandbox;
    enum rs_err err = base_env(tool, fault);

    if (!err)
        err = execution_sandbox(x, &sandbox, fault);
    if (err)
        return err;
    struct exec_spec spec = {
        .argv = (const char *const *)tool->argv,
        .envp = (const char *const *)tool->envp,
        .cwd = cwd,
        .input = input,
        .input_len = input_len,
        .sandbox = sandbox,
        .kill_after_ms = config_number(x->dd->config, "runner.kill_after"),
        .ctx = tool,
        .on_group = on_group,
        .on_line = on_line ? on_line : log_line,
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
