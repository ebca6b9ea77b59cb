/* The command line of `runspool`: options, values, nearest matches. */
#include "cli/args.h"
#include "tests/unit/unit.h"

static const struct arg_option options[] = {
    {"since", 0, "ID", NULL, false, ""},     {"limit", 'n', "N", NULL, false, ""}, {"all", 'a', NULL, NULL, false, ""},
    {"set", 0, "KEY=VALUE", NULL, true, ""}, {"tls", 0, "CERT", "KEY", false, ""}, {0},
};

static struct args args;
static struct fault fault;

static enum rs_err parse(bool stop, const char *const *words)
{
    static char *argv[32];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    memset(&fault, 0, sizeof(fault));
    return args_parse(&args, options, stop, argc, argv, &fault);
}
#define PARSE(...) parse(false, (const char *const[]){"ps", __VA_ARGS__, NULL})

START_TEST(options_and_operands_mix)
{
    ck_assert_ok(PARSE("one", "--since", "12", "two", "-n5", "--data=/x", "-a", "--", "--three"));
    ck_assert_str_eq(args_value(&args, "since"), "12");
    ck_assert_str_eq(args_value(&args, "limit"), "5");
    ck_assert_str_eq(args_value(&args, "data"), "/x");
    ck_assert(args_has(&args, "all"));
    ck_assert(!args_has(&args, "json"));
    ck_assert_int_eq(args.n_operands, 3);
    ck_assert_str_eq(args.operands[0], "one");
    ck_assert_str_eq(args.operands[1], "two");
    ck_assert_str_eq(args.operands[2], "--three");
}
END_TEST

START_TEST(a_command_line_keeps_its_own_options)
{
    ck_assert_ok(parse(true, (const char *const[]){"wrap", "--json", "ls", "--all", "-n", NULL}));
    ck_assert(args_has(&args, "json"));
    ck_assert(!args_has(&args, "all"));
    ck_assert_int_eq(args.n_operands, 3);
    ck_assert_str_eq(args.operands[1], "--all");
}
END_TEST

START_TEST(two_values_and_repeats)
{
    const char *values[ARGS_GIVEN_MAX + 1];
    ck_assert_ok(PARSE("op", "--tls", "c.pem", "k.pem", "--set", "a=1", "--set", "b=2"));
    ck_assert_str_eq(args_value(&args, "tls"), "c.pem");
    ck_assert_str_eq(args_second(&args, "tls"), "k.pem");
    ck_assert_int_eq(args_values(&args, "set", values), 2);
    ck_assert_str_eq(values[0], "a=1");
    ck_assert_str_eq(values[1], "b=2");
    ck_assert_ptr_null(values[2]);
    ck_assert_int_eq(args.n_operands, 1);
}
END_TEST

START_TEST(mistakes_are_named)
{
    ck_assert_int_eq(PARSE("--lmit", "3"), RS_INVALID);
    ck_assert_str_eq(fault.message, "unknown option --lmit; did you mean --limit?");
    ck_assert_int_eq(PARSE("--wrong=3"), RS_INVALID);
    ck_assert_str_eq(fault.message, "unknown option --wrong");
    ck_assert_int_eq(PARSE("-z"), RS_INVALID);
    ck_assert_str_eq(fault.message, "unknown option -z");
    ck_assert_int_eq(PARSE("--since"), RS_INVALID);
    ck_assert_str_eq(fault.message, "--since needs a value");
    ck_assert_int_eq(PARSE("--all=yes"), RS_INVALID);
    ck_assert_str_eq(fault.message, "--all takes no value");
    ck_assert_int_eq(PARSE("--since", "1", "--since", "2"), RS_INVALID);
    ck_assert_str_eq(fault.message, "--since is given twice");
    ck_assert_int_eq(PARSE("--tls", "c.pem"), RS_INVALID);
    ck_assert_str_eq(fault.message, "--tls needs two values: CERT KEY");
}
END_TEST

START_TEST(counts_have_bounds)
{
    long n;
    ck_assert_ok(PARSE("x"));
    ck_assert_ok(args_count(&args, "limit", 1, 10, 7, &n, &fault));
    ck_assert_int_eq(n, 7);
    ck_assert_ok(PARSE("--limit", "10"));
    ck_assert_ok(args_count(&args, "limit", 1, 10, 7, &n, &fault));
    ck_assert_int_eq(n, 10);
    static const char *const bad[] = {"11", "0", "-1", "", "3x", "99999999999999999999"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ck_assert_ok(PARSE("--limit", bad[i]));
        ck_assert_int_eq(args_count(&args, "limit", 1, 10, 7, &n, &fault), RS_INVALID);
    }
}
END_TEST

START_TEST(nearest_match)
{
    static const char *const words[] = {"up", "down", "status", "start", "stop", "restart", "workflow", NULL};
    ck_assert_str_eq(nearest("staus", words), "status");
    ck_assert_str_eq(nearest("dwon", words), "down");
    ck_assert_str_eq(nearest("pu", words), "up");
    ck_assert_str_eq(nearest("work", words), "workflow");
    ck_assert_str_eq(nearest("restrat", words), "restart");
    ck_assert_ptr_null(nearest("frobnicate", words));
    ck_assert_ptr_null(nearest("", words));
    ck_assert_ptr_null(nearest("a-word-that-is-much-longer-than-any-command-could-be", words));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cli_args");
    TCase *t = tcase_create("args");
    tcase_add_test(t, options_and_operands_mix);
    tcase_add_test(t, a_command_line_keeps_its_own_options);
    tcase_add_test(t, two_values_and_repeats);
    tcase_add_test(t, mistakes_are_named);
    tcase_add_test(t, counts_have_bounds);
    tcase_add_test(t, nearest_match);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
