/* The first bytes of a connection on the public port. What is accepted lies within the bytes, and is accepted alike when
 * there are more bytes behind it; every shorter piece is incomplete. */
#include "bridge/http_head.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void inside(struct slice s, const char *text, size_t len)
{
    assert(!s.at || (s.at >= text && s.at + s.len <= text + len));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char text[2 * HTTP_HEAD_MAX];
    struct http_head head, again;
    if (len > sizeof text)
        len = sizeof text;
    memcpy(text, bytes, len);
    if (http_head_parse(text, len, &head) != HTTP_HEAD_OK)
        return 0;
    assert(head.len <= len && head.len <= HTTP_HEAD_MAX && head.n_headers <= HTTP_HEADERS_MAX);
    assert(memcmp(text + head.len - 4, "\r\n\r\n", 4) == 0);
    inside(head.method, text, head.len);
    inside(head.path, text, head.len);
    inside(head.query, text, head.len);
    for (int i = 0; i < head.n_headers; i++) {
        inside(head.headers[i].name, text, head.len);
        inside(head.headers[i].value, text, head.len);
        assert(head.headers[i].name.len > 0);
    }
    assert(http_head_parse(text, head.len, &again) == HTTP_HEAD_OK && again.len == head.len);
    assert(http_head_parse(text, head.len - 1, &again) == HTTP_HEAD_INCOMPLETE);
    (void)http_head_is_websocket(&head);
    return 0;
}
