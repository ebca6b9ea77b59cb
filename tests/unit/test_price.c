/* Prices of models. */
#include "runner/price.h"
#include "unit.h"

START_TEST(test_table)
{
    static const struct {
        const char *table, *model;
        double input, output; /* -1: not known */
    } cases[] = {
        {NULL, "m", -1, 0},
        {"", "m", -1, 0},
        {"m=1/2", "m", 1, 2},
        {" gpt-4o* = 2.5/10", "x", -1, 0},
        {"gpt-4o-mini=0.15/0.6, gpt-4o*=2.5/10", "gpt-4o-mini", 0.15, 0.6},
        {"gpt-4o-mini=0.15/0.6, gpt-4o*=2.5/10,", "gpt-4o-2024", 2.5, 10},
        {"a=b=1/2", "a=b", 1, 2},
        {"org/model:7b=0/0", "org/model:7b", 0, 0},
    };
    struct price price;
    struct fault fault;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum rs_err err = price_of_table(cases[i].table, cases[i].model, &price, &fault);
        if (i == 3) {
            ck_assert_int_eq(err, RS_INVALID); /* a space before the price */
            continue;
        }
        ck_assert_msg(err == RS_OK, "%zu: %s", i, fault.message);
        ck_assert_int_eq(price.known, cases[i].input >= 0);
        if (price.known)
            ck_assert(price.input == cases[i].input && price.output == cases[i].output);
    }
    static const char *const bad[] = {"m", "m=", "m=1", "m=1/", "m=/1", "m=x/1", "m=1/2x", "=1/2", "m=-1/2", "m=inf/1", "a=1/2,m"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(price_of_table(bad[i], "m", &price, &fault) == RS_INVALID, "%s", bad[i]);
}
END_TEST

START_TEST(test_cost)
{
    struct price price = {true, 2.5, 10};
    ck_assert_int_eq(price_cost(&price, 1000000, 0), 2500000);
    ck_assert_int_eq(price_cost(&price, 1, 0), 3);
    ck_assert_int_eq(price_cost(&price, 4, 1), 20);
    ck_assert_int_eq(price_cost(&(struct price){0}, 1000, 1000), 0);
    ck_assert_int_eq(price_cost(&(struct price){true, 1e6, 1e6}, INT64_MAX, INT64_MAX), INT64_C(9000000000000000));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("price");
    TCase *tc = tcase_create("price");
    tcase_add_test(tc, test_table);
    tcase_add_test(tc, test_cost);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
