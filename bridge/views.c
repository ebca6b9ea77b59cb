#include "bridge/views.h"
#include "event/stream.h"
#include <stdio.h>
#include <string.h>

/* The views beside the names themselves, by the kind of the home or of one of its tags. */
static const struct extra {
    const char *kind;
    bool of_tag;
    const char *shows; /* "NAME", "KIND:*", or "KIND:" with the same id */
} extras[] = {
    {"run", false, "runs"},   {"run", false, "workflows"}, {"run", false, "history"}, {"adw", false, "adws"},
    {"crew", true, "mission:"}, {"crew", true, "mission:*"},
};

static void put_name(const char *name, bool of_tag, views_fn *fn, void *ctx)
{
    char text[STREAM_MAX];
    const char *id = stream_id(name);
    fn(ctx, name);
    if (!id)
        return;
    snprintf(text, sizeof text, "%.*s*", (int)(id - name), name);
    fn(ctx, text);
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        const struct extra *e = &extras[i];
        if (e->of_tag != of_tag || !stream_has_kind(name, e->kind))
            continue;
        if (e->shows[strlen(e->shows) - 1] == ':') {
            snprintf(text, sizeof text, "%s%s", e->shows, id);
            fn(ctx, text);
        } else {
            fn(ctx, e->shows);
        }
    }
}

void views_each(const struct home *home, views_fn *fn, void *ctx)
{
    put_name(home->name, false, fn, ctx);
    for (int i = 0; i < home->n_tags; i++)
        put_name(home->tags[i], true, fn, ctx);
}
