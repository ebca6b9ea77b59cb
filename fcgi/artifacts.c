/* The files a run has left in its artifacts folder: /api/runs/{id}/artifacts and /artifacts/{name}. */
#include "api.h"
#include "gateway.h"
#include "runs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARTIFACTS_MAX = 10000, LIST_DEFAULT = 100, LIST_MAX = 1000, NAME_MAX_BYTES = 128 };

/* What is shown in the browser; all else, and what could carry scripts (HTML, SVG), is offered for download. */
static const struct {
    const char *suffix, *type;
    bool shown;
} types[] = {
    {".md", "text/markdown; charset=utf-8", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".log", "text/plain; charset=utf-8", true},
    {".csv", "text/csv; charset=utf-8", true},
    {".json", "application/json", true},
    {".png", "image/png", true},
    {".jpg", "image/jpeg", true},
    {".jpeg", "image/jpeg", true},
    {".gif", "image/gif", true},
    {".webp", "image/webp", true},
    {".pdf", "application/pdf", true},
    {".html", "text/html; charset=utf-8", false},
    {".svg", "image/svg+xml", false},
    {".xml", "application/xml", false},
    {".zip", "application/zip", false},
    {".gz", "application/gzip", false},
};

static const char *type_of(const char *name, bool *ret_shown)
{
    const char *suffix = strrchr(name, '.');
    for (size_t i = 0; suffix && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(suffix, types[i].suffix) == 0) {
            *ret_shown = types[i].shown;
            return types[i].type;
        }
    }
    *ret_shown = false;
    return "application/octet-stream";
}

/* Percent-encode a name for a URL or for filename* (RFC 8187). out: 3 bytes a byte and the NUL. */
static void encode_name(const char *name, char out[3 * NAME_MAX_BYTES + 1])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *name; name++)
        out += strchr(plain, *name) ? (*out = *name, 1) : sprintf(out, "%%%02X", (unsigned char)*name);
    *out = '\0';
}

/* A plain file of the folder, or -1 with errno: no links, no devices, nothing outside. */
static int open_file(int folder, const char *name, struct stat *ret)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

static bool name_usable(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_BYTES && !strchr(name, '/');
}

/* The run's folder, after checking that the run is the caller's. *ret: a descriptor, -1 when it left nothing. */
static enum rs_err open_folder(struct call *call, const char **ret_id, int *ret, struct fault *fault)
{
    char path[PATH_MAX];
    enum rs_err err = call_id(call, "id", "run", ret_id, fault);
    if (!err)
        err = run_check(call, *ret_id, fault);
    if (err)
        return err;
    datadir_path(call->worker->dd, path, DATADIR_RUN_ARTIFACTS, *ret_id);
    *ret = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret < 0 && errno != ENOENT)
        return fault_set(fault, RS_IO, "cannot open the run's artifacts: %s", strerror(errno));
    return RS_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names after `cursor`, sorted. *ret and its strings: owned. */
static enum rs_err read_names(int folder, const char *cursor, char ***ret, size_t *ret_n, struct fault *fault)
{
    size_t n = 0;
    char **names = calloc(ARTIFACTS_MAX, sizeof *names);
    int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!names || !dir) {
        if (copy >= 0 && !dir)
            close(copy);
        if (dir)
            closedir(dir);
        free(names);
        return fault_set(fault, RS_IO, "cannot list the run's artifacts: %s", strerror(errno));
    }
    struct dirent *entry;
    while (n < ARTIFACTS_MAX && (entry = readdir(dir)))
        if (name_usable(entry->d_name) && (!cursor || strcmp(entry->d_name, cursor) > 0) &&
            (names[n] = strdup(entry->d_name)))
            n++;
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    *ret = names;
    *ret_n = n;
    return RS_OK;
}

static struct json_object *item_of(struct call *call, const char *run_id, const char *name, const struct stat *st)
{
    char url[2 * REQUEST_PATH_MAX], encoded[3 * NAME_MAX_BYTES + 1];
    bool shown;
    struct json_object *item = json_object_new_object();
    encode_name(name, encoded);
    snprintf(url, sizeof url, "%s/api/runs/%s/artifacts/%s", call->request->prefix, run_id, encoded);
    json_set_string(item, "name", name);
    json_set_int(item, "bytes", st->st_size);
    json_set_string(item, "type", type_of(name, &shown));
    json_set_time(item, "modifiedAt", (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);
    json_set_string(item, "url", url);
    return item;
}

enum rs_err artifacts_list(struct call *call, struct fault *fault)
{
    char **names = NULL;
    size_t n = 0;
    int folder = -1, limit = 0;
    const char *id = NULL, *next = NULL;
    struct json_object *answer = json_object_new_object(), *items = json_object_new_array();
    json_set(answer, "items", items);
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err)
        err = open_folder(call, &id, &folder, fault);
    if (!err && folder >= 0)
        err = read_names(folder, query_get(&call->request->query, "cursor"), &names, &n, fault);
    for (size_t i = 0; !err && i < n; i++) {
        struct stat st;
        if (json_object_array_length(items) == (size_t)limit) {
            next = names[i - 1];
            break;
        }
        int fd = open_file(folder, names[i], &st);
        if (fd < 0)
            continue;
        close(fd);
        json_object_array_add(items, item_of(call, id, names[i], &st));
    }
    if (next)
        json_set_string(answer, "next", next);
    else
        json_set(answer, "next", NULL);
    if (!err)
        err = response_json(call->response, 200, answer);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    if (folder >= 0)
        close(folder);
    json_object_put(answer);
    return err;
}

enum rs_err artifact_get(struct call *call, struct fault *fault)
{
    int folder = -1;
    const char *id = NULL, *name = path_param(&call->params, "name");
    char encoded[3 * NAME_MAX_BYTES + 1], disposition[3 * NAME_MAX_BYTES + 64];
    struct stat st;
    bool shown;
    enum rs_err err = open_folder(call, &id, &folder, fault);
    if (err)
        return err;
    int fd = folder >= 0 && name_usable(name) ? open_file(folder, name, &st) : -1;
    if (folder >= 0)
        close(folder);
    if (fd < 0)
        return fault_set(fault, RS_NOT_FOUND, "this run has no artifact \"%.200s\"", name);
    encode_name(name, encoded);
    call->response->type = type_of(name, &shown);
    call->response->file = fd;
    call->response->file_bytes = st.st_size;
    snprintf(disposition, sizeof disposition, "%s; filename*=UTF-8''%s", shown ? "inline" : "attachment", encoded);
    response_header(call->response, "Content-Disposition", disposition);
    response_header(call->response, "Content-Security-Policy", "sandbox; default-src 'none'");
    return RS_OK;
}
