/* runspool up: find everything, take the lock and the port, start the parts, and watch over them. */
#include "cli/up.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/listen.h"
#include "cli/supervise.h"
#include "cli/uplock.h"
#include "cli/upsockets.h"
#include "cli/weblighttpd.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEB_STOP_MS 4000
#define RUNNER_STOP_MS 15000
#define BRIDGE_STOP_MS 15000
#define FILES_MAX 65536 /* descriptors asked for, where the hard limit allows */
#define LAST_WORDS_MAX 2000

const struct arg_option up_options[] = {
    {"detach", 'd', NULL, NULL, false, "return once everything answers; logs go to DIR/log"},
    {"if-down", 0, NULL, NULL, false, "do nothing, successfully, when it is up already"},
    {"listen", 0, "HOST:PORT", NULL, false, "public address (default " LISTEN_DEFAULT "; port 0: a free one)"},
    {"without", 0, "PART", NULL, true, "leave out bridge, runner or web (without web the bridge itself listens)"},
    {"sockets", 0, "DIR", NULL, false,
     "for a web server of yours: no lighttpd, but the FastCGI programs and the bridge on sockets in DIR"},
    {"set", 0, "KEY=VALUE", NULL, true, "a setting for all parts, over runspool.conf"},
    {"tls", 0, "CERT", "KEY", false, "serve HTTPS with these PEM files"},
    {0},
};

struct up {
    struct cli *cli;
    struct supervise sup;
    struct listen_address address;
    char url[LISTEN_HOST_MAX + 32];
    const char *tls_cert, *tls_key;
    bool bridge, runner, web, detach;
    bool listens;              /* on the public address */
    const char *sockets;       /* folder of --sockets, NULL */
    struct upsockets programs; /* with it */
    int lock_fd, public_fd, parent_fd; /* parent_fd: where a detached `up` reports its exit status, -1 */
    char bridge_path[PATH_MAX], runner_path[PATH_MAX], lighttpd_path[PATH_MAX], lighttpd_conf[PATH_MAX];
    char bridge_listen[LISTEN_HOST_MAX + 16], bridge_unix[PATH_MAX + 8], bridge_socket[PATH_MAX + 8];
};

static enum rs_err up_options_read(struct up *up, struct fault *fault)
{
    const struct args *args = &up->cli->args;
    const char *without[ARGS_GIVEN_MAX + 1];
    const char *listen = args_value(args, "listen");
    up->bridge = up->runner = up->web = true;
    args_values(args, "without", without);
    for (int i = 0; without[i]; i++) {
        if (strcmp(without[i], "bridge") == 0)
            up->bridge = false;
        else if (strcmp(without[i], "runner") == 0)
            up->runner = false;
        else if (strcmp(without[i], "web") == 0)
            up->web = false;
        else
            return fault_set(fault, RS_INVALID, "--without wants bridge, runner or web, not \"%s\"", without[i]);
    }
    up->sockets = args_value(args, "sockets");
    if (up->sockets)
        up->web = false;
    if (!up->bridge && !up->runner && !up->web && !up->sockets)
        return fault_set(fault, RS_INVALID, "--without left nothing to start");
    up->listens = up->web || (up->bridge && (!up->sockets || listen));
    up->detach = args_has(args, "detach");
    up->tls_cert = args_value(args, "tls");
    up->tls_key = args_second(args, "tls");
    if (up->tls_cert && !up->web)
        return fault_set(fault, RS_INVALID, "--tls is the web server's: it goes neither with --without web nor with --sockets");
    return listen_parse(listen ? listen : LISTEN_DEFAULT, &up->address, fault);
}

/* The settings of --set reach the children, and the children of lighttpd, by environment. */
static enum rs_err up_environment(struct up *up, struct fault *fault)
{
    const char *sets[ARGS_GIVEN_MAX + 1], *value;
    char name[128];
    args_values(&up->cli->args, "set", sets);
    for (int i = 0; sets[i]; i++) {
        if (setting_variable(sets[i], name, &value) != RS_OK)
            return fault_set(fault, RS_INVALID, "--set wants KEY=VALUE, not \"%s\"", sets[i]);
        setenv(name, value, 1);
    }
    setenv("RUNSPOOL_DATA", up->cli->dd.root, 1);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return RS_OK;
}

static enum rs_err up_write_conf(struct up *up, struct fault *fault)
{
    char path[PATH_MAX];
    struct buf text;
    struct stat st;
    enum rs_err err = RS_OK;
    datadir_path(&up->cli->dd, path, DATADIR_CONFIG);
    if (stat(path, &st) == 0)
        return RS_OK;
    buf_init(&text, CONF_TEXT_MAX);
    err = conf_default_text(&text);
    if (err == RS_OK)
        err = file_write(path, text.data, text.len, 0640, fault);
    buf_release(&text);
    return err;
}

/* As many descriptors as the machine allows: each browser costs the web server two and the bridge one. */
static int up_raise_files(void)
{
    struct rlimit limit = {1024, 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > FILES_MAX ? FILES_MAX : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return (int)limit.rlim_cur;
}

static bool bridge_answers(const struct part *part, void *ctx)
{
    const struct up *up = ctx;
    char path[PATH_MAX];
    (void)part;
    int fd = unix_connect(datadir_path(&up->cli->dd, path, DATADIR_BRIDGE_SOCKET));
    return fd >= 0 && http_status(fd, "localhost", "/healthz", PART_PROBE_MS) == 200;
}

/* A part that writes its pid once it is ready. */
static bool pid_file_says(const struct part *part, void *ctx)
{
    const struct up *up = ctx;
    char path[PATH_MAX], *text = NULL;
    bool same = file_read(datadir_path(&up->cli->dd, path, "run/%s.pid", part->name), 64, &text, NULL, NULL) == RS_OK &&
                atoi(text) == part->pid;
    free(text);
    return same;
}

static bool web_answers(const struct part *part, void *ctx)
{
    const struct up *up = ctx;
    if (!pid_file_says(part, ctx))
        return false;
    int fd = listen_connect(&up->address);
    if (up->tls_cert || fd < 0) {
        if (fd >= 0)
            close(fd);
        return fd >= 0;
    }
    int status = http_status(fd, "localhost", "/api", PART_PROBE_MS);
    return status >= 200 && status < 500;
}

static void up_part_log(struct up *up, struct part *part)
{
    if (up->detach)
        datadir_path(&up->cli->dd, part->log, "log/%s.log", part->name);
}

static struct part *up_add_part(struct up *up, const char *name, int64_t stop_ms,
                                bool (*answers)(const struct part *, void *))
{
    struct part *part = &up->sup.parts[up->sup.n_parts++];
    part_init(part, name, stop_ms);
    part->answers = answers;
    part->ctx = up;
    up_part_log(up, part);
    return part;
}

static enum rs_err up_web(struct up *up, struct fault *fault)
{
    char api[PATH_MAX], events[PATH_MAX], hook[PATH_MAX], htdocs[PATH_MAX];
    struct weblighttpd web = {
        .data = up->cli->dd.root,
        .htdocs = htdocs,
        .api = api,
        .events = events,
        .hook = hook,
        .address = up->address.numeric,
        .port = up->address.port,
        .tls_cert = up->tls_cert,
        .tls_key = up->tls_key,
        .processes = (int)config_number(up->cli->dd.config, "fcgi.processes"),
        .max_files = up_raise_files(),
    };
    enum rs_err err;
    if ((err = program_path("api.fcgi", api, fault)) != RS_OK ||
        (err = program_path("events.fcgi", events, fault)) != RS_OK ||
        (err = program_path("hook.fcgi", hook, fault)) != RS_OK ||
        (err = program_data_path("htdocs", htdocs, fault)) != RS_OK ||
        (err = weblighttpd_find(up->lighttpd_path, fault)) != RS_OK ||
        (err = weblighttpd_write(up->lighttpd_path, &web, up->lighttpd_conf, fault)) != RS_OK)
        return err;
    if (!web.deflate)
        cli_note(up->cli, "lighttpd's compression module is missing, so files are sent as they are "
                          "(apt-get install lighttpd-mod-deflate)");
    struct part *part = up_add_part(up, "web", WEB_STOP_MS, web_answers);
    part->argv[0] = up->lighttpd_path;
    part->argv[1] = "-D";
    part->argv[2] = "-f";
    part->argv[3] = up->lighttpd_conf;
    part->listen_fd = up->public_fd;
    part->whole_group = true;
    up->public_fd = -1; /* the part's from now on */
    up->sup.address = &up->address;
    return RS_OK;
}

/* The parts, in the order in which they are ended: no new requests, then no new events, then the log. */
static enum rs_err up_parts(struct up *up, struct fault *fault)
{
    const struct datadir *dd = &up->cli->dd;
    struct part *part;
    char path[PATH_MAX];
    enum rs_err err;
    if (up->web && (err = up_web(up, fault)) != RS_OK)
        return err;
    if (up->sockets && (err = upsockets_open(&up->programs, up->sockets, fault)) != RS_OK)
        return err;
    for (int i = 0; i < up->programs.n; i++) {
        part = &up->sup.parts[up->sup.n_parts++];
        upsockets_part(&up->programs, i, part, up);
        up_part_log(up, part);
    }
    if (up->runner) {
        if ((err = program_path("runspool-runner", up->runner_path, fault)) != RS_OK)
            return err;
        part = up_add_part(up, "runner", RUNNER_STOP_MS, pid_file_says);
        part->down_signal = SIGINT; /* its runs are cancelled; after SIGTERM they go on, for the next runner */
        part->argv[0] = up->runner_path;
        part->argv[1] = "--data";
        part->argv[2] = dd->root;
    }
    if (up->bridge) {
        if ((err = program_path("runspool-bridge", up->bridge_path, fault)) != RS_OK)
            return err;
        snprintf(up->bridge_unix, sizeof(up->bridge_unix), "unix:%s", datadir_path(dd, path, DATADIR_BRIDGE_SOCKET));
        part = up_add_part(up, "bridge", BRIDGE_STOP_MS, bridge_answers);
        part->argv[0] = up->bridge_path;
        part->argv[1] = "--data";
        part->argv[2] = dd->root;
        part->argv[3] = "--listen";
        part->argv[4] = up->bridge_unix;
        int n = 5;
        if (up->sockets) {
            snprintf(up->bridge_socket, sizeof(up->bridge_socket), "unix:%s/bridge.sock", up->programs.folder);
            part->argv[n++] = "--listen";
            part->argv[n++] = up->bridge_socket;
        }
        if (!up->web && up->listens) {
            bool ipv6 = strchr(up->address.numeric, ':') != NULL;
            snprintf(up->bridge_listen, sizeof(up->bridge_listen), "%s%s%s:%d", ipv6 ? "[" : "", up->address.numeric,
                     ipv6 ? "]" : "", up->address.port);
            part->argv[n++] = "--listen";
            part->argv[n++] = up->bridge_listen;
        }
    }
    return RS_OK;
}

/* Open the public port ourselves: a port in use is found before anything starts, and port 0 becomes a number. */
static enum rs_err up_listen(struct up *up, struct fault *fault)
{
    char path[PATH_MAX], line[sizeof(up->url) + 1];
    enum rs_err err;
    if (!up->listens)
        return RS_OK;
    if ((err = listen_open(&up->address, &up->public_fd, fault)) != RS_OK)
        return err;
    if (!up->web) { /* the bridge opens it again itself */
        close(up->public_fd);
        up->public_fd = -1;
    }
    listen_url(&up->address, up->tls_cert != NULL, up->url);
    int len = snprintf(line, sizeof(line), "%s\n", up->url);
    return file_write(datadir_path(&up->cli->dd, path, "run/web.url"), line, (size_t)len, 0640, fault);
}

static bool up_ready(void *ctx)
{
    struct up *up = ctx;
    const struct cli *cli = up->cli;
    char url[PATH_MAX], path[PATH_MAX];
    cli_url(cli, url);
    if (*url)
        printf("Runspool is up at %s%s/%s\n", term_on(&cli->out, TERM_BOLD), url, term_off(&cli->out));
    else
        printf("Runspool is up\n");
    printf("%sdata in %s; end it with ", term_on(&cli->out, TERM_DIM), cli->dd.root);
    if (!up->detach)
        printf("Ctrl-C");
    else if (args_value(&cli->args, "data"))
        printf("%s down --data %s", program_invocation_name, cli->dd.root);
    else
        printf("%s down", program_invocation_name);
    printf("%s\n", term_off(&cli->out));
    fflush(stdout);
    if (!up->detach)
        return true;
    /* From here on nobody looks: let go of the terminal and of whoever waits for us. */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log_fd = open(datadir_path(&cli->dd, path, "log/up.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
    if (null < 0 || log_fd < 0)
        return false;
    setsid();
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    close(null);
    close(log_fd);
    if (write(up->parent_fd, &(char){EXIT_DONE}, 1) != 1)
        return false;
    close(up->parent_fd);
    up->parent_fd = -1;
    return chdir("/") == 0;
}

/* A part that did not start has said why in its log: show the end of what it wrote this time. */
static void up_last_words(const struct up *up)
{
    for (int i = 0; i < up->sup.n_parts; i++) {
        const struct part *part = &up->sup.parts[i];
        char text[LAST_WORDS_MAX + 1];
        struct stat st;
        int fd = part->log[0] && !part->was_up ? open(part->log, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0 || fstat(fd, &st) != 0)
            continue;
        off_t from = st.st_size - LAST_WORDS_MAX > part->log_start ? st.st_size - LAST_WORDS_MAX : part->log_start;
        ssize_t n = pread(fd, text, LAST_WORDS_MAX, from);
        close(fd);
        if (n > 0)
            fprintf(stderr, "--- %s:\n%.*s", part->log, (int)n, text);
    }
}

static int up_serve(struct up *up)
{
    struct cli *cli = up->cli;
    struct fault fault = {0};
    struct db *db = NULL;
    char path[PATH_MAX];
    int status = EXIT_FAILED;

    umask(0007);
    if (cli_open(cli, true) != RS_OK)
        return EXIT_FAILED;
    up->sup.about = json_object_new_object();
    enum rs_err err = uplock_take(&cli->dd, &up->lock_fd, &fault);
    if (err == RS_CONFLICT) {
        char url[PATH_MAX];
        status = args_has(&cli->args, "if-down") ? EXIT_DONE : EXIT_FAILED;
        if (status != EXIT_DONE)
            cli_fail(cli, "%s, pid %d%s%s", fault.message, (int)uplock_holder(&cli->dd),
                     *cli_url(cli, url) ? ", at " : "", url);
        goto out;
    }
    /* The database first: a schema from a newer version, or a folder that cannot be written, is said here once. */
    if (err != RS_OK || (err = up_environment(up, &fault)) != RS_OK || (err = up_write_conf(up, &fault)) != RS_OK ||
        (err = conf_check(&cli->dd, &fault)) != RS_OK ||
        (err = db_open(&cli->dd, &db, &fault)) != RS_OK || (err = up_listen(up, &fault)) != RS_OK ||
        (err = up_parts(up, &fault)) != RS_OK ||
        (err = control_listen(&cli->dd, &up->sup.control_fd, &fault)) != RS_OK) {
        cli_fail(cli, "%s", fault.message);
        goto out;
    }
    db_close(db);
    db = NULL;
    if (*up->url && !listen_loopback(&up->address) && config_is(cli->dd.config, "auth", "none") &&
        !config_bool(cli->dd.config, "auth.none_public"))
        cli_note(cli,
                 "auth = none answers clients on this machine only: set auth, or auth.none_public = yes to serve all");

    log_open("up", LOG_LEVEL_INFO, LOG_TO_STDERR);
    if (up->detach)
        log_set_level(LOG_LEVEL_WARN);
    json_set_int(up->sup.about, "pid", getpid());
    json_set_time(up->sup.about, "since", clock_wall_ms());
    json_set_string(up->sup.about, "url", up->url);
    json_set_string(up->sup.about, "data", cli->dd.root);
    up->sup.ready = up_ready;
    up->sup.ctx = up;
    up->sup.signal_fd = supervise_block_signals();
    err = supervise_run(&up->sup, &fault);
    status = err == RS_OK ? EXIT_DONE : cli_fail(cli, "%s", fault.message);
    if (err != RS_OK)
        up_last_words(up);
out:
    db_close(db);
    json_object_put(up->sup.about);
    if (up->sup.control_fd >= 0) {
        unlink(datadir_path(&cli->dd, path, CONTROL_SOCKET));
        close(up->sup.control_fd);
    }
    if (up->lock_fd >= 0 && *up->url)
        unlink(datadir_path(&cli->dd, path, "run/web.url"));
    upsockets_close(&up->programs);
    uplock_release(&cli->dd, up->lock_fd);
    return status;
}

/* --detach: the child does everything, with our terminal until it is ready; we wait for its word. */
static int up_detached(struct up *up)
{
    int pipes[2];
    char status = EXIT_FAILED;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return cli_fail(up->cli, "no pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        return cli_fail(up->cli, "cannot fork: %s", strerror(errno));
    if (pid == 0) {
        close(pipes[0]);
        up->parent_fd = pipes[1];
        int code = up_serve(up);
        if (up->parent_fd >= 0)
            (void)!write(up->parent_fd, &(char){(char)code}, 1);
        return code;
    }
    close(pipes[1]);
    ssize_t n;
    do
        n = read(pipes[0], &status, 1);
    while (n < 0 && errno == EINTR);
    close(pipes[0]);
    return n == 1 ? status : EXIT_FAILED;
}

int command_up(struct cli *cli)
{
    struct up up = {.cli = cli, .lock_fd = -1, .public_fd = -1, .parent_fd = -1, .sup.control_fd = -1};
    struct fault fault = {0};
    if (up_options_read(&up, &fault) != RS_OK)
        return cli_usage(cli, "%s", fault.message);
    return up.detach ? up_detached(&up) : up_serve(&up);
}
