/* write_file - writes a file of the run's work folder, at once or at the end of what is there. Output: {path, bytes}.
 */
#include "runner/beneath.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is to be written. *ret: borrowed from value or *ret_owned, which the caller frees. */
static enum rs_err take_content(struct json_object *value, const char *format, const char **ret, size_t *ret_len,
                                char **ret_owned, struct fault *fault)
{
    bool is_text = json_object_is_type(value, json_type_string);
    const char *text = is_text ? json_object_get_string(value) : json_text(value, ret_len);

    if (is_text)
        *ret_len = (size_t)json_object_get_string_len(value);
    *ret = text;
    if (strcmp(format, "json") == 0) {
        *ret =
            json_object_to_json_string_length(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, ret_len);
    } else if (strcmp(format, "base64") == 0) {
        size_t max = *ret_len / 4 * 3 + 3;
        if (!is_text)
            return fault_set(fault, RS_INVALID, "`content` is no base64 text");
        if (!(*ret_owned = malloc(max)))
            return fault_set(fault, RS_NOMEM, "out of memory");
        if (sodium_base642bin((unsigned char *)*ret_owned, max, text, *ret_len, "\r\n \t", ret_len, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0)
            return fault_set(fault, RS_INVALID, "`content` is not base64");
        *ret = *ret_owned;
    }
    return RS_OK;
}

static enum rs_err append(const char *root, const char *path, const char *data, size_t len, mode_t mode, int64_t max,
                          struct fault *fault)
{
    struct stat st = {0};
    int fd;
    enum rs_err err = beneath_create(root, path, O_APPEND, mode, &fd, fault);

    if (err)
        return err;
    if (fstat(fd, &st) == 0 && st.st_size > max - (int64_t)len)
        err = fault_set(fault, RS_LIMIT, "%.200s would be larger than limits.artifact_bytes (%lld)", path,
                        (long long)max);
    if (!err)
        err = beneath_write_all(fd, data, len, fault);
    if (close(fd) < 0 && !err)
        err = fault_set(fault, RS_IO, "cannot write %.200s", path);
    return err;
}

void write_file_start(struct node *node)
{
    const char *path = json_get_string(node->data, "path", ""), *format = json_get_string(node->data, "format", "text"),
               *data;
    mode_t mode = json_get_bool(node->data, "executable", false) ? 0770 : 0660;
    int64_t max = config_number(node->x->dd->config, "limits.artifact_bytes");
    struct fault fault = {0};
    char *owned = NULL;
    size_t len = 0;
    enum rs_err err = take_content(json_get(node->data, "content"), format, &data, &len, &owned, &fault);

    if (!err && (int64_t)len > max)
        err = fault_set(&fault, RS_LIMIT, "the file would be %zu bytes; limits.artifact_bytes is %lld", len,
                        (long long)max);
    if (!err && json_get_bool(node->data, "append", false))
        err = append(node->x->work, path, data, len, mode, max, &fault);
    else if (!err)
        err = beneath_write(node->x->work, path, data, len, mode, &fault);
    free(owned);
    if (err) {
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
        return;
    }
    struct json_object *out = json_object_new_object();
    json_set_string(out, "path", path);
    json_set_int(out, "bytes", (int64_t)len);
    node_done(node, out);
}
