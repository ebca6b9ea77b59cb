/* view - one table of the names that show other homes than their own. */
#include "event/view.h"
#include <stdio.h>
#include <string.h>

/* What a name of this kind (or this bare name) shows; NULL: nothing of that sort. */
struct rule {
    const char *name;
    bool bare;             /* name is the whole name */
    bool home;             /* the home with the same name */
    const char *home_kind; /* every home of a kind, for the wildcard and for bare names */
    const char *tag_kind;  /* homes tagged with the same id under this kind */
};
static const struct rule rules[] = {
    {"run", false, true, "run", NULL},         {"workflow", false, false, NULL, "workflow"},
    {"tool", false, true, "tool", "tool"},     {"session", false, true, "session", "session"},
    {"crew", false, true, "crew", "crew"},     {"mission", false, true, "mission", "crew"},
    {"adw", false, true, "adw", NULL},         {"runs", true, false, "run", NULL},
    {"workflows", true, false, "run", NULL},   {"history", true, false, "run", NULL},
    {"adws", true, false, "adw", NULL},
};

static const struct rule *rule_find(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].bare ? strcmp(name, rules[i].name) == 0 : stream_has_kind(name, rules[i].name))
            return &rules[i];
    }
    return NULL;
}

void view_init(struct view *view, const char *name)
{
    static const struct rule own_home = {"", true, true, NULL, NULL};
    const struct rule *rule = rule_find(name);
    bool all;

    if (!rule)
        rule = &own_home;
    all = rule->bare || stream_is_wildcard(name);
    memset(view, 0, sizeof *view);
    if (rule->home && !stream_is_wildcard(name))
        snprintf(view->home, sizeof view->home, "%s", name);
    if (rule->home_kind && all)
        snprintf(view->home_kind, sizeof view->home_kind, "%s", rule->home_kind);
    if (rule->tag_kind && all)
        snprintf(view->tag_kind, sizeof view->tag_kind, "%s", rule->tag_kind);
    else if (rule->tag_kind)
        snprintf(view->tag, sizeof view->tag, "%s:%s", rule->tag_kind, stream_id(name));
}

bool view_is_home(const struct view *view)
{
    return *view->home && !*view->home_kind && !*view->tag && !*view->tag_kind;
}

bool view_has(const struct view *view, const struct home *home)
{
    if (*view->home && strcmp(home->name, view->home) == 0)
        return true;
    if (*view->home_kind && stream_has_kind(home->name, view->home_kind))
        return true;
    for (int i = 0; i < home->n_tags && (*view->tag || *view->tag_kind); i++) {
        if (*view->tag && strcmp(home->tags[i], view->tag) == 0)
            return true;
        if (*view->tag_kind && stream_has_kind(home->tags[i], view->tag_kind))
            return true;
    }
    return false;
}
