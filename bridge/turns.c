#include "bridge/turns.h"

void turns_init(struct turns *turns, uv_loop_t *loop, void (*on_turn)(void *owner))
{
    turns->first = NULL;
    turns->end = &turns->first;
    turns->on_turn = on_turn;
    uv_idle_init(loop, &turns->more);
}

static void nothing(uv_idle_t *idle)
{
    (void)idle;
}

void turns_wait(struct turns *turns, struct turn *turn, void *owner)
{
    if (turn->link)
        return;
    *turn = (struct turn){.owner = owner, .link = turns->end};
    *turns->end = turn;
    turns->end = &turn->next;
    uv_idle_start(&turns->more, nothing);
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    if (!turn->link)
        return;
    *turn->link = turn->next;
    if (turn->next)
        turn->next->link = turn->link;
    else
        turns->end = turn->link;
    *turn = (struct turn){0};
}

void turns_give(struct turns *turns)
{
    for (int i = 0; i < TURNS_AT_ONCE && turns->first; i++) {
        struct turn *turn = turns->first;
        void *owner = turn->owner;
        turns_leave(turns, turn);
        turn->bytes = TURN_BYTES;
        turns->on_turn(owner);
    }
    if (!turns->first)
        uv_idle_stop(&turns->more);
}
