/* Secrets given as input: sealed as a run is made, opened where it is executed. In the box: org NUL param NUL value, so that one
 * moved to another place does not open. */
#include "model/params.h"

#include "base/id.h"
#include "model/graph.h"
#include "model/secret_key.h"

#include <stdlib.h>
#include <string.h>

#define SEALED "sealed" /* member that holds the box, in base64 */

bool param_is_sealed(struct json_object *value)
{
    return json_object_is_type(value, json_type_object) && json_get_string(value, SEALED, NULL) != NULL;
}

static enum rs_err seal(const struct secret_key *key, const char *org, const char *name, struct json_object *value,
                        struct json_object **ret, struct fault *fault)
{
    const char *text = json_object_get_string(value);
    size_t org_len = strlen(org) + 1, name_len = strlen(name) + 1, text_len = strlen(text);
    size_t len = org_len + name_len + text_len, box_len = len + crypto_box_SEALBYTES;
    size_t out_len = sodium_base64_ENCODED_LEN(box_len, sodium_base64_VARIANT_ORIGINAL);
    unsigned char *plain = malloc(len), *box = malloc(box_len);
    char *out = malloc(out_len);
    enum rs_err err = plain != NULL && box != NULL && out != NULL ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a secret");

    if (err == RS_OK) {
        memcpy(plain, org, org_len);
        memcpy(plain + org_len, name, name_len);
        memcpy(plain + org_len + name_len, text, text_len);
        crypto_box_seal(box, plain, len, key->pub);
        sodium_memzero(plain, len);
        sodium_bin2base64(out, out_len, box, box_len, sodium_base64_VARIANT_ORIGINAL);
        *ret = json_object_new_object();
        json_set_string(*ret, SEALED, out);
    }
    free(plain);
    free(box);
    free(out);
    return err;
}

static enum rs_err unseal(const struct secret_keys *keys, const char *org, const char *name, struct json_object *value,
                          struct json_object **ret, struct fault *fault)
{
    const char *text = json_get_string(value, SEALED, ""), *end = NULL;
    size_t max = strlen(text) + 1, box_len = 0, org_len = strlen(org) + 1, name_len = strlen(name) + 1, len;
    unsigned char *box = malloc(max), *plain = malloc(max);
    bool opened = false;
    int i;

    if (box == NULL || plain == NULL) {
        free(box);
        free(plain);
        return fault_set(fault, RS_NOMEM, "no memory for a secret");
    }
    if (sodium_base642bin(box, max, text, strlen(text), NULL, &box_len, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        box_len >= crypto_box_SEALBYTES)
        for (i = 0; i < keys->n && !opened; i++)
            opened = crypto_box_seal_open(plain, box, box_len, keys->at[i].pub, keys->at[i].priv) == 0;
    len = opened ? box_len - crypto_box_SEALBYTES : 0;
    opened = opened && len >= org_len + name_len && memcmp(plain, org, org_len) == 0 &&
             memcmp(plain + org_len, name, name_len) == 0;
    if (opened)
        *ret = json_object_new_string_len((const char *)plain + org_len + name_len, (int)(len - org_len - name_len));
    sodium_memzero(plain, max);
    free(plain);
    free(box);
    return opened ? RS_OK
                  : fault_set(fault, RS_UNPROCESSABLE,
                              "the secret `%s` of the input cannot be opened: it was sealed for another key; start the run anew",
                              name);
}

/* The values of secret params, each once through `seal` or `unseal`, in an input that is the caller's. */
static enum rs_err each(const struct datadir *dd, const char *org, struct json_object *definition, struct json_object *input,
                        bool opening, struct fault *fault)
{
    struct json_object *params = json_get_array(definition, "params"), *param, *value, *new_value = NULL;
    struct secret_key public_key;
    struct secret_keys keys = {.n = 0};
    bool loaded = false;
    enum rs_err err = RS_OK;
    size_t i;

    for (i = 0; err == RS_OK && params != NULL && i < json_object_array_length(params); i++) {
        param = json_object_array_get_idx(params, i);
        const char *name = json_get_string(param, "name", "");
        value = json_get(input, name);
        if (param_type_of(param) != PARAM_SECRET || value == NULL || param_is_sealed(value) != opening ||
            (!opening && !json_object_is_type(value, json_type_string)))
            continue;
        if (!loaded && sodium_init() < 0)
            err = fault_set(fault, RS_IO, "libsodium cannot be used");
        else if (!loaded)
            err = opening ? secret_keys_load(dd, &keys, fault) : secret_public_load(dd, &public_key, fault);
        loaded = true;
        if (err == RS_OK && opening)
            err = unseal(&keys, org, name, value, &new_value, fault);
        else if (err == RS_OK)
            err = seal(&public_key, org, name, value, &new_value, fault);
        if (err == RS_OK)
            json_set(input, name, new_value);
    }
    sodium_memzero(&keys, sizeof(keys));
    return err;
}

static struct json_object *copy_of(struct json_object *input)
{
    struct json_object *copy = json_object_new_object();

    if (json_object_is_type(input, json_type_object)) {
        json_object_object_foreach(input, key, value)
            json_set(copy, key, json_object_get(value));
    }
    return copy;
}

enum rs_err params_sealed(const struct datadir *dd, const char *org, struct json_object *definition,
                          struct json_object *input, struct json_object **ret, struct fault *fault)
{
    struct json_object *copy = copy_of(input);
    enum rs_err err = each(dd, org, definition, copy, false, fault);

    if (err == RS_OK)
        *ret = copy;
    else
        json_object_put(copy);
    return err;
}

enum rs_err params_opened(const struct datadir *dd, const char *org, struct json_object *definition,
                          struct json_object *input, struct json_object **ret, struct fault *fault)
{
    struct json_object *copy = copy_of(input);
    enum rs_err err = each(dd, org, definition, copy, true, fault);

    if (err == RS_OK)
        *ret = copy;
    else
        json_object_put(copy);
    return err;
}
