#include "runner/chat_parts.h"
#include "runner/assist/answer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void chat_parts_init(struct chat_parts *parts)
{
    memset(parts, 0, sizeof *parts);
    buf_init(&parts->text, CHAT_TEXT_MAX);
    buf_init(&parts->reasoning, CHAT_REASONING_MAX);
}

void chat_parts_release(struct chat_parts *parts)
{
    buf_release(&parts->text);
    buf_release(&parts->reasoning);
    for (int i = 0; i < parts->n_calls; i++) {
        free(parts->calls[i].id);
        free(parts->calls[i].name);
        buf_release(&parts->calls[i].arguments);
    }
    parts->n_calls = 0;
}

const char *chat_error_text(struct json_object *answer)
{
    struct json_object *error = json_get(answer, "error");
    if (json_object_is_type(error, json_type_string))
        return json_object_get_string(error);
    const char *text = json_get_string(error, "message", NULL);
    if (!text)
        text = json_get_string(answer, "message", NULL);
    return text ? text : json_get_string(answer, "detail", "");
}

static void take_usage(struct chat_parts *parts, struct json_object *from)
{
    struct json_object *usage = json_get(from, "usage");
    if (!json_object_is_type(usage, json_type_object))
        return;
    int64_t prompt = json_get_int(usage, "prompt_tokens", 0), completion = json_get_int(usage, "completion_tokens", 0);
    parts->has_usage = true;
    parts->prompt_tokens = prompt > 0 ? prompt : 0;
    parts->completion_tokens = completion > 0 ? completion : 0;
}

static enum rs_err set_text(char **at, const char *text, struct fault *fault)
{
    if (*at || !text || !*text)
        return RS_OK;
    *at = strdup(text);
    return *at ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
}

/* The call a piece belongs to, by its index; without one (Ollama) each piece is a call of its own. */
static struct chat_call *call_at(struct chat_parts *parts, struct json_object *piece, struct fault *fault)
{
    int64_t index = json_get_int(piece, "index", parts->n_calls);
    if (index < 0 || index > parts->n_calls || index >= CHAT_CALLS_MAX) {
        fault_set(fault, index >= CHAT_CALLS_MAX ? RS_LIMIT : RS_INVALID,
                  index >= CHAT_CALLS_MAX ? "an answer with more than %d tool calls" : "a tool call out of its order",
                  CHAT_CALLS_MAX);
        return NULL;
    }
    struct chat_call *call = &parts->calls[index];
    if (index == parts->n_calls) {
        *call = (struct chat_call){0};
        buf_init(&call->arguments, CHAT_ARGUMENTS_MAX);
        parts->n_calls++;
    }
    return call;
}

static enum rs_err take_calls(struct chat_parts *parts, struct json_object *pieces, struct fault *fault)
{
    size_t n = pieces ? json_object_array_length(pieces) : 0;
    for (size_t i = 0; i < n; i++) {
        struct json_object *piece = json_object_array_get_idx(pieces, i), *function = json_get(piece, "function");
        struct json_object *arguments = json_get(function, "arguments");
        struct chat_call *call = call_at(parts, piece, fault);
        enum rs_err err;
        if (!call)
            return fault->code;
        if ((err = set_text(&call->id, json_get_string(piece, "id", NULL), fault)) ||
            (err = set_text(&call->name, json_get_string(function, "name", NULL), fault)))
            return err;
        /* Some give an object in place of its text. */
        if (json_object_is_type(arguments, json_type_object))
            err = buf_puts(&call->arguments, json_text(arguments, NULL));
        else if (arguments)
            err = buf_puts(&call->arguments, json_object_get_string(arguments));
        if (err)
            return fault_set(fault, RS_LIMIT, "the arguments of a tool call are longer than %d bytes",
                             CHAT_ARGUMENTS_MAX);
    }
    return RS_OK;
}

/* delta or message: what both hold in common. */
static enum rs_err take_message(struct chat_parts *parts, struct json_object *message, const char **ret_text,
                                struct fault *fault)
{
    struct json_object *content = json_get(message, "content");
    const char *reasoning = json_get_string(message, "reasoning_content", json_get_string(message, "reasoning", NULL));
    if (reasoning && parts->reasoning.len + strlen(reasoning) <= CHAT_REASONING_MAX)
        buf_puts(&parts->reasoning, reasoning);
    if (json_object_is_type(content, json_type_string) && json_object_get_string_len(content) > 0) {
        const char *text = json_object_get_string(content);
        if (buf_puts(&parts->text, text))
            return fault_set(fault, RS_LIMIT, "the answer is longer than %d bytes", CHAT_TEXT_MAX);
        *ret_text = text;
    }
    return take_calls(parts, json_get_array(message, "tool_calls"), fault);
}

static enum rs_err take_choice(struct chat_parts *parts, struct json_object *value, const char *member,
                               const char **ret_text, struct fault *fault)
{
    struct json_object *choices = json_get_array(value, "choices");
    if (json_get(value, "error")) {
        const char *text = chat_error_text(value);
        return fault_set(fault, RS_IO, "%.300s", *text ? text : "an error without words");
    }
    take_usage(parts, value);
    if (!choices)
        return json_get(value, "usage") ? RS_OK : fault_set(fault, RS_INVALID, "it has no `choices`");
    if (json_object_array_length(choices) == 0)
        return RS_OK;
    struct json_object *choice = json_object_array_get_idx(choices, 0);
    enum rs_err err = take_message(parts, json_get(choice, member), ret_text, fault);
    const char *finish = json_get_string(choice, "finish_reason", NULL);
    if (finish && *finish)
        snprintf(parts->finish, sizeof parts->finish, "%s", finish);
    return err;
}

enum rs_err chat_parts_chunk(struct chat_parts *parts, struct json_object *chunk, const char **ret_text,
                             struct fault *fault)
{
    *ret_text = NULL;
    return take_choice(parts, chunk, "delta", ret_text, fault);
}

enum rs_err chat_parts_document(struct chat_parts *parts, struct json_object *document, struct fault *fault)
{
    const char *text;
    enum rs_err err = take_choice(parts, document, "message", &text, fault);
    if (!err && !parts->finish[0])
        snprintf(parts->finish, sizeof parts->finish, "%s", parts->n_calls > 0 ? "tool_calls" : "stop");
    return err;
}

struct json_object *chat_parts_message(struct chat_parts *parts)
{
    struct json_object *message = json_object_new_object(), *calls = NULL;
    char id[32];

    json_set_string(message, "role", "assistant");
    json_set(message, "content",
             parts->text.len > 0 || parts->n_calls == 0
                 ? json_object_new_string(parts->text.data ? parts->text.data : "")
                 : NULL);
    for (int i = 0; i < parts->n_calls; i++) {
        struct chat_call *part = &parts->calls[i];
        struct json_object *call = json_object_new_object(), *function = json_object_new_object();
        if (!part->id) {
            snprintf(id, sizeof id, "call_%d", i);
            part->id = strdup(id);
        }
        json_set_string(call, "id", part->id);
        json_set_string(call, "type", "function");
        json_set_string(function, "name", part->name ? part->name : "");
        json_set_string(function, "arguments", part->arguments.len > 0 ? part->arguments.data : "{}");
        json_set(call, "function", function);
        if (!calls)
            json_set(message, "tool_calls", calls = json_object_new_array());
        json_object_array_add(calls, call);
    }
    return message;
}

/* Some put it between ``` lines. */
static enum rs_err parse_fenced(const char *text, struct json_object **ret, struct fault *fault)
{
    static const char fence[] = "```";
    size_t len = strlen(text);

    while (len > 0 && strchr(" \t\r\n", *text)) {
        text++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", text[len - 1]))
        len--;
    const char *line = len > 6 && strncmp(text, fence, 3) == 0 && strncmp(text + len - 3, fence, 3) == 0
                           ? memchr(text, '\n', len)
                           : NULL;
    if (line && line < text + len - 3) {
        len = (size_t)(text + len - 3 - (line + 1));
        text = line + 1;
    }
    return json_parse(text, len, CHAT_TEXT_MAX, ret, fault);
}

enum rs_err chat_parts_json(const struct chat_parts *parts, struct json_object **ret, struct fault *fault)
{
    struct buf text;
    int blocks;

    buf_init(&text, CHAT_TEXT_MAX);
    enum rs_err err = answer_without_thinking(parts->text.data ? parts->text.data : "", &text, &blocks);
    if (err)
        fault_set(fault, err, "no memory for the answer");
    else
        err = parse_fenced(text.data ? text.data : "", ret, fault);
    buf_release(&text);
    return err;
}
