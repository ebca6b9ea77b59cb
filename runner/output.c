#include "runner/output.h"
#include "runner/lines.h"
#include <string.h>

#define SHORTEST 256 /* strings this short are left alone */

static const char *longest_string(struct json_object *object)
{
    const char *longest = NULL;
    int len = SHORTEST;
    json_object_object_foreach(object, key, value)
    {
        if (json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > len) {
            longest = key;
            len = json_object_get_string_len(value);
        }
    }
    return longest;
}

enum rs_err output_fit(struct json_object *output, size_t max, struct fault *fault)
{
    size_t len;
    const char *key;

    (void)json_text(output, &len);
    if (len <= max)
        return RS_OK;
    if (json_object_is_type(output, json_type_object)) {
        while (len > max && (key = longest_string(output))) {
            struct json_object *value = json_get(output, key);
            const char *text = json_object_get_string(value);
            size_t n = (size_t)json_object_get_string_len(value);
            /* Half of it, or as much as is too much when that is less; escapes make bytes longer, never shorter. */
            size_t over = len - max + sizeof "\"truncated\":true,", keep = over < n / 2 ? n - over : n / 2;
            json_set(output, key, json_object_new_string_len(text, (int)text_cut(text, n, keep)));
            json_set_bool(output, "truncated", true);
            (void)json_text(output, &len);
        }
        if (len <= max)
            return RS_OK;
    }
    return fault_set(fault, RS_LIMIT, "the output is %zu bytes of JSON; at most %zu are kept", len, max);
}
