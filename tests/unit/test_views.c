/* The hub's index and the log's queries must agree on what a stream shows. */
#include "base/map.h"
#include "bridge/views.h"
#include "event/view.h"
#include "tests/unit/unit.h"

static const char *const names[] = {
    "run:r1",   "run:r2",     "run:*",     "runs",       "workflows", "history",  "workflow:lint", "workflow:*",
    "crew:q",   "crew:*",     "mission:q", "mission:*",  "tool:t",    "tool:*",   "session:s",     "session:*",
    "adw:a",    "adw:*",      "adws",      "queue",      "system",    "webhooks", "routes",        "workflow:r1",
    "mission:x", "tool:lint", "adw:r1",
};
static const char *const tags[] = {"workflow:lint", "crew:q", "tool:t", "session:s"};
static const struct { const char *name; int n_tags; } homes[] = {
    {"run:r1", 0}, {"run:r1", 4}, {"run:r2", 2}, {"crew:q", 0},  {"mission:q", 0}, {"mission:x", 0}, {"tool:t", 0},
    {"adw:a", 0},  {"adw:r1", 1}, {"queue", 0},  {"system", 0}, {"webhooks", 0}, {"session:s", 0},
};

static void note(void *ctx, const char *name)
{
    ck_assert_ok(map_put(ctx, name, ctx));
}

START_TEST(as_the_log_says)
{
    struct home *home = home_new(homes[_i].name, "default", tags, homes[_i].n_tags);
    struct map shown = {0};
    views_each(home, note, &shown);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct view view;
        ck_assert_ok(stream_check(names[i], NULL));
        view_init(&view, names[i]);
        ck_assert_msg(view_has(&view, home) == (map_get(&shown, names[i]) != NULL), "%s in %s", homes[_i].name, names[i]);
    }
    map_clear(&shown, NULL);
    home_unref(home);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("views");
    TCase *t = tcase_create("all");
    tcase_add_loop_test(t, as_the_log_says, 0, sizeof homes / sizeof *homes);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
