#include "base/utf8.h"
#include "import/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define NODES_MAX 100000 /* of the tree, aliases counted as often as they stand */
#define DEPTH_MAX 48

struct tree {
    yaml_document_t document;
    int n;
    struct fault *fault;
};

int yaml_line(struct json_object *value)
{
    return value != NULL ? (int)(intptr_t)json_object_get_userdata(value) : 0;
}

/* YAML 1.2, section 10.3.2, and the booleans in lower case that people write. */
static struct json_object *plain_scalar(const char *s, size_t len)
{
    char *end;
    long long n;
    double d;

    if (len == 0 || strcmp(s, "~") == 0 || strcasecmp(s, "null") == 0)
        return NULL;
    if (strcasecmp(s, "true") == 0 || strcasecmp(s, "false") == 0)
        return json_object_new_boolean(s[0] == 't' || s[0] == 'T');
    if (strspn(s, "+-.0123456789eE") == len) {
        errno = 0;
        n = strtoll(s, &end, 10);
        if (*end == '\0' && errno == 0)
            return json_object_new_int64(n);
        d = strtod(s, &end);
        if (*end == '\0' && end != s)
            return json_object_new_double_s(d, s);
    }
    return json_object_new_string_len(s, (int)len);
}

static enum rs_err convert(struct tree *t, yaml_node_t *node, int depth, struct json_object **ret);

/* `<<`: what the mapping does not have itself. */
static void merge(struct json_object *object, struct json_object *from)
{
    size_t i;

    if (json_object_is_type(from, json_type_array)) {
        for (i = 0; i < json_object_array_length(from); i++)
            merge(object, json_object_array_get_idx(from, i));
    } else if (json_object_is_type(from, json_type_object)) {
        json_object_object_foreach(from, key, value)
        {
            if (!json_object_object_get_ex(object, key, NULL))
                json_object_object_add(object, key, json_object_get(value));
        }
    }
}

static enum rs_err convert_mapping(struct tree *t, yaml_node_t *node, int depth, struct json_object *object)
{
    struct json_object *merged = NULL;
    yaml_node_pair_t *pair;
    enum rs_err err = RS_OK;

    for (pair = node->data.mapping.pairs.start; err == RS_OK && pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(&t->document, pair->key);
        yaml_node_t *value = yaml_document_get_node(&t->document, pair->value);
        struct json_object *member = NULL;

        if (key->type != YAML_SCALAR_NODE)
            return fault_set(t->fault, RS_INVALID, "line %zu: a key must be a text", key->start_mark.line + 1);
        if ((err = convert(t, value, depth + 1, &member)) != RS_OK)
            break;
        if (strcmp((const char *)key->data.scalar.value, "<<") == 0) {
            json_object_put(merged);
            merged = member;
        } else {
            json_object_object_add(object, (const char *)key->data.scalar.value, member);
        }
    }
    merge(object, merged);
    json_object_put(merged);
    return err;
}

static enum rs_err convert(struct tree *t, yaml_node_t *node, int depth, struct json_object **ret)
{
    struct json_object *value = NULL, *member;
    yaml_node_item_t *item;
    enum rs_err err = RS_OK;

    if (++t->n > NODES_MAX || depth > DEPTH_MAX)
        return fault_set(t->fault, RS_LIMIT, "line %zu: the YAML is too large or nested too deeply", node->start_mark.line + 1);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL)
            return fault_set(t->fault, RS_INVALID, "line %zu: a text holds a NUL", node->start_mark.line + 1);
        value = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                    ? plain_scalar((const char *)node->data.scalar.value, node->data.scalar.length)
                    : json_object_new_string_len((const char *)node->data.scalar.value, (int)node->data.scalar.length);
        break;
    case YAML_SEQUENCE_NODE:
        value = json_object_new_array();
        for (item = node->data.sequence.items.start; err == RS_OK && item < node->data.sequence.items.top; item++) {
            member = NULL;
            err = convert(t, yaml_document_get_node(&t->document, *item), depth + 1, &member);
            if (err == RS_OK)
                json_object_array_add(value, member);
        }
        break;
    case YAML_MAPPING_NODE:
        value = json_object_new_object();
        err = convert_mapping(t, node, depth, value);
        break;
    case YAML_NO_NODE:
        break;
    }
    if (err != RS_OK) {
        json_object_put(value);
        return err;
    }
    /* A double keeps its text there. */
    if (value != NULL && !json_object_is_type(value, json_type_double))
        json_object_set_userdata(value, (void *)(intptr_t)(node->start_mark.line + 1), NULL);
    *ret = value;
    return RS_OK;
}

enum rs_err yaml_tree(const char *text, size_t len, struct json_object **ret, struct fault *fault)
{
    struct tree t = {.fault = fault};
    yaml_parser_t parser;
    yaml_node_t *root;
    enum rs_err err = RS_OK;

    if (!yaml_parser_initialize(&parser))
        return fault_set(fault, RS_NOMEM, "no memory for the YAML");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &t.document)) {
        err = fault_set(fault, RS_INVALID, "line %zu: %s", parser.problem_mark.line + 1,
                        parser.problem != NULL ? parser.problem : "bad YAML");
    } else {
        root = yaml_document_get_root_node(&t.document);
        *ret = NULL;
        if (root != NULL)
            err = convert(&t, root, 0, ret);
        yaml_document_delete(&t.document);
    }
    yaml_parser_delete(&parser);
    return err;
}
