#include "model/models.h"
#include <string.h>

static void add_one(struct json_object *candidates, const char *name, size_t len, const char *source)
{
    for (size_t i = 0; i < json_object_array_length(candidates); i++) {
        const char *other = json_get_string(json_object_array_get_idx(candidates, i), "model", "");
        if (strlen(other) == len && memcmp(other, name, len) == 0)
            return;
    }
    if (json_object_array_length(candidates) == MODELS_MAX)
        return;
    struct json_object *item = json_object_new_object();
    json_set(item, "model", json_object_new_string_len(name, (int)len));
    json_set_string(item, "source", source);
    json_object_array_add(candidates, item);
}

void models_add(struct json_object *candidates, const char *list, const char *source)
{
    for (const char *at = list ? list : ""; *at;) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ","), used = len;
        while (used > 0 && (at[used - 1] == ' ' || at[used - 1] == '\t'))
            used--;
        if (used > 0)
            add_one(candidates, at, used, source);
        at += len;
    }
}

struct json_object *models_available(struct json_object *answer)
{
    struct json_object *data = json_get_array(answer, "data"), *out;

    if (!data)
        return NULL;
    out = json_object_new_array();
    for (size_t i = 0; i < json_object_array_length(data); i++) {
        const char *id = json_get_string(json_object_array_get_idx(data, i), "id", NULL);
        if (id)
            json_object_array_add(out, json_object_new_string(id));
    }
    return out;
}

bool models_same(const char *name, const char *available)
{
    size_t len = strlen(name);
    return strcmp(name, available) == 0 ||
           (strncmp(name, available, len) == 0 && strcmp(available + len, ":latest") == 0 && !strchr(name, ':'));
}

const char *models_choose(struct json_object *candidates, struct json_object *available)
{
    const char *chosen = NULL;

    for (size_t i = 0; i < json_object_array_length(candidates); i++) {
        struct json_object *item = json_object_array_get_idx(candidates, i);
        const char *name = json_get_string(item, "model", "");
        bool there = !available;
        for (size_t k = 0; available && !there && k < json_object_array_length(available); k++)
            there = models_same(name, json_object_get_string(json_object_array_get_idx(available, k)));
        if (available)
            json_set_bool(item, "available", there);
        if (there && !chosen)
            chosen = name;
    }
    return chosen;
}
