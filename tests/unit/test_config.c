#include "conf/config.h"
#include "unit.h"

static char tmp[PATH_MAX], file[PATH_MAX];

static void setup(void)
{
    unit_tmpdir(tmp);
    unit_path(file, tmp, "runspool.conf");
}

static void teardown(void)
{
    unit_rmdir(tmp);
}

static struct config *load(const char *text, const char *const *overrides)
{
    struct config *c = NULL;
    struct fault fault = {0};
    if (text)
        unit_write(tmp, "runspool.conf", text);
    ck_assert_msg(config_load(file, overrides, &c, &fault) == RS_OK, "%s", fault.message);
    return c;
}

/* What loading this file says; "%s" in expected stands for the file's name. */
static void refused(const char *text, const char *expected)
{
    struct config *c = NULL;
    struct fault fault = {0};
    char want[PATH_MAX + 200];
    unit_write(tmp, "runspool.conf", text);
    ck_assert_int_eq(config_load(file, NULL, &c, &fault), RS_INVALID);
    ck_assert_ptr_null(c);
    snprintf(want, sizeof want, "%s:%s", file, expected);
    ck_assert_str_eq(fault.message, want);
}

START_TEST(defaults_without_a_file)
{
    struct config *c = load(NULL, NULL);
    ck_assert(config_is(c, "auth", "none"));
    ck_assert(config_is(c, "runner.shell", "deny"));
    ck_assert(config_is(c, "eventlog.sync", "normal"));
    ck_assert_str_eq(config_text(c, "spool.org"), "default");
    ck_assert_int_eq(config_number(c, "limits.body"), 1024 * 1024);
    ck_assert_int_eq(config_number(c, "bridge.heartbeat"), 20000);
    ck_assert(!config_bool(c, "auth.none_public"));
    ck_assert_ptr_null(config_text(c, "public_url"));
    ck_assert_ptr_null(config_text(c, "hooks.github.secret"));
    ck_assert_int_eq(config_number(c, "hooks.github.secret"), 0);
    config_free(c);
    config_free(NULL);
}
END_TEST

START_TEST(file_syntax_and_types)
{
    struct config *c = load("# a comment\n\n  runner.shell=allow\r\nlimits.body = 64k\nrunner.node_timeout =  2h \n"
                            "auth.none_public = yes\ncors.origins = https://a.example , https://b.example\n"
                            "hooks.github.secret = s=1#x\npublic_url =\nrunner.max_runs = 12",
                            NULL);
    ck_assert(config_is(c, "runner.shell", "allow"));
    ck_assert_int_eq(config_number(c, "limits.body"), 65536);
    ck_assert_int_eq(config_number(c, "runner.node_timeout"), 7200000);
    ck_assert_int_eq(config_number(c, "runner.max_runs"), 12);
    ck_assert(config_bool(c, "auth.none_public"));
    ck_assert(config_list_has(c, "cors.origins", "https://b.example"));
    ck_assert(config_list_has(c, "cors.origins", "https://a.example"));
    ck_assert(!config_list_has(c, "cors.origins", "https://a.exampl"));
    ck_assert(!config_list_has(c, "trusted_proxies", "x"));
    ck_assert_str_eq(config_text(c, "hooks.github.secret"), "s=1#x");
    ck_assert_ptr_null(config_text(c, "public_url"));
    config_free(c);
}
END_TEST

START_TEST(mistakes_name_file_and_line)
{
    refused("# x\nrunner.shel = allow\n", "2: unknown setting \"runner.shel\"");
    refused("runner.shell = maybe", "1: runner.shell must be one of deny|allow, not \"maybe\"");
    refused("runner.shell =", "1: runner.shell must be one of deny|allow, not \"\"");
    refused("\n\nauth\n", "3: expected \"key = value\"");
    refused("= x", "1: expected \"key = value\"");
    refused("auth = none\nauth = none\n", "2: auth is set twice, first in line 1");
    refused("auth.none_public = true", "1: auth.none_public must be yes or no, not \"true\"");
    refused("runner.max_runs = 0", "1: runner.max_runs = 0 is out of bounds (1 to 1000)");
    refused("runner.max_runs = 4x", "1: runner.max_runs must be a number, not \"4x\"");
    refused("runner.max_runs = -1", "1: runner.max_runs must be a number, not \"-1\"");
    refused("bridge.drain = 5", "1: bridge.drain must be a time with its unit (250ms, 30s, 5m, 2h, 7d), not \"5\"");
    refused("limits.body = 99999999999999999999", "1: limits.body must be bytes (4096, 64k, 10M, 1G), not "
                                                  "\"99999999999999999999\"");
    refused("limits.artifact_bytes = 9999999999999G",
            "1: limits.artifact_bytes must be bytes (4096, 64k, 10M, 1G), not "
            "\"9999999999999G\"");
    refused("hooks.a.b.secret = x", "1: unknown setting \"hooks.a.b.secret\"");
    refused("hooks..secret = x", "1: unknown setting \"hooks..secret\"");
    refused("public_url = a\x01", "1: public_url holds control characters");
    refused("public_url = \xFF", "1: public_url is not UTF-8");
}
END_TEST

START_TEST(option_beats_environment_beats_file)
{
    setenv("RUNSPOOL_RUNNER_MAX_RUNS", "7", 1);
    setenv("RUNSPOOL_LOG_LEVEL", "debug", 1);
    setenv("RUNSPOOL_HOOKS_GITHUB_SECRET", "env", 1);
    const char *const overrides[] = {"log.level=error", NULL};
    struct config *c = load("runner.max_runs = 5\nlog.level = warn\nrunner.shell = allow\n", overrides);
    ck_assert_int_eq(config_number(c, "runner.max_runs"), 7);
    ck_assert(config_is(c, "log.level", "error"));
    ck_assert(config_is(c, "runner.shell", "allow"));
    ck_assert_str_eq(config_text(c, "hooks.github.secret"), "env");
    config_free(c);
}
END_TEST

START_TEST(bad_environment_and_options_are_named)
{
    struct config *c = NULL;
    struct fault fault = {0};
    setenv("RUNSPOOL_AUTH", "perhaps", 1);
    ck_assert_int_eq(config_load(file, NULL, &c, &fault), RS_INVALID);
    ck_assert_str_eq(fault.message,
                     "environment variable RUNSPOOL_AUTH: auth must be one of none|jwt, not \"perhaps\"");
    unsetenv("RUNSPOOL_AUTH");
    ck_assert_int_eq(config_load(file, (const char *const[]){"nokey=1", NULL}, &c, &fault), RS_INVALID);
    ck_assert_str_eq(fault.message, "--set: unknown setting \"nokey\"");
    ck_assert_int_eq(config_load(file, (const char *const[]){"auth", NULL}, &c, &fault), RS_INVALID);
    ck_assert_str_eq(fault.message, "--set: expected key=value, not \"auth\"");
    ck_assert_ptr_null(c);
}
END_TEST

START_TEST(printing_hides_secrets)
{
    struct config *c = load("auth.secret = hidden\nrunner.max_runs = 3\n", NULL);
    struct buf out;
    buf_init(&out, 100000);
    ck_assert_ok(config_print(c, &out));
    ck_assert_ptr_nonnull(strstr(out.data, "\nauth.secret = ***\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\nrunner.max_runs = 3\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\n# public_url =\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "\n# hooks.<source>.secret =\n"));
    ck_assert_ptr_null(strstr(out.data, "hidden"));
    buf_clear(&out);
    ck_assert_ok(config_print_json(c, &out));
    ck_assert_ptr_nonnull(strstr(out.data, "\"runner.max_runs\":{\"value\":\"3\",\"source\":\"file\",\"help\":"));
    ck_assert_ptr_nonnull(strstr(out.data, "\"auth\":{\"value\":\"none\",\"source\":\"default\""));
    ck_assert_ptr_nonnull(strstr(out.data, "\"public_url\":{\"value\":null"));
    ck_assert_ptr_null(strstr(out.data, "hidden"));
    buf_release(&out);
    config_free(c);
}
END_TEST

/* Every row is complete: a default that parses is proved by loading, the rest here. */
START_TEST(table_is_sound)
{
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *s = &config_settings[i];
        ck_assert_msg(s->help && *s->help, "%s has no help", s->key);
        ck_assert_msg((s->type == CONFIG_WORD) == (s->choices != NULL), "%s: choices", s->key);
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(s->key, config_settings[k].key);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("config");
    TCase *t = tcase_create("config");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, defaults_without_a_file);
    tcase_add_test(t, file_syntax_and_types);
    tcase_add_test(t, mistakes_name_file_and_line);
    tcase_add_test(t, option_beats_environment_beats_file);
    tcase_add_test(t, bad_environment_and_options_are_named);
    tcase_add_test(t, printing_hides_secrets);
    tcase_add_test(t, table_is_sound);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
