/* runspool - the command line: one table of commands, --help, --version, and the call. */
#include "base/log.h"
#include "cli/cli.h"
#include "cli/completion.h"
#include "config.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int command_completion(struct cli *cli);

static const struct command commands[] = {
    {"up", "", "start web server, bridge and runner here", command_up, .options = up_options, .max_operands = 0,
     .no_json = true,
     .more = "Stays in the foreground and restarts what dies, until SIGINT or SIGTERM; with --detach it returns once\n"
             "everything answers."},
    {"down", "", "end what `up` started", command_down, .max_operands = 0, .no_json = true},
    {"status", "", "show what is up, and what it does", command_status, .max_operands = 0,
     .more = "Exit status 0 when it is up, 3 when it is not."},
    {"start", "bridge|runner|web", "start one part of a running instance", command_control, .min_operands = 1,
     .max_operands = 1},
    {"stop", "bridge|runner|web", "stop one part, until it is started again", command_control, .min_operands = 1,
     .max_operands = 1},
    {"restart", "bridge|runner|web", "restart one part", command_control, .min_operands = 1, .max_operands = 1},
    {"run", "WORKFLOW [NAME=VALUE...]", "start a workflow: a saved one's id, or the path of a .json definition", command_run,
     run_options, 1, 200,
     .more = "NAME=VALUE gives a parameter; @FILE as its value is the content of a file.\n"
             "With --follow the exit status is 0 when the run succeeds, 1 when it fails, 130 when it is cancelled or\n"
             "Ctrl-C ends the following (the run itself goes on)."},
    {"wrap", "[--] COMMAND [ARGUMENT...]", "run any command as a run with a live page", command_wrap,
     .options = wrap_options, .min_operands = 1, .max_operands = -1, .stop_at_operand = true, .no_json = true,
     .more =
         "The command's input, output and exit status are its own (128 + n when signal n ended it). Needs no runner."},
    {"ps", "", "list the runs that are queued, running or paused", command_ps, .options = ps_options,
     .max_operands = 0},
    {"tail", "STREAM...", "show events: run:ID, tool:ID, run:*, runs, system, ...", command_tail,
     .options = tail_options, .min_operands = 1, .max_operands = 100},
    {"emit", "STREAM TYPE JSON", "append an event to a stream", command_emit, .min_operands = 3, .max_operands = 3,
     .more = "JSON is an object, @FILE, or - for standard input. Returns once the event is stored."},
    {"approve", "RUN NODE", "say yes to a node that waits for a person", command_approve, .options = approve_options,
     .min_operands = 2, .max_operands = 2},
    {"reject", "RUN NODE", "say no to it", command_approve, .options = approve_options, .min_operands = 2,
     .max_operands = 2},
    {"artifacts", "RUN [NAME]", "list the files a run has left, or write one out", command_artifacts,
     .options = artifacts_options, .min_operands = 1, .max_operands = 2},
    {"export", "RUN", "write a run as one HTML file that needs nothing else, for a ticket", command_export, .options = export_options,
     .min_operands = 1, .max_operands = 1, .no_json = true,
     .more = "Record, graph, timeline, log, results and what agents wrote; artifacts by name only. Secrets are masked as in the log."},
    {"retry", "RUN", "run an ended run again from its start", command_retry, .min_operands = 1, .max_operands = 1},
    {"resume", "RUN", "let a failed or cancelled run go on where it stopped", command_resume, .min_operands = 1,
     .max_operands = 1},
    {"rerun", "RUN", "a new run of the same workflow and input, or with others", command_rerun, .options = rerun_options,
     .min_operands = 1, .max_operands = 1},
    {"cancel", "RUN", "cancel a run", command_cancel, .min_operands = 1, .max_operands = 1},
    {"pause", "[RUN...]", "let no further node of a run begin, or no run of a workflow, or none at all", command_pause,
     .options = pause_options, .max_operands = 100,
     .more = "What runs ends in peace. Paused runs are kept until `runspool unpause`, whatever is restarted meanwhile."},
    {"unpause", "[RUN...]", "let what was paused go on", command_unpause, .options = pause_options, .max_operands = 100},
    {"tick", "", "without a runner: execute what is due or queued, end orphans, relay events; for cron", command_tick,
     .options = tick_options, .max_operands = 0,
     .more = "Any number may be at work at once. Beside a runner it only relays events. Says nothing when there was\n"
             "nothing to do."},
    {"workflow", "import|validate FILE...|export ID|list", "saved workflows", command_workflow, .options = workflow_options,
     .min_operands = 1, .max_operands = 100,
     .more = "FILE is a definition of ours, a workflow of Dagu (YAML) or an export of n8n (JSON); what could only be approximated or\n"
             "not mapped is told on standard error, with its line."},
    {"secret", "set NAME|list|rm NAME|rotate", "values that workflows use by name and nobody can read", command_secret,
     .options = secret_options, .min_operands = 1, .max_operands = 2,
     .more = "Workflows name them as $secrets.NAME in jq. `set` asks for the value without showing it, or reads it with\n"
             "--stdin. `rotate` makes a new key pair and seals every secret for it."},
    {"token", "", "make a token for auth = jwt by auth.secret", command_token, .options = token_options, .max_operands = 0,
     .more = "For setting up and for tests: who holds it acts as whom it names until it ends."},
    {"nodes", "[KIND]", "kinds of nodes, or one kind's settings and outputs", command_nodes, .options = nodes_options,
     .max_operands = 1},
    {"schedule", "list|next WORKFLOW|pause WORKFLOW|resume WORKFLOW", "when saved workflows start by themselves", command_schedule,
     .options = schedule_options, .min_operands = 1, .max_operands = 2,
     .more = "While it is paused a schedule starts nothing, and what it missed then is not caught up."},
    {"queue", "list|add [WORKFLOW [NAME=VALUE...]]|move ENTRY|remove ENTRY...|pause|resume", "the queue: what waits, in its order",
     command_queue, .options = queue_options, .max_operands = 200,
     .more = "`add` puts work into it: with a WORKFLOW a run, which begins by priority, then age; else it is only tracked. `move`\n"
             "gives an entry another --priority. `remove` cancels a run that has not begun. While the queue is paused no run begins."},
    {"adw", "list|get ID|set ID JSON|patch ID JSON|delete ID", "states that outside programs tell of their workflows", command_adw,
     .max_operands = 3,
     .more = "JSON may be @FILE, or - for standard input. `patch` merges it (RFC 7396): null takes a member away."},
    {"index", "[DIR]", "make a folder's texts searchable for rag_search, or bring that up to date", command_index,
     .options = index_options, .max_operands = 1,
     .more = "Text, Markdown, source and HTML; only what changed is read again. Left out: hidden files, what a .gitignore\n"
             "names, binaries, files over 2 MB. Without DIR and options, or with --list, the indexes are listed."},
    {"config", "", "print the settings in force", command_config, .options = config_options, .max_operands = 0},
    {"replay", "FILE|RUN", "play a recorded run through every endpoint and door, for front ends", command_replay,
     .options = replay_options, .min_operands = 1, .max_operands = 1,
     .more = "FILE has one native event a line, as `runspool tail --json` prints them; RUN is a run of the data directory. It is\n"
             "played in its own timing, on an instance of its own whose data directory is thrown away at the end. Ids of runs,\n"
             "workflows, tools and crews are the recorded ones; ids of events and times are those of the replay."},
    {"conformance", "", "try an install, this one or any other, against the protocol", command_conformance,
     .options = conformance_options, .max_operands = 0,
     .more = "Clients that know only the protocol go through every dialect by every door; a table tells what came of it. Makes\n"
             "workflows, runs and sessions named conformance-*, and removes what can be removed. Needs python3-pytest and\n"
             "python3-websockets. Exit status: 0 all passed, 1 not."},
    {"doctor", "", "look for what is wrong here, and on the way through the web server", command_doctor, .options = doctor_options,
     .max_operands = 0,
     .more = "Names the cause and what mends it, for the web server in front. With --url alone only that address is asked.\n"
             "RUNSPOOL_TOKEN is used where a token is wanted. Exit status 1 when something does not work."},
    {"completion", "", "print a script that lets bash complete command lines", command_completion, .max_operands = 0, .no_json = true,
     .more = "eval \"$(runspool completion)\" in ~/.bashrc."},
    {0},
};

static void help_options(struct buf *out, const struct arg_option *rows, bool no_json)
{
    for (; rows && rows->name; rows++) {
        char left[80];
        if (no_json && strcmp(rows->name, "json") == 0)
            continue;
        snprintf(left, sizeof(left), "%s%c%s--%s%s%s%s%s", rows->letter ? "-" : " ", rows->letter ? rows->letter : ' ',
                 rows->letter ? ", " : "  ", rows->name, rows->value ? " " : "", rows->value ? rows->value : "",
                 rows->second ? " " : "", rows->second ? rows->second : "");
        buf_printf(out, "  %-28s %s%s\n", left, rows->help, rows->repeat ? " (repeatable)" : "");
    }
}

static int command_completion(struct cli *cli)
{
    return completion_print(cli, commands);
}

static int help_program(const struct cli *cli)
{
    struct buf out;
    buf_init(&out, 16384);
    buf_puts(&out, "usage: runspool COMMAND [OPTION...] [OPERAND...]\n\nWorkflow runs, live in any browser.\n\n");
    for (const struct command *c = commands; c->name; c++)
        buf_printf(&out, "  %-10s %s\n", c->name, c->help);
    buf_puts(&out, "\n`runspool COMMAND --help` tells more about one; `runspool --version` prints the version.\n"
                   "Exit status: 0 done, 1 failed, 2 wrong command line, 3 not up, 130 cancelled or interrupted.\n");
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

static int help_command(const struct cli *cli)
{
    const struct command *c = cli->command;
    struct buf out;
    buf_init(&out, 16384);
    buf_printf(&out, "usage: runspool %s [OPTION...]%s%s\n\n%s\n", c->name, *c->operands ? " " : "", c->operands,
               c->help);
    if (c->more)
        buf_printf(&out, "%s\n", c->more);
    buf_puts(&out, "\n");
    help_options(&out, c->options, c->no_json);
    help_options(&out, arg_common_options, c->no_json);
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

static const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[sizeof(commands) / sizeof(*commands) + 1] = {0};
    for (int i = 0; commands[i].name; i++)
        names[i] = commands[i].name;
    const char *near = nearest(name, names);
    if (near)
        fprintf(stderr, "runspool: unknown command \"%s\"; did you mean \"%s\"?\n", name, near);
    else
        fprintf(stderr, "runspool: unknown command \"%s\"; see runspool --help\n", name);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct fault fault = {0};

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    log_open("runspool", LOG_LEVEL_INFO, LOG_TO_STDERR);
    term_init(&cli.out, 1);
    term_init(&cli.err, 2);
    if (argc < 2) {
        help_program(&cli);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help_program(&cli);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("runspool " PACKAGE_VERSION);
        return EXIT_DONE;
    }
    if (argv[1][0] == '-') {
        fprintf(stderr, "runspool: options go after the command: runspool COMMAND %s\n", argv[1]);
        return EXIT_USAGE;
    }
    cli.command = command_find(argv[1]);
    if (!cli.command)
        return unknown_command(argv[1]);
    if (args_parse(&cli.args, cli.command->options, cli.command->stop_at_operand, argc - 1, argv + 1, &fault) != RS_OK)
        return cli_usage(&cli, "%s", fault.message);
    if (args_has(&cli.args, "help"))
        return help_command(&cli);
    cli.json = args_has(&cli.args, "json");
    if (cli.args.n_operands < cli.command->min_operands)
        return cli_usage(&cli, "wants %s", cli.command->operands);
    if (cli.command->max_operands >= 0 && cli.args.n_operands > cli.command->max_operands)
        return cli_usage(&cli, "\"%s\" is one operand too many", cli.args.operands[cli.command->max_operands]);

    int status = cli.command->run(&cli);
    store_release(&cli.store);
    datadir_release(&cli.dd);
    return status;
}
