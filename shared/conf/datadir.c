#include "conf/datadir.h"

#include "base/file.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DATADIR_MODE = 02770, DATADIR_UMASK = 0007 };

/* Names in the root are at most this long, so that paths below it always fit (a run id, a folder, a file). */
enum { DATADIR_NAME_MAX = 512 };

static bool in_build_tree(void)
{
    char exe[PATH_MAX], build[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0 || !realpath(RUNSPOOL_BUILD_DIR, build))
        return false;
    exe[n] = '\0';
    size_t len = strlen(build);
    return strncmp(exe, build, len) == 0 && exe[len] == '/';
}

static const char *choose_root(const char *option)
{
    if (option && *option)
        return option;
    const char *env = getenv("RUNSPOOL_DATA");
    if (env && *env)
        return env;
    return in_build_tree() ? RUNSPOOL_SOURCE_DIR "/var" : RUNSPOOL_STATE_DIR;
}

static enum rs_err check_root(const char *root, struct fault *fault)
{
    static const char *const sockets[] = {DATADIR_SPOOL_SOCKET, DATADIR_BRIDGE_SOCKET, DATADIR_RUNNER_SOCKET};
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++)
        if (strlen(root) + 1 + strlen(sockets[i]) >= sizeof((struct sockaddr_un *)0)->sun_path)
            return fault_set(fault, RS_INVALID,
                             "the data directory's path is too long for the sockets in it (at most %zu bytes): %s",
                             sizeof((struct sockaddr_un *)0)->sun_path - 2 - strlen(sockets[i]), root);
    return RS_OK;
}

static enum rs_err make_folders(const struct datadir *dd, struct fault *fault)
{
    static const char *const folders[] = {"run", "log", "runs", "pending", "keys"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX];
        enum rs_err err = file_mkdir(datadir_path(dd, path, "%s", folders[i]), DATADIR_MODE, fault);
        if (err)
            return err;
    }
    return RS_OK;
}

enum rs_err datadir_open(struct datadir *dd, const char *option, bool create, const char *const *overrides,
                         struct fault *fault)
{
    struct datadir found = {0};
    const char *wanted = choose_root(option);
    umask(DATADIR_UMASK);
    struct fault why = {0};
    enum rs_err err = create ? file_mkdir(wanted, DATADIR_MODE, &why) : RS_OK;
    if (err)
        return fault_set(fault, err, "%s%s", why.message,
                         strcmp(wanted, RUNSPOOL_STATE_DIR) == 0 ? " (--data or RUNSPOOL_DATA chooses another)" : "");
    if (!realpath(wanted, found.root)) {
        if (errno == ENOENT)
            return fault_set(fault, RS_NOT_FOUND,
                             "there is no data directory %.300s: `runspool up --data DIR` makes one", wanted);
        return fault_set(fault, RS_IO, "cannot use the data directory %.300s: %s", wanted, strerror(errno));
    }
    err = check_root(found.root, fault);
    if (!err && create)
        err = make_folders(&found, fault);
    char path[PATH_MAX];
    if (!err)
        err = config_load(datadir_path(&found, path, DATADIR_CONFIG), overrides, &found.config, fault);
    if (!err)
        *dd = found;
    return err;
}

void datadir_release(struct datadir *dd)
{
    if (!dd)
        return;
    config_free(dd->config);
    *dd = (struct datadir){0};
}

char *datadir_path(const struct datadir *dd, char path[PATH_MAX], const char *fmt, ...)
{
    int root = snprintf(path, PATH_MAX, "%s/", dd->root);
    assert(root > 0 && root < PATH_MAX - DATADIR_NAME_MAX);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(path + root, (size_t)(PATH_MAX - root), fmt, args);
    va_end(args);
    assert(n >= 0 && n < PATH_MAX - root);
    return path;
}

/* What is looked for, and where the build puts it. */
struct place {
    const char *name, *built;
};
static const struct place programs[] = {
    {"runspool", RUNSPOOL_BUILD_DIR "/cli/runspool"},
    {"runspool-bridge", RUNSPOOL_BUILD_DIR "/bridge/runspool-bridge"},
    {"runspool-runner", RUNSPOOL_BUILD_DIR "/runner/runspool-runner"},
    {"api.fcgi", RUNSPOOL_BUILD_DIR "/fcgi/api.fcgi"},
    {"events.fcgi", RUNSPOOL_BUILD_DIR "/fcgi/events.fcgi"},
    {"hook.fcgi", RUNSPOOL_BUILD_DIR "/fcgi/hook.fcgi"},
    {NULL, NULL},
};
static const struct place data_folders[] = {
    {"htdocs", RUNSPOOL_BUILD_DIR "/webroot"},
    {"examples", RUNSPOOL_SOURCE_DIR "/examples"},
    {"conformance", RUNSPOOL_SOURCE_DIR "/tests/conformance"},
    {NULL, NULL},
};

/* One place to look at: path = folder, or folder/name; a miss is noted in `searched`. */
static bool try_path(char path[PATH_MAX], const char *folder, const char *name, int mode, struct buf *searched)
{
    int n = name ? snprintf(path, PATH_MAX, "%s/%s", folder, name) : snprintf(path, PATH_MAX, "%s", folder);
    if (n > 0 && n < PATH_MAX && access(path, mode) == 0)
        return true;
    buf_printf(searched, "%s%s", searched->len ? ", " : "", path);
    return false;
}

static enum rs_err find(const struct place *places, const char *name, const char *chosen, const char *const *installed,
                        int mode, char path[PATH_MAX], struct fault *fault)
{
    struct buf searched;
    buf_init(&searched, FAULT_MESSAGE_MAX);
    bool found = chosen && *chosen && try_path(path, chosen, name, mode, &searched);
    for (const struct place *p = places; !found && p->name && in_build_tree(); p++)
        if (strcmp(p->name, name) == 0)
            found = try_path(path, p->built, NULL, mode, &searched);
    for (; !found && *installed; installed++)
        found = try_path(path, *installed, name, mode, &searched);
    enum rs_err err =
        found ? RS_OK : fault_set(fault, RS_NOT_FOUND, "cannot find %s (looked for %s)", name, searched.data);
    buf_release(&searched);
    return err;
}

enum rs_err program_path(const char *name, char path[PATH_MAX], struct fault *fault)
{
    static const char *const installed[] = {RUNSPOOL_LIBEXEC_DIR, RUNSPOOL_SBIN_DIR, RUNSPOOL_BIN_DIR, NULL};
    return find(programs, name, getenv("RUNSPOOL_PROGRAMS"), installed, X_OK, path, fault);
}

enum rs_err program_data_path(const char *name, char path[PATH_MAX], struct fault *fault)
{
    static const char *const installed[] = {RUNSPOOL_DATA_DIR, NULL};
    return find(data_folders, name, NULL, installed, R_OK, path, fault);
}
