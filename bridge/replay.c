#include "bridge/replay.h"
#include "base/log.h"
#include "bridge/assist.h"
#include "bridge/bridge.h"
#include "bridge/deflate.h"
#include "bridge/group.h"
#include "bridge/hub.h"
#include "bridge/native.h"
#include "bridge/stretch.h"
#include <stdlib.h>

/* One step may give one message that is as large as a message can be, beside what is small. */
#define REPLAY_STEP_MAX (DIALECT_TEXT_MAX + 1024 * 1024)

/* Collects the messages of one step. */
struct step {
    enum frame_format format;
    struct block *block;
    int64_t until;  /* 0: all */
    bool whole;     /* of what is given once only, all is taken */
    bool marked;    /* of what is shared: events are marked, and none is taken in part */
    bool gave;      /* messages that have ids, */
    bool unmarked;  /* and that have none */
    bool beyond;    /* stopped at a message after `until` */
    bool failed;
};

static bool mark(struct step *step, int64_t id)
{
    struct block *b = step->block;
    if (b->n_marks > 0 && b->marks[b->n_marks - 1].id == id)
        return true;
    if (b->bytes.len > REPLAY_BLOCK_BYTES)
        return false;
    step->failed = block_begin_event(b, id) != RS_OK;
    return !step->failed;
}

static bool take_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct step *step = ctx;
    int64_t number = id ? strtoll(id, NULL, 10) : 0;
    if (id && step->until > 0 && number > step->until) {
        step->beyond = true;
        return false;
    }
    if (step->marked && id && !mark(step, number))
        return false;
    if (!step->marked && !step->whole && step->block->bytes.len > REPLAY_BLOCK_BYTES)
        return false;
    if (block_put(step->block, step->format, id, json, len) != RS_OK) {
        step->failed = true;
        return false;
    }
    step->gave = step->gave || id;
    step->unmarked = step->unmarked || !id;
    return true;
}

static void fail(struct subscriber *sub, enum rs_err err, const struct fault *fault)
{
    log_event(LOG_LEVEL_WARN, "replay.failed", "door=%s error=%s reason=\"%s\"", sub->door->name + 1, rs_err_name(err),
              fault->message);
    subscriber_end(sub, END_FAILED);
}

/* What is kept for all is of use where there are others. */
static bool has_company(const struct subscriber *sub)
{
    return sub->group && sub->group->n_members > 1 && !sub->side;
}

/* What is kept is kept as it is sent. */
static bool compress(const struct subscriber *sub, struct block **block)
{
    struct block *plain = *block;
    *block = deflate_own(sub->bridge->deflater, sub->format, sub->compression, plain);
    block_unref(plain);
    return *block != NULL;
}

/* The opening state that another member was given a moment ago will do, where nothing has happened since. */
static bool share_opening(struct subscriber *sub)
{
    struct stretches *all = sub->bridge->stretches;
    struct stretch *s = has_company(sub) ? stretch_opening(all, sub) : NULL;
    if (!s)
        return false;
    feed_passed(sub->feed, s->at.id, 0);
    sub->feed->at = s->at;
    sub->feed->gap_to = s->at.id;
    sub->gave = sub->gave || s->more;
    sub->bridge->metrics.values[METRIC_REPLAY_SHARED]++;
    if (s->block->bytes.len > 0)
        subscriber_put(sub, s->block, 0);
    return true;
}

static enum rs_err make_opening(struct subscriber *sub, struct cursor since, bool keep, struct fault *fault)
{
    struct feed *feed = sub->feed;
    struct step step = {.format = sub->format, .block = block_new(REPLAY_STEP_MAX), .whole = true};
    struct message_sink sink = {take_message, &step};
    enum rs_err err = RS_NOMEM;
    if (!step.block)
        goto out;
    err = feed_start(feed, since, &sub->bridge->store, sub->bridge->log, &sink, fault);
    if (!err && (step.failed || block_close(step.block, step.format) != RS_OK))
        err = fault_set(fault, RS_LIMIT, "the opening state is too large");
    if (err)
        goto out;
    buf_fit(&step.block->bytes);
    sub->gave = sub->gave || step.gave;
    if (keep && !compress(sub, &step.block)) {
        err = RS_NOMEM;
        goto out;
    }
    if (keep)
        (void)stretch_add(sub->bridge->stretches, sub->group,
                          &(struct stretch){.opening = true, .format = sub->format, .compression = sub->compression,
                                            .from = (int64_t)uv_now(&sub->bridge->loop), .to = sub->group->n_events, .at = feed->at, .more = step.gave,
                                            .block = step.block});
    if (step.block->bytes.len > 0 && keep)
        subscriber_put(sub, step.block, 0);
    else if (step.block->bytes.len > 0)
        subscriber_put_own(sub, step.block);
out:
    block_unref(step.block);
    return err;
}

enum rs_err subscriber_start(struct subscriber *sub, struct feed *feed, struct cursor since, struct fault *fault)
{
    bool opens = since.kind == CURSOR_NONE && feed->endpoint->opening;
    sub->feed = feed;
    enum rs_err err = hub_join(sub->bridge->hub, sub);
    if (err)
        return err;
    if (!opens || !share_opening(sub))
        err = make_opening(sub, since, opens && has_company(sub), fault);
    if (err) {
        hub_leave(sub->bridge->hub, sub);
        return err;
    }
    if (sub->state == SUBSCRIBER_ENDED)
        return RS_OK;
    sub->state = feed->endpoint->topic ? SUBSCRIBER_LIVE : SUBSCRIBER_REPLAY;
    sub->beat_ms = (int64_t)uv_now(&sub->bridge->loop);
    if (feed->endpoint->topic) {
        sub->place.seen = since;
        topic_group_enter(sub->group->topic, sub);
    } else {
        hub_schedule(sub->bridge->hub, sub);
    }
    return RS_OK;
}

static void caught_up(struct subscriber *sub)
{
    if (sub->side) {
        native_side_done(sub);
        return;
    }
    sub->state = SUBSCRIBER_LIVE;
    sub->after = sub->feed->at.id;
    group_out_of_step(sub);
    if (sub->native)
        native_live(sub);
    if (sub->assist) {
        assist_live(sub);
    } else if (subscriber_ends(sub)) {
        struct fault fault = {0};
        bool ended = false;
        enum rs_err err = feed_ended(sub->feed, sub->bridge->log, &ended, &fault);
        if (err)
            fail(sub, err, &fault);
        else if (ended)
            subscriber_end(sub, END_FINISHED);
    }
}

/* until: no further than that event; 0: as far as it goes. */
static void step_alone(struct subscriber *sub, int64_t until)
{
    struct fault fault = {0};
    bool more = false;
    struct step step = {.format = sub->format, .block = block_new(REPLAY_STEP_MAX), .until = until};
    struct message_sink sink = {take_message, &step};
    enum rs_err err = RS_NOMEM;
    if (step.block)
        err = feed_read(sub->side ? sub->side : sub->feed, sub->bridge->log, REPLAY_EVENTS, &sink, &more, &fault);
    if (!err)
        err = step.failed ? RS_NOMEM : block_close(step.block, step.format);
    if (err) {
        fail(sub, err, &fault);
        goto out;
    }
    sub->bridge->metrics.values[METRIC_REPLAY_READS]++;
    sub->gave = sub->gave || step.gave;
    if (step.block->bytes.len > 0)
        subscriber_put_own(sub, step.block);
    if (sub->state == SUBSCRIBER_REPLAY && (!more || (step.beyond && sub->side)))
        caught_up(sub);
out:
    block_unref(step.block);
}

/* Read what comes after `from`, as any member sees it. The block is the caller's, and NULL where something is missing. */
static enum rs_err read_stretch(struct subscriber *sub, int64_t from, struct stretch *ret, struct fault *fault)
{
    struct feed probe = *sub->feed; /* borrows all but its place */
    struct step step = {.format = sub->format, .block = block_new(REPLAY_STEP_MAX), .marked = true};
    struct message_sink sink = {take_message, &step};
    bool more = false;
    feed_passed(&probe, from, DIALECT_PARTS_MAX);
    probe.gap_to = from;
    enum rs_err err = RS_NOMEM;
    if (step.block)
        err = feed_read(&probe, sub->bridge->log, REPLAY_EVENTS, &sink, &more, fault);
    if (!err)
        err = step.failed ? RS_NOMEM : block_close(step.block, step.format);
    if (err || step.unmarked) {
        block_unref(step.block);
        step.block = NULL;
    }
    if (err)
        return err;
    sub->bridge->metrics.values[METRIC_REPLAY_READS]++;
    if (step.block && !compress(sub, &step.block))
        return fault_set(fault, RS_NOMEM, "no memory for a replay");
    if (step.block)
        buf_fit(&step.block->bytes);
    *ret = (struct stretch){.format = sub->format, .compression = sub->compression, .from = from, .to = probe.at.id, .more = more, .block = step.block};
    return RS_OK;
}

/* The next stretch for a member that stands at `after`; its block is a reference for the caller. */
static enum rs_err next_stretch(struct subscriber *sub, int64_t after, struct stretch *ret, struct fault *fault)
{
    struct stretches *all = sub->bridge->stretches;
    struct stretch *tail;
    bool touches;
    struct stretch *s = stretch_find(all, sub, after, &tail, &touches);
    if (s) {
        sub->bridge->metrics.values[METRIC_REPLAY_SHARED]++;
        *ret = *s;
        if (ret->block)
            block_ref(ret->block);
        return RS_OK;
    }
    bool longer = tail && tail->block->bytes.len < REPLAY_BLOCK_BYTES / 2;
    int64_t from = longer ? tail->from : touches ? after : after - after % REPLAY_ALIGN;
    enum rs_err err = read_stretch(sub, from, ret, fault);
    if (!err && from < after && ret->to <= after) { /* that did not reach far enough */
        block_unref(ret->block);
        longer = false;
        err = read_stretch(sub, after, ret, fault);
    }
    if (err)
        return err;
    if (longer)
        stretch_drop(all, tail);
    if (ret->to > after)
        (void)stretch_add(all, sub->group, ret);
    return RS_OK;
}

/* Returns false when the subscriber was put back meanwhile. */
static bool step_shared(struct subscriber *sub)
{
    struct feed *feed = sub->feed;
    struct stretch s;
    struct fault fault = {0};
    int64_t after = feed->at.id, published = hub_published(sub->bridge->hub);
    enum rs_err err = next_stretch(sub, after, &s, &fault);
    if (err) {
        fail(sub, err, &fault);
        return false;
    }
    if (!s.block) { /* something is missing, which each must be told */
        step_alone(sub, 0);
        return true;
    }
    size_t at;
    bool apart = !block_after(s.block, after, &at) || (at > 0 && at < s.block->bytes.len && sub->compression != COMPRESSION_NONE);
    if (apart) { /* what is in one frame with what it has, or refers to that, it is given by itself */
        block_unref(s.block);
        step_alone(sub, s.to);
        return true;
    }
    if (s.to > after)
        feed_passed(feed, s.to, DIALECT_PARTS_MAX);
    int64_t stands = feed->at.id;
    if (at < s.block->bytes.len) {
        sub->gave = true;
        subscriber_put(sub, s.block, at);
    }
    block_unref(s.block);
    if (feed->at.id != stands)
        return false;
    if (sub->state == SUBSCRIBER_REPLAY && !s.more && s.to >= published)
        caught_up(sub);
    return true;
}

bool replay_step(struct subscriber *sub)
{
    if (sub->state != SUBSCRIBER_REPLAY || sub->queued_bytes >= REPLAY_QUEUE_BYTES)
        return false;
    const struct feed *feed = sub->feed;
    bool whole = feed->whole || !feed->endpoint->several;
    bool goes_on = true;
    if (!sub->side && whole && feed->at.id >= hub_published(sub->bridge->hub))
        caught_up(sub); /* what comes after it, the hub will publish */
    else if (has_company(sub) && whole && feed->gap_to <= feed->at.id)
        goes_on = step_shared(sub);
    else
        step_alone(sub, sub->side ? sub->side_until : 0);
    return goes_on && sub->state == SUBSCRIBER_REPLAY && sub->queued_bytes < REPLAY_QUEUE_BYTES;
}
