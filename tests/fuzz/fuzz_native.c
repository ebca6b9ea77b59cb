/* One message of a client of /ws, JSON and MessagePack. What is accepted holds what its operation needs, and can be said again. */
#include "base/id.h"
#include "bridge/native_message.h"
#include "event/stream.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(const struct native_message *m)
{
    struct json_object *again = NULL;
    struct fault fault;
    size_t text_len;
    if (m->op == NATIVE_SUBSCRIBE || m->op == NATIVE_UNSUBSCRIBE) {
        assert(json_object_array_length(m->streams) > 0);
        for (size_t i = 0; i < json_object_array_length(m->streams); i++) {
            struct json_object *name = json_object_array_get_idx(m->streams, i);
            assert(stream_check(json_object_get_string(name), &fault) == RS_OK);
            assert((size_t)json_object_get_string_len(name) == strlen(json_object_get_string(name)));
        }
    }
    if (m->op == NATIVE_RUN || m->op == NATIVE_CANCEL)
        assert(id_valid(m->id));
    const char *text = json_text(m->json, &text_len);
    assert(json_parse(text, text_len, 2 * JSON_BODY_MAX, &again, NULL) == RS_OK);
    assert(json_object_equal(m->json, again));
    json_object_put(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    for (int packed = 0; packed < 2; packed++) {
        struct native_message message;
        struct fault fault = {0};
        if (native_message_parse((const char *)bytes, len, packed, &message, &fault) == RS_OK)
            check(&message);
        else
            assert(fault.code != RS_OK && *fault.message);
        native_message_release(&message);
    }
    return 0;
}
