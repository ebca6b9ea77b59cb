#include "model/model_list.h"

#include "base/clock.h"
#include "base/curl.h"
#include "base/endpoint.h"
#include "model/model_silence.h"
#include "model/models.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define HEADER_MAX 4096
#define REASON_MAX (FAULT_MESSAGE_MAX + ENDPOINT_SHOWN_MAX)

/* ---- the endpoint ---- */

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
    return buf_append(ctx, data, size * n) == RS_OK ? size * n : 0;
}

static enum rs_err ask(CURL *curl, const char *url, const char *key, int64_t wait_ms, long *ret_status, struct buf *list,
                       struct fault *fault)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    char authorization[HEADER_MAX];
    CURLcode rc;

    if (key != NULL && (size_t)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", key) < sizeof(authorization))
        headers = curl_slist_append(headers, authorization);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "runspool");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)wait_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, list);
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_slist_free_all(headers);
    /* A list that is too long is a list all the same. */
    if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && *ret_status == 200))
        return fault_set(fault, RS_IO, "%s", curl_easy_strerror(rc));
    return RS_OK;
}

enum rs_err model_list_get(const struct config *config, int64_t wait_ms, long *ret_status, struct buf *list, struct fault *fault)
{
    const char *base = config_text(config, "model.url");
    char url[ENDPOINT_URL_MAX];
    enum rs_err err;
    CURL *curl;

    buf_init(list, MODEL_LIST_BYTES);
    *ret_status = 0;
    if (base == NULL)
        return fault_set(fault, RS_NOT_FOUND, "model.url is not set");
    if ((err = endpoint_url(base, "models", url, fault)) != RS_OK || (err = curl_load(fault)) != RS_OK)
        return err == RS_NOT_FOUND ? RS_IO : err;
    if ((curl = curl_easy_init()) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory to ask it");
    err = ask(curl, url, config_text(config, "model.key"), wait_ms, ret_status, list, fault);
    curl_easy_cleanup(curl);
    return err;
}

/* ---- what they are for ---- */

static const struct {
    const char *pattern, *purpose;
} names[] = {
    {"*embed*", "embedding"}, {"*rerank*", "embedding"}, {"bge-*", "embedding"},
    {"*code*", "code"},       {"*codestral*", "code"},   {"*devstral*", "code"},
    {"*vision*", "vision"},   {"*-vl*", "vision"},       {"*llava*", "vision"},
    {"*reason*", "reasoning"}, {"*think*", "reasoning"}, {"*-r1*", "reasoning"}, {"qwq*", "reasoning"},
    {"*mini*", "fast"},       {"*small*", "fast"},       {"*nano*", "fast"},     {"*flash*", "fast"}, {"*haiku*", "fast"},
};

static struct json_object *find(struct json_object *items, const char *model)
{
    size_t i;

    for (i = 0; i < json_object_array_length(items); i++)
        if (models_same(json_get_string(json_object_array_get_idx(items, i), "id", ""), model))
            return json_object_array_get_idx(items, i);
    return NULL;
}

static struct json_object *add(struct json_object *items, const char *model)
{
    struct json_object *item = json_object_new_object();

    json_set_string(item, "id", model);
    json_set(item, "available", NULL);
    json_set(item, "purposes", json_object_new_array());
    json_object_array_add(items, item);
    return item;
}

/* list: names by commas, as the setting has them. */
static void take_setting(void *ctx, const char *purpose, const char *list)
{
    struct json_object *items = ctx, *wanted = json_object_new_array(), *item;
    const char *model;
    size_t i;

    models_add(wanted, list, purpose);
    for (i = 0; i < json_object_array_length(wanted); i++) {
        model = json_get_string(json_object_array_get_idx(wanted, i), "model", "");
        if ((item = find(items, model)) == NULL)
            item = add(items, model);
        json_object_array_add(json_get(item, "purposes"), json_object_new_string(purpose));
    }
    json_object_put(wanted);
}

static void take_available(struct json_object *items, struct json_object *ids)
{
    struct json_object *item;
    size_t i, k, n = json_object_array_length(items);
    const char *id;

    for (i = 0; i < n; i++)
        json_set_bool(json_object_array_get_idx(items, i), "available", false);
    for (i = 0; i < json_object_array_length(ids); i++) {
        id = json_object_get_string(json_object_array_get_idx(ids, i));
        if ((item = find(items, id)) == NULL) {
            item = add(items, id);
            for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
                if (fnmatch(names[k].pattern, id, FNM_CASEFOLD) == 0) {
                    json_object_array_add(json_get(item, "purposes"), json_object_new_string(names[k].purpose));
                    break;
                }
        }
        json_set_bool(item, "available", true);
    }
}

struct json_object *model_list_of(const struct config *config, struct json_object *ids)
{
    struct json_object *answer = json_object_new_object(), *items = json_object_new_array();
    const char *base = config_text(config, "model.url");
    char shown[ENDPOINT_SHOWN_MAX];

    json_set_bool(answer, "configured", base != NULL);
    json_set(answer, "endpoint", base != NULL ? json_object_new_string(endpoint_shown(base, shown)) : NULL);
    json_set(answer, "reason", NULL); /* its place */
    json_set(answer, "items", items);
    json_set(answer, "next", NULL);
    if (config_text(config, "model.default") != NULL)
        take_setting(items, "default", config_text(config, "model.default"));
    config_each(config, "assistant.models.<intent>", take_setting, items);
    if (ids != NULL)
        take_available(items, ids);
    return answer;
}

/* One that refuses at once keeps nobody waiting. */
static enum rs_err get_unless_silent(const struct datadir *dd, int64_t wait_ms, long *ret_status, struct buf *list, struct fault *fault)
{
    int64_t start = clock_mono_ms();
    enum rs_err err;

    if (model_silence_lasts(dd, fault)) {
        buf_init(list, 0);
        *ret_status = 0;
        return RS_IO;
    }
    err = model_list_get(dd->config, wait_ms, ret_status, list, fault);
    model_silence_set(dd, err == RS_IO && clock_mono_ms() - start >= wait_ms / 2 ? fault->message : NULL);
    return err;
}

struct json_object *model_list(const struct datadir *dd, int64_t wait_ms)
{
    struct json_object *answer = NULL, *ids = NULL, *list;
    struct fault fault = {0};
    char reason[REASON_MAX] = "";
    struct buf text;
    long status;
    enum rs_err err = get_unless_silent(dd, wait_ms, &status, &text, &fault);

    if (err != RS_OK)
        snprintf(reason, sizeof(reason), "%s", fault.message);
    else if (status == 401 || status == 403)
        snprintf(reason, sizeof(reason), "it does not accept the key, or the lack of one (HTTP %ld)", status);
    else if (status != 200)
        snprintf(reason, sizeof(reason), "it answers with HTTP %ld", status);
    else if (text.len > 0 && text.err == RS_OK && json_parse(text.data, text.len, MODEL_LIST_BYTES, &answer, NULL) == RS_OK)
        ids = models_available(answer);
    if (reason[0] == '\0' && ids == NULL)
        snprintf(reason, sizeof(reason), "it answers with something else than a list of models");
    list = model_list_of(dd->config, ids);
    if (reason[0] != '\0')
        json_set_string(list, "reason", reason);
    json_object_put(ids);
    json_object_put(answer);
    buf_release(&text);
    return list;
}
