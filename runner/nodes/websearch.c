/* websearch - asks a SearXNG instance (setting search.url) by its JSON API. Output: {query, results: [{title, url,
 * snippet, engine}], answers, suggestions}. The instance is the administrator's choice, so it may be on a private
 * address; it is not followed elsewhere. */
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/nodes/nodes.h"
#include "runner/urltext.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (4 * 1024 * 1024)
#define TEXT_MAX 1000 /* bytes of a title or a snippet */
#define EXTRA_MAX 20  /* answers, suggestions */
#define LIMIT 10      /* default */

struct search {
    struct http_transfer *transfer;
    struct buf body;
};

/* Plain text, cut; never NULL. */
static void set_text(struct json_object *object, const char *key, struct json_object *value)
{
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    json_set(object, key, json_object_new_string_len(text, (int)text_cut(text, strlen(text), TEXT_MAX)));
}

static bool seen(struct json_object *results, const char *url)
{
    for (size_t i = 0; i < json_object_array_length(results); i++)
        if (strcmp(json_get_string(json_object_array_get_idx(results, i), "url", ""), url) == 0)
            return true;
    return false;
}

static struct json_object *take_results(struct json_object *found, size_t limit)
{
    struct json_object *results = json_object_new_array();

    for (size_t i = 0; found && i < json_object_array_length(found) && json_object_array_length(results) < limit; i++) {
        struct json_object *item = json_object_array_get_idx(found, i), *result;
        const char *url = json_get_string(item, "url", "");
        if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) || strlen(url) > 4 * TEXT_MAX ||
            seen(results, url))
            continue;
        result = json_object_new_object();
        set_text(result, "title", json_get(item, "title"));
        json_set_string(result, "url", url);
        set_text(result, "snippet", json_get(item, "content"));
        set_text(result, "engine", json_get(item, "engine"));
        if (json_get_string(item, "publishedDate", NULL))
            set_text(result, "publishedAt", json_get(item, "publishedDate"));
        json_object_array_add(results, result);
    }
    return results;
}

/* Texts, or objects whose member `answer` is one (newer SearXNG). */
static struct json_object *take_texts(struct json_object *from)
{
    struct json_object *to = json_object_new_array();

    for (size_t i = 0; from && i < json_object_array_length(from) && i < EXTRA_MAX; i++) {
        struct json_object *item = json_object_array_get_idx(from, i), *holder = json_object_new_object();
        set_text(holder, "text", json_object_is_type(item, json_type_object) ? json_get(item, "answer") : item);
        json_object_array_add(to, json_object_get(json_get(holder, "text")));
        json_object_put(holder);
    }
    return to;
}

static bool on_data(void *ctx, const char *data, size_t len)
{
    struct node *node = ctx;
    struct search *search = node->state;
    return buf_append(&search->body, data, len) == RS_OK;
}

static void on_response(void *ctx, struct http_response *response)
{
    struct node *node = ctx;
    struct search *search = node->state;
    struct json_object *answer = NULL;
    struct fault fault;

    search->transfer = NULL;
    struct json_object *out = json_object_new_object();
    json_set_int(out, "status", response->status);
    if (response->err == RS_CLOSED) {
        node_fail(node, "limit", NULL, "the search server's answer is larger than %d bytes", ANSWER_MAX);
    } else if (response->err) {
        node_fail(node, "exit", NULL, "the search server (search.url) cannot be asked: %s", response->message);
    } else if (response->status == 403) {
        node_fail(node, "exit", out, "the search server refuses (403): its search.formats must hold json");
        return;
    } else if (response->status < 200 || response->status > 299) {
        node_fail(node, "exit", out, "the search server answered with status %ld", response->status);
        return;
    } else if (json_parse(search->body.data ? search->body.data : "", search->body.len, ANSWER_MAX, &answer, &fault) !=
                   RS_OK ||
               !json_get_array(answer, "results")) {
        node_fail(node, "exit", NULL, "the search server's answer is not SearXNG's JSON");
    } else {
        size_t limit = (size_t)json_get_int(node->data, "limit", LIMIT);
        json_object_object_del(out, "status");
        json_set_string(out, "query", json_get_string(node->data, "query", ""));
        json_set(out, "results", take_results(json_get_array(answer, "results"), limit));
        json_set(out, "answers", take_texts(json_get_array(answer, "answers")));
        json_set(out, "suggestions", take_texts(json_get_array(answer, "suggestions")));
        json_object_put(answer);
        node_done(node, out);
        return;
    }
    json_object_put(answer);
    json_object_put(out);
}

static struct json_object *fields_of(const struct node *node)
{
    static const char *const names[][2] = {
        {"query", "q"},           {"categories", "categories"}, {"engines", "engines"},
        {"language", "language"}, {"timeRange", "time_range"},  {"safeSearch", "safesearch"},
        {"page", "pageno"},
    };
    struct json_object *fields = json_object_new_object();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct json_object *value = json_get(node->data, names[i][0]);
        if (value)
            json_set(fields, names[i][1], json_object_get(value));
    }
    json_set_string(fields, "format", "json");
    return fields;
}

void websearch_start(struct node *node)
{
    const char *base = config_text(node->x->dd->config, "search.url");
    size_t len = base ? strlen(base) : 0;
    struct search *search;
    struct buf url;
    struct fault fault;

    if (len == 0) {
        node_fail(node, "input", NULL, "no search server is set: the setting search.url names a SearXNG instance");
        return;
    }
    if (!(search = calloc(1, sizeof *search))) {
        node_fail(node, "limit", NULL, "out of memory");
        return;
    }
    node->state = search;
    buf_init(&search->body, ANSWER_MAX);
    buf_init(&url, URLTEXT_MAX + len);
    while (len > 0 && base[len - 1] == '/')
        len--;
    bool whole = len >= 7 && memcmp(base + len - 7, "/search", 7) == 0;
    buf_append(&url, base, len);
    buf_puts(&url, whole ? "?" : "/search?");
    struct json_object *fields = fields_of(node);
    urltext_form(&url, fields);
    json_object_put(fields);
    struct http_request request = {.url = url.data, .allow_private = true, .on_data = on_data};
    enum rs_err err = url.err ? fault_set(&fault, RS_LIMIT, "the query is too long")
                              : http_start(node->x->http, &request, on_response, node, &search->transfer, &fault);
    buf_release(&url);
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
}

void websearch_stop(struct node *node)
{
    struct search *search = node->state;
    if (!search || !search->transfer)
        return;
    http_abort(search->transfer);
    search->transfer = NULL;
    node_fail(node, "cancelled", NULL, "cancelled");
}

void websearch_release(struct node *node)
{
    struct search *search = node->state;
    if (search)
        buf_release(&search->body);
    free(search);
}
