/* runspool-runner: supervisor, run process, and the confined children for jq, by option. */
#include "base/log.h"
#include "config.h"
#include "runner/execution.h"
#include "runner/jqchild.h"
#include "runner/seat.h"
#include "runner/spawn.h"
#include "runner/supervisor.h"
#include "runner/tick.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: runspool-runner [--data DIR] [--set KEY=VALUE]... [-t]\n"
    "Takes queued runs from the database and executes each in a process of its own.\n"
    "\n"
    "  --data DIR       data directory (default: RUNSPOOL_DATA, else the built-in one)\n"
    "  --set KEY=VALUE  set a setting, before environment and file; repeatable\n"
    "  --name NAME      another runner beside the first one; the same data directory may have any number\n"
    "  --run ID         execute this one queued run, in this process, and end\n"
    "  --fence N        with --run: it is claimed already, with this fencing token\n"
    "  --child          with --fence: the process of its parent run has started this one\n"
    "  --tick           once, where no runner lives: end orphans, start what is queued (`runspool tick`)\n"
    "  --wait MS        with --tick: wait so long until nothing is queued or running, then print a summary\n"
    "  --detach         with --tick: return at once and go on in the background\n"
    "  -t               test the configuration and end\n"
    "  --help, --version\n"
    "\n"
    "Signals: SIGTERM ends the supervisor alone: runs go on, and the next supervisor leaves them in peace\n"
    "(`runspool restart runner`). SIGINT ends the runs too: they are cancelled, and what is left after 10 s\n"
    "is killed (`runspool down`); queued runs stay queued. SIGTERM to a run's process cancels that run.\n";

struct options {
    const char *data, *run, *fence, *wait, *name;
    const char *overrides[OVERRIDES_MAX + 1];
    int n_overrides;
    bool test, tick, detach, child;
};

static int usage(const char *why)
{
    fprintf(stderr, "runspool-runner: %s\nTry: runspool-runner --help\n", why);
    return 2;
}

static void set_log_level(const struct datadir *dd)
{
    enum log_level level;
    const char *name = config_text(dd->config, "log.level");
    if (name && log_level_parse(name, &level) == RS_OK)
        log_set_level(level);
}

static int run_one(const struct datadir *dd, const struct options *options)
{
    struct store store;
    struct run_claim claim = {0};
    struct fault fault;
    char owner[ID_MAX + 1], *end = NULL;
    int64_t fence = options->fence ? strtoll(options->fence, &end, 10) : 0;

    if (!id_valid(options->run) || (options->fence && (*end || end == options->fence)))
        return usage("--run wants a run's id, --fence a number");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not a reason to die */
    enum rs_err err = store_open(&store, dd, "run", &fault);
    if (err) {
        log_event(LOG_LEVEL_ERROR, "run.not_startable", "run=%s reason=\"%s\"", options->run, fault.message);
        return 1;
    }
    err = options->fence ? run_claim_load(&store, options->run, fence, &claim, &fault)
                         : run_claim_id(&store, options->run, id_new("run_", owner), &claim, &fault);
    if (err) {
        log_event(LOG_LEVEL_ERROR, "run.not_claimed", "run=%s reason=\"%s\"", options->run, fault.message);
        store_release(&store);
        return 1;
    }
    int rc = execution_run(dd, options->overrides, &claim, &store);
    if (options->fence && !options->child)
        tick_next(dd, options->overrides);
    return rc;
}

static int run_tick(const struct datadir *dd, const struct options *options)
{
    char *end = NULL;
    int64_t wait_ms = options->wait ? strtoll(options->wait, &end, 10) : -1;

    if (options->wait && (*end || end == options->wait || wait_ms < 0 || wait_ms > TICK_WAIT_MAX_MS))
        return usage("--wait wants a number of milliseconds, at most a day's");
    return tick_run(dd, options->overrides, wait_ms);
}

static int parse(int argc, char **argv, struct options *o)
{
    enum { OPT_DATA = 256, OPT_SET, OPT_RUN, OPT_FENCE, OPT_CHILD, OPT_TICK, OPT_WAIT, OPT_DETACH, OPT_NAME, OPT_HELP,
           OPT_VERSION };
    static const struct option long_options[] = {
        {"data", required_argument, NULL, OPT_DATA},
        {"set", required_argument, NULL, OPT_SET},
        {"run", required_argument, NULL, OPT_RUN},
        {"fence", required_argument, NULL, OPT_FENCE},
        {"child", no_argument, NULL, OPT_CHILD},
        {"tick", no_argument, NULL, OPT_TICK},
        {"wait", required_argument, NULL, OPT_WAIT},
        {"detach", no_argument, NULL, OPT_DETACH},
        {"name", required_argument, NULL, OPT_NAME},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "t", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_DATA:
            o->data = optarg;
            break;
        case OPT_SET:
            if (o->n_overrides == OVERRIDES_MAX)
                return usage("too many --set");
            o->overrides[o->n_overrides++] = optarg;
            break;
        case OPT_RUN:
            o->run = optarg;
            break;
        case OPT_FENCE:
            o->fence = optarg;
            break;
        case OPT_CHILD:
            o->child = true;
            break;
        case OPT_TICK:
            o->tick = true;
            break;
        case OPT_WAIT:
            o->wait = optarg;
            break;
        case OPT_DETACH:
            o->detach = true;
            break;
        case 't':
            o->test = true;
            break;
        case OPT_NAME:
            if (!seat_name_valid(optarg))
                return usage("--name wants 1 to 16 lower-case letters and digits");
            o->name = optarg;
            break;
        case OPT_HELP:
            fputs(help, stdout);
            return 0;
        case OPT_VERSION:
            puts("runspool-runner " PACKAGE_VERSION);
            return 0;
        default:
            return usage("unknown option, or one without its value");
        }
    }
    if (optind < argc)
        return usage("no arguments are taken");
    if ((o->wait || o->detach) && (!o->tick || (o->wait && o->detach)))
        return usage("--wait and --detach are for --tick, one of them");
    return -1;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct datadir dd = {0};
    struct fault fault;

    /* These two see nothing of an instance. */
    if (argc == 2 && strcmp(argv[1], "--jq") == 0)
        return jqchild_main();
    if (argc == 2 && strcmp(argv[1], "--jq-check") == 0)
        return jqchild_check_main();
    int rc = parse(argc, argv, &options);
    if (rc >= 0)
        return rc;
    if (options.detach)
        tick_detach();
    log_open(options.run ? "run" : options.tick ? "tick" : "runner", LOG_LEVEL_INFO, LOG_TO_STDERR);
    if (datadir_open(&dd, options.data, !options.test && !options.run && !options.tick, options.overrides, &fault) != RS_OK) {
        log_event(LOG_LEVEL_ERROR, "config.invalid", "reason=\"%s\"", fault.message);
        return 1;
    }
    set_log_level(&dd);
    if (options.test) {
        puts("configuration ok");
        rc = 0;
    } else {
        rc = options.run    ? run_one(&dd, &options)
             : options.tick ? run_tick(&dd, &options)
                            : supervisor_run(&dd, options.overrides, options.name);
    }
    datadir_release(&dd);
    return rc;
}
