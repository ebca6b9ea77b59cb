#include "runner/sandbox.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Rights newer than the headers of Debian 12. */
#define ACCESS_FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define ACCESS_FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */

#define ACCESS_FILE                                                                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_FS_TRUNCATE |  \
     ACCESS_FS_IOCTL_DEV)

const char *sandbox_way_name(enum sandbox_way way)
{
    return way == SANDBOX_NAMESPACE ? "namespace" : "landlock";
}

/* --- namespace --- */

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        err = errno;
    close(fd);
    return err;
}

static int bind_fd(int fd, const char *target)
{
    char path[32] = "/proc/self/fd/", digits[12];
    int n = 0, at = 14;

    do
        digits[n++] = (char)('0' + fd % 10);
    while ((fd /= 10) > 0);
    while (n > 0)
        path[at++] = digits[--n];
    if (mkdir(target, 0755) < 0 && errno != EEXIST)
        return errno;
    return mount(path, target, NULL, MS_BIND | MS_REC, NULL) < 0 ? errno : 0;
}

/* What would let root look behind the cover, and at the secrets of our processes: unmount it, enter another namespace or
 * process, read by handle or device. */
static const int capabilities_given_up[] = {
    CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_MKNOD, CAP_SYS_RAWIO,          CAP_SYS_MODULE,
    CAP_SYS_BOOT,  CAP_SYS_CHROOT, CAP_PERFMON,         CAP_BPF,   CAP_CHECKPOINT_RESTORE,
};

static int give_up_capabilities(void)
{
    for (size_t i = 0; i < sizeof capabilities_given_up / sizeof *capabilities_given_up; i++)
        if (prctl(PR_CAPBSET_READ, capabilities_given_up[i], 0, 0, 0) == 1 &&
            prctl(PR_CAPBSET_DROP, capabilities_given_up[i], 0, 0, 0) < 0)
            return errno;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* The bounding set counts at the next execve; what is inheritable would come back there. */
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];
    if (syscall(SYS_capget, &head, caps) < 0)
        return errno;
    caps[0].inheritable = caps[1].inheritable = 0;
    return syscall(SYS_capset, &head, caps) < 0 ? errno : 0;
}

static int enter_namespace(const struct sandbox *sb)
{
    int err, work = -1, artifacts = -1;

    if (unshare(CLONE_NEWNS | (sb->root ? 0 : CLONE_NEWUSER)) < 0)
        return errno;
    if (!sb->root &&
        ((err = write_file("/proc/self/setgroups", "deny")) || (err = write_file("/proc/self/uid_map", sb->uid_map)) ||
         (err = write_file("/proc/self/gid_map", sb->gid_map))))
        return err;
    work = open(sb->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
    artifacts = open(sb->artifacts, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (work < 0 || artifacts < 0)
        return errno;
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
        mount("runspool", sb->data, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") < 0 ||
        mkdir(sb->runs, 0755) < 0 || mkdir(sb->run, 0755) < 0)
        return errno;
    if ((err = bind_fd(work, sb->work)) || (err = bind_fd(artifacts, sb->artifacts)))
        return err;
    if (mount(NULL, sb->data, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        return errno;
    close(work);
    close(artifacts);
    return sb->root ? give_up_capabilities() : 0;
}

/* --- landlock --- */

static int allow(int ruleset, uint64_t handled, int dir_fd, const char *name)
{
    struct stat st;
    int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;

    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : errno;
    if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode)) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = S_ISDIR(st.st_mode) ? handled : handled & ACCESS_FILE,
            .parent_fd = fd,
        };
        /* Kernel-internal objects (sockets in some file systems) cannot be named by a rule, nor need to be. */
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 && errno != EBADFD)
            err = errno;
    }
    close(fd);
    return err;
}

/* Everything in folder `above` but the entry `except`, which leads to the data directory. */
static int allow_neighbours(int ruleset, uint64_t handled, const char *above, const char *except, size_t except_len,
                            int *n)
{
    int err = 0;
    DIR *dir = opendir(above);
    struct dirent *entry;

    if (!dir)
        return errno;
    while (!err && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            (strlen(name) == except_len && memcmp(name, except, except_len) == 0))
            continue;
        err = ++*n > SANDBOX_ENTRIES_MAX ? E2BIG : allow(ruleset, handled, dirfd(dir), name);
    }
    closedir(dir);
    return err;
}

static enum rs_err landlock_open(struct sandbox *sb, struct fault *fault)
{
    int n = 0, err = 0;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    if (abi < 0)
        return fault_set(fault, RS_DENIED, "this kernel has no Landlock (%s)", strerror(errno));
    uint64_t handled = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    handled |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    handled |= abi >= 3 ? ACCESS_FS_TRUNCATE : 0;
    handled |= abi >= 5 ? ACCESS_FS_IOCTL_DEV : 0;
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
    sb->ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (sb->ruleset_fd < 0)
        return fault_set(fault, RS_DENIED, "Landlock: %s", strerror(errno));
    char above[PATH_MAX];
    for (size_t at = 0; !err && sb->data[at] == '/';) {
        size_t len = strcspn(sb->data + at + 1, "/");
        memcpy(above, sb->data, at);
        strcpy(above + at, at ? "" : "/");
        err = allow_neighbours(sb->ruleset_fd, handled, above, sb->data + at + 1, len, &n);
        at += 1 + len;
    }
    if (!err)
        err = allow(sb->ruleset_fd, handled, AT_FDCWD, sb->work);
    if (!err)
        err = allow(sb->ruleset_fd, handled, AT_FDCWD, sb->artifacts);
    return err ? fault_set(fault, RS_DENIED, "Landlock: %s", strerror(err)) : RS_OK;
}

static int enter_landlock(const struct sandbox *sb)
{
    if (syscall(SYS_landlock_restrict_self, sb->ruleset_fd, 0) < 0)
        return errno;
    /* Landlock keeps off the memory of processes outside, but for who may measure them (CAP_PERFMON). */
    return sb->root ? give_up_capabilities() : 0;
}

/* --- both --- */

int sandbox_enter(const struct sandbox *sandbox)
{
    return sandbox->way == SANDBOX_NAMESPACE ? enter_namespace(sandbox) : enter_landlock(sandbox);
}

static enum rs_err try_it(const struct sandbox *sb, struct fault *fault)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return fault_set(fault, RS_IO, "cannot start a process: %s", strerror(errno));
    if (pid == 0) {
        int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : sandbox_enter(sb);
        if (!err && access(sb->work, W_OK | X_OK) < 0)
            err = errno;
        _exit(err);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return fault_set(fault, RS_IO, "cannot wait for a process: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return RS_OK;
    return fault_set(fault, RS_DENIED, "%s: %s", sandbox_way_name(sb->way),
                     WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");
}

/* The caller has seen that it fits. */
static void put_path(char out[PATH_MAX], const char *data, const char *between, const char *run_id, const char *name)
{
    const char *parts[] = {data, between, run_id, name};
    size_t at = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t len = strlen(parts[i]);
        assert(at + len < PATH_MAX);
        memcpy(out + at, parts[i], len + 1);
        at += len;
    }
}

enum rs_err sandbox_open_way(struct sandbox *sandbox, enum sandbox_way way, const char *data, const char *run_id,
                             struct fault *fault)
{
    struct sandbox sb = {.way = way, .root = geteuid() == 0, .ruleset_fd = -1};
    enum rs_err err = RS_OK;

    if (!realpath(data, sb.data))
        return fault_set(fault, RS_IO, "%s: %s", data, strerror(errno));
    if (strlen(sb.data) + strlen("/runs//artifacts") + strlen(run_id) >= PATH_MAX || strcmp(sb.data, "/") == 0)
        return fault_set(fault, RS_IO, "%s: cannot be a data directory", data);
    put_path(sb.runs, sb.data, "/runs", "", "");
    put_path(sb.run, sb.data, "/runs/", run_id, "");
    put_path(sb.work, sb.data, "/runs/", run_id, "/work");
    put_path(sb.artifacts, sb.data, "/runs/", run_id, "/artifacts");
    snprintf(sb.uid_map, sizeof sb.uid_map, "%u %u 1", geteuid(), geteuid());
    snprintf(sb.gid_map, sizeof sb.gid_map, "%u %u 1", getegid(), getegid());
    if (way == SANDBOX_LANDLOCK)
        err = landlock_open(&sb, fault);
    if (!err)
        err = try_it(&sb, fault);
    if (err)
        sandbox_close(&sb);
    else
        *sandbox = sb;
    return err;
}

enum rs_err sandbox_open(struct sandbox *sandbox, const char *data, const char *run_id, struct fault *fault)
{
    struct fault first, second;
    enum rs_err err = sandbox_open_way(sandbox, SANDBOX_NAMESPACE, data, run_id, &first);
    if (err == RS_DENIED)
        err = sandbox_open_way(sandbox, SANDBOX_LANDLOCK, data, run_id, &second);
    else if (err)
        return fault_set(fault, err, "%s", first.message);
    if (err)
        return fault_set(fault, err, "no sandbox can be made here (%s; %s)", first.message, second.message);
    return RS_OK;
}

void sandbox_close(struct sandbox *sandbox)
{
    if (sandbox->ruleset_fd >= 0)
        close(sandbox->ruleset_fd);
    sandbox->ruleset_fd = -1;
}
