/* A model's answer as it comes over the network: the stream cut anywhere gives the same text, the same tool calls and the
 * same verdict as the stream in one piece. The first byte says where it is cut. */
#include "runner/chat_parts.h"
#include "runner/sse.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static enum rs_err on_event(void *ctx, const char *data, size_t len)
{
    struct json_object *chunk = NULL;
    const char *text;
    struct fault fault = {0};

    assert(data[len] == '\0');
    enum rs_err err = json_parse(data, len, SSE_EVENT_MAX, &chunk, &fault);
    if (!err)
        err = chat_parts_chunk(ctx, chunk, &text, &fault);
    assert(!err || *fault.message);
    json_object_put(chunk);
    return err;
}

static enum rs_err take(struct chat_parts *parts, const char *text, size_t len, size_t cut)
{
    struct sse sse;
    chat_parts_init(parts);
    sse_init(&sse, on_event, parts);
    enum rs_err err = sse_feed(&sse, text, cut);
    if (!err)
        err = sse_feed(&sse, text + cut, len - cut);
    sse_release(&sse);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct chat_parts whole, cut;
    struct json_object *json = NULL;

    if (len == 0)
        return 0;
    const char *text = (const char *)bytes + 1;
    len--;
    enum rs_err err = take(&whole, text, len, len);
    enum rs_err again = take(&cut, text, len, len > 0 ? bytes[0] % (len + 1) : 0);
    assert(err == again && whole.n_calls == cut.n_calls && whole.text.len == cut.text.len);
    assert(whole.text.len == 0 || memcmp(whole.text.data, cut.text.data, whole.text.len) == 0);
    struct json_object *a = chat_parts_message(&whole), *b = chat_parts_message(&cut);
    assert(json_object_equal(a, b));
    json_object_put(a);
    json_object_put(b);
    if (chat_parts_json(&whole, &json, NULL) == RS_OK)
        json_object_put(json);
    chat_parts_release(&whole);
    chat_parts_release(&cut);
    return 0;
}
