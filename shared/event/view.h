/* view - which homes a subscriber's stream name shows.
 *   run:X                    the home run:X
 *   workflow:X               homes tagged workflow:X
 *   tool:X, crew:X, session:X  the home of that name, and homes tagged with it
 *   mission:X                the home mission:X, and homes tagged crew:X
 *   adw:X, queue, system, ...  the home of that name
 *   runs, workflows, history, run:*   every run;   adws, adw:*   every ADW
 *   KIND:*                   every home of the kind, and homes tagged with anything of it
 * Pure functions, any thread. */
#ifndef RUNSPOOL_EVENT_VIEW_H
#define RUNSPOOL_EVENT_VIEW_H

#include "event/event.h"
#include "event/stream.h"
#include <stdbool.h>

#define VIEW_KIND_MAX 16

/* A home is shown when any one of these fits it; "" fits nothing. */
struct view {
    char home[STREAM_MAX];        /* its name */
    char home_kind[VIEW_KIND_MAX]; /* its kind */
    char tag[STREAM_MAX];         /* one of its tags */
    char tag_kind[VIEW_KIND_MAX]; /* the kind of one of its tags */
};
/* view_init - name: a well-formed stream (stream_check). */
void view_init(struct view *view, const char *name);
/* view_is_home - does it show one home at most, by its name? */
bool view_is_home(const struct view *view);
bool view_has(const struct view *view, const struct home *home);

#endif
