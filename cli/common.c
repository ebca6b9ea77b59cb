#include "base/file.h"
#include "cli/cli.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_MAX 1024

static void cli_say(const struct cli *cli, enum term_color color, const char *fmt, va_list ap, const char *after)
{
    char text[1024];
    vsnprintf(text, sizeof(text), fmt, ap);
    fprintf(stderr, "%srunspool%s%s:%s %s%s\n", term_on(&cli->err, color), cli->command ? " " : "",
            cli->command ? cli->command->name : "", term_off(&cli->err), text, after);
}

int cli_fail(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cli_say(cli, TERM_RED, fmt, ap, "");
    va_end(ap);
    return EXIT_FAILED;
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
    char after[80];
    va_list ap;
    snprintf(after, sizeof(after), " (runspool %s --help)", cli->command->name);
    va_start(ap, fmt);
    cli_say(cli, TERM_RED, fmt, ap, after);
    va_end(ap);
    return EXIT_USAGE;
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cli_say(cli, TERM_PLAIN, fmt, ap, "");
    va_end(ap);
}

enum rs_err cli_open(struct cli *cli, bool create)
{
    const char *sets[ARGS_GIVEN_MAX + 1];
    struct fault fault = {0};
    args_values(&cli->args, "set", sets);
    enum rs_err err = datadir_open(&cli->dd, args_value(&cli->args, "data"), create, sets, &fault);
    if (err != RS_OK)
        cli_fail(cli, "%s", fault.message);
    return err;
}

enum rs_err cli_open_store(struct cli *cli, bool create)
{
    struct fault fault = {0};
    enum rs_err err = cli_open(cli, create);
    if (err != RS_OK)
        return err;
    err = store_open(&cli->store, &cli->dd, "cli", &fault);
    if (err != RS_OK)
        cli_fail(cli, "%s", fault.message);
    return err;
}

const char *cli_org(const struct cli *cli)
{
    const char *org = config_text(cli->dd.config, "spool.org");
    return org ? org : "default";
}

char *cli_url(const struct cli *cli, char url[PATH_MAX])
{
    char path[PATH_MAX], *text = NULL;
    const char *public_url = config_text(cli->dd.config, "public_url");
    url[0] = '\0';
    if (file_read(datadir_path(&cli->dd, path, "run/web.url"), URL_MAX, &text, NULL, NULL) == RS_OK) {
        text[strcspn(text, "\n")] = '\0';
        snprintf(url, PATH_MAX, "%s", public_url ? public_url : text);
        size_t len = strlen(url);
        if (len && url[len - 1] == '/')
            url[len - 1] = '\0';
    }
    free(text);
    return url;
}

int cli_print(const struct cli *cli, struct buf *out)
{
    size_t done = 0;
    if (out->err != RS_OK)
        return cli_fail(cli, "output too large");
    while (done < out->len) {
        ssize_t n = write(STDOUT_FILENO, out->data + done, out->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EPIPE ? EXIT_FAILED : cli_fail(cli, "cannot write: %s", strerror(errno));
        done += (size_t)n;
    }
    return EXIT_DONE;
}

int cli_print_json(const struct cli *cli, struct json_object *value)
{
    struct buf out;
    size_t len;
    const char *text = json_text(value, &len);
    buf_init(&out, len + 1);
    buf_append(&out, text, len);
    buf_putc(&out, '\n');
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

enum rs_err cli_read(const struct cli *cli, const char *path, size_t max, char **ret, size_t *ret_len)
{
    struct fault fault = {0};
    struct buf text;
    enum rs_err err;
    char chunk[16384];
    ssize_t n;

    if (strcmp(path, "-") != 0) {
        err = file_read(path, max, ret, ret_len, &fault);
        if (err != RS_OK)
            cli_fail(cli, "%s", fault.message);
        return err;
    }
    buf_init(&text, max);
    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_append(&text, chunk, (size_t)n);
    err = n < 0 ? RS_IO : text.err;
    if (err != RS_OK)
        cli_fail(cli, n < 0 ? "cannot read standard input" : "standard input is longer than %zu bytes", max);
    else
        *ret = buf_take(&text, ret_len);
    buf_release(&text);
    return err;
}

enum rs_err cli_read_object(const struct cli *cli, const char *given, size_t max, struct json_object **ret)
{
    struct fault fault = {0};
    struct json_object *value = NULL;
    char *text = NULL;
    size_t len = 0;
    bool file = *given == '@' || strcmp(given, "-") == 0;
    enum rs_err err = file ? cli_read(cli, *given == '@' ? given + 1 : given, max, &text, &len) : RS_OK;
    if (err != RS_OK)
        return err;
    err = json_parse(file ? text : given, file ? len : strlen(given), max, &value, &fault);
    if (err == RS_OK && !json_object_is_type(value, json_type_object)) {
        json_object_put(value);
        err = fault_set(&fault, RS_INVALID, "the data must be a JSON object, as in '{\"message\":\"hello\"}'");
    }
    if (err != RS_OK)
        cli_fail(cli, "%s", fault.message);
    else
        *ret = value;
    free(text);
    return err;
}
