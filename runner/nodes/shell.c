/* shell - runs a program (no shell is put between, unless the command names one). Output: {exitCode, signal, stdout,
 * stderr, truncated, stdoutBytes, stderrBytes} and, with parse json, `json`. A program that ends with another status
 * than 0 is an error of code exit; its output is kept. */
#include "runner/nodes/nodes.h"
#include "runner/nodes/program.h"
#include "runner/template.h"

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

enum rs_err shell_command(struct tool *tool, struct fault *fault)
{
    const struct node *node = tool->node;
    struct json_object *command = json_get(node->data, "command");

    if (!json_object_is_type(command, json_type_array) || json_object_array_length(command) == 0)
        return fault_set(fault, RS_INVALID, "`command` is not a list of arguments");
    enum rs_err err = program_args(tool, command, fault);
    return err ? err : check_program_text(json_get(node->def->data, "command"), command, fault);
}

void shell_start(struct node *node)
{
    struct tool *tool = tool_new(node);
    struct fault fault = {0};
    enum rs_err err = shell_command(tool, &fault);

    if (!err)
        err = program_run(tool, json_get(node->data, "stdin"), NULL, program_done, &fault);
    if (err)
        tool_fail(node, &fault);
}
