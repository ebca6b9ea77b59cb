/* normalize - checks a text that came from people and makes it regular. An empty text is an error of code input, one
 * that is too long of code limit. */
#include "runner/assist/text.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <string.h>

#define TEXT_BYTES 32768 /* default of maxBytes */

void normalize_start(struct node *node)
{
    struct json_object *text = json_get(node->data, "text"), *out;
    int64_t max = json_get_int(node->data, "maxBytes", TEXT_BYTES);
    struct buf regular;
    int removed;

    if (!json_object_is_type(text, json_type_string)) {
        node_fail(node, "input", NULL, "the input is no text");
        return;
    }
    size_t len = (size_t)json_object_get_string_len(text);
    buf_init(&regular, len);
    text_normalize(json_object_get_string(text), len, &regular, &removed);
    if (regular.err) {
        node_fail(node, "limit", NULL, "no memory for the input");
    } else if (regular.len == 0) {
        node_fail(node, "input", NULL, "the input is empty");
    } else if ((int64_t)regular.len > max) {
        node_fail(node, "limit", NULL, "the input is %zu bytes; at most %lld are taken", regular.len, (long long)max);
    } else {
        out = json_object_new_object();
        json_set_string(out, "text", regular.data);
        json_set_int(out, "bytes", (int64_t)regular.len);
        json_set_int(out, "words", text_words(regular.data));
        json_set_int(out, "removed", removed);
        json_set(out, "urls", text_urls(regular.data));
        node_done(node, out);
    }
    buf_release(&regular);
}
