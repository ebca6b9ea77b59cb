/* answer - makes a model's text ready for people and sets the run's output: thinking left out, code blocks listed,
 * citations checked against the passages that were retrieved. */
#include "runner/assist/answer.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"

/* The passages that are cited, each once. */
static struct json_object *sources_of(struct json_object *citations, struct json_object *passages)
{
    struct json_object *sources = json_object_new_array();
    size_t n = json_object_is_type(passages, json_type_array) ? json_object_array_length(passages) : 0;

    for (size_t p = 1; p <= n; p++)
        for (size_t i = 0; i < json_object_array_length(citations); i++)
            if (json_get_int(json_object_array_get_idx(citations, i), "number", 0) == (int64_t)p) {
                struct json_object *source = json_object_new_object();
                json_set_int(source, "number", (int64_t)p);
                json_set(source, "passage", json_object_get(json_object_array_get_idx(passages, p - 1)));
                json_object_array_add(sources, source);
                break;
            }
    return sources;
}

void answer_start(struct node *node)
{
    struct json_object *passages = json_get(node->data, "passages"), *out, *citations;
    const char *text = json_get_string(node->data, "text", NULL);
    struct buf clean, checked;
    int blocks;

    if (!text) {
        node_fail(node, "input", NULL, "`text` is no text");
        return;
    }
    buf_init(&clean, RUN_OUTPUT_MAX);
    buf_init(&checked, RUN_OUTPUT_MAX);
    answer_without_thinking(text, &clean, &blocks);
    citations = answer_check_citations(clean.data ? clean.data : "", passages, &checked);
    if (clean.err || checked.err) {
        json_object_put(citations);
        node_fail(node, "limit", NULL, "the text is longer than %d bytes", RUN_OUTPUT_MAX);
    } else {
        out = json_object_new_object();
        text = checked.data ? checked.data : "";
        json_set(out, "text", json_object_new_string(text));
        json_set_int(out, "thinkingBlocks", blocks);
        json_set(out, "codeBlocks", answer_code_blocks(text));
        json_set(out, "sources", sources_of(citations, passages));
        json_set(out, "citations", citations);
        node_done(node, out);
    }
    buf_release(&clean);
    buf_release(&checked);
}
