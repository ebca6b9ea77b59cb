/* runspool completion: a script for bash, made from the tables of commands and options. */
#include "cli/completion.h"

#define SCRIPT_MAX 65536

static void put_options(struct buf *out, const struct arg_option *rows, bool no_json)
{
    for (; rows && rows->name; rows++)
        if (!no_json || strcmp(rows->name, "json") != 0)
            buf_printf(out, " --%s", rows->name);
}

/* The words of "set NAME|list|rm NAME": what stands in small letters at the beginning of a part. */
static void put_words(struct buf *out, const char *operands)
{
    for (const char *at = operands; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        if (n > 1 && at[n] != '_')
            buf_printf(out, " %.*s", (int)n, at);
    }
}

int completion_print(const struct cli *cli, const struct command *commands)
{
    struct buf out;
    buf_init(&out, SCRIPT_MAX);
    buf_puts(&out, "# bash completion of runspool, made by `runspool completion`\n_runspool() {\n"
                   "    local word=${COMP_WORDS[COMP_CWORD]} words=\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        words=\"");
    for (const struct command *c = commands; c->name; c++)
        buf_printf(&out, "%s%s", c == commands ? "" : " ", c->name);
    buf_puts(&out, "\"\n    else\n        case ${COMP_WORDS[1]} in\n");
    for (const struct command *c = commands; c->name; c++) {
        buf_printf(&out, "        %s) words=\"", c->name);
        put_words(&out, c->operands);
        put_options(&out, c->options, c->no_json);
        put_options(&out, arg_common_options, c->no_json);
        buf_puts(&out, "\" ;;\n");
    }
    buf_puts(&out, "        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                   "complete -o default -F _runspool runspool\n");
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}
