#include "bridge/native_message.h"
#include "base/id.h"
#include "bridge/pack.h"
#include "event/stream.h"
#include <string.h>

static enum rs_err read_streams(struct native_message *m, struct fault *fault)
{
    m->streams = json_get_array(m->json, "streams");
    size_t n = m->streams ? json_object_array_length(m->streams) : 0;
    if (n == 0)
        return fault_set(fault, RS_INVALID, "\"streams\" must be an array of at least one stream name");
    for (size_t i = 0; i < n; i++) {
        struct json_object *name = json_object_array_get_idx(m->streams, i);
        if (!json_object_is_type(name, json_type_string))
            return fault_set(fault, RS_INVALID, "\"streams\" must hold strings only");
        const char *text = json_object_get_string(name);
        if (strlen(text) != (size_t)json_object_get_string_len(name))
            return fault_set(fault, RS_INVALID, "a stream name holds a NUL");
        enum rs_err err = stream_check(text, fault);
        if (err)
            return err;
    }
    return RS_OK;
}

static enum rs_err read_wish(struct native_message *m, struct fault *fault)
{
    struct json_object *batch = json_get(m->json, "batch");
    const char *format = json_get_string(m->json, "format", "?");
    m->wish.names_batch = batch != NULL;
    m->wish.batch = json_object_get_boolean(batch);
    m->wish.names_format = json_get(m->json, "format") != NULL;
    m->wish.msgpack = strcmp(format, "msgpack") == 0;
    if (batch && !json_object_is_type(batch, json_type_boolean))
        return fault_set(fault, RS_INVALID, "\"batch\" must be true or false");
    if (m->wish.names_format && !m->wish.msgpack && strcmp(format, "json") != 0)
        return fault_set(fault, RS_INVALID, "\"format\" must be \"json\" or \"msgpack\"");
    return RS_OK;
}

static enum rs_err read_subscribe(struct native_message *m, struct fault *fault)
{
    enum rs_err err = read_streams(m, fault);
    if (!err)
        err = read_wish(m, fault);
    if (!err && json_get(m->json, "since") && cursor_parse(json_get_string(m->json, "since", "?"), &m->since) != RS_OK)
        return fault_set(fault, RS_INVALID, "\"since\" must be \"start\", \"now\" or the id of a message");
    return err;
}

static enum rs_err read_nothing(struct native_message *m, struct fault *fault)
{
    (void)m;
    (void)fault;
    return RS_OK;
}

static enum rs_err read_token(struct native_message *m, struct fault *fault)
{
    return json_get_string(m->json, "token", NULL) ? RS_OK : fault_set(fault, RS_INVALID, "\"token\" must be a string");
}

static enum rs_err read_id(struct native_message *m, const char *member, struct fault *fault)
{
    m->id = json_get_string(m->json, member, NULL);
    return id_valid(m->id) ? RS_OK : fault_set(fault, RS_INVALID, "\"%s\" must be an id", member);
}

static enum rs_err read_workflow(struct native_message *m, struct fault *fault)
{
    return read_id(m, "workflowId", fault);
}

static enum rs_err read_run(struct native_message *m, struct fault *fault)
{
    return read_id(m, "runId", fault);
}

static const struct {
    const char *name;
    enum native_op op;
    enum rs_err (*read)(struct native_message *m, struct fault *fault);
} ops[] = {
    {"subscribe", NATIVE_SUBSCRIBE, read_subscribe}, {"unsubscribe", NATIVE_UNSUBSCRIBE, read_streams},
    {"ping", NATIVE_PING, read_nothing},             {"auth", NATIVE_AUTH, read_token},
    {"run", NATIVE_RUN, read_workflow},              {"cancel", NATIVE_CANCEL, read_run},
};

enum rs_err native_message_parse(const char *bytes, size_t len, bool packed, struct native_message *ret,
                                 struct fault *fault)
{
    *ret = (struct native_message){.since = {.kind = CURSOR_NONE}};
    enum rs_err err = packed ? pack_read(bytes, len, &ret->json, fault)
                             : json_parse(bytes, len, JSON_BODY_MAX, &ret->json, fault);
    if (err)
        return err;
    ret->ref = json_get_string(ret->json, "ref", NULL);
    const char *name = json_get_string(ret->json, "op", NULL);
    if (!name)
        return fault_set(fault, RS_INVALID, "a message is an object with a string \"op\"");
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(ops[i].name, name) != 0)
            continue;
        ret->op = ops[i].op;
        return ops[i].read(ret, fault);
    }
    return fault_set(fault, RS_INVALID, "unknown op; there are subscribe, unsubscribe, ping, auth, run and cancel");
}

void native_message_release(struct native_message *message)
{
    json_object_put(message->json);
    message->json = NULL;
}
