/* pending_file - lines of one file into the log. A refused line too is an entry of the batch, one that cannot be stored: so
 * it counts as seen with the commit, and is refused once. */
#include "event/pending_file.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIQUE_LEN 16 /* random characters of id_new */

struct pending_file *pending_file_new(const char *name, ino_t inode)
{
    size_t len = strlen(name), tail = 1 + UNIQUE_LEN + strlen(PENDING_TAKEN);
    struct pending_file *file;

    errno = EINVAL;
    if (len <= tail || len - tail > ID_MAX || len >= sizeof file->name || name[len - tail] != '.' ||
        !id_valid_n(name, len - tail))
        return NULL;
    file = calloc(1, sizeof *file);
    if (!file) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(file->name, name, len + 1);
    memcpy(file->instance, name, len - tail);
    snprintf(file->producer, sizeof file->producer, "pending-%.*s", UNIQUE_LEN, name + len - tail + 1);
    file->inode = inode;
    if (!id_valid(file->producer)) {
        free(file);
        return NULL;
    }
    return file;
}

int64_t pending_age_ms(const struct stat *st)
{
    int64_t age = clock_wall_ms() - ((int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);

    return age < 0 ? -age : age;
}

bool pending_batch_init(struct pending_batch *batch)
{
    batch->text = malloc(PENDING_STEP_BYTES);
    return batch->text != NULL;
}

void pending_batch_release(struct pending_batch *batch)
{
    free(batch->text);
}

/* One line as an entry. reason: why it is refused without being looked at; or NULL. */
static void add_line(struct pending_batch *batch, const struct pending_file *file, int64_t number, const char *text,
                     size_t len, int64_t time_ms, const char *reason)
{
    struct line *line = &batch->lines[batch->n];
    struct fault fault = {0};
    bool good = !reason && line_parse(text, len, line, &fault) == RS_OK;

    if (good && line->kind != LINE_EVENT) {
        good = false;
        reason = "not an event";
    }
    batch->origins[batch->n].text = text;
    batch->origins[batch->n].len = len;
    snprintf(batch->origins[batch->n].reason, sizeof batch->origins[0].reason, "%s",
             good ? "" : reason ? reason : fault.message);
    if (good)
        batch->entries[batch->n] = (struct eventlog_entry){
            .stream = line->stream, .type = line->type, .data = line->data, .data_len = line->data_len,
            .time_ms = line->time_ms ? line->time_ms : time_ms, .oid = line->oid,
            .producer = line->n > 0 ? file->instance : file->producer,
            .producer_seq = line->n > 0 ? line->n : number,
        };
    else
        batch->entries[batch->n] = (struct eventlog_entry){.stream = "", .type = "", .data = "{}", .data_len = 2,
                                                           .producer = file->producer, .producer_seq = number};
    batch->n++;
}

/* Where a file stands once the lines read are dealt with. */
struct position {
    int64_t at, line;
    bool skipping;
};

/* The text read, line by line. abandoned: a last line without its newline will not be completed any more. */
static struct position cut_lines(struct pending_batch *batch, const struct pending_file *file, int64_t time_ms,
                                 bool abandoned)
{
    struct position pos = {file->at, file->line, file->skipping};
    const char *p = batch->text, *end = batch->text + batch->len;

    batch->n = 0;
    while (p < end && batch->n < PENDING_STEP_LINES) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        if (pos.skipping) {
            pos.skipping = !newline;
        } else if (!newline && len <= EVENT_LINE_MAX && !abandoned) {
            break;
        } else {
            pos.line++;
            pos.skipping = !newline && !abandoned;
            if (len > 0)
                add_line(batch, file, pos.line, p, len, time_ms,
                         len > EVENT_LINE_MAX ? "the line is too long" : newline ? NULL : "the line was never completed");
        }
        p += len + (newline ? 1 : 0);
    }
    pos.at += p - batch->text;
    return pos;
}

/* Keep what was refused, for whoever looks for it. A file that is full, or cannot be written, loses no event. */
static void keep_rejected(int folder, const struct pending_file *file, const char *reason, const char *text, size_t len)
{
    char name[NAME_MAX + 1];
    struct buf out;
    struct stat st;
    int fd;

    snprintf(name, sizeof name, "%s.rejected", file->instance);
    fd = openat(folder, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (fd < 0)
        return;
    buf_init(&out, (size_t)PENDING_REJECTED_LINE * 8);
    buf_puts(&out, "{\"reason\":");
    buf_put_json(&out, reason, strlen(reason));
    buf_puts(&out, ",\"line\":");
    buf_put_json(&out, text, len < PENDING_REJECTED_LINE ? len : PENDING_REJECTED_LINE);
    buf_puts(&out, "}\n");
    if (!out.err && fstat(fd, &st) == 0 && st.st_size + (off_t)out.len <= PENDING_REJECTED_MAX) {
        ssize_t written = write(fd, out.data, out.len);
        (void)written;
    }
    buf_release(&out);
    close(fd);
}

static void settle(const struct pending_batch *batch, int folder, const struct pending_file *file,
                   struct pending_drained *sums)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct eventlog_entry *e = &batch->entries[i];
        const char *reason = batch->origins[i].reason;
        if (e->event)
            sums->stored++;
        event_unref(e->event);
        if (e->duplicate) {
            sums->duplicates++;
        } else if (e->status) {
            sums->rejected++;
            if (!*reason)
                reason = e->status == RS_CONFLICT ? "the run has ended" : rs_err_name(e->status);
            keep_rejected(folder, file, reason, batch->origins[i].text, batch->origins[i].len);
        }
    }
}

enum rs_err pending_batch_drain(struct pending_batch *batch, int folder, int fd, struct pending_file *file,
                                struct eventlog *log, struct pending_drained *sums, bool *ret_all, struct fault *fault)
{
    struct stat st;
    struct position pos;
    ssize_t n;
    bool abandoned;
    enum rs_err err;

    *ret_all = false;
    if (fstat(fd, &st) != 0 || (n = pread(fd, batch->text, PENDING_STEP_BYTES, file->at)) < 0)
        return fault_set(fault, RS_IO, "cannot read %s: %s", file->name, strerror(errno));
    batch->len = (size_t)n;
    abandoned = file->at + n == st.st_size && pending_age_ms(&st) >= PENDING_HALF_MS;
    pos = cut_lines(batch, file, (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000, abandoned);
    err = eventlog_append(log, batch->entries, batch->n, fault);
    if (err)
        return err;
    settle(batch, folder, file, sums);
    sums->more = pos.at > file->at && pos.at < st.st_size;
    file->at = pos.at;
    file->line = pos.line;
    file->skipping = pos.skipping;
    *ret_all = file->at == st.st_size;
    return RS_OK;
}
