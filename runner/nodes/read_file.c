/* read_file - gives a file of the run's work folder. Output: {path, bytes, content, truncated}: text as text (what is
 * not UTF-8 becomes U+FFFD), json parsed, base64 encoded. */
#include "runner/beneath.h"
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/nodes/nodes.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define READ_MAX (160 * 1024) /* bytes; an output holds 256 KB of JSON */

static struct json_object *text_content(const char *text, size_t len, bool cut)
{
    struct buf out;
    struct json_object *json;

    buf_init(&out, 3 * READ_MAX + 1);
    text_scrub(&out, text, cut ? text_cut(text, len, len > 4 ? len - 4 : 0) : len);
    json = json_object_new_string_len(out.data ? out.data : "", (int)out.len);
    buf_release(&out);
    return json;
}

static struct json_object *base64_content(const char *data, size_t len)
{
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    struct json_object *json;

    if (!text)
        return NULL;
    sodium_bin2base64(text, size, (const unsigned char *)data, len, sodium_base64_VARIANT_ORIGINAL);
    json = json_object_new_string(text);
    free(text);
    return json;
}

void read_file_start(struct node *node)
{
    const char *path = json_get_string(node->data, "path", ""), *format = json_get_string(node->data, "format", "text");
    size_t max = (size_t)json_get_int(node->data, "maxBytes", READ_MAX), len = 0;
    struct json_object *content = NULL, *out;
    struct stat st = {0};
    struct fault fault = {0};
    char *text = NULL;
    bool is_json = strcmp(format, "json") == 0;
    enum rs_err err = beneath_read(node->x->work, path, max < READ_MAX ? max : READ_MAX, &text, &len, &st, &fault);
    bool cut = !err && (size_t)st.st_size > len;

    if (!err && cut && is_json)
        err = fault_set(&fault, RS_LIMIT, "%.200s is %lld bytes; JSON is read up to %zu", path, (long long)st.st_size,
                        len);
    if (!err && is_json && (err = json_parse(text, len, READ_MAX, &content, &fault))) {
        struct fault why = fault;
        fault_set(&fault, err, "%.100s is not JSON: %.300s", path, why.message);
    }
    if (err) {
        free(text);
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
        return;
    }
    if (!is_json)
        content = strcmp(format, "base64") == 0 ? base64_content(text, len) : text_content(text, len, cut);
    free(text);
    out = json_object_new_object();
    json_set_string(out, "path", path);
    json_set_int(out, "bytes", st.st_size);
    json_set(out, "content", content);
    json_set_bool(out, "truncated", cut);
    node_done(node, out);
}
