/* runspool config: the settings in force. */
#include "cli/cli.h"
#include <stdio.h>

#define CONFIG_TEXT_MAX 262144

const struct arg_option config_options[] = {
    {"set", 0, "KEY=VALUE", NULL, true, "as `up --set`"},
    {0},
};

int command_config(struct cli *cli)
{
    struct buf out;
    if (cli_open(cli, false) != RS_OK)
        return EXIT_FAILED;
    buf_init(&out, CONFIG_TEXT_MAX);
    if (cli->json) {
        (void)config_print_json(cli->dd.config, &out);
        buf_putc(&out, '\n');
    } else {
        (void)config_print(cli->dd.config, &out);
    }
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}
