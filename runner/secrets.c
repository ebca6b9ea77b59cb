#include "runner/secrets.h"
#include "model/params.h"
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WORD "$secrets"
#define NAME_TRIES 100 /* other names for a file whose own was hidden */
#define FOLDERS_OPEN 16

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands behind `$secrets.`; what only looks like it does no harm. */
static void add_names(const char *text, struct json_object *names)
{
    char name[SECRET_NAME_MAX + 1];

    while ((text = strstr(text, WORD))) {
        text += sizeof WORD - 1;
        while (is_blank(*text))
            text++;
        if (*text++ != '.')
            continue;
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        if (!secret_name_valid(text, n))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)n, text);
        json_set_bool(names, name, true);
    }
}

/* The definition is at most JSON_DEPTH_MAX deep, so recursion is bounded. */
static void find_names(struct json_object *value, struct json_object *names)
{
    if (json_object_is_type(value, json_type_string)) {
        add_names(json_object_get_string(value), names);
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            find_names(json_object_array_get_idx(value, i), names);
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            find_names(member, names);
        }
    }
}

enum rs_err secrets_load(struct store *store, const char *org, struct json_object *definition, struct secret **ret,
                         struct mask **ret_mask, struct fault *fault)
{
    struct json_object *names = json_object_new_object();
    struct secret *all = NULL;
    struct mask *mask = NULL;
    enum rs_err err = RS_OK;

    find_names(definition, names);
    if (json_object_object_length(names) > 0) {
        prctl(PR_SET_DUMPABLE, 0);
        err = secret_open_all(store, org, names, &all, fault);
    }
    json_object_put(names);
    if (!err && all && !(mask = mask_new()))
        err = fault_set(fault, RS_NOMEM, "out of memory");
    for (const struct secret *s = all; s && !err; s = s->next)
        if ((err = mask_add(mask, s->value, s->len)))
            fault_set(fault, err, "the secret %s cannot be masked", s->name);
    if (err) {
        mask_free(mask);
        secret_free_all(all);
        return err;
    }
    *ret = all;
    *ret_mask = mask;
    return RS_OK;
}

enum rs_err secrets_hide_params(struct json_object *definition, struct json_object *input, struct mask **mask,
                                struct fault *fault)
{
    struct json_object *params = json_get_array(definition, "params");
    enum rs_err err = RS_OK;

    for (size_t i = 0; params && i < json_object_array_length(params) && !err; i++) {
        struct json_object *param = json_object_array_get_idx(params, i);
        const char *name = json_get_string(param, "name", ""), *value = json_get_string(input, name, NULL);
        if (param_type_of(param) != PARAM_SECRET || !value)
            continue;
        prctl(PR_SET_DUMPABLE, 0);
        if (!*mask && !(*mask = mask_new()))
            return fault_set(fault, RS_NOMEM, "out of memory");
        if ((err = mask_add(*mask, value, strlen(value))))
            fault_set(fault, err, "the parameter %.128s cannot be masked", name);
    }
    return err;
}

static const struct mask *walk_mask; /* nftw has no context; one thread */

static int hide_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
    char name[NAME_MAX + 1], to[PATH_MAX + 16];
    (void)st, (void)type;

    snprintf(name, sizeof name, "%s", path + at->base);
    if (at->level == 0 || !mask_hits(walk_mask, name, strlen(name)))
        return 0;
    mask_string(walk_mask, name, sizeof name, false);
    for (int i = 0; i < NAME_TRIES; i++) {
        int n = i ? snprintf(to, sizeof to, "%.*s%s-%d", at->base, path, name, i)
                  : snprintf(to, sizeof to, "%.*s%s", at->base, path, name);
        if (n < (int)sizeof to && renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
            return 0;
    }
    if (unlink(path) != 0) {
        /* A folder that cannot be renamed: what the tools of this run do to it, is theirs. */
    }
    return 0;
}

void secrets_hide_names(const struct mask *mask, const char *folder)
{
    if (mask_empty(mask))
        return;
    walk_mask = mask;
    /* Children before their folder, whose path then still holds. */
    if (nftw(folder, hide_name, FOLDERS_OPEN, FTW_PHYS | FTW_DEPTH) != 0) {
        /* There is none, or it is gone. */
    }
}
