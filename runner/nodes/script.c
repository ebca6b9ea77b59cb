/* script - runs program text with an interpreter of this machine, confined like shell. The text is taken as it is, from
 * a file in the run's work folder, so that messages name its lines; values come as arguments, by the environment, or as
 * `input`: JSON on standard input, and in a file when inputFile names one. Output as of shell. */
#include "runner/beneath.h"
#include "runner/nodes/nodes.h"
#include "runner/nodes/program.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct language {
    const char *name, *interpreter, *ending;
} languages[] = {
    {"python", "python3", "py"},
    {"sh", "sh", "sh"},
    {"node", "node", "cjs"}, /* whatever a package.json beside it says */
};

static const struct language *language_of(const struct node *node)
{
    const char *name = json_get_string(node->data, "language", "");
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (strcmp(languages[i].name, name) == 0)
            return &languages[i];
    return NULL;
}

static void on_done(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;
    const char *missing = strerror(ENOENT);

    if (result->failure && strstr(result->failure, missing))
        node_fail(tool->node, "input", NULL, "the interpreter %s (language %s) is not installed here, or not on PATH",
                  tool->argv[0], json_get_string(tool->node->data, "language", "?"));
    else
        program_done(tool, result);
}

/* The work folder's own file for each node: items of a foreach write the same text. */
static enum rs_err write_code(struct node *node, const struct language *language, char path[PATH_MAX],
                              struct fault *fault)
{
    struct json_object *code = json_get(node->data, "code");
    char name[ID_MAX + 32];

    snprintf(name, sizeof name, ".script-%s.%s", node->def->id, language->ending);
    if (snprintf(path, PATH_MAX, "%s/%s", node->x->work, name) >= PATH_MAX)
        return fault_set(fault, RS_INVALID, "the path is too long");
    return beneath_write(node->x->work, name, json_object_get_string(code), (size_t)json_object_get_string_len(code),
                         0660, fault);
}

static enum rs_err write_input(struct node *node, struct json_object *input, struct fault *fault)
{
    const char *name = json_get_string(node->data, "inputFile", NULL);
    size_t len;

    if (!name || !*name)
        return RS_OK;
    const char *text = json_text(input, &len);
    return beneath_write(node->x->work, name, text, len, 0660, fault);
}

void script_start(struct node *node)
{
    struct tool *tool = tool_new(node);
    const struct language *language = language_of(node);
    struct json_object *input = json_get(node->data, "input"), *text = NULL;
    char path[PATH_MAX];
    struct fault fault = {0};
    enum rs_err err = RS_OK;
    size_t len;

    if (!language)
        err = fault_set(&fault, RS_INVALID, "`language` must be one of python|sh|node");
    if (!err && !config_is(node->x->dd->config, "runner.shell", "allow"))
        err = fault_set(&fault, RS_DENIED, "scripts are not allowed here: the setting runner.shell is deny");
    if (!err)
        err = write_code(node, language, path, &fault);
    if (!err && input)
        err = write_input(node, input, &fault);
    if (!err)
        err = tool_arg(tool, language->interpreter, strlen(language->interpreter), &fault);
    if (!err)
        err = tool_arg(tool, path, strlen(path), &fault);
    if (!err)
        err = program_args(tool, json_get(node->data, "args"), &fault);
    if (!err && input) {
        /* JSON for a string too: whoever reads it parses it. */
        const char *json = json_text(input, &len);
        text = json_object_new_string_len(json, (int)len);
    }
    if (!err)
        err = program_run(tool, text, NULL, on_done, &fault);
    json_object_put(text);
    if (err)
        tool_fail(node, &fault);
}
