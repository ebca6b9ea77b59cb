#include "bridge/native_answer.h"
#include "bridge/bridge.h"
#include "bridge/hub.h"
#include "bridge/native.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void native_answer(struct subscriber *sub, const struct buf *text)
{
    if (text->err)
        subscriber_end(sub, END_FAILED);
    else
        subscriber_control(sub, text->data, text->len);
}

void native_answer_error(struct subscriber *sub, const struct fault *fault, const char *ref)
{
    struct buf text;
    buf_init(&text, NATIVE_REPLY_MAX);
    buf_printf(&text, "{\"op\":\"error\",\"code\":\"%s\",\"message\":", rs_err_name(fault->code));
    buf_put_json(&text, fault->message, strlen(fault->message));
    if (ref) {
        buf_puts(&text, ",\"ref\":");
        buf_put_json(&text, ref, strlen(ref));
    }
    buf_putc(&text, '}');
    native_answer(sub, &text);
    buf_release(&text);
}

void native_answer_ok(struct subscriber *sub, const char *run_id, const char *ref)
{
    struct buf text;
    buf_init(&text, NATIVE_REPLY_MAX);
    buf_puts(&text, "{\"op\":\"ok\"");
    if (ref) {
        buf_puts(&text, ",\"ref\":");
        buf_put_json(&text, ref, strlen(ref));
    }
    if (run_id)
        buf_printf(&text, ",\"runId\":\"%s\"", run_id);
    buf_putc(&text, '}');
    native_answer(sub, &text);
    buf_release(&text);
}

void native_put_form(struct buf *out, enum frame_format format, const struct native_wish *asked)
{
    if (asked->names_format)
        buf_printf(out, ",\"format\":\"%s\"", format & FRAME_MSGPACK ? "msgpack" : "json");
    if (asked->names_batch)
        buf_printf(out, ",\"batch\":%s", format & FRAME_BATCH ? "true" : "false");
}

void native_answer_hello(struct subscriber *sub)
{
    const struct bridge *bridge = sub->bridge;
    struct buf text;
    buf_init(&text, NATIVE_REPLY_MAX);
    buf_printf(&text, "{\"op\":\"hello\",\"protocol\":\"runspool.v1\",\"head\":\"%" PRId64 "\",\"heartbeatMs\":%" PRId64 "}",
               hub_published(bridge->hub), config_number(bridge->config, "bridge.heartbeat"));
    native_answer(sub, &text);
    buf_release(&text);
}

void native_bye(struct subscriber *sub, const char *code, const char *reason, int retry_ms)
{
    char text[256];
    int n = snprintf(text, sizeof text, "{\"op\":\"bye\",\"code\":\"%s\",\"reason\":\"%s\",\"retryMs\":%d}", code, reason,
                     retry_ms);
    subscriber_control(sub, text, (size_t)n);
}
