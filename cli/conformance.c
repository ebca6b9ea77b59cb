/* runspool conformance: the suite of Python clients that know only the protocol, against any install. */
#include "cli/cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3" /* the one that Debian's packages of pytest and websockets are for */
#define ARGV_MAX (ARGS_GIVEN_MAX * 2 + 8)

const struct arg_option conformance_options[] = {
    {"url", 'u', "URL", NULL, false, "base URL of the install (default: the instance that is up here)"},
    {"token", 't', "TOKEN", NULL, false, "where auth = jwt: a token with scope editor (or RUNSPOOL_TOKEN)"},
    {"foreign-token", 0, "TOKEN", NULL, false, "a token of another org: what it must not see is tried too"},
    {"viewer-token", 0, "TOKEN", NULL, false, "a token with scope viewer: what it must not do is tried too"},
    {"model", 'm', "NAME", NULL, false, "a model the install's agents can use: agents are tried too"},
    {"only", 'o', "NAME,...", NULL, true, "only these dialects or doors"},
    {"require", 0, "DOORS", NULL, false, "doors that must be carried: ws,sse,poll,api or all"},
    {"keyword", 'k', "EXPRESSION", NULL, false, "only tests whose names match"},
    {"insecure", 0, NULL, NULL, false, "do not check the certificate of https"},
    {0},
};

/* Tokens go by the environment: a command line is there for everybody to read. */
static const char *variable_of(const char *option)
{
    static const char *const variables[][2] = {
        {"token", "RUNSPOOL_TOKEN"},
        {"foreign-token", "RUNSPOOL_FOREIGN_TOKEN"},
        {"viewer-token", "RUNSPOOL_VIEWER_TOKEN"},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (strcmp(variables[i][0], option) == 0)
            return variables[i][1];
    return NULL;
}

int command_conformance(struct cli *cli)
{
    char folder[PATH_MAX], script[PATH_MAX + 32], url[PATH_MAX] = "", names[ARGS_GIVEN_MAX][40];
    const char *argv[ARGV_MAX] = {"python3", "-B", script}, *given = args_value(&cli->args, "url");
    struct fault fault = {0};
    int n = 3;

    if (program_data_path("conformance", folder, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    snprintf(script, sizeof script, "%s/conformance.py", folder);
    if (!given) {
        if (cli_open(cli, false) != RS_OK)
            return EXIT_FAILED;
        if (!*cli_url(cli, url))
            return cli_usage(cli, "nothing is up here; --url URL names an install");
        argv[n++] = "--url";
        argv[n++] = url;
    }
    for (int i = 0; i < cli->args.n_given; i++) {
        const struct arg_option *option = cli->args.given[i].option;
        const char *variable = variable_of(option->name);
        if (variable && setenv(variable, cli->args.given[i].value, 1) != 0)
            return cli_fail(cli, "out of memory");
        if (variable || strcmp(option->name, "data") == 0)
            continue;
        snprintf(names[i], sizeof names[i], "--%s", option->name);
        argv[n++] = names[i];
        if (option->value)
            argv[n++] = cli->args.given[i].value;
    }
    execv(PYTHON, (char *const *)argv);
    if (errno == ENOENT)
        execvp("python3", (char *const *)argv);
    return cli_fail(cli, errno == ENOENT ? "python3 is missing; install the package python3" : "python3: %s",
                    strerror(errno));
}
