#include "cli/runinput.h"

#include "model/params.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 200

static enum rs_err whole_input(const struct cli *cli, struct json_object **ret)
{
    const char *given = args_value(&cli->args, "input");
    struct fault fault = {0};
    char *text = NULL;
    size_t len;
    enum rs_err err = RS_OK;
    if (!given)
        return RS_OK;
    bool file = *given == '@' || strcmp(given, "-") == 0;
    if (file && (err = cli_read(cli, *given == '@' ? given + 1 : given, JSON_BODY_MAX, &text, &len)) != RS_OK)
        return err;
    err = json_parse(file ? text : given, file ? len : strlen(given), JSON_BODY_MAX, ret, &fault);
    if (err == RS_OK && !json_object_is_type(*ret, json_type_object))
        err = fault_set(&fault, RS_INVALID, "the input must be a JSON object, as in '{\"repo\":\"...\"}'");
    if (err != RS_OK)
        cli_fail(cli, "--input: %s", fault.message);
    free(text);
    return err;
}

/* The parameter of that name; NULL: there is none. names: all there are, for nearest(). */
static struct json_object *find_param(struct json_object *definition, const char *name, const char *names[NAMES_MAX + 1])
{
    struct json_object *params = json_get(definition, "params"), *found = NULL;
    size_t n = params ? json_object_array_length(params) : 0, kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct json_object *param = json_object_array_get_idx(params, i);
        const char *other = json_get_string(param, "name", "");
        if (strcmp(other, name) == 0)
            found = param;
        if (kept < NAMES_MAX)
            names[kept++] = other;
    }
    names[kept] = NULL;
    return found;
}

/* {"name","data"} as the API takes it, or the text. */
static enum rs_err file_value(const struct cli *cli, const char *path, bool as_file, struct json_object **ret)
{
    char *data = NULL;
    size_t len;
    enum rs_err err = cli_read(cli, path, as_file ? PARAM_FILE_MAX : JSON_BODY_MAX, &data, &len);
    if (err != RS_OK)
        return err;
    if (!as_file) {
        *ret = json_object_new_string_len(data, (int)len);
    } else {
        size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
        char *text = malloc(size);
        const char *slash = strrchr(path, '/');
        if (text) {
            sodium_bin2base64(text, size, (const unsigned char *)data, len, sodium_base64_VARIANT_ORIGINAL);
            *ret = json_object_new_object();
            json_set_string(*ret, "name", slash ? slash + 1 : path);
            json_set_string(*ret, "data", text);
        } else {
            err = RS_NOMEM;
            cli_fail(cli, "no memory for %s", path);
        }
        free(text);
    }
    free(data);
    return err;
}

/* Whether texts are taken as they are. Other types are JSON; what is none stays a text, and the check says what it must be. */
static enum rs_err operand_value(const struct cli *cli, const char *type, const char *text, struct json_object **ret)
{
    static const char *const texts[] = {"string", "enum", "secret", "file"};
    if (*text == '@')
        return file_value(cli, text + 1, strcmp(type, "file") == 0, ret);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(type, texts[i]) == 0)
            goto text;
    struct fault fault = {0};
    if (json_parse(text, strlen(text), JSON_BODY_MAX, ret, &fault) == RS_OK)
        return RS_OK;
text:
    *ret = json_object_new_string(text);
    return RS_OK;
}

static enum rs_err add_operand(const struct cli *cli, struct json_object *definition, const char *operand,
                               struct json_object *input)
{
    const char *equals = strchr(operand, '='), *names[NAMES_MAX + 1];
    if (!equals || equals == operand) {
        cli_fail(cli, "\"%s\" is no parameter: write NAME=VALUE", operand);
        return RS_INVALID;
    }
    char *name = strndup(operand, (size_t)(equals - operand));
    if (!name)
        return RS_NOMEM;
    struct json_object *param = find_param(definition, name, names), *value = NULL;
    enum rs_err err = RS_OK;
    if (!param && names[0]) {
        const char *meant = nearest(name, names);
        cli_fail(cli, "the workflow has no parameter \"%s\"%s%s%s", name, meant ? "; did you mean \"" : "", meant ? meant : "",
                 meant ? "\"?" : "");
        err = RS_INVALID;
    }
    if (!err)
        err = operand_value(cli, json_get_string(param, "type", "string"), equals + 1, &value);
    if (!err)
        json_object_object_add(input, name, value);
    free(name);
    return err;
}

enum rs_err run_input(const struct cli *cli, struct json_object *definition, struct json_object **ret)
{
    enum rs_err err = whole_input(cli, ret);
    for (int i = 1; !err && i < cli->args.n_operands; i++) {
        if (!*ret)
            *ret = json_object_new_object();
        err = add_operand(cli, definition, cli->args.operands[i], *ret);
    }
    return err;
}
