#include "cli/args.h"
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define LONG_BASE 256 /* getopt_long values of options: LONG_BASE + index, out of the way of letters */

const struct arg_option arg_common_options[] = {
    {"data", 0, "DIR", NULL, false, "data directory (default: $RUNSPOOL_DATA, else ./var or the installed one)"},
    {"json", 0, NULL, NULL, false, "print JSON for machines"},
    {"help", 'h', NULL, NULL, false, "show this help"},
    {0},
};

/* The rows a command knows: its own, then the common ones. */
struct known {
    const struct arg_option *row[ARGS_OPTIONS_MAX];
    int n;
};

static void known_add(struct known *known, const struct arg_option *rows)
{
    for (; rows && rows->name; rows++) {
        assert(known->n < ARGS_OPTIONS_MAX);
        known->row[known->n++] = rows;
    }
}

static const struct arg_option *known_letter(const struct known *known, int letter)
{
    for (int i = 0; i < known->n; i++)
        if (known->row[i]->letter && known->row[i]->letter == letter)
            return known->row[i];
    return NULL;
}

static enum rs_err args_bad_option(const struct known *known, const char *text, struct fault *fault)
{
    const char *names[ARGS_OPTIONS_MAX + 1] = {0};
    char word[64];
    size_t len = strcspn(text, "=");
    if (strncmp(text, "--", 2) != 0)
        return fault_set(fault, RS_INVALID, "unknown option %s", text);
    for (int i = 0; i < known->n; i++)
        names[i] = known->row[i]->name;
    if (len < 2 || len - 2 >= sizeof(word))
        return fault_set(fault, RS_INVALID, "unknown option %.60s", text);
    memcpy(word, text + 2, len - 2);
    word[len - 2] = '\0';
    const char *near = nearest(word, names);
    return near ? fault_set(fault, RS_INVALID, "unknown option --%s; did you mean --%s?", word, near)
                : fault_set(fault, RS_INVALID, "unknown option --%s", word);
}

static enum rs_err args_add(struct args *args, const struct arg_option *option, const char *value, const char *second,
                            struct fault *fault)
{
    if (!option->repeat && args_has(args, option->name))
        return fault_set(fault, RS_INVALID, "--%s is given twice", option->name);
    if (args->n_given == ARGS_GIVEN_MAX)
        return fault_set(fault, RS_LIMIT, "more than %d options", ARGS_GIVEN_MAX);
    args->given[args->n_given].option = option;
    args->given[args->n_given].value = value;
    args->given[args->n_given].second = second;
    args->n_given++;
    return RS_OK;
}

enum rs_err args_parse(struct args *ret, const struct arg_option *options, bool stop_at_operand, int argc, char **argv,
                       struct fault *fault)
{
    struct known known = {0};
    struct option longs[ARGS_OPTIONS_MAX + 1] = {0};
    char letters[2 * ARGS_OPTIONS_MAX + 3];
    size_t at = 0;
    enum rs_err err;
    int c;

    memset(ret, 0, sizeof(*ret));
    known_add(&known, options);
    known_add(&known, arg_common_options);
    if (stop_at_operand)
        letters[at++] = '+';
    letters[at++] = ':';
    for (int i = 0; i < known.n; i++) {
        const struct arg_option *row = known.row[i];
        longs[i] = (struct option){row->name, row->value ? required_argument : no_argument, NULL, LONG_BASE + i};
        if (row->letter)
            letters[at++] = row->letter;
        if (row->letter && row->value)
            letters[at++] = ':';
    }
    letters[at] = '\0';

    optind = 0; /* glibc: start anew, whoever parsed before */
    opterr = 0;
    while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct arg_option *option = c >= LONG_BASE ? known.row[c - LONG_BASE] : known_letter(&known, c);
        const char *second = NULL;
        if (c == ':')
            return fault_set(fault, RS_INVALID, "%s needs a value", argv[optind - 1]);
        if (!option) {
            if (optopt >= LONG_BASE)
                return fault_set(fault, RS_INVALID, "--%s takes no value", known.row[optopt - LONG_BASE]->name);
            if (optopt)
                return fault_set(fault, RS_INVALID, "unknown option -%c", optopt);
            return args_bad_option(&known, argv[optind - 1], fault);
        }
        if (option->second) {
            if (optind >= argc)
                return fault_set(fault, RS_INVALID, "--%s needs two values: %s %s", option->name, option->value,
                                 option->second);
            second = argv[optind++];
        }
        if ((err = args_add(ret, option, optarg, second, fault)) != RS_OK)
            return err;
    }
    ret->operands = argv + optind;
    ret->n_operands = argc - optind;
    return RS_OK;
}

static int args_find(const struct args *args, const char *name)
{
    for (int i = args->n_given - 1; i >= 0; i--)
        if (strcmp(args->given[i].option->name, name) == 0)
            return i;
    return -1;
}

bool args_has(const struct args *args, const char *name)
{
    return args_find(args, name) >= 0;
}

const char *args_value(const struct args *args, const char *name)
{
    int i = args_find(args, name);
    return i < 0 ? NULL : args->given[i].value;
}

const char *args_second(const struct args *args, const char *name)
{
    int i = args_find(args, name);
    return i < 0 ? NULL : args->given[i].second;
}

int args_values(const struct args *args, const char *name, const char *ret[ARGS_GIVEN_MAX + 1])
{
    int n = 0;
    for (int i = 0; i < args->n_given; i++)
        if (strcmp(args->given[i].option->name, name) == 0)
            ret[n++] = args->given[i].value;
    ret[n] = NULL;
    return n;
}

enum rs_err args_count(const struct args *args, const char *name, long min, long max, long fallback, long *ret,
                       struct fault *fault)
{
    const char *text = args_value(args, name);
    char *end;
    if (!text) {
        *ret = fallback;
        return RS_OK;
    }
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < min || n > max)
        return fault_set(fault, RS_INVALID, "--%s wants a whole number from %ld to %ld, not \"%.40s\"", name, min, max,
                         text);
    *ret = n;
    return RS_OK;
}
