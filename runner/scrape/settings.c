#include "runner/scrape/settings.h"
#include "html/html.h"
#include "model/kind.h"
#include "runner/scrape/select.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum rs_err take_selector(struct json_object *data, const char *key, char **ret, struct fault *fault)
{
    const char *text = json_get_string(data, key, NULL);
    struct fault why = {0};
    enum rs_err err;

    if (!text || !*text)
        return RS_OK;
    err = select_compile(text, ret, &why);
    return err ? fault_set(fault, err, "`%s`: %s", key, why.message) : RS_OK;
}

static enum rs_err take_list(struct json_object *data, const char *key, struct json_object **ret, struct fault *fault)
{
    struct json_object *list = json_get(data, key);

    if (!list)
        return RS_OK;
    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > SCRAPE_PATTERNS_MAX)
        return fault_set(fault, RS_INVALID, "`%s` must be an array of at most %d strings", key, SCRAPE_PATTERNS_MAX);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (!json_object_is_type(json_object_array_get_idx(list, i), json_type_string))
            return fault_set(fault, RS_INVALID, "`%s` must be an array of strings", key);
    *ret = json_object_get(list);
    return RS_OK;
}

static enum rs_err add_start(struct scrape_settings *s, const char *text, struct fault *fault)
{
    char url[URL_TEXT_MAX + 1];
    enum rs_err err = url_resolve(NULL, text, url);

    if (err)
        return fault_set(fault, err, "\"%.200s\" is no http or https address", text);
    if (s->n_starts == SCRAPE_LIST_MAX)
        return fault_set(fault, RS_LIMIT, "`urls` holds more than %d addresses", SCRAPE_LIST_MAX);
    if ((s->n_starts & (s->n_starts + 1)) == 0) { /* full: 0, 1, 3, 7, ... hold the room of twice as many */
        char **more = realloc(s->starts, 2 * (s->n_starts + 1) * sizeof *more);
        if (!more)
            return fault_set(fault, RS_NOMEM, "out of memory");
        s->starts = more;
    }
    s->starts[s->n_starts] = strdup(url);
    return s->starts[s->n_starts++] ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
}

static enum rs_err take_sources(struct scrape_settings *s, struct json_object *data, struct fault *fault)
{
    const char *one = json_get_string(data, "url", NULL), *sitemap = json_get_string(data, "sitemap", NULL);
    struct json_object *urls = json_get_array(data, "urls");
    char url[URL_TEXT_MAX + 1];
    enum rs_err err = one && *one ? add_start(s, one, fault) : RS_OK;

    for (size_t i = 0; urls && i < json_object_array_length(urls) && !err; i++) {
        struct json_object *member = json_object_array_get_idx(urls, i);
        if (!json_object_is_type(member, json_type_string))
            return fault_set(fault, RS_INVALID, "`urls` must be an array of strings");
        err = add_start(s, json_object_get_string(member), fault);
    }
    if (err)
        return err;
    if (sitemap && *sitemap) {
        if ((err = url_resolve(NULL, sitemap, url)))
            return fault_set(fault, err, "`sitemap` is no http or https address: \"%.200s\"", sitemap);
        if (!(s->sitemap = strdup(url)))
            return fault_set(fault, RS_NOMEM, "out of memory");
    }
    s->start_hosts = json_object_new_object();
    for (size_t i = 0; i < s->n_starts; i++) {
        url_host(s->starts[i], url);
        json_set_bool(s->start_hosts, url, true);
    }
    if (s->sitemap) {
        url_host(s->sitemap, url);
        json_set_bool(s->start_hosts, url, true);
    }
    if (s->n_starts == 0 && !s->sitemap)
        return fault_set(fault, RS_INVALID, "one of `url`, `urls` and `sitemap` must say where to begin");
    return RS_OK;
}

static enum rs_err take_type(const char *word, enum field_type *ret)
{
    static const char *const words[] = {"text", "number", "url", "html"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = (enum field_type)i;
            return RS_OK;
        }
    }
    return RS_INVALID;
}

static enum rs_err take_field(struct scrape_settings *s, const char *name, struct json_object *value,
                              struct fault *fault)
{
    struct scrape_field *field = &s->fields[s->n_fields];
    bool object = json_object_is_type(value, json_type_object);
    const char *selector = object ? json_get_string(value, "select", NULL) : NULL;
    struct fault why = {0};
    enum rs_err err;

    if (s->n_fields == SCRAPE_FIELDS_MAX)
        return fault_set(fault, RS_LIMIT, "more than %d fields", SCRAPE_FIELDS_MAX);
    if (!*name || strlen(name) > SCRAPE_NAME_MAX)
        return fault_set(fault, RS_INVALID, "the name of a field has 1 to %d bytes", SCRAPE_NAME_MAX);
    if (json_object_is_type(value, json_type_string))
        selector = json_object_get_string(value);
    if (!selector)
        return fault_set(fault, RS_INVALID, "field `%s` must be a selector, or an object with `select`", name);
    if (object) {
        json_object_object_foreach(value, key, member)
        {
            (void)member;
            if (strcmp(key, "select") != 0 && strcmp(key, "list") != 0 && strcmp(key, "type") != 0)
                return fault_set(fault, RS_INVALID, "field `%s`: \"%.40s\" is not known; select, list and type are",
                                 name, key);
        }
        if (take_type(json_get_string(value, "type", "text"), &field->type) != RS_OK)
            return fault_set(fault, RS_INVALID, "field `%s`: `type` must be one of text, number, url and html", name);
        field->list = json_get_bool(value, "list", false);
    }
    strcpy(field->name, name);
    if (strcmp(selector, "::url") != 0 && (err = select_compile(selector, &field->xpath, &why)))
        return fault_set(fault, err, "field `%s`: %s", name, why.message);
    s->n_fields++;
    return RS_OK;
}

static enum rs_err take_fields(struct scrape_settings *s, struct json_object *fields, struct fault *fault)
{
    enum rs_err err = RS_OK;

    if (!fields)
        return RS_OK;
    if (!json_object_is_type(fields, json_type_object))
        return fault_set(fault, RS_INVALID, "`fields` must be an object of selectors");
    json_object_object_foreach(fields, name, value)
    {
        if ((err = take_field(s, name, value, fault)))
            break;
    }
    return err;
}

static enum rs_err take_artifact(struct scrape_settings *s, struct json_object *data, const char *id,
                                 struct fault *fault)
{
    char own[SCRAPE_NAME_MAX + 1];
    const char *name = json_get_string(data, "artifact", NULL), *format = json_get_string(data, "format", NULL);

    if (!name || !*name)
        name = own;
    /* Several nodes of a run must not write the same file. */
    snprintf(own, sizeof own, "%s%.100s.%s", *id == '.' ? "items" : "", id,
             format && strcmp(format, "csv") == 0 ? "csv" : "jsonl");
    if (strlen(name) > SCRAPE_NAME_MAX || strchr(name, '/') || *name == '.')
        return fault_set(fault, RS_INVALID, "`artifact` must be a plain file name of at most %d bytes",
                         SCRAPE_NAME_MAX);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return fault_set(fault, RS_INVALID, "`artifact` holds a control character");
    strcpy(s->artifact, name);
    size_t len = strlen(name);
    s->csv = format ? strcmp(format, "csv") == 0 : len > 4 && strcasecmp(name + len - 4, ".csv") == 0;
    return RS_OK;
}

/* Checked again, for a template may have given it. */
static enum rs_err take_number(struct json_object *data, const char *key, int64_t *ret, struct fault *fault)
{
    const struct kind_setting *setting = kind_setting_find(kind_find("scrape")->settings, key);
    struct json_object *value = json_get(data, key);

    *ret = strtoll(setting->fallback, NULL, 10);
    if (!value)
        return RS_OK;
    *ret = json_object_get_int64(value);
    if (!json_object_is_type(value, json_type_int) || *ret < setting->min || *ret > setting->max)
        return fault_set(fault, RS_INVALID, "`%s` must be a whole number from %lld to %lld", key,
                         (long long)setting->min, (long long)setting->max);
    return RS_OK;
}

static enum rs_err take_numbers(struct scrape_settings *s, struct json_object *data, struct fault *fault)
{
    const struct {
        const char *key;
        int64_t *to;
    } numbers[] = {
        {"maxPages", &s->max_pages}, {"maxDepth", &s->max_depth}, {"concurrency", &s->concurrency},
        {"perHost", &s->per_host},   {"retries", &s->retries},    {"retryMs", &s->retry_ms},
        {"delayMs", &s->delay_ms},   {"maxBytes", &s->max_bytes}, {"requestTimeoutMs", &s->timeout_ms},
    };
    enum rs_err err = RS_OK;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !err; i++)
        err = take_number(data, numbers[i].key, numbers[i].to, fault);
    s->follow = json_get_bool(data, "follow", false) || s->links;
    s->robots = json_get_bool(data, "robots", true);
    return err;
}

/* A user agent of the workflow's own goes into the headers; robots.txt is asked with its first word. */
static enum rs_err take_agent(struct scrape_settings *s, struct json_object *data, struct fault *fault)
{
    const char *agent = json_get_string(data, "userAgent", NULL);
    struct json_object *headers = json_get(data, "headers");

    strcpy(s->agent, SCRAPE_AGENT);
    if (headers && !json_object_is_type(headers, json_type_object))
        return fault_set(fault, RS_INVALID, "`headers` must be an object");
    s->headers = json_object_new_object();
    if (headers) {
        json_object_object_foreach(headers, name, value) json_set(s->headers, name, json_object_get(value));
    }
    if (!agent || !*agent)
        return RS_OK;
    size_t n = strspn(agent, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    if (n == 0 || n > SCRAPE_NAME_MAX)
        return fault_set(fault, RS_INVALID, "`userAgent` must begin with a product name of letters, - and _");
    memcpy(s->agent, agent, n);
    s->agent[n] = '\0';
    json_set_string(s->headers, "User-Agent", agent);
    return RS_OK;
}

enum rs_err scrape_settings_new(struct json_object *data, const char *name, struct scrape_settings **ret,
                                struct fault *fault)
{
    struct scrape_settings *s = calloc(1, sizeof *s);
    enum rs_err err = s ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");

    html_init();
    if (!err)
        err = take_sources(s, data, fault);
    if (!err)
        err = take_selector(data, "item", &s->item, fault);
    if (!err)
        err = take_selector(data, "next", &s->next, fault);
    if (!err)
        err = take_selector(data, "links", &s->links, fault);
    if (!err)
        err = take_fields(s, json_get(data, "fields"), fault);
    if (!err)
        err = take_list(data, "include", &s->include, fault);
    if (!err)
        err = take_list(data, "exclude", &s->exclude, fault);
    if (!err)
        err = take_list(data, "hosts", &s->hosts, fault);
    if (!err)
        err = take_artifact(s, data, name, fault);
    if (!err)
        err = take_agent(s, data, fault);
    if (!err)
        err = take_numbers(s, data, fault);
    if (err) {
        scrape_settings_free(s);
        return err;
    }
    *ret = s;
    return RS_OK;
}

void scrape_settings_free(struct scrape_settings *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_starts; i++)
        free(s->starts[i]);
    for (size_t i = 0; i < SCRAPE_FIELDS_MAX; i++)
        free(s->fields[i].xpath);
    free(s->starts);
    free(s->sitemap);
    free(s->item);
    free(s->next);
    free(s->links);
    json_object_put(s->include);
    json_object_put(s->exclude);
    json_object_put(s->hosts);
    json_object_put(s->headers);
    json_object_put(s->start_hosts);
    free(s);
}

static bool host_wanted(const struct scrape_settings *s, const char *url)
{
    char host[URL_TEXT_MAX + 1];

    url_host(url, host);
    for (size_t i = 0; s->hosts && i < json_object_array_length(s->hosts); i++)
        if (url_host_allowed(json_object_get_string(json_object_array_get_idx(s->hosts, i)), host))
            return true;
    return !s->hosts && json_object_object_get_ex(s->start_hosts, host, NULL);
}

static bool matches_one(struct json_object *patterns, const char *url)
{
    for (size_t i = 0; patterns && i < json_object_array_length(patterns); i++)
        if (url_matches(json_object_get_string(json_object_array_get_idx(patterns, i)), url))
            return true;
    return false;
}

bool scrape_wants(const struct scrape_settings *s, const char *url)
{
    if (!host_wanted(s, url) || matches_one(s->exclude, url))
        return false;
    return !s->include || json_object_array_length(s->include) == 0 || matches_one(s->include, url);
}

void scrape_moved(struct scrape_settings *s, const char *url)
{
    char host[URL_TEXT_MAX + 1];

    url_host(url, host);
    json_set_bool(s->start_hosts, host, true);
}
