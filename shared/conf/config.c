#include "conf/config.h"

#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "conf/value.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_FILE_MAX = 1024 * 1024, CONFIG_PATTERNS_MAX = 256, CONFIG_KEY_MAX = 200, CONFIG_SLOTS = 1024 };

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_OPTION };
static const char *const source_names[] = {"default", "file", "environment", "option"};

struct entry {
    const struct config_setting *setting;
    char *key;  /* the setting's, or with its <name> filled in */
    char *text; /* NULL: unset */
    int64_t number;
    enum source source;
    int line; /* of the file, to tell where it was given first */
};
struct config {
    struct entry *entries; /* one for each plain setting, in the table's order, then those of patterns as they came */
    unsigned n_entries, cap;
    uint16_t slots[CONFIG_SLOTS]; /* by the hash of a key: its entry plus one; 0: none */
    char *file; /* that was read */
};

/* Does key match a setting's key, whose one <name> stands for any id without a dot? */
static bool key_matches(const char *pattern, const char *key)
{
    const char *open = strchr(pattern, '<');
    if (!open)
        return strcmp(pattern, key) == 0;
    size_t prefix = (size_t)(open - pattern);
    const char *rest = strchr(open, '>') + 1;
    if (strncmp(pattern, key, prefix) != 0)
        return false;
    size_t name = strcspn(key + prefix, ".");
    return id_valid_n(key + prefix, name) && strcmp(key + prefix + name, rest) == 0;
}

static const struct config_setting *find_setting(const char *key)
{
    for (unsigned i = 0; i < config_n_settings; i++)
        if (key_matches(config_settings[i].key, key))
            return &config_settings[i];
    return NULL;
}

/* FNV-1a */
static unsigned slot_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return hash % CONFIG_SLOTS;
}

static struct entry *find_entry(const struct config *config, const char *key)
{
    for (unsigned slot = slot_of(key); config->slots[slot]; slot = (slot + 1) % CONFIG_SLOTS) {
        struct entry *e = &config->entries[config->slots[slot] - 1];
        if (strcmp(e->key, key) == 0)
            return e;
    }
    return NULL;
}

static struct entry *add_entry(struct config *config, const struct config_setting *setting, const char *key)
{
    if (config->n_entries == config->cap || config->n_entries >= CONFIG_SLOTS / 2)
        return NULL;
    char *copy = strdup(key);
    if (!copy)
        return NULL;
    struct entry *e = &config->entries[config->n_entries++];
    *e = (struct entry){.setting = setting, .key = copy};
    unsigned slot = slot_of(key);
    while (config->slots[slot])
        slot = (slot + 1) % CONFIG_SLOTS;
    config->slots[slot] = (uint16_t)config->n_entries;
    return e;
}

/* Give a setting its value. An empty text or list is the same as unset. */
static enum rs_err set(struct config *config, const char *key, const char *text, enum source source, int line,
                       struct fault *fault)
{
    const struct config_setting *setting = find_setting(key);
    if (!setting)
        return fault_set(fault, RS_INVALID, "unknown setting \"%.100s\"", key);
    int64_t number = 0;
    enum rs_err err = value_parse(setting, text, &number, fault);
    if (err)
        return err;
    struct entry *e = find_entry(config, key);
    if (!e)
        e = add_entry(config, setting, key);
    char *copy = *text ? strdup(text) : NULL;
    if (!e || (*text && !copy)) {
        free(copy);
        return fault_set(fault, RS_LIMIT, "too many settings like %s", setting->key);
    }
    if (e->source == SOURCE_FILE && source == SOURCE_FILE) {
        free(copy);
        return fault_set(fault, RS_INVALID, "%.100s is set twice, first in line %d", key, e->line);
    }
    free(e->text);
    e->text = copy;
    e->number = number;
    e->source = source;
    e->line = line;
    return RS_OK;
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return s;
}

/* Split "key = value" in place. */
static bool split(char *line, char **ret_key, char **ret_value)
{
    char *equals = strchr(line, '=');
    if (!equals)
        return false;
    *equals = '\0';
    *ret_key = trim(line);
    *ret_value = trim(equals + 1);
    return **ret_key != '\0';
}

static enum rs_err load_file(struct config *config, const char *file, struct fault *fault)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_err err = file_read(file, CONFIG_FILE_MAX, &text, &len, fault);
    if (err == RS_NOT_FOUND)
        return RS_OK;
    if (err)
        return err;
    if (strlen(text) != len)
        err = fault_set(fault, RS_INVALID, "%s:1: not a text file", file);
    int number = 1;
    for (char *line = text, *next; !err && line; line = next, number++) {
        char *newline = strchr(line, '\n'), *key, *value;
        next = newline ? newline + 1 : NULL;
        if (newline)
            *newline = '\0';
        line = trim(line);
        if (*line == '\0' || *line == '#')
            continue;
        struct fault why = {0};
        if (!split(line, &key, &value))
            err = fault_set(fault, RS_INVALID, "%s:%d: expected \"key = value\"", file, number);
        else if ((err = set(config, key, value, SOURCE_FILE, number, &why)))
            fault_set(fault, err, "%s:%d: %s", file, number, why.message);
    }
    free(text);
    return err;
}

static void variable_name(const char *key, char name[CONFIG_KEY_MAX])
{
    int n = snprintf(name, CONFIG_KEY_MAX, "RUNSPOOL_%s", key);
    assert(n > 0 && n < CONFIG_KEY_MAX);
    for (char *p = name; *p; p++)
        *p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
}

static enum rs_err set_from_variable(struct config *config, const char *name, const char *key, const char *value,
                                     struct fault *fault)
{
    struct fault why = {0};
    enum rs_err err = set(config, key, value, SOURCE_ENVIRONMENT, 0, &why);
    return err ? fault_set(fault, err, "environment variable %.100s: %s", name, why.message) : RS_OK;
}

/* Variables of a pattern: RUNSPOOL_HOOKS_GITHUB_SECRET gives hooks.github.secret. */
static enum rs_err load_pattern_variables(struct config *config, const char *pattern, struct fault *fault)
{
    char name[CONFIG_KEY_MAX], key[CONFIG_KEY_MAX];
    variable_name(pattern, name);
    char *open = strchr(name, '<');
    const char *suffix = strchr(name, '>') + 1;
    size_t prefix_len = (size_t)(open - name), suffix_len = strlen(suffix);
    for (char **var = environ; *var; var++) {
        size_t len = strcspn(*var, "=");
        if (len <= prefix_len + suffix_len || (*var)[len] != '=' || strncmp(*var, name, prefix_len) != 0 ||
            strncmp(*var + len - suffix_len, suffix, suffix_len) != 0)
            continue;
        const char *open_key = strchr(pattern, '<');
        int n = snprintf(key, sizeof key, "%.*s%.*s%s", (int)(open_key - pattern), pattern,
                         (int)(len - prefix_len - suffix_len), *var + prefix_len, strchr(pattern, '>') + 1);
        if (n < 0 || (size_t)n >= sizeof key)
            continue;
        for (char *p = key; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        if (!key_matches(pattern, key))
            continue;
        enum rs_err err = set_from_variable(config, *var, key, *var + len + 1, fault);
        if (err)
            return err;
    }
    return RS_OK;
}

static enum rs_err load_environment(struct config *config, struct fault *fault)
{
    for (unsigned i = 0; i < config_n_settings; i++) {
        const char *key = config_settings[i].key;
        enum rs_err err = RS_OK;
        if (strchr(key, '<')) {
            err = load_pattern_variables(config, key, fault);
        } else {
            char name[CONFIG_KEY_MAX];
            variable_name(key, name);
            const char *value = getenv(name);
            if (value)
                err = set_from_variable(config, name, key, value, fault);
        }
        if (err)
            return err;
    }
    return RS_OK;
}

static enum rs_err load_overrides(struct config *config, const char *const *overrides, struct fault *fault)
{
    for (; overrides && *overrides; overrides++) {
        char *copy = strdup(*overrides), *key, *value;
        if (!copy)
            return fault_set(fault, RS_NOMEM, "out of memory");
        struct fault why = {0};
        enum rs_err err = split(copy, &key, &value)
                              ? set(config, key, value, SOURCE_OPTION, 0, &why)
                              : fault_set(&why, RS_INVALID, "expected key=value, not \"%.100s\"", *overrides);
        free(copy);
        if (err)
            return fault_set(fault, err, "--set: %s", why.message);
    }
    return RS_OK;
}

static enum rs_err load_defaults(struct config *config, struct fault *fault)
{
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *s = &config_settings[i];
        if (strchr(s->key, '<'))
            continue;
        struct entry *e = add_entry(config, s, s->key);
        if (!e)
            return fault_set(fault, RS_NOMEM, "out of memory");
        if (s->fallback) {
            enum rs_err err = set(config, s->key, s->fallback, SOURCE_DEFAULT, 0, fault);
            assert(!err || err == RS_NOMEM || err == RS_LIMIT);
            if (err)
                return err;
        }
    }
    return RS_OK;
}

enum rs_err config_load(const char *file, const char *const *overrides, struct config **ret, struct fault *fault)
{
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return fault_set(fault, RS_NOMEM, "out of memory");
    config->cap = config_n_settings + CONFIG_PATTERNS_MAX;
    config->entries = calloc(config->cap, sizeof *config->entries);
    config->file = strdup(file);
    enum rs_err err = config->entries && config->file ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
    if (!err)
        err = load_defaults(config, fault);
    if (!err)
        err = load_file(config, file, fault);
    if (!err)
        err = load_environment(config, fault);
    if (!err)
        err = load_overrides(config, overrides, fault);
    if (err)
        config_free(config);
    else
        *ret = config;
    return err;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (unsigned i = 0; i < config->n_entries; i++) {
        free(config->entries[i].key);
        free(config->entries[i].text);
    }
    free(config->entries);
    free(config->file);
    free(config);
}

/* The entry of a key that exists; NULL for a pattern's key that was not set. */
static const struct entry *look_up(const struct config *config, const char *key)
{
    const struct entry *e = find_entry(config, key);
    assert(e || find_setting(key));
    return e;
}

const char *config_text(const struct config *config, const char *key)
{
    const struct entry *e = look_up(config, key);
    return e ? e->text : NULL;
}

int64_t config_number(const struct config *config, const char *key)
{
    const struct entry *e = look_up(config, key);
    return e ? e->number : 0;
}

bool config_bool(const struct config *config, const char *key)
{
    return config_number(config, key) != 0;
}

bool config_is(const struct config *config, const char *key, const char *word)
{
    const char *text = config_text(config, key);
    return text && strcmp(text, word) == 0;
}

bool config_list_has(const struct config *config, const char *key, const char *word)
{
    const char *text = config_text(config, key);
    return text && value_word_in(text, ',', word);
}

void config_each(const struct config *config, const char *pattern, void (*take)(void *ctx, const char *name, const char *text),
                 void *ctx)
{
    for (unsigned i = 0; i < config->n_entries; i++) {
        const struct entry *e = &config->entries[i];
        char name[CONFIG_KEY_MAX];
        size_t prefix = strcspn(pattern, "<");
        if (!e->text || strcmp(e->setting->key, pattern) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(e->key + prefix, "."), e->key + prefix);
        take(ctx, name, e->text);
    }
}

static const char *shown(const struct entry *e)
{
    return e->text && e->setting->secret ? "***" : e->text;
}

char *config_where(const struct config *config, const char *key, char where[CONFIG_WHERE_MAX])
{
    char name[CONFIG_KEY_MAX];
    const struct entry *e = look_up(config, key);
    switch (e ? e->source : SOURCE_DEFAULT) {
    case SOURCE_DEFAULT:
        snprintf(where, CONFIG_WHERE_MAX, "default");
        break;
    case SOURCE_FILE:
        snprintf(where, CONFIG_WHERE_MAX, "%.1000s:%d", config->file, e->line);
        break;
    case SOURCE_ENVIRONMENT:
        variable_name(key, name);
        snprintf(where, CONFIG_WHERE_MAX, "environment variable %s", name);
        break;
    case SOURCE_OPTION:
        snprintf(where, CONFIG_WHERE_MAX, "--set %s", key);
        break;
    }
    return where;
}

/* Call `put` for every entry, and for every pattern none of which is set, with an entry that has no text. */
static void each_entry(const struct config *config, void (*put)(void *ctx, const struct entry *e), void *ctx)
{
    for (unsigned i = 0; i < config->n_entries; i++)
        put(ctx, &config->entries[i]);
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *s = &config_settings[i];
        bool used = !strchr(s->key, '<');
        for (unsigned k = 0; !used && k < config->n_entries; k++)
            used = config->entries[k].setting == s;
        if (!used)
            put(ctx, &(struct entry){.setting = s, .key = (char *)s->key});
    }
}

static void put_line(void *ctx, const struct entry *e)
{
    struct buf *out = ctx;
    if (e->text)
        buf_printf(out, "%s = %s\n", e->key, shown(e));
    else
        buf_printf(out, "# %s =\n", e->key);
}

enum rs_err config_print(const struct config *config, struct buf *out)
{
    each_entry(config, put_line, out);
    return out->err;
}

static void put_member(void *ctx, const struct entry *e)
{
    struct json_object *item = json_object_new_object();
    if (e->text)
        json_set_string(item, "value", shown(e));
    else
        json_set(item, "value", NULL);
    json_set_string(item, "source", source_names[e->source]);
    json_set_string(item, "help", e->setting->help);
    json_set(ctx, e->key, item);
}

enum rs_err config_print_json(const struct config *config, struct buf *out)
{
    struct json_object *all = json_object_new_object();
    each_entry(config, put_member, all);
    buf_puts(out, json_text(all, NULL));
    json_object_put(all);
    return out->err;
}
