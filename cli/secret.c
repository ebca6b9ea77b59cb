/* runspool secret set|list|rm|rotate */
#include "model/secret.h"
#include "cli/cli.h"
#include "cli/table.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

const struct arg_option secret_options[] = {
    {"stdin", 0, NULL, NULL, false, "set: read the value from standard input, whole; one newline at its end is left out"},
    {0},
};

/* One line from the terminal, which does not show it. *ret: owned. */
static enum rs_err prompt(const struct cli *cli, const char *name, char **ret)
{
    struct termios before, silent;
    size_t size = 0;
    ssize_t n;
    FILE *tty = fopen("/dev/tty", "r+");
    if (!tty || tcgetattr(fileno(tty), &before) != 0) {
        if (tty)
            fclose(tty);
        cli_fail(cli, "there is no terminal to ask on; --stdin reads the value from standard input");
        return RS_IO;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* interrupted, it must not stay silent */
    tcsetattr(fileno(tty), TCSAFLUSH, &silent);
    fprintf(tty, "Value of %s (not shown): ", name);
    fflush(tty);
    *ret = NULL;
    n = getline(ret, &size, tty);
    tcsetattr(fileno(tty), TCSAFLUSH, &before);
    fputs("\n", tty);
    fclose(tty);
    if (n < 0 || strchr(*ret, 3)) {
        free(*ret);
        *ret = NULL;
        cli_fail(cli, n < 0 ? "nothing was typed" : "interrupted");
        return RS_INVALID;
    }
    return RS_OK;
}

static int secret_set(struct cli *cli)
{
    const char *name = cli->args.operands[1];
    char *value = NULL;
    size_t len = 0;
    struct json_object *record = NULL;
    struct fault fault = {0};
    bool created = false;
    if (!secret_name_valid(name, strlen(name)))
        return cli_fail(cli, "\"%s\": a name is 1 to %d letters, digits and underscores, no digit first", name,
                        SECRET_NAME_MAX);
    enum rs_err err = args_has(&cli->args, "stdin") ? cli_read(cli, "-", SECRET_VALUE_MAX + 1, &value, &len)
                                                    : prompt(cli, name, &value);
    if (err != RS_OK)
        return EXIT_FAILED;
    len = len ? len : value ? strlen(value) : 0;
    if (len > 0 && value[len - 1] == '\n')
        len--;
    err = secret_keys_make(&cli->dd, &fault);
    if (err == RS_OK)
        err = secret_put(&cli->store, cli_org(cli), name, value ? value : "", len, &created, &record, &fault);
    if (value)
        sodium_memzero(value, len);
    free(value);
    if (err != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    int status = EXIT_DONE;
    if (cli->json)
        status = cli_print_json(cli, record);
    else
        printf("%s %s\n", name, created ? "set" : "replaced");
    json_object_put(record);
    return status;
}

static int secret_show(struct cli *cli)
{
    static const char *const heads[] = {"SECRET", "CREATED", "CHANGED"};
    struct json_object *list = NULL;
    struct fault fault = {0};
    struct table table;
    struct buf out;
    if (secret_list(&cli->store, cli_org(cli), &list, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (cli->json) {
        int status = cli_print_json(cli, list);
        json_object_put(list);
        return status;
    }
    struct json_object *items = json_get_array(list, "items");
    table_init(&table, heads, 3, -1);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i);
        table_cell(&table, TERM_BOLD, "%s", json_get_string(item, "name", ""));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "createdAt", ""));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "updatedAt", ""));
    }
    buf_init(&out, TABLE_TEXT_MAX);
    if (table.n_rows == 0)
        buf_puts(&out, "No secrets yet; `runspool secret set NAME` keeps one.\n");
    (void)table_put(&table, &cli->out, &out);
    int status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    json_object_put(list);
    return status;
}

static int secret_rm(struct cli *cli)
{
    struct fault fault = {0};
    if (secret_delete(&cli->store, cli_org(cli), cli->args.operands[1], &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    return EXIT_DONE;
}

static int secret_rotate_all(struct cli *cli)
{
    struct fault fault = {0};
    int64_t n = 0;
    if (secret_rotate(&cli->store, &n, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (!cli->json) {
        printf("a new key pair; %lld secret%s sealed for it, the old key is forgotten\n", (long long)n, n == 1 ? "" : "s");
        return EXIT_DONE;
    }
    struct json_object *answer = json_object_new_object();
    json_set_int(answer, "sealed", n);
    int status = cli_print_json(cli, answer);
    json_object_put(answer);
    return status;
}

int command_secret(struct cli *cli)
{
    static const struct {
        const char *name;
        int operands;
        bool create;
        int (*run)(struct cli *cli);
        const char *wants;
    } actions[] = {
        {"set", 2, true, secret_set, "set wants one NAME; the value is asked for, or read with --stdin"},
        {"list", 1, false, secret_show, "list takes no operand"},
        {"rm", 2, false, secret_rm, "rm wants one NAME"},
        {"rotate", 1, false, secret_rotate_all, "rotate takes no operand"},
    };
    static const char *const names[] = {"set", "list", "rm", "rotate", NULL};
    const char *name = cli->args.operands[0];
    for (unsigned i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        if (strcmp(actions[i].name, name) != 0)
            continue;
        if (cli->args.n_operands != actions[i].operands)
            return cli_usage(cli, "%s", actions[i].wants);
        return cli_open_store(cli, actions[i].create) == RS_OK ? actions[i].run(cli) : EXIT_FAILED;
    }
    const char *near = nearest(name, names);
    return near ? cli_usage(cli, "there is no \"%s\"; did you mean \"%s\"?", name, near)
                : cli_usage(cli, "there is no \"%s\", only set, list, rm and rotate", name);
}
