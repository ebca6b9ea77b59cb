/* file - writes an artifact of the run: a string as it is, anything else as JSON. Output: {path, bytes, mediaType}.
 * The path never leaves the run's artifacts folder: its parts are plain names, and links on the way are not followed.
 */
#include "runner/nodes/nodes.h"
#include "runner/nodes/tool.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS_MAX 16

static const struct {
    const char *ending, *media_type;
} media_types[] = {
    {".md", "text/markdown"},      {".txt", "text/plain"},       {".csv", "text/csv"},      {".html", "text/html"},
    {".json", "application/json"}, {".xml", "application/xml"},  {".svg", "image/svg+xml"}, {".log", "text/plain"},
    {".yaml", "application/yaml"}, {".yml", "application/yaml"},
};

static const char *media_type(const struct node *node, const char *path)
{
    const char *given = json_get_string(node->data, "mediaType", NULL);
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof media_types / sizeof *media_types && !given; i++) {
        size_t n = strlen(media_types[i].ending);
        if (len > n && strcmp(path + len - n, media_types[i].ending) == 0)
            given = media_types[i].media_type;
    }
    return given ? given : "application/octet-stream";
}

/* The next plain name of a path. Returns: its length; 0 at the end; -1 for what is none. */
static int take_part(const char **path, char part[NAME_MAX + 1])
{
    size_t n = strcspn(*path, "/");
    if (n == 0)
        return **path ? -1 : 0;
    if (n > NAME_MAX || (n == 1 && **path == '.') || (n == 2 && memcmp(*path, "..", 2) == 0))
        return -1;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)(*path)[i] < 0x20 || (*path)[i] == 0x7f)
            return -1;
    memcpy(part, *path, n);
    part[n] = '\0';
    *path += n + (((*path)[n] == '/') ? 1 : 0);
    return (int)n;
}

static enum rs_err write_all(int dir, const char *name, const char *text, size_t len, struct fault *fault)
{
    /* A name of its own first: a reader of the artifact never sees half of it. */
    char temporary[] = ".runspool-artifact";
    unlinkat(dir, temporary, 0);
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    enum rs_err err = RS_OK;

    if (fd < 0)
        return fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
    while (len > 0 && !err) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
        else if (n > 0)
            text += n, len -= (size_t)n;
    }
    if (close(fd) < 0 && !err)
        err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
    if (!err && renameat(dir, temporary, dir, name) < 0)
        err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
    if (err)
        unlinkat(dir, temporary, 0);
    return err;
}

static enum rs_err write_artifact(const char *root, const char *path, const char *text, size_t len, struct fault *fault)
{
    char part[NAME_MAX + 1], next[NAME_MAX + 1];
    enum rs_err err;
    int n, parts = 1, dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return fault_set(fault, RS_IO, "%s: %s", root, strerror(errno));
    n = take_part(&path, part);
    while (n > 0 && *path) {
        int below = -1;
        if ((n = take_part(&path, next)) <= 0 || ++parts > PARTS_MAX)
            break;
        if (mkdirat(dir, part, 0770) < 0 && errno != EEXIST)
            below = -1;
        else
            below = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) {
            err = fault_set(fault, RS_INVALID, "%s: %s", part, strerror(errno));
            goto out;
        }
        close(dir);
        dir = below;
        memcpy(part, next, sizeof part);
    }
    if (n <= 0 || parts > PARTS_MAX)
        err = fault_set(fault, RS_INVALID, "`path` must be a relative path of plain names");
    else
        err = write_all(dir, part, text, len, fault);
out:
    close(dir);
    return err;
}

void file_start(struct node *node)
{
    const struct execution *x = node->x;
    struct json_object *content = json_get(node->data, "content"), *path_member = json_get(node->data, "path");
    const char *path = json_object_is_type(path_member, json_type_string) ? json_object_get_string(path_member) : "";
    size_t len;
    const char *text = json_text(content, &len);
    struct fault fault;

    if (json_object_is_type(content, json_type_string)) {
        text = json_object_get_string(content);
        len = (size_t)json_object_get_string_len(content);
    }
    if ((int64_t)len > config_number(x->dd->config, "limits.artifact_bytes")) {
        node_fail(node, "limit", NULL, "the artifact is %zu bytes; limits.artifact_bytes is %lld", len,
                  (long long)config_number(x->dd->config, "limits.artifact_bytes"));
        return;
    }
    if (strlen(path) != (size_t)json_object_get_string_len(path_member) ||
        write_artifact(x->artifacts, path, text, len, &fault) != RS_OK) {
        node_fail(node, "input", NULL, "%s: %s", path,
                  strlen(path) == (size_t)json_object_get_string_len(path_member) ? fault.message : "holds a NUL byte");
        return;
    }
    struct json_object *out = json_object_new_object();
    json_set_string(out, "path", path);
    json_set_int(out, "bytes", (int64_t)len);
    json_set_string(out, "mediaType", media_type(node, path));
    node_done(node, out);
}
