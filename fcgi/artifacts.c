/* The files a run has left in its artifacts folder: /api/runs/{id}/artifacts and /artifacts/{name...}, with ranges, so
 * that large ones can be fetched in parts and a broken download goes on. */
#include "api.h"
#include "gateway.h"
#include "http/problem.h"
#include "model/artifact.h"
#include "range.h"
#include "runs.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

/* Percent-encode a name for a URL, where slashes stay, or for filename* (RFC 8187). */
static void encode_name(const char *name, bool slashes, char out[3 * ARTIFACT_NAME_MAX + 1])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *name; name++)
        out += strchr(plain, *name) || (slashes && *name == '/') ? (*out = *name, 1)
                                                                 : sprintf(out, "%%%02X", (unsigned char)*name);
    *out = '\0';
}

/* The run, after checking that it is the caller's. */
static enum rs_err take_run(struct call *call, const char **ret_id, struct fault *fault)
{
    enum rs_err err = call_id(call, "id", "run", ret_id, fault);
    return err ? err : run_check(call, *ret_id, fault);
}

static struct json_object *item_of(struct call *call, const char *run_id, const struct artifact *artifact)
{
    char url[REQUEST_PATH_MAX + 4 * ARTIFACT_NAME_MAX], encoded[3 * ARTIFACT_NAME_MAX + 1];
    bool shown;
    struct json_object *item = json_object_new_object();
    encode_name(artifact->name, true, encoded);
    snprintf(url, sizeof url, "%s/api/runs/%s/artifacts/%s", call->request->prefix, run_id, encoded);
    json_set_string(item, "name", artifact->name);
    json_set_int(item, "bytes", artifact->bytes);
    json_set_string(item, "type", artifact_type(artifact->name, &shown));
    json_set_time(item, "modifiedAt", artifact->modified_ms);
    json_set_string(item, "url", url);
    return item;
}

enum rs_err artifacts_list(struct call *call, struct fault *fault)
{
    struct artifact_list list = {.items = NULL};
    int limit = 0;
    const char *id = NULL, *next = NULL, *cursor = query_get(&call->request->query, "cursor");
    struct json_object *answer = json_object_new_object(), *items = json_object_new_array();
    json_set(answer, "items", items);
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err)
        err = take_run(call, &id, fault);
    if (!err)
        err = artifact_find(call->worker->dd, id, &list, fault);
    for (int i = 0; !err && i < list.n; i++) {
        if (cursor && strcmp(list.items[i].name, cursor) <= 0)
            continue;
        if (json_object_array_length(items) == (size_t)limit) {
            next = list.items[i - 1].name;
            break;
        }
        json_object_array_add(items, item_of(call, id, &list.items[i]));
    }
    if (next)
        json_set_string(answer, "next", next);
    else
        json_set(answer, "next", NULL);
    if (!err)
        err = response_json(call->response, 200, answer);
    artifact_list_release(&list);
    json_object_put(answer);
    return err;
}

/* The part that Range asks for, unless If-Range says that it is a part of another state of the file. */
static void take_range(struct call *call, int fd, const struct stat *st, const char *etag, const char *date)
{
    const char *if_range = request_header(call->request, "HTTP_IF_RANGE"),
               *range = request_header(call->request, "HTTP_RANGE");
    long long first = 0, len = st->st_size;
    char text[96];
    bool same = !if_range || strcmp(if_range, etag) == 0 || strcmp(if_range, date) == 0;

    switch (same ? range_parse(range, st->st_size, &first, &len) : RANGE_WHOLE) {
    case RANGE_WHOLE:
        break;
    case RANGE_PART:
        if (lseek(fd, first, SEEK_SET) < 0)
            return;
        call->response->status = 206;
        call->response->file_bytes = len;
        snprintf(text, sizeof text, "bytes %lld-%lld/%lld", first, first + len - 1, (long long)st->st_size);
        response_header(call->response, "Content-Range", text);
        break;
    case RANGE_UNSATISFIABLE:
        close(call->response->file);
        call->response->file = -1;
        call->response->status = 416;
        call->response->type = "application/problem+json";
        snprintf(text, sizeof text, "bytes */%lld", (long long)st->st_size);
        response_header(call->response, "Content-Range", text);
        buf_printf(&call->response->body,
                   "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":416,\"code\":\"invalid\","
                   "\"detail\":\"the file has %lld bytes\"}",
                   http_reason(416), (long long)st->st_size);
        break;
    }
}

enum rs_err artifact_get(struct call *call, struct fault *fault)
{
    const char *id = NULL, *name = call->rest, *base = strrchr(name, '/');
    char encoded[3 * ARTIFACT_NAME_MAX + 1], disposition[3 * ARTIFACT_NAME_MAX + 64], etag[RANGE_ETAG_MAX],
        date[RANGE_DATE_MAX];
    struct response *response = call->response;
    struct stat st;
    bool shown;
    int fd;
    enum rs_err err = take_run(call, &id, fault);
    if (!err)
        err = artifact_open(call->worker->dd, id, name, &fd, &st, fault);
    if (err)
        return err;
    response->type = artifact_type(name, &shown);
    response->file = fd;
    response->file_bytes = st.st_size;
    range_etag(&st, etag);
    range_date(&st, date);
    response_header(response, "ETag", etag);
    response_header(response, "Last-Modified", date);
    if (range_has_etag(request_header(call->request, "HTTP_IF_NONE_MATCH"), etag)) {
        response->status = 304;
        return RS_OK;
    }
    encode_name(base ? base + 1 : name, false, encoded);
    snprintf(disposition, sizeof disposition, "%s; filename*=UTF-8''%s", shown ? "inline" : "attachment", encoded);
    response_header(response, "Accept-Ranges", "bytes");
    response_header(response, "Content-Disposition", disposition);
    /* Whatever a browser makes of it, it runs nothing and has no origin. */
    response_header(response, "Content-Security-Policy", "sandbox; default-src 'none'");
    take_range(call, fd, &st, etag, date);
    return RS_OK;
}
