#include "runner/inputs.h"
#include "model/params.h"
#include "runner/beneath.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {name, data} -> a file in the work folder, and what the nodes get. */
static enum rs_err write_file(struct execution *x, const char *param, struct json_object *value, struct json_object **ret,
                              struct fault *fault)
{
    const char *name = json_get_string(value, "name", ""), *data = json_get_string(value, "data", ""), *end = NULL;
    char path[PATH_MAX], whole[2 * PATH_MAX];
    size_t max = strlen(data) + 1, len = 0;
    unsigned char *bytes = malloc(max);

    if (!bytes)
        return fault_set(fault, RS_NOMEM, "no memory for a file");
    snprintf(path, sizeof path, "inputs/%s/%s", param, name);
    enum rs_err err = RS_OK;
    if (sodium_base642bin(bytes, max, data, strlen(data), "\r\n", &len, &end, sodium_base64_VARIANT_ORIGINAL) != 0)
        err = fault_set(fault, RS_UNPROCESSABLE, "the file `%s` of the input is not base64", param);
    if (!err)
        err = beneath_write(x->work, path, bytes, len, 0640, fault);
    free(bytes);
    if (err)
        return err;
    snprintf(whole, sizeof whole, "%s/%s", x->work, path);
    *ret = json_object_new_object();
    json_set_string(*ret, "name", name);
    json_set_int(*ret, "bytes", (int64_t)len);
    json_set_string(*ret, "path", whole);
    return RS_OK;
}

enum rs_err inputs_open(struct execution *x, struct json_object **ret, struct fault *fault)
{
    struct json_object *params = json_get_array(x->claim.definition, "params"), *input = NULL;
    enum rs_err err = params_opened(x->dd, x->claim.org, x->claim.definition, x->claim.input, &input, fault);

    for (size_t i = 0; !err && params && i < json_object_array_length(params); i++) {
        struct json_object *param = json_object_array_get_idx(params, i), *file = NULL;
        const char *name = json_get_string(param, "name", "");
        if (param_type_of(param) != PARAM_FILE || !json_get_string(json_get(input, name), "data", NULL))
            continue;
        err = write_file(x, name, json_get(input, name), &file, fault);
        if (!err)
            json_set(input, name, file);
    }
    if (err)
        json_object_put(input);
    else
        *ret = input;
    return err;
}

struct json_object *inputs_shown(const struct execution *x)
{
    return params_shown(x->claim.definition, json_get(x->context, "input"));
}
