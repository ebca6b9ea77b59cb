/* spool_ring - a list of lines and their numbers. */
#include "event/spool_ring.h"
#include "event/line.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spool_ring_release(struct spool_ring *ring)
{
    while (ring->head) {
        struct spool_line *line = ring->head;
        ring->head = line->next;
        free(line);
    }
    free(ring->acked);
    memset(ring, 0, sizeof *ring);
}

bool spool_ring_push(struct spool_ring *ring, int64_t n, int64_t oid, const char *text, size_t len)
{
    struct spool_line *line = malloc(sizeof *line + len);

    if (!line)
        return false;
    line->next = NULL;
    line->n = n;
    line->oid = oid;
    line->done = false;
    line->len = len;
    memcpy(line->text, text, len);
    if (ring->tail)
        ring->tail->next = line;
    else
        ring->head = line;
    ring->tail = line;
    if (!ring->unsent)
        ring->unsent = line;
    ring->bytes += len;
    ring->last_n = n;
    return true;
}

static void note_acked(struct spool_ring *ring, int64_t oid)
{
    if (oid <= 0 || ring->n_acked == SPOOL_ACKED_MAX)
        return;
    if (ring->n_acked == ring->cap_acked) {
        size_t cap = ring->cap_acked ? ring->cap_acked * 2 : 64;
        int64_t *acked = realloc(ring->acked, cap * sizeof *acked);
        if (!acked)
            return;
        ring->acked = acked;
        ring->cap_acked = cap;
    }
    ring->acked[ring->n_acked++] = oid;
}

size_t spool_ring_ack(struct spool_ring *ring, int64_t n)
{
    size_t left = 0;

    while (ring->head && (ring->head->n <= n || ring->head->done)) {
        struct spool_line *line = ring->head;
        note_acked(ring, line->oid);
        ring->head = line->next;
        if (!ring->head)
            ring->tail = NULL;
        if (ring->unsent == line)
            ring->unsent = line->next;
        ring->bytes -= line->len;
        free(line);
        left++;
    }
    return left;
}

size_t spool_ring_refuse(struct spool_ring *ring, int64_t n)
{
    struct spool_line *line = ring->head;

    while (line && line->n < n)
        line = line->next;
    if (line && line->n == n)
        line->done = true;
    return spool_ring_ack(ring, 0);
}

void spool_ring_resend(struct spool_ring *ring)
{
    ring->unsent = ring->head;
}

static int find_dropped(const struct spool_ring *ring, const char *stream)
{
    int i = 0;

    while (i < ring->n_dropped && strcmp(ring->dropped[i].stream, stream) != 0)
        i++;
    return i;
}

void spool_ring_drop(struct spool_ring *ring, const char *stream)
{
    int i = find_dropped(ring, stream);

    /* The last place is kept for the rest. */
    if (i == ring->n_dropped && i >= SPOOL_DROPPED_STREAMS - 1) {
        stream = "system";
        i = find_dropped(ring, stream);
    }
    if (i == ring->n_dropped) {
        snprintf(ring->dropped[i].stream, sizeof ring->dropped[i].stream, "%s", stream);
        ring->dropped[i].count = 0;
        ring->n_dropped++;
    }
    ring->dropped[i].count++;
}

/* How many events a line stands for when it is gone: 0 when it is none of the stream's, or has an oid. */
static int64_t events_given_up(const struct spool_line *line, const char *stream)
{
    struct line parsed;
    int64_t count = 0;

    if (line->done || line->oid > 0 || line_parse(line->text, line->len, &parsed, NULL) || strcmp(parsed.stream, stream) != 0)
        return 0;
    if (strcmp(parsed.type, "log.dropped") != 0)
        return 1;
    return sscanf(parsed.data, "{\"count\":%" SCNd64, &count) == 1 && count > 0 ? count : 1;
}

int64_t spool_ring_give_up(struct spool_ring *ring, const char *stream)
{
    int owed = find_dropped(ring, stream);
    int64_t n, sum = 0;

    for (struct spool_line *line = ring->head; line; line = line->next) {
        n = events_given_up(line, stream);
        line->done = line->done || n > 0;
        sum += n;
    }
    if (owed < ring->n_dropped) {
        sum += ring->dropped[owed].count;
        ring->dropped[owed] = ring->dropped[--ring->n_dropped];
    }
    return sum;
}
