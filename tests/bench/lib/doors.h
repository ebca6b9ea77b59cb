/* doors - what the bridge sends to a client, taken apart: for clients.c only. */
#ifndef RUNSPOOL_BENCH_DOORS_H
#define RUNSPOOL_BENCH_DOORS_H

#include "tests/bench/lib/clients.h"

/* door_greet - the request that opens it; of a poll each one. */
void door_greet(struct bench_clients *clients, struct bench_client *c);
/* door_take - from what has arrived, of which the first n_old bytes were seen before. It may be decoded in place: *len is then less.
 * Returns how much was taken. The client may be closed after it. */
size_t door_take(struct bench_clients *clients, struct bench_client *c, char *bytes, size_t n_old, size_t *len);
/* client_follows, client_ended - the door found out. */
void client_follows(struct bench_clients *clients, struct bench_client *c);
void client_ended(struct bench_clients *clients, struct bench_client *c);

#endif
