/* args - the command line of one subcommand, parsed by its rows of options. Pure but for getopt's globals. */
#ifndef RUNSPOOL_CLI_ARGS_H
#define RUNSPOOL_CLI_ARGS_H

#include "base/err.h"
#include <stdbool.h>

#define ARGS_OPTIONS_MAX 24 /* options one command may know */
#define ARGS_GIVEN_MAX 128  /* options one command line may give */

/* One row an option; a list ends with name NULL. */
struct arg_option {
    const char *name;
    char letter;        /* short form, 0: none */
    const char *value;  /* placeholder of its value ("HOST:PORT"), NULL: a switch */
    const char *second; /* placeholder of a second value ("KEY"), NULL: none */
    bool repeat;        /* may be given more than once */
    const char *help;   /* one line */
};
extern const struct arg_option arg_common_options[]; /* --data, --json, --help: known to every command */

struct args {
    struct {
        const struct arg_option *option;
        const char *value, *second; /* borrowed from argv */
    } given[ARGS_GIVEN_MAX];
    int n_given;
    char **operands; /* borrowed, NULL-terminated */
    int n_operands;
};

/* args_parse - argv[0] is the subcommand's name. options: the command's own rows, may be NULL. stop_at_operand: what
 * follows the first operand belongs to it (a command line to run). Permutes argv.
 * Returns: RS_OK; RS_INVALID with one line about what is wrong. */
enum rs_err args_parse(struct args *ret, const struct arg_option *options, bool stop_at_operand, int argc, char **argv,
                       struct fault *fault) RS_MUST_CHECK;

bool args_has(const struct args *args, const char *name);
/* args_value - the value last given, or NULL. args_second - its second value. */
const char *args_value(const struct args *args, const char *name);
const char *args_second(const struct args *args, const char *name);
/* args_values - all values given for a repeatable option, NULL-terminated, at most ARGS_GIVEN_MAX. Returns how many. */
int args_values(const struct args *args, const char *name, const char *ret[ARGS_GIVEN_MAX + 1]);
/* args_count - a whole number of min..max; absent: fallback. */
enum rs_err args_count(const struct args *args, const char *name, long min, long max, long fallback, long *ret,
                       struct fault *fault) RS_MUST_CHECK;

/* nearest - the word of a NULL-terminated list that a mistyped one is likely to mean (edit distance of at most a third
 * of its length, transpositions count one, or a unique prefix), or NULL. */
const char *nearest(const char *word, const char *const *words);

#endif
