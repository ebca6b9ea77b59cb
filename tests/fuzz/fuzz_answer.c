/* What people type and models write: made regular, searched, checked. Nothing gets longer; what is regular stays as it is. */
#include "base/utf8.h"
#include "runner/assist/answer.h"
#include "runner/assist/text.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void regular(const char *text, size_t len)
{
    struct buf once, twice;
    int removed;
    buf_init(&once, len);
    buf_init(&twice, len);
    assert(text_normalize(text, len, &once, &removed) == RS_OK && once.len <= len);
    if (once.len > 0) {
        assert(utf8_valid(once.data, once.len));
        assert(text_normalize(once.data, once.len, &twice, &removed) == RS_OK && removed == 0);
        assert(twice.len == once.len && memcmp(once.data, twice.data, once.len) == 0);
    }
    buf_release(&once);
    buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char passage[] = "The bridge writes the event log.";
    struct json_object *passages = json_object_new_array();
    struct buf clean, checked;
    int blocks;
    char *text = strndup((const char *)bytes, len);

    assert(text);
    regular(text, strlen(text));
    json_object_put(text_urls(text));
    (void)text_has_phrase(text, "write*");
    json_object_array_add(passages, json_object_new_string(passage));
    buf_init(&clean, strlen(text));
    buf_init(&checked, strlen(text));
    assert(answer_without_thinking(text, &clean, &blocks) == RS_OK);
    json_object_put(answer_code_blocks(text));
    json_object_put(answer_check_citations(clean.data ? clean.data : "", passages, &checked));
    assert(checked.err == RS_OK && checked.len <= clean.len);
    buf_release(&clean);
    buf_release(&checked);
    json_object_put(passages);
    free(text);
    return 0;
}
