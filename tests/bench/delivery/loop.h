/* loop - epoll: calls whoever waits for a socket. Threads: one. */
#ifndef DELIVERY_LOOP_H
#define DELIVERY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOP_READ_BYTES (1 << 20)

struct watch { /* embedded as the first member of what waits */
    void (*ready)(struct watch *w, uint32_t events);
    int fd; /* -1: closed */
    bool writing; /* also told when there is room to write */
};

void loop_init(void);
/* loop_add - tell w->ready when there is something to read, and, if writing, when there is room. */
void loop_add(struct watch *w, bool writing);
void loop_change(struct watch *w, bool writing);
/* loop_close - close the socket; a watch without one is fine. */
void loop_close(struct watch *w);
/* loop_turn - wait for at most so long and call whoever is ready. */
void loop_turn(uint64_t wait_ns);
/* loop_connect - begin to connect to an address "HOST:PORT" (IPv4) or to a Unix socket at a path; false when it is refused at
 * once. Non-blocking. */
bool loop_connect(struct watch *w, const char *address);
/* loop_buffer - LOOP_READ_BYTES (and one more) that everybody reads into: empty again by the next call of a ready(). */
char *loop_buffer(void);

#endif
