#include "event/view.h"
#include "tests/unit/unit.h"

static bool shows(const char *name, const char *home_name, const char *const *tags, int n_tags)
{
    struct home *home = home_new(home_name, "o", tags, n_tags);
    struct view view;
    bool has;

    view_init(&view, name);
    has = view_has(&view, home);
    home_unref(home);
    return has;
}

START_TEST(what_names_show)
{
    static const char *const tags[] = {"workflow:lint", "crew:q", "tool:t", "session:s"};
    static const char *const yes[] = {"run:r", "run:*", "runs", "workflows", "history", "workflow:lint", "workflow:*",
                                      "crew:q", "crew:*", "mission:q", "mission:*", "tool:t", "tool:*", "session:s"};
    static const char *const no[] = {"run:r2", "workflow:lin", "workflow:lint2", "crew:t", "tool:q", "mission:t",
                                     "adw:r", "adws", "adw:*", "queue", "system", "routes"};

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        ck_assert_msg(shows(yes[i], "run:r", tags, 4), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert_msg(!shows(no[i], "run:r", tags, 4), "%s", no[i]);
    ck_assert(shows("crew:q", "crew:q", NULL, 0) && shows("crew:*", "crew:q", NULL, 0));
    ck_assert(shows("mission:q", "mission:q", NULL, 0) && !shows("mission:q", "crew:q", NULL, 0));
    ck_assert(shows("adws", "adw:1", NULL, 0) && shows("adw:*", "adw:1", NULL, 0) && !shows("runs", "adw:1", NULL, 0));
    ck_assert(shows("queue", "queue", NULL, 0) && !shows("queue", "system", NULL, 0));
}
END_TEST

START_TEST(which_names_are_one_home)
{
    static const struct {
        const char *name;
        bool one;
    } rows[] = {{"run:r", true},  {"run:*", false},  {"adw:a", true},     {"queue", true}, {"runs", false},
                {"tool:t", false}, {"crew:c", false}, {"workflow:w", false}, {"adws", false}, {"session:s", false}};
    struct view view;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        view_init(&view, rows[i].name);
        ck_assert_msg(view_is_home(&view) == rows[i].one, "%s", rows[i].name);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("view");
    TCase *tc = tcase_create("view");

    tcase_add_test(tc, what_names_show);
    tcase_add_test(tc, which_names_are_one_home);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
