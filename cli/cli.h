/* cli - what the commands share. Main thread only. */
#ifndef RUNSPOOL_CLI_CLI_H
#define RUNSPOOL_CLI_CLI_H

#include "base/buf.h"
#include "base/json.h"
#include "cli/args.h"
#include "cli/term.h"
#include "conf/datadir.h"
#include "model/store.h"

/* Exit statuses, as in the man page. `wrap` gives its command's instead. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,      /* it did not work, or the run ended with an error */
    EXIT_USAGE = 2,       /* the command line is wrong */
    EXIT_DOWN = 3,        /* nothing is up here */
    EXIT_CANCELLED = 130, /* the run was cancelled, or following it was interrupted */
};

struct cli;
struct command {
    const char *name;
    const char *operands;             /* "WORKFLOW", "" for none */
    const char *help;                 /* one line */
    int (*run)(struct cli *cli);      /* returns the exit status */
    const struct arg_option *options; /* its own; may be NULL */
    int min_operands, max_operands;   /* max -1: any number */
    bool stop_at_operand;             /* what follows the first operand is not ours */
    bool no_json;                     /* --json has no meaning */
    const char *more;                 /* paragraph for --help, may be NULL */
};

/* One invocation. */
struct cli {
    const struct command *command;
    struct args args;
    bool json;
    struct term out, err; /* standard output, standard error */
    struct datadir dd;    /* after cli_open */
    struct store store;   /* after cli_open_store */
};

int command_up(struct cli *cli);
int command_down(struct cli *cli);
int command_doctor(struct cli *cli);
int command_status(struct cli *cli);
int command_control(struct cli *cli); /* stop, start, restart */
int command_run(struct cli *cli);
int command_wrap(struct cli *cli);
int command_ps(struct cli *cli);
int command_tail(struct cli *cli);
int command_emit(struct cli *cli);
int command_cancel(struct cli *cli);
int command_retry(struct cli *cli);
int command_resume(struct cli *cli);
int command_rerun(struct cli *cli);
int command_artifacts(struct cli *cli);
int command_export(struct cli *cli);
int command_approve(struct cli *cli); /* reject, too */
int command_pause(struct cli *cli);
int command_unpause(struct cli *cli);
int command_tick(struct cli *cli);
int command_workflow(struct cli *cli);
int command_schedule(struct cli *cli);
int command_queue(struct cli *cli);
int command_adw(struct cli *cli);
int command_index(struct cli *cli);
int command_config(struct cli *cli);
int command_conformance(struct cli *cli);
int command_replay(struct cli *cli);
int command_nodes(struct cli *cli);
int command_secret(struct cli *cli);
int command_token(struct cli *cli);
extern const struct arg_option doctor_options[];
extern const struct arg_option index_options[], queue_options[];
extern const struct arg_option up_options[], run_options[], pause_options[], wrap_options[], ps_options[], tail_options[],
    tick_options[], workflow_options[], schedule_options[], config_options[], nodes_options[], approve_options[];
extern const struct arg_option conformance_options[], replay_options[], secret_options[], token_options[], rerun_options[], artifacts_options[], export_options[];

/* cli_fail - say what went wrong on standard error ("runspool run: ..."). Returns EXIT_FAILED, so that a command can
 * `return cli_fail(...)`; cli_usage the same with EXIT_USAGE and a pointer to --help. */
int cli_fail(const struct cli *cli, const char *fmt, ...) RS_PRINTF(2, 3);
int cli_usage(const struct cli *cli, const char *fmt, ...) RS_PRINTF(2, 3);
/* cli_note - a remark on standard error. */
void cli_note(const struct cli *cli, const char *fmt, ...) RS_PRINTF(2, 3);

/* cli_open - find the data directory and its settings (--data, --set). create: make it when missing.
 * cli_open_store - that, and the database. Both say what is wrong themselves; RS_OK or the error. Released by main. */
enum rs_err cli_open(struct cli *cli, bool create) RS_MUST_CHECK;
enum rs_err cli_open_store(struct cli *cli, bool create) RS_MUST_CHECK;
/* cli_org - the org that commands on this machine act for (setting spool.org). */
const char *cli_org(const struct cli *cli);
/* cli_url - where browsers reach this instance: public_url, else run/web.url; "" when it is not up. Returns url. */
char *cli_url(const struct cli *cli, char url[PATH_MAX]);

/* cli_print - a buffer to standard output, all of it. cli_print_json - one JSON text and a newline. EXIT_DONE or, when
 * it cannot be written, EXIT_FAILED. */
int cli_print(const struct cli *cli, struct buf *out);
int cli_print_json(const struct cli *cli, struct json_object *value);
/* cli_read - a file of at most max bytes, or standard input for "-"; owned. Says what is wrong itself. */
enum rs_err cli_read(const struct cli *cli, const char *path, size_t max, char **ret, size_t *ret_len) RS_MUST_CHECK;
/* cli_read_object - a JSON object of at most max bytes, given as it is, as @FILE, or - for standard input; owned. Says what is
 * wrong itself. */
enum rs_err cli_read_object(const struct cli *cli, const char *given, size_t max, struct json_object **ret) RS_MUST_CHECK;

#endif
