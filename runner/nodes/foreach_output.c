/* What a foreach gives: its items' outputs in order, or the artifact that holds them. */
#include "runner/execution.h"
#include "runner/nodes/foreach.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 16384 /* of RUN_OUTPUT_MAX, for all but the items */

struct collection {
    struct json_object *array; /* one of these */
    FILE *file;
    size_t next; /* index expected */
    int64_t bytes;
};

static bool add_text(struct collection *c, const char *text, size_t len)
{
    struct json_object *value = NULL;

    c->next++;
    if (c->file) {
        c->bytes += (int64_t)len + 1;
        return fwrite(text, 1, len, c->file) == len && putc('\n', c->file) != EOF;
    }
    if (json_parse(text, len, ITEM_OUTPUT_MAX, &value, NULL) != RS_OK)
        value = NULL;
    json_object_array_add(c->array, value);
    return true;
}

/* Those that gave nothing count as null, so that places are indexes. */
static bool fill(struct collection *c, size_t up_to)
{
    while (c->next < up_to)
        if (!add_text(c, "null", 4))
            return false;
    return true;
}

static bool add(void *ctx, int64_t index, const char *text, size_t len)
{
    struct collection *c = ctx;
    return fill(c, (size_t)index) && add_text(c, text, len);
}

static enum rs_err collect(struct foreach *f, struct collection *c, struct fault *fault)
{
    struct execution *x = f->node->x;
    enum rs_err err = items_outputs(&x->store, x->claim.id, f->def.id, add, c, fault);

    if (!err && (!fill(c, f->total) || (c->file && ferror(c->file))))
        err = fault_set(fault, RS_IO, "the outputs of the items cannot be written: %s", strerror(errno));
    return err;
}

/* The run's tools may have put anything into the folder, links too: what is written to is always a new file. */
static FILE *create(const char *path)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (!file && fd >= 0)
        close(fd);
    return file;
}

static enum rs_err write_file(struct foreach *f, struct json_object *out, struct fault *fault)
{
    struct execution *x = f->node->x;
    char name[ID_MAX + 16], path[PATH_MAX], part[PATH_MAX];
    struct collection c = {.array = NULL};
    enum rs_err err;

    snprintf(name, sizeof name, "%s.items.jsonl", f->def.id);
    if (snprintf(path, sizeof path, "%s/%s", x->artifacts, name) >= (int)sizeof path ||
        snprintf(part, sizeof part, "%s/.partial-%s", x->artifacts, name) >= (int)sizeof part)
        return fault_set(fault, RS_LIMIT, "the artifact's path is too long");
    if (!(c.file = create(part)))
        return fault_set(fault, RS_IO, "%s: %s", name, strerror(errno));
    err = collect(f, &c, fault);
    if (fclose(c.file) != 0 && !err)
        err = fault_set(fault, RS_IO, "%s: %s", name, strerror(errno));
    if (!err && c.bytes > config_number(x->dd->config, "limits.artifact_bytes"))
        err = fault_set(fault, RS_LIMIT, "the outputs of the items are %lld bytes; limits.artifact_bytes is %lld",
                        (long long)c.bytes, (long long)config_number(x->dd->config, "limits.artifact_bytes"));
    if (!err && rename(part, path) != 0)
        err = fault_set(fault, RS_IO, "%s: %s", name, strerror(errno));
    if (err) {
        unlink(part);
        return err;
    }
    json_set_string(out, "path", name);
    json_set_int(out, "bytes", c.bytes);
    return RS_OK;
}

static enum rs_err put_items(struct foreach *f, struct json_object *out, struct fault *fault)
{
    struct collection c = {.array = NULL};

    /* A comma and a null each. */
    if (f->n_bytes + 5 * (int64_t)f->total > RUN_OUTPUT_MAX - ROOM)
        return write_file(f, out, fault);
    c.array = json_object_new_array();
    json_set(out, "items", c.array);
    return collect(f, &c, fault);
}

enum rs_err foreach_output(struct foreach *f, bool whole, struct json_object **ret, struct fault *fault)
{
    struct json_object *out = json_object_new_object();
    enum rs_err err = RS_OK;

    json_set_int(out, "total", (int64_t)f->total);
    json_set_int(out, "done", (int64_t)f->n_done);
    json_set_int(out, "failed", (int64_t)f->n_failed);
    json_set(out, "failures", json_object_get(f->failures));
    if (whole)
        err = put_items(f, out, fault);
    *ret = out;
    return err;
}
