#include "bridge/options.h"
#include "config.h"
#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "usage: runspool-bridge [--data DIR] [--listen HOST:PORT|unix:PATH]... [--set KEY=VALUE]... [-t]\n"
    "Takes events from the spool socket, keeps them in the event log and streams them to browsers.\n"
    "  --data DIR       data directory (default: RUNSPOOL_DATA, else as `runspool config` says)\n"
    "  --listen ADDR    public port, repeatable (default: unix:DIR/bridge.sock)\n"
    "  --set KEY=VALUE  override a setting of runspool.conf, repeatable\n"
    "  -t, --test       check options and settings, then exit\n"
    "  --help, --version\n"
    "SIGTERM drains and ends; SIGHUP reads log.level again.\n";

enum { OPTION_DATA = 256, OPTION_LISTEN, OPTION_SET, OPTION_HELP, OPTION_VERSION };

static const struct option table[] = {
    {"data", required_argument, NULL, OPTION_DATA}, {"listen", required_argument, NULL, OPTION_LISTEN},
    {"set", required_argument, NULL, OPTION_SET},   {"test", no_argument, NULL, 't'},
    {"help", no_argument, NULL, OPTION_HELP},       {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static int wrong(const char *what)
{
    fprintf(stderr, "runspool-bridge: %s\n", what);
    return 2;
}

int options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){0};
    for (int c; (c = getopt_long(argc, argv, "t", table, NULL)) != -1;) {
        switch (c) {
        case OPTION_DATA:
            options->data = optarg;
            break;
        case OPTION_LISTEN:
            if (options->n_listen == FRONT_LISTENERS_MAX)
                return wrong("too many --listen options");
            options->listen[options->n_listen++] = optarg;
            break;
        case OPTION_SET:
            if (options->n_set == OPTIONS_SET_MAX)
                return wrong("too many --set options");
            options->set[options->n_set++] = optarg;
            break;
        case 't':
            options->test = true;
            break;
        case OPTION_HELP:
            fputs(usage, stdout);
            return 0;
        case OPTION_VERSION:
            puts("runspool-bridge " PACKAGE_VERSION);
            return 0;
        default:
            fputs("Try 'runspool-bridge --help'.\n", stderr);
            return 2;
        }
    }
    return optind < argc ? wrong("there are no arguments without an option's name; try --help") : -1;
}
