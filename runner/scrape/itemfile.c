#include "runner/scrape/itemfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ITEM_BYTES_MAX (32 * 1024 * 1024)

static const char *const whole_page[] = {"url", "title", "text"}; /* what there is without fields */

static enum rs_err flush(struct itemfile *items, struct fault *fault)
{
    size_t done = 0;

    if (items->out.err)
        return fault_set(fault, items->out.err, "an item is too large");
    while (done < items->out.len) {
        ssize_t n = write(items->fd, items->out.data + done, items->out.len - done);
        if (n < 0 && errno != EINTR)
            return fault_set(fault, RS_IO, "cannot write the items: %s", strerror(errno));
        done += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&items->out);
    return RS_OK;
}

void itemfile_put_csv(struct buf *out, const char *text, size_t len)
{
    bool quote = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');

    for (size_t i = 0; i < len && !quote; i++)
        quote = strchr("\",\r\n", text[i]) != NULL;
    if (!quote) {
        buf_append(out, text, len);
        return;
    }
    buf_putc(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            buf_putc(out, '"');
        buf_putc(out, text[i]);
    }
    buf_putc(out, '"');
}

static size_t n_columns(const struct itemfile *items)
{
    return items->settings->n_fields ? items->settings->n_fields : sizeof whole_page / sizeof *whole_page;
}

static const char *column(const struct itemfile *items, size_t i)
{
    return items->settings->n_fields ? items->settings->fields[i].name : whole_page[i];
}

static void put_header(struct itemfile *items)
{
    for (size_t i = 0; i < n_columns(items); i++) {
        if (i)
            buf_putc(&items->out, ',');
        itemfile_put_csv(&items->out, column(items, i), strlen(column(items, i)));
    }
    buf_puts(&items->out, "\r\n");
}

static void put_row(struct itemfile *items, struct json_object *item)
{
    for (size_t i = 0; i < n_columns(items); i++) {
        struct json_object *value = json_get(item, column(items, i));
        size_t len;
        if (i)
            buf_putc(&items->out, ',');
        if (json_object_is_type(value, json_type_string)) {
            itemfile_put_csv(&items->out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        } else if (value) {
            const char *text = json_text(value, &len);
            itemfile_put_csv(&items->out, text, len);
        }
    }
    buf_puts(&items->out, "\r\n");
}

enum rs_err itemfile_open(struct itemfile *items, const struct scrape_settings *settings, const char *folder,
                          int64_t max_bytes, struct fault *fault)
{
    memset(items, 0, sizeof *items);
    items->settings = settings;
    items->max_bytes = max_bytes;
    items->fd = -1;
    buf_init(&items->out, ITEM_BYTES_MAX + ITEMFILE_BUFFER);
    items->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (items->folder < 0)
        return fault_set(fault, RS_IO, "%s: %s", folder, strerror(errno));
    /* A name of its own first: a reader of the artifact never sees half of it. */
    id_new(".runspool-", items->temporary);
    items->fd = openat(items->folder, items->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (items->fd < 0)
        return fault_set(fault, RS_IO, "cannot write the items: %s", strerror(errno));
    if (settings->csv)
        put_header(items);
    return RS_OK;
}

enum rs_err itemfile_add(struct itemfile *items, struct json_object *item, struct fault *fault)
{
    size_t before = items->out.len, len;

    if (items->settings->csv) {
        put_row(items, item);
    } else {
        const char *text = json_text(item, &len);
        buf_append(&items->out, text, len);
        buf_putc(&items->out, '\n');
    }
    if (items->out.err)
        return fault_set(fault, items->out.err, "an item is too large");
    items->bytes += (int64_t)(items->out.len - before);
    items->n++;
    if (items->bytes > items->max_bytes)
        return fault_set(fault, RS_LIMIT, "the items are more than limits.artifact_bytes (%lld)",
                         (long long)items->max_bytes);
    return items->out.len >= ITEMFILE_BUFFER ? flush(items, fault) : RS_OK;
}

enum rs_err itemfile_close(struct itemfile *items, struct fault *fault)
{
    enum rs_err err = flush(items, fault);

    if (close(items->fd) < 0 && !err)
        err = fault_set(fault, RS_IO, "cannot write the items: %s", strerror(errno));
    items->fd = -1;
    if (!err && renameat(items->folder, items->temporary, items->folder, items->settings->artifact) < 0)
        err = fault_set(fault, RS_IO, "cannot write %s: %s", items->settings->artifact, strerror(errno));
    if (err)
        unlinkat(items->folder, items->temporary, 0);
    return err;
}

void itemfile_abort(struct itemfile *items)
{
    if (items->fd >= 0) {
        close(items->fd);
        unlinkat(items->folder, items->temporary, 0);
    }
    if (items->folder >= 0)
        close(items->folder);
    items->fd = items->folder = -1;
    buf_release(&items->out);
}
