/* turns - those who have much to send do so a few at a time, so that what happens now need not wait until a thousand of them have
 * been given what fits into their sockets. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_TURNS_H
#define RUNSPOOL_BRIDGE_TURNS_H

#include <stddef.h>
#include <uv.h>

#define TURNS_AT_ONCE 16 /* in one turn of the loop */
#define TURN_BYTES (128 * 1024)

/* Of one who may have to wait. All zero: does not. */
struct turn {
    size_t bytes; /* that may be sent without waiting; turns_give sets them, who sends takes them off */
    void *owner;
    struct turn *next, **link;
};

struct turns {
    struct turn *first, **end;
    void (*on_turn)(void *owner);
    uv_idle_t more; /* active while somebody waits: then the loop does not wait for sockets */
};

void turns_init(struct turns *turns, uv_loop_t *loop, void (*on_turn)(void *owner));
/* turns_wait - until on_turn is called; one who waits already keeps its place. turns_leave - it no longer wants to; one who does not
 * wait is fine. */
void turns_wait(struct turns *turns, struct turn *turn, void *owner);
void turns_leave(struct turns *turns, struct turn *turn);
/* turns_give - once in each turn of the loop: it is the turn of those who have waited longest. */
void turns_give(struct turns *turns);

#endif
