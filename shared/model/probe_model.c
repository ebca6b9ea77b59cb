/* The endpoint of agent nodes: does it tell its models? */
#include "model/probe.h"

#include "base/curl.h"
#include "base/endpoint.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX (256 * 1024) /* bytes of the list that are read */
#define HEADER_MAX 4096

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
    return buf_append(ctx, data, size * n) == RS_OK ? size * n : 0;
}

/* A list that is longer than that is a list all the same. */
static void say_answer(struct probe *ret, long status, const struct buf *list)
{
    struct json_object *answer = NULL, *data = NULL;

    if (status != 200) {
        probe_say(ret, status >= 500 ? "down" : "degraded", "it answers with HTTP %ld", status);
        return;
    }
    if (list->len > 0 && json_parse(list->data, list->len, LIST_MAX, &answer, NULL) == RS_OK)
        data = json_get_array(answer, "data");
    if (data != NULL)
        probe_say(ret, "healthy", "%zu models", json_object_array_length(data));
    else if (list->err != RS_OK)
        probe_say(ret, "healthy", "many models");
    else
        probe_say(ret, "degraded", "it answers with something else than a list of models");
    json_object_put(answer);
}

static void ask(CURL *curl, const char *url, const char *key, struct probe *ret)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    char authorization[HEADER_MAX];
    struct buf list;
    long status = 0;
    CURLcode rc;

    buf_init(&list, LIST_MAX);
    if (key != NULL && (size_t)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", key) < sizeof(authorization))
        headers = curl_slist_append(headers, authorization);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "runspool");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PROBE_WAIT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &list);
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && status == 200))
        probe_say(ret, "down", "%s", curl_easy_strerror(rc));
    else
        say_answer(ret, status, &list);
    curl_slist_free_all(headers);
    buf_release(&list);
}

void probe_model(const struct datadir *dd, struct probe *ret)
{
    const char *base = config_text(dd->config, "model.url");
    char url[ENDPOINT_URL_MAX];
    struct fault fault = {0};
    CURL *curl;

    if (base == NULL || base[0] == '\0') {
        probe_say(ret, "disabled", "model.url is not set");
        return;
    }
    if (endpoint_url(base, "models", url, &fault) != RS_OK || curl_load(&fault) != RS_OK) {
        probe_say(ret, "down", "%s", fault.message);
        return;
    }
    if ((curl = curl_easy_init()) == NULL) {
        probe_say(ret, "down", "no memory to ask it");
        return;
    }
    ask(curl, url, config_text(dd->config, "model.key"), ret);
    curl_easy_cleanup(curl);
}
