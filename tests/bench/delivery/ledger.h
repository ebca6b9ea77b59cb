/* ledger - the account of every delivery: what each stream was sent, which subscriber got which message of it, and how long
 * that took. A message carries its time of sending and its number within its stream, from 1 without holes:
 *   {"sent":81642123456789,"no":17,"pad":"xxxx"}     (CLOCK_MONOTONIC, nanoseconds)
 * Nothing is inferred: each subscriber has a bit for each message, so lost, doubled and reordered are exact.
 * Threads: one. */
#ifndef DELIVERY_LEDGER_H
#define DELIVERY_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_FINE 7 /* bits: a value is known to 1 part in 128 */
#define HISTOGRAM_SLOTS ((64 - HISTOGRAM_FINE + 1) << HISTOGRAM_FINE)
#define MESSAGE_MIN 64 /* bytes of the smallest message that has room for its members */

struct histogram {
    uint64_t count[HISTOGRAM_SLOTS];
    uint64_t n, max;
    double sum;
};
struct account { /* of one subscriber */
    uint64_t *seen; /* one bit for each message of its stream */
    uint32_t highest, unique;
};
struct ledger {
    int n_streams, n_subscribers;
    uint32_t per_stream;     /* messages of a stream, at most */
    uint32_t *sent;          /* [stream]: the last number given */
    uint32_t *followers;     /* [stream]: open subscribers */
    struct account *accounts; /* [subscriber]; subscriber i follows stream i % n_streams */
    uint64_t expected;       /* deliveries owed for what was sent so far */
    uint64_t delivered, doubled, reordered;
    uint64_t foreign;        /* messages of others (greetings) */
    uint64_t first_sent_ns, last_seen_ns; /* of what was delivered */
    size_t hint;             /* where in a message the members were last time */
    struct histogram latency; /* nanoseconds */
};

uint64_t now_ns(void);
/* fail - this program cannot go on: says why and ends with 2. fail_system - the same with what errno says. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_system(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ledger_init - per_stream: how many messages a stream will be sent at most. Never freed: the program ends with it. */
void ledger_init(struct ledger *l, int n_subscribers, int n_streams, uint64_t per_stream);
/* ledger_follow - a subscriber is open (change 1) or gone for good (-1): from now on it is owed its stream's messages, or no more. */
void ledger_follow(struct ledger *l, int subscriber, int change);
/* ledger_write - the next message of a stream, exactly size bytes (at least MESSAGE_MIN) at text, which has room for one more. */
void ledger_write(struct ledger *l, int stream, uint64_t sent_ns, char *text, size_t size);
/* ledger_number - count a message without writing it: somebody else sends it. */
uint32_t ledger_number(struct ledger *l, int stream);
/* ledger_read - a message, or several in one text (a poll's answer, a batch), as it reached a subscriber at now_ns. */
void ledger_read(struct ledger *l, int subscriber, const char *text, size_t len, uint64_t now_ns);
/* ledger_lost - deliveries owed and not made. */
uint64_t ledger_lost(const struct ledger *l);

void histogram_add(struct histogram *h, uint64_t value);
/* histogram_at - the value below which a share (0 to 1) of all lie. */
double histogram_at(const struct histogram *h, double share);

#endif
