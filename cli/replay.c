/* runspool replay FILE|RUN: a recorded run through every dialect and door, on an instance of its own that is thrown away. */
#include "cli/replay_rows.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "cli/cli.h"
#include "cli/watch.h"
#include "event/stream.h"
#include "model/run.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDING_MAX (64 * 1024 * 1024) /* bytes of a file */
#define EVENTS_MAX 1000000
#define SPEED_MAX 1000000.0
#define PAUSE_MAX_MS INT64_C(86400000)
#define ALIVE_EVERY_MS 3000   /* the crew monitor takes us for the runner */
#define LOOP_PAUSE_MS 1000    /* between two rounds */
#define SETTLE_MS 5000
#define URL_MAX 1024

const struct arg_option replay_options[] = {
    {"speed", 's', "X|max", NULL, false, "times as fast as it was (default 1), or without any pause"},
    {"listen", 0, "HOST:PORT", NULL, false, "address to serve (default 127.0.0.1:0, a free port)"},
    {"loop", 0, NULL, NULL, false, "begin anew at the end, as a retry of the same run"},
    {"exit", 0, NULL, NULL, false, "end after the last event (default: stay until interrupted)"},
    {0},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

struct replay {
    struct cli *cli;
    struct json_object *events, *survey;
    double speed; /* 0: without pauses */
    char root[PATH_MAX];
    struct datadir dd;
    struct store store;
    bool up;
    int64_t alive_ms; /* monotonic: when we last said that a runner lives */
};

/* --- the recording --- */

static enum rs_err take_line(struct replay *r, const char *line, size_t len, long n, struct fault *fault)
{
    struct json_object *event = NULL;
    struct fault why = {0};
    int64_t time_ms;

    if (json_parse(line, len, EVENT_LINE_MAX, &event, &why) != RS_OK)
        return fault_set(fault, RS_INVALID, "line %ld is no JSON: %s", n, why.message);
    const char *stream = json_get_string(event, "stream", ""), *type = json_get_string(event, "type", "");
    if (json_get(event, "op") != NULL) { /* a gap: what it tells of is not there to be played */
        json_object_put(event);
        return RS_OK;
    }
    if (stream_check_home(stream, &why) != RS_OK || !event_type_valid(type, strlen(type)) ||
        !json_object_is_type(json_get(event, "data"), json_type_object) ||
        clock_parse(json_get_string(event, "time", ""), &time_ms) != RS_OK) {
        json_object_put(event);
        return fault_set(fault, RS_INVALID, "line %ld is no event with stream, type, time and data, as `runspool tail --json` gives them", n);
    }
    if (json_object_array_length(r->events) >= EVENTS_MAX) {
        json_object_put(event);
        return fault_set(fault, RS_LIMIT, "more than %d events", EVENTS_MAX);
    }
    json_object_array_add(r->events, event);
    return RS_OK;
}

static enum rs_err load_file(struct replay *r, const char *path, struct fault *fault)
{
    char *text = NULL;
    size_t len = 0;
    long n = 0;
    enum rs_err err = file_read(path, RECORDING_MAX, &text, &len, fault);

    for (char *line = text; err == RS_OK && line < text + len;) {
        char *end = memchr(line, '\n', (size_t)(text + len - line));
        end = end ? end : text + len;
        n++;
        if (end > line + strspn(line, " \t\r"))
            err = take_line(r, line, (size_t)(end - line), n, fault);
        line = end + 1;
    }
    free(text);
    return err;
}

static bool take_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct replay *r = ctx;
    (void)id;
    return take_line(r, json, len, 0, NULL) == RS_OK;
}

/* A run of the data directory, with its graph. */
static enum rs_err load_run(struct replay *r, const char *run_id, struct fault *fault)
{
    struct cli *cli = r->cli;
    struct watch watch = {0};
    struct db_rows *rows = NULL;
    struct json_object *definition = NULL;
    char stream[STREAM_MAX];
    bool ended = false;

    if (!id_valid(run_id))
        return fault_set(fault, RS_NOT_FOUND, "%s is neither a file nor a run", run_id);
    if (cli_open_store(cli, false) != RS_OK)
        return RS_IO;
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    const char *streams[] = {stream};
    enum rs_err err = watch_open(&watch, cli, streams, 1, "start", (struct message_sink){take_message, r}, fault);
    if (err == RS_OK)
        err = watch_read(&watch, &ended, fault);
    watch_release(&watch);
    if (err == RS_OK && json_object_array_length(r->events) == 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no file and no run %s here, or the log has nothing of it any more", run_id);
    r->survey = replay_survey(r->events);
    if (err == RS_OK)
        err = db_query(cli->store.db, &rows, fault, "SELECT definition FROM run WHERE id = $1", "t", run_id);
    if (err == RS_OK && db_next(rows, NULL) == RS_OK &&
        json_parse(db_text(rows, 0), strlen(db_text(rows, 0)), JSON_BODY_MAX, &definition, NULL) == RS_OK)
        json_set(json_get(r->survey, run_id), "definition", definition);
    db_done(rows);
    return err;
}

/* --- its instance --- */

/* `runspool ARG...` for our directory, its output hidden; its exit status. */
static int control(struct replay *r, const char *const *args)
{
    const char *argv[16] = {"runspool"};
    char path[PATH_MAX];
    int n = 1, status = 0;

    if (program_path("runspool", path, NULL) != RS_OK)
        return EXIT_FAILED;
    while (*args && n < 12)
        argv[n++] = *args++;
    argv[n++] = "--data";
    argv[n] = r->root;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null >= 0)
            dup2(null, STDOUT_FILENO);
        setpgid(0, 0); /* Ctrl-C is for us: we end it */
        execv(path, (char *const *)argv);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static enum rs_err instance_up(struct replay *r, const char *listen, struct fault *fault)
{
    const char *tmp = getenv("TMPDIR");
    const char *args[] = {"up", "--detach", "--without", "runner", "--set", "runner.spawn=never", "--listen", listen, NULL};

    snprintf(r->root, sizeof(r->root), "%s/runspool-replay-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(r->root)) {
        r->root[0] = '\0';
        return fault_set(fault, RS_IO, "cannot make a folder for it: %s", strerror(errno));
    }
    r->up = true;
    if (control(r, args) != EXIT_DONE)
        return fault_set(fault, RS_IO, "its instance did not come up");
    enum rs_err err = datadir_open(&r->dd, r->root, false, NULL, fault);
    return err == RS_OK ? store_open(&r->store, &r->dd, "replay", fault) : err;
}

static void instance_down(struct replay *r)
{
    const char *args[] = {"down", NULL};
    struct fault fault = {0};

    store_release(&r->store);
    datadir_release(&r->dd);
    if (r->up)
        (void)control(r, args);
    if (r->root[0] && file_remove_tree(r->root, &fault) != RS_OK)
        cli_note(r->cli, "%s", fault.message);
}

/* --- playing --- */

static enum rs_err say_alive(struct replay *r, struct fault *fault)
{
    int64_t now = clock_mono_ms();

    if (r->alive_ms && now - r->alive_ms < ALIVE_EVERY_MS)
        return RS_OK;
    r->alive_ms = now;
    return runner_alive(&r->store, "replay", fault);
}

/* Sleep until then; what was handed to the emitter meanwhile is settled. */
static enum rs_err wait_until(struct replay *r, int64_t mono_ms, struct fault *fault)
{
    enum rs_err err = say_alive(r, fault);

    for (int64_t now; err == RS_OK && !interrupted && (now = clock_mono_ms()) < mono_ms;) {
        int64_t left = mono_ms - now > 200 ? 200 : mono_ms - now;
        (void)usleep((useconds_t)(left * 1000));
        err = say_alive(r, fault);
        if (err == RS_OK)
            err = outbox_settle(&r->store, fault);
    }
    return err;
}

static enum rs_err play_round(struct replay *r, int round, struct fault *fault)
{
    int64_t start = clock_mono_ms(), first = 0, time_ms = 0;
    double due = 0;
    enum rs_err err = RS_OK;

    for (size_t i = 0; err == RS_OK && !interrupted && i < json_object_array_length(r->events); i++) {
        struct json_object *event = json_object_array_get_idx(r->events, i);
        if (clock_parse(json_get_string(event, "time", ""), &time_ms) == RS_OK && r->speed > 0) {
            int64_t gap = i == 0 || time_ms < first ? 0 : time_ms - first;
            due += (double)(gap > PAUSE_MAX_MS ? PAUSE_MAX_MS : gap) / r->speed;
            first = time_ms;
            err = wait_until(r, start + (int64_t)due, fault);
        } else {
            err = say_alive(r, fault);
        }
        if (err == RS_OK && !interrupted)
            err = replay_event(&r->store, event, round, fault);
    }
    if (err == RS_OK)
        err = outbox_wait(&r->store, SETTLE_MS, fault);
    return err;
}

static enum rs_err play(struct replay *r, struct fault *fault)
{
    bool loop = args_has(&r->cli->args, "loop"), stay = !args_has(&r->cli->args, "exit");
    enum rs_err err = replay_declare(&r->store, config_text(r->dd.config, "spool.org") ?: "default", r->survey, fault);

    for (int round = 0; err == RS_OK && !interrupted; round++) {
        if (round > 0)
            err = replay_again(&r->store, r->survey, round, fault);
        if (err == RS_OK)
            err = play_round(r, round, fault);
        if (!loop)
            break;
        if (err == RS_OK)
            err = wait_until(r, clock_mono_ms() + LOOP_PAUSE_MS, fault);
    }
    if (err == RS_OK && stay && !loop)
        err = wait_until(r, INT64_MAX, fault);
    return err;
}

/* --- the command --- */

static void show(struct replay *r)
{
    char path[PATH_MAX], *url = NULL;
    struct json_object *answer = json_object_new_object(), *runs = json_object_new_array();

    if (file_read(datadir_path(&r->dd, path, "run/web.url"), URL_MAX, &url, NULL, NULL) == RS_OK)
        url[strcspn(url, "\n")] = '\0';
    json_object_object_foreach(r->survey, run_id, run)
    {
        (void)run;
        json_object_array_add(runs, json_object_new_string(run_id));
    }
    json_set_string(answer, "url", url);
    json_set_int(answer, "events", (int64_t)json_object_array_length(r->events));
    json_set(answer, "runs", runs);
    if (r->cli->json) {
        (void)cli_print_json(r->cli, answer);
    } else {
        printf("%zu events are played at %s", json_object_array_length(r->events), url ? url : "?");
        for (size_t i = 0; i < json_object_array_length(runs); i++)
            printf("%s%s", i ? ", " : ": run ", json_object_get_string(json_object_array_get_idx(runs, i)));
        printf("\n");
    }
    fflush(stdout);
    json_object_put(answer);
    free(url);
}

static bool parse_speed(const char *text, double *ret)
{
    char *end;

    if (!text || strcmp(text, "max") == 0) {
        *ret = text ? 0 : 1;
        return true;
    }
    *ret = strtod(text, &end);
    return end != text && !*end && isfinite(*ret) && *ret > 0 && *ret <= SPEED_MAX;
}

int command_replay(struct cli *cli)
{
    const char *what = cli->args.operands[0], *listen = args_value(&cli->args, "listen");
    struct replay r = {.cli = cli};
    struct sigaction action = {.sa_handler = on_signal};
    struct fault fault = {0};
    int status = EXIT_DONE;

    if (!parse_speed(args_value(&cli->args, "speed"), &r.speed))
        return cli_usage(cli, "--speed wants a number above 0, or max");
    r.events = json_object_new_array();
    enum rs_err err = access(what, R_OK) == 0 ? load_file(&r, what, &fault) : load_run(&r, what, &fault);
    if (err == RS_OK && json_object_array_length(r.events) == 0)
        err = fault_set(&fault, RS_INVALID, "%s has no events", what);
    if (!r.survey)
        r.survey = replay_survey(r.events);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (err == RS_OK)
        err = instance_up(&r, listen ? listen : "127.0.0.1:0", &fault);
    if (err == RS_OK) {
        show(&r);
        err = play(&r, &fault);
    }
    if (err != RS_OK)
        status = *fault.message ? cli_fail(cli, "%s", fault.message) : EXIT_FAILED;
    instance_down(&r);
    json_object_put(r.events);
    json_object_put(r.survey);
    return status;
}
