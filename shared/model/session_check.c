/* What a change of a session may say. */
#include "model/session_row.h"

#include <stdio.h>
#include <string.h>

static void complain(struct json_object *errors, const char *member, const char *code, const char *message)
{
    struct json_object *item = errors != NULL ? json_object_new_object() : NULL;

    if (item == NULL)
        return;
    json_set_string(item, "member", member);
    json_set_string(item, "code", code);
    json_set_string(item, "message", message);
    json_object_array_add(errors, item);
}

static const char *text_problem(struct json_object *value)
{
    if (value == NULL)
        return NULL;
    if (!json_object_is_type(value, json_type_string))
        return "must be a text";
    return json_object_get_string_len(value) > SESSION_TEXT_MAX ? "is too long" : NULL;
}

static const char *tools_problem(struct json_object *tools)
{
    size_t len;

    if (tools == NULL)
        return NULL;
    if (!json_object_is_type(tools, json_type_object))
        return "must be an object of tool ids and true or false";
    if (json_object_object_length(tools) > SESSION_TOOLS_MAX)
        return "names too many tools";
    json_object_object_foreach(tools, name, value)
    {
        len = strlen(name);
        if (len == 0 || len > SESSION_TOOL_ID_MAX)
            return "names a tool whose id has no, or more than 128, bytes";
        if (!json_object_is_type(value, json_type_boolean))
            return "must say true or false of each tool";
    }
    return NULL;
}

static const char *messages_problem(struct json_object *messages)
{
    size_t i;

    if (messages == NULL)
        return NULL;
    if (!json_object_is_type(messages, json_type_array))
        return "must be an array";
    for (i = 0; i < json_object_array_length(messages); i++)
        if (json_get_string(json_object_array_get_idx(messages, i), "role", NULL) == NULL)
            return "must hold objects with a `role`";
    return NULL;
}

enum rs_err session_check(const struct session_change *change, struct json_object *errors, struct fault *fault)
{
    const struct {
        const char *member, *problem;
    } all[] = {
        {"name", text_problem(change->name)},
        {"model", text_problem(change->model)},
        {"tools", tools_problem(change->tools)},
        {"messages", messages_problem(change->messages)},
        {"messages", messages_problem(change->say)},
    };
    enum rs_err err = RS_OK;
    char message[200];
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].problem == NULL)
            continue;
        snprintf(message, sizeof(message), "`%s` %s", all[i].member, all[i].problem);
        complain(errors, all[i].member, "type", message);
        if (err == RS_OK)
            err = fault_set(fault, RS_UNPROCESSABLE, "%s", message);
    }
    return err;
}
