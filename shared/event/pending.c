/* pending - which files there are, and when they are done with. A file X.jsonl gets a second name, X.<random>.taken (a
 * hard link): lines without a number are known by that name and their place, so no other file's lines are taken for
 * them, however often X.jsonl is made anew. Once all is stored, X.jsonl goes; the second name some time after, so that
 * what an emitter that still had it open wrote meanwhile is seen. */
#include "event/pending.h"
#include "base/clock.h"
#include "event/pending_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLDER "pending"
#define LOCK_NAME ".lock"
#define INBOX ".jsonl"

struct pending {
    const struct datadir *dd;
    int64_t grace_ms;
    struct pending_file *files; /* with a second name, as far as known */
    struct pending_batch batch;
};

struct pending *pending_new(const struct datadir *dd, int64_t grace_ms)
{
    struct pending *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->dd = dd;
    p->grace_ms = grace_ms;
    if (!pending_batch_init(&p->batch)) {
        free(p);
        return NULL;
    }
    return p;
}

void pending_free(struct pending *p)
{
    if (!p)
        return;
    while (p->files) {
        struct pending_file *next = p->files->next;
        free(p->files);
        p->files = next;
    }
    pending_batch_release(&p->batch);
    free(p);
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && strcmp(name + len - end_len, end) == 0;
}

/* A look at every name that ends so; on_name may be NULL. */
struct visit {
    struct pending *p;
    int folder;
    enum rs_err (*on_name)(struct visit *v, const char *name);
    const char *end;
    int n;
    struct fault *fault;
};

static enum rs_err each(struct visit *v)
{
    int fd = openat(v->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    enum rs_err err = RS_OK;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return fault_set(v->fault, RS_IO, "cannot read the folder " FOLDER ": %s", strerror(errno));
    }
    while (!err && (entry = readdir(dir))) {
        if (!ends_with(entry->d_name, v->end))
            continue;
        v->n++;
        if (v->on_name)
            err = v->on_name(v, entry->d_name);
    }
    closedir(dir);
    return err;
}

static enum rs_err know(struct visit *v, const char *name)
{
    struct pending_file *file = v->p->files;
    struct stat st;

    while (file && strcmp(file->name, name) != 0)
        file = file->next;
    if (file || fstatat(v->folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return RS_OK;
    file = pending_file_new(name, st.st_ino);
    if (!file)
        return errno == ENOMEM ? fault_set(v->fault, RS_NOMEM, "out of memory") : RS_OK;
    file->next = v->p->files;
    v->p->files = file;
    return RS_OK;
}

/* Give a new inbox its second name. */
static enum rs_err take(struct visit *v, const char *name)
{
    char instance[NAME_MAX + 1], unique[ID_MAX + 1], taken[2 * NAME_MAX];
    const struct pending_file *file = v->p->files;
    struct stat st;

    snprintf(instance, sizeof instance, "%.*s", (int)(strlen(name) - strlen(INBOX)), name);
    if (!id_valid(instance) || strlen(name) > PENDING_NAME_MAX || fstatat(v->folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
        return RS_OK;
    while (file && file->inode != st.st_ino)
        file = file->next;
    if (file)
        return RS_OK;
    snprintf(taken, sizeof taken, "%s%s" PENDING_TAKEN, instance, id_new(".", unique));
    if (linkat(v->folder, name, v->folder, taken, 0) != 0)
        return fault_set(v->fault, RS_IO, "cannot link " FOLDER "/%s: %s", name, strerror(errno));
    return know(v, taken);
}

/* Everything of it is stored: remove its names, when nobody can add to it any more. Returns whether it is gone. */
static bool finish(const struct pending *p, int folder, const struct pending_file *file, int fd)
{
    char inbox[NAME_MAX + 1];
    struct stat st, now;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    snprintf(inbox, sizeof inbox, "%s" INBOX, file->instance);
    if (fstatat(folder, inbox, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == file->inode && unlinkat(folder, inbox, 0) != 0)
        return false;
    if (fstat(fd, &now) != 0 || now.st_size != file->at || pending_age_ms(&now) < p->grace_ms)
        return false;
    return unlinkat(folder, file->name, 0) == 0;
}

static enum rs_err step_file(struct pending *p, int folder, struct eventlog *log, struct pending_file *file,
                             struct pending_drained *ret, bool *ret_gone, struct fault *fault)
{
    int fd = openat(folder, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool all = false;
    enum rs_err err;

    *ret_gone = fd < 0 && errno == ENOENT; /* another drainer was faster */
    if (fd < 0)
        return *ret_gone ? RS_OK
                         : fault_set(fault, RS_IO, "cannot open " FOLDER "/%s: %s", file->name, strerror(errno));
    err = pending_batch_drain(&p->batch, folder, fd, file, log, ret, &all, fault);
    if (!err && all)
        *ret_gone = finish(p, folder, file, fd);
    close(fd);
    return err;
}

static enum rs_err step_files(struct pending *p, int folder, struct eventlog *log, struct pending_drained *ret,
                              struct fault *fault)
{
    enum rs_err err = RS_OK;

    for (struct pending_file **link = &p->files, *file; !err && !ret->more && (file = *link);) {
        bool gone;
        err = step_file(p, folder, log, file, ret, &gone, fault);
        if (gone) {
            *link = file->next;
            free(file);
        } else {
            ret->waiting = true;
            link = &file->next;
        }
    }
    return err;
}

enum rs_err pending_step(struct pending *p, struct eventlog *log, struct pending_drained *ret, struct fault *fault)
{
    char path[PATH_MAX];
    int folder = open(datadir_path(p->dd, path, FOLDER), O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
    struct visit inboxes = {.p = p, .folder = folder, .end = INBOX, .fault = fault};
    struct visit taken = {.p = p, .folder = folder, .end = PENDING_TAKEN, .fault = fault};
    enum rs_err err;

    *ret = (struct pending_drained){0};
    if (folder < 0)
        return errno == ENOENT ? RS_OK : fault_set(fault, RS_IO, "cannot open %s: %s", path, strerror(errno));
    err = each(&inboxes);
    if (!err)
        err = each(&taken);
    if (err || inboxes.n + taken.n == 0)
        goto out;
    lock = openat(folder, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (lock < 0) {
        err = fault_set(fault, RS_IO, "cannot open %s/" LOCK_NAME ": %s", path, strerror(errno));
        goto out;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ret->waiting = true;
        goto out;
    }
    /* First those that have a second name, or one would get another. */
    taken.on_name = know;
    err = each(&taken);
    inboxes.on_name = take;
    if (!err)
        err = each(&inboxes);
    if (!err)
        err = step_files(p, folder, log, ret, fault);
out:
    if (lock >= 0)
        close(lock);
    close(folder);
    return err;
}

bool pending_any(const struct datadir *dd)
{
    char path[PATH_MAX];
    DIR *dir = opendir(datadir_path(dd, path, FOLDER));
    struct dirent *entry;
    bool any = false;

    while (dir && !any && (entry = readdir(dir)))
        any = ends_with(entry->d_name, INBOX) || ends_with(entry->d_name, PENDING_TAKEN);
    if (dir)
        closedir(dir);
    return any;
}

bool pending_has_bridge(const struct datadir *dd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    bool has;
    int fd;

    datadir_path(dd, path, "%s", DATADIR_SPOOL_SOCKET);
    if (strlen(path) >= sizeof addr.sun_path)
        return false;
    memcpy(addr.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    has = connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0 || errno == EAGAIN; /* EAGAIN: many are waiting for it */
    close(fd);
    return has;
}

enum rs_err eventlog_drain_pending(const struct datadir *dd, struct eventlog *log, struct pending_drained *ret,
                                   struct fault *fault)
{
    struct pending *p = pending_new(dd, PENDING_GRACE_MS);
    struct pending_drained step = {.more = true};
    enum rs_err err = p ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");

    *ret = (struct pending_drained){0};
    while (!err && step.more) {
        err = pending_step(p, log, &step, fault);
        ret->stored += step.stored;
        ret->duplicates += step.duplicates;
        ret->rejected += step.rejected;
        ret->waiting = step.waiting;
    }
    pending_free(p);
    return err;
}
