#include "bridge/told.h"
#include "bridge/bridge.h"
#include "bridge/stretch.h"
#include <stdlib.h>
#include <string.h>

/* One that is kept, and for whom. */
struct stored {
    struct told *told; /* a reference; NULL: an empty place */
    char *group;       /* owned; the place's */
    struct told_place place;
    struct poll_said said;
    struct told_place after; /* where it left a poll that was told nothing and goes on waiting */
    unsigned wake;
    uint64_t made_ms;
};
struct tolds {
    struct bridge *bridge;
    struct stored kept[TOLD_KEPT];
    size_t bytes;
    unsigned next; /* the oldest, which goes first */
    unsigned wake, looked; /* in which wake it was looked whether the log is still the same */
};

struct tolds *tolds_new(struct bridge *bridge)
{
    struct tolds *all = calloc(1, sizeof *all);
    if (all)
        all->bridge = bridge;
    return all;
}

static void forget(struct tolds *all, struct stored *k)
{
    if (!k->told)
        return;
    all->bridge->metrics.values[METRIC_REPLAY_BYTES] -= (int64_t)k->told->len;
    all->bytes -= k->told->len;
    told_unref(k->told);
    free(k->group);
    *k = (struct stored){.told = NULL};
}

static void forget_all(struct tolds *all)
{
    for (int i = 0; i < TOLD_KEPT; i++)
        forget(all, &all->kept[i]);
}

void tolds_free(struct tolds *all)
{
    if (all)
        forget_all(all);
    free(all);
}

struct told_place told_held(const char *group, const struct feed *feed)
{
    return (struct told_place){.group = group, .held = true, .at = feed->at, .whole = feed->whole, .gap_to = feed->gap_to};
}

static bool same_cursor(const struct cursor *a, const struct cursor *b)
{
    return a->kind == b->kind && a->id == b->id && a->part == b->part;
}

/* One that stands anywhere between where another stood and the first message is told the same, when it was the log's end that ended
 * the answer: nothing was missing further on. */
static bool stands_alike(const struct stored *k, const struct told_place *place)
{
    const struct told_place *had = &k->place;
    if (same_cursor(&had->at, &place->at) && had->whole == place->whole && had->gap_to == place->gap_to)
        return true;
    int64_t before = k->said.empty ? k->after.at.id : k->said.first;
    return k->said.whole && had->whole && place->whole && had->gap_to <= place->gap_to && had->at.id <= place->at.id &&
           place->at.id < before;
}

/* An answer to a held poll is for those that are woken with it. */
static bool is_for(const struct tolds *all, const struct stored *k, const struct told_place *place)
{
    const struct told_place *had = &k->place;
    if (!k->told || had->held != place->held || had->shown != place->shown || strcmp(k->group, place->group) != 0)
        return false;
    if (!place->held)
        return same_cursor(&had->at, &place->at);
    return k->wake == all->wake && (place->shown || stands_alike(k, place));
}

static struct stored *find(struct tolds *all, const struct told_place *place)
{
    if (!place->held && (place->strict || all->looked != all->wake)) {
        if (eventlog_changed(all->bridge->log))
            forget_all(all);
        all->looked = all->wake;
    }
    for (int i = 0; i < TOLD_KEPT; i++)
        if (is_for(all, &all->kept[i], place)) {
            all->bridge->metrics.values[METRIC_POLLS_SHARED] += !all->kept[i].said.empty;
            return &all->kept[i];
        }
    return NULL;
}

struct told *told_find(struct tolds *all, const struct told_place *place)
{
    struct stored *k = find(all, place);
    return k ? told_ref(k->told) : NULL;
}

struct told *told_new(struct buf *text)
{
    struct told *told = calloc(1, sizeof *told);
    if (told) {
        told->refs = 1;
        told->text = buf_take(text, &told->len);
    }
    buf_release(text);
    return told;
}

/* Gaps are told stream by stream, in the order in which a client named them, and an opening state is not of the log alone. */
static bool may_keep(const struct told_place *place, const struct poll_said *said)
{
    if (said->gaps || (said->empty && !said->whole))
        return false;
    return place->held || place->at.kind == CURSOR_AT || place->at.kind == CURSOR_START;
}

/* They are made anew at each wake: were they to have all of the memory, no replay would be kept beside them. */
static bool make_room(struct tolds *all, size_t bytes)
{
    size_t most = (size_t)config_number(all->bridge->config, "limits.replay_bytes") / 4;
    for (unsigned i = 0; i < TOLD_KEPT && all->bytes + bytes > most; i++)
        forget(all, &all->kept[(all->next + i) % TOLD_KEPT]);
    return bytes <= most && stretches_make_room(all->bridge->stretches, bytes);
}

static struct stored *keep(struct tolds *all, const struct told_place *place, const struct poll_said *said, struct told *told)
{
    struct stored *k = &all->kept[all->next];
    if (!may_keep(place, said) || told->len > TOLD_BYTES_MAX)
        return NULL;
    forget(all, k);
    char *group = make_room(all, told->len) ? strdup(place->group) : NULL;
    if (!group)
        return NULL;
    all->next = (all->next + 1) % TOLD_KEPT;
    *k = (struct stored){
        .told = told_ref(told),
        .group = group,
        .place = *place,
        .said = *said,
        .wake = all->wake,
        .made_ms = uv_now(&all->bridge->loop),
    };
    all->bridge->metrics.values[METRIC_REPLAY_BYTES] += (int64_t)told->len;
    all->bytes += told->len;
    return k;
}

void told_keep(struct tolds *all, const struct told_place *place, struct told *told)
{
    (void)keep(all, place, &(struct poll_said){.whole = true}, told);
}

enum rs_err told_answer(struct tolds *all, const struct told_place *place, struct feed *feed, struct told **ret, bool *ret_empty,
                        struct fault *fault)
{
    struct bridge *bridge = all->bridge;
    struct poll_said said = {.empty = false};
    struct stored *k = find(all, place);
    struct buf body;
    if (k) {
        if (k->said.empty) {
            feed->at = k->after.at;
            feed->whole = k->after.whole;
            if (feed->gap_to < k->after.gap_to)
                feed->gap_to = k->after.gap_to;
        }
        *ret = told_ref(k->told);
        *ret_empty = k->said.empty;
        return RS_OK;
    }
    buf_init(&body, POLL_TEXT_MAX);
    enum rs_err err = poll_answer(feed, place->held, place->at, &bridge->store, bridge->log, &body, &said, fault);
    if (err) {
        buf_release(&body);
        return err;
    }
    struct told *told = told_new(&body);
    if (!told)
        return fault_set(fault, RS_NOMEM, "no memory for an answer");
    k = keep(all, place, &said, told);
    if (k)
        k->after = told_held(NULL, feed);
    *ret = told;
    *ret_empty = said.empty;
    return RS_OK;
}

struct told *told_ref(struct told *told)
{
    told->refs++;
    return told;
}

void told_unref(struct told *told)
{
    if (!told || --told->refs > 0)
        return;
    if (told->response)
        told->free_response(told->response);
    free(told->origin);
    free(told->text);
    free(told);
}

void tolds_wake(struct tolds *all)
{
    all->wake++;
}

void tolds_sweep(struct tolds *all)
{
    uint64_t now = uv_now(&all->bridge->loop);
    for (int i = 0; i < TOLD_KEPT; i++)
        if (all->kept[i].told && now - all->kept[i].made_ms >= TOLD_KEPT_MS)
            forget(all, &all->kept[i]);
}
