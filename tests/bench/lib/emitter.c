#include "tests/bench/lib/emitter.h"
#include "tests/bench/lib/base.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void bench_emitter_open(struct bench_emitter *e, const struct bench_bridge *b, const char *producer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[128];
    *e = (struct bench_emitter){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/spool.sock", b->dir);
    if (e->fd < 0 || connect(e->fd, (struct sockaddr *)&address, sizeof address) < 0)
        bench_fail("spool.sock");
    int n = snprintf(line, sizeof line, "{\"hello\":1,\"producer\":\"%s\",\"ack\":true}\n", producer);
    bench_send_all(e->fd, line, (size_t)n);
    for (n = 0; n == 0 || line[n - 1] != '\n'; n++)
        if (n == sizeof line || recv(e->fd, line + n, 1, 0) != 1)
            bench_fail("the answer to hello");
    if (sscanf(line, "{\"hello\":1,\"lastSeq\":%" SCNd64, &e->n) != 1)
        bench_fail("a producer was refused");
    e->acked = e->n;
    setsockopt(e->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){BENCH_PATIENCE_S, 0}, sizeof(struct timeval));
}

/* Room for a line with so much data. */
static char *line_room(struct bench_emitter *e, size_t data_len)
{
    size_t need = data_len + 256;
    if (e->cap - e->len < need)
        e->out = realloc(e->out, e->cap = 2 * e->cap + need);
    if (!e->out)
        bench_fail("memory");
    return e->out + e->len;
}

void bench_emitter_add(struct bench_emitter *e, const char *stream, const char *type, int bytes)
{
    char *line = line_room(e, (size_t)bytes + 64);
    e->len += (size_t)sprintf(line, "{\"n\":%" PRId64 ",\"stream\":\"%s\",\"type\":\"%s\",\"data\":{\"t\":%" PRId64
                              ",\"x\":\"%*s\"}}\n", ++e->n, stream, type, bench_now_us(), bytes, "");
}

void bench_emitter_add_data(struct bench_emitter *e, const char *stream, const char *type, const char *data)
{
    char *line = line_room(e, strlen(data));
    e->len += (size_t)sprintf(line, "{\"n\":%" PRId64 ",\"stream\":\"%s\",\"type\":\"%s\",\"data\":%s}\n", ++e->n, stream, type,
                              data);
}

static void take_acks(struct bench_emitter *e, int flags)
{
    ssize_t got = recv(e->fd, e->in + e->n_in, sizeof e->in - 1 - e->n_in, flags);
    if (got == 0 || (got < 0 && (errno != EAGAIN || !(flags & MSG_DONTWAIT))))
        bench_fail("an acknowledgement");
    if (got < 0)
        return;
    e->n_in += (size_t)got;
    e->in[e->n_in] = '\0';
    for (char *end; (end = strchr(e->in, '\n'));) {
        if (sscanf(e->in, "{\"ack\":%" SCNd64, &e->acked) != 1)
            bench_fail(e->in);
        e->n_in -= (size_t)(end + 1 - e->in);
        memmove(e->in, end + 1, e->n_in + 1);
    }
}

void bench_emitter_send(struct bench_emitter *e)
{
    bench_send_all(e->fd, e->out, e->len);
    e->len = 0;
    take_acks(e, MSG_DONTWAIT);
}

void bench_emitter_flush(struct bench_emitter *e)
{
    bench_emitter_send(e);
    while (e->acked < e->n)
        take_acks(e, 0);
}

void bench_emitter_close(struct bench_emitter *e)
{
    close(e->fd);
    free(e->out);
}
