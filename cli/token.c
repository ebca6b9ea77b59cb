/* runspool token: a token by auth.secret, to set things up and for tests. */
#include "auth/token.h"
#include "base/clock.h"
#include "base/id.h"
#include "cli/cli.h"
#include "conf/value.h"
#include "http/access.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct arg_option token_options[] = {
    {"sub", 0, "NAME", NULL, false, "whose it is; default: your login name"},
    {"org", 0, "ORG", NULL, false, "of which organisation; default: the setting spool.org"},
    {"scope", 0, "SCOPE", NULL, false, "viewer, operator, editor or admin; default: viewer"},
    {"crews", 0, "ID,...", NULL, false, "the only crews it may follow; default: all of the organisation"},
    {"ttl", 0, "TIME", NULL, false, "how long it lives: 90s, 15m, 8h, 30d; default: 1h"},
    {"set", 0, "KEY=VALUE", NULL, true, "as `up --set`"},
    {0},
};

static const char *login_name(void)
{
    const struct passwd *who = getpwuid(getuid());
    return who ? who->pw_name : "nobody";
}

static enum rs_err put_crews(struct json_object *claims, const char *list, struct fault *fault)
{
    struct json_object *crews = json_object_new_array();
    json_set(claims, "crews", crews);
    while (*list) {
        list += strspn(list, ", ");
        size_t len = strcspn(list, ", ");
        if (len > 0 && !id_valid_n(list, len))
            return fault_set(fault, RS_INVALID, "\"%.*s\" is no id of a crew", (int)len, list);
        if (len > 0)
            json_object_array_add(crews, json_object_new_string_len(list, (int)len));
        list += len;
    }
    return RS_OK;
}

static enum rs_err put_claims(const struct cli *cli, struct json_object *claims, struct fault *fault)
{
    static const struct config_setting ttl_setting = {"--ttl", CONFIG_MILLISECONDS, NULL, NULL, 1000,
                                                      INT64_C(3650) * 86400000, false, ""};
    const struct config *config = cli->dd.config;
    const char *sub = args_value(&cli->args, "sub"), *org = args_value(&cli->args, "org");
    const char *scope = args_value(&cli->args, "scope"), *crews = args_value(&cli->args, "crews");
    const char *ttl = args_value(&cli->args, "ttl");
    int64_t ttl_ms = 0, now_s = clock_wall_ms() / 1000;
    enum rs_err err = value_parse(&ttl_setting, ttl ? ttl : "1h", &ttl_ms, fault);
    if (!err && org && !id_valid(org))
        err = fault_set(fault, RS_INVALID, "\"%.100s\" is no id of an organisation", org);
    if (!err && scope && access_scope_find(scope) == SCOPE_NONE)
        err = fault_set(fault, RS_INVALID, "--scope is viewer, operator, editor or admin");
    if (!err && sub && strlen(sub) > ACCESS_SUB_MAX)
        err = fault_set(fault, RS_INVALID, "--sub is longer than %d bytes", ACCESS_SUB_MAX);
    json_set_string(claims, "iss", config_text(config, "auth.issuer"));
    json_set_string(claims, "aud", config_text(config, "auth.audience"));
    json_set_string(claims, "sub", sub ? sub : login_name());
    json_set_string(claims, "org", org ? org : cli_org(cli));
    json_set_string(claims, "scope", scope ? scope : "viewer");
    json_set_int(claims, "iat", now_s);
    json_set_int(claims, "exp", now_s + ttl_ms / 1000);
    return !err && crews ? put_crews(claims, crews, fault) : err;
}

static int print(struct cli *cli, struct json_object *claims, struct buf *token)
{
    if (!cli->json) {
        buf_putc(token, '\n');
        return cli_print(cli, token);
    }
    struct json_object *answer = json_object_new_object();
    json_set_string(answer, "token", token->data);
    json_set_time(answer, "expiresAt", json_get_int(claims, "exp", 0) * 1000);
    int status = cli_print_json(cli, answer);
    json_object_put(answer);
    return status;
}

int command_token(struct cli *cli)
{
    struct fault fault = {0};
    struct buf token;
    int status = EXIT_FAILED;
    if (cli_open(cli, false) != RS_OK)
        return EXIT_FAILED;
    const char *secret = config_text(cli->dd.config, "auth.secret");
    if (!secret)
        return cli_fail(cli, "auth.secret is not set, and only with it can tokens be made here");
    struct json_object *claims = json_object_new_object();
    buf_init(&token, TOKEN_MAX);
    if (put_claims(cli, claims, &fault) != RS_OK)
        cli_fail(cli, "%s", fault.message);
    else if (token_make(secret, claims, &token) != RS_OK)
        cli_fail(cli, "a token of all that would be over %d bytes", TOKEN_MAX);
    else
        status = print(cli, claims, &token);
    json_object_put(claims);
    buf_release(&token);
    return status;
}
