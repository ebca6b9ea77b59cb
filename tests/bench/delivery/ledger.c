#include "ledger.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARK "\"sent\":"
#define MARK_LEN (sizeof(MARK) - 1)
#define NUMBER "\"no\":"
#define NUMBER_LEN (sizeof(NUMBER) - 1)

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static _Noreturn void end(const char *format, va_list args, const char *why)
{
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, "%s%s\n", *why ? ": " : "", why);
    exit(2);
}

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    end(format, args, "");
}

void fail_system(const char *format, ...)
{
    const char *why = strerror(errno);
    va_list args;
    va_start(args, format);
    end(format, args, why);
}

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        fail("no memory for the accounts; fewer --messages?");
    return p;
}

void ledger_init(struct ledger *l, int n_subscribers, int n_streams, uint64_t per_stream)
{
    if (per_stream >= UINT32_MAX)
        fail("more messages of a stream than can be counted");
    *l = (struct ledger){.n_streams = n_streams, .n_subscribers = n_subscribers, .per_stream = (uint32_t)per_stream};
    l->sent = zeroed((size_t)n_streams, sizeof(*l->sent));
    l->followers = zeroed((size_t)n_streams, sizeof(*l->followers));
    l->accounts = zeroed((size_t)n_subscribers, sizeof(*l->accounts));
    for (int i = 0; i < n_subscribers; i++)
        l->accounts[i].seen = zeroed(per_stream / 64 + 1, sizeof(uint64_t)); /* costs memory only where it is touched */
}

void ledger_follow(struct ledger *l, int subscriber, int change)
{
    l->followers[subscriber % l->n_streams] += (uint32_t)change;
}

uint32_t ledger_number(struct ledger *l, int stream)
{
    if (l->sent[stream] == l->per_stream)
        fail("stream %d was sent more than %u messages; raise --messages", stream, l->per_stream);
    l->expected += l->followers[stream];
    return ++l->sent[stream];
}

void ledger_write(struct ledger *l, int stream, uint64_t sent_ns, char *text, size_t size)
{
    int n = sprintf(text, "{\"sent\":%llu,\"no\":%u,\"pad\":\"", (unsigned long long)sent_ns, ledger_number(l, stream));
    memset(text + n, 'x', size - (size_t)n - 2);
    memcpy(text + size - 2, "\"}", 3);
}

/* Digits at p, after blanks; *p moves behind them. Message texts end in a byte that is no digit. */
static uint64_t number(const char **p)
{
    uint64_t value = 0;
    while (**p == ' ')
        ++*p;
    for (; **p >= '0' && **p <= '9'; ++*p)
        value = value * 10 + (uint64_t)(**p - '0');
    return value;
}

static void enter(struct ledger *l, int subscriber, uint64_t sent_ns, uint64_t no, uint64_t now)
{
    struct account *a = &l->accounts[subscriber];
    if (no == 0 || no > l->sent[subscriber % l->n_streams])
        fail("subscriber %d got message %llu of a stream that was sent %u", subscriber, (unsigned long long)no,
             l->sent[subscriber % l->n_streams]);
    uint64_t bit = UINT64_C(1) << (no % 64), *word = &a->seen[no / 64];
    if (*word & bit) {
        l->doubled++;
        return;
    }
    *word |= bit;
    if (no < a->highest)
        l->reordered++;
    else
        a->highest = (uint32_t)no;
    a->unique++;
    l->delivered++;
    l->last_seen_ns = now;
    if (l->first_sent_ns == 0 || sent_ns < l->first_sent_ns)
        l->first_sent_ns = sent_ns;
    histogram_add(&l->latency, now > sent_ns ? now - sent_ns : 0);
}

void ledger_read(struct ledger *l, int subscriber, const char *text, size_t len, uint64_t now)
{
    const char *end = text + len, *at = text;
    bool any = false;
    /* Messages of one door look alike: the mark is mostly where it was, give or take the digits of an id. */
    if (l->hint + MARK_LEN < len && memcmp(text + l->hint, MARK, MARK_LEN) == 0)
        at = text + l->hint;
    while (at < end && (at = memmem(at, (size_t)(end - at), MARK, MARK_LEN))) {
        if (!any)
            l->hint = (size_t)(at - text);
        at += MARK_LEN;
        uint64_t sent_ns = number(&at);
        const char *no = end - at > 16 ? memmem(at, 16, NUMBER, NUMBER_LEN) : NULL;
        if (!no)
            break;
        at = no + NUMBER_LEN;
        enter(l, subscriber, sent_ns, number(&at), now);
        any = true;
    }
    l->foreign += !any;
}

uint64_t ledger_lost(const struct ledger *l)
{
    return l->expected > l->delivered ? l->expected - l->delivered : 0;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    int above = value >> HISTOGRAM_FINE ? 64 - __builtin_clzll(value) - HISTOGRAM_FINE : 0;
    uint64_t fine = above ? value >> (above - 1) & ((1u << HISTOGRAM_FINE) - 1) : value;
    h->count[((uint64_t)above << HISTOGRAM_FINE) + fine]++;
    h->n++;
    h->sum += (double)value;
    if (value > h->max)
        h->max = value;
}

double histogram_at(const struct histogram *h, double share)
{
    uint64_t below = 0, wanted = (uint64_t)(share * (double)h->n);
    for (unsigned i = 0; i < HISTOGRAM_SLOTS; i++) {
        below += h->count[i];
        if (below > wanted || (below == h->n && below > 0)) {
            unsigned above = i >> HISTOGRAM_FINE, fine = i & ((1u << HISTOGRAM_FINE) - 1);
            double value =
                above ? ((double)((1u << HISTOGRAM_FINE) + fine) + 0.5) * (double)(UINT64_C(1) << (above - 1)) : fine;
            return value < (double)h->max ? value : (double)h->max;
        }
    }
    return 0;
}
