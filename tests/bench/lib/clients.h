/* clients - many clients in one epoll loop, on WebSocket, Server-Sent Events or long polls. Every client checks what it is given by
 * `seq`: in its stream nothing may be missing, but where a gap was told, and nothing come twice. */
#ifndef RUNSPOOL_BENCH_CLIENTS_H
#define RUNSPOOL_BENCH_CLIENTS_H

#include "tests/bench/delivery/http.h"
#include "tests/bench/lib/bridge.h"

enum bench_door { BENCH_WS, BENCH_SSE, BENCH_POLL, BENCH_N_DOORS };
enum bench_state { BENCH_CLOSED, BENCH_CONNECTS, BENCH_GREETED, BENCH_IDLE, BENCH_ASKED, BENCH_FOLLOWS };
#define BENCH_NOW (-1) /* in place of a cursor */
#define BENCH_START 0
struct bench_client {
    int fd;
    enum bench_door door;
    enum bench_state state;
    char stream[40];
    const char *offer;  /* WebSocket: further headers of the handshake; NULL: none */
    int64_t since;      /* BENCH_NOW, BENCH_START, or a cursor */
    int64_t seq, id;    /* of the last event; seq -1: any may come */
    int64_t gap_until;  /* the last id of a gap that was told */
    int64_t n_events, n_gaps;
    int64_t asked_us, followed_us; /* when it asked to subscribe, when that was answered */
    bool view;          /* its stream shows all others: of ids none may be missing */
    bool waits;         /* connects, but does not subscribe, or ask, before bench_client_subscribe; poll: asks once only */
    bool stuck;         /* reads nothing once it follows */
    bool may_close;     /* the bridge may end it */
    bool small;         /* a small receive buffer */
    bool over;          /* the bridge says that its run has ended */
    bool headed;        /* the head of the answer was taken; poll: one was answered */
    struct http_chunks chunks;
    char *carry;
    size_t n_carry;
};
struct bench_clients {
    const struct bench_bridge *bridge;
    int epoll_fd;
    struct bench_client *at;
    int n, n_follow, n_open;
    int64_t n_events, n_bytes, n_ended, n_gaps;
    void (*on_event)(struct bench_clients *clients, struct bench_client *c, int64_t t_us);
    bool counts; /* WebSocket: frames are counted, and not opened */
    void *ctx;
    int64_t progress_us;
};
void bench_clients_init(struct bench_clients *clients, const struct bench_bridge *b, int n);
void bench_clients_release(struct bench_clients *clients);
/* bench_clients_run - until done says so, or until then (until_us > 0). bench_clients_open - connect them, at most `window` at a
 * time, and wait until they follow (or wait). */
void bench_clients_run(struct bench_clients *clients, bool (*done)(struct bench_clients *clients), int64_t until_us);
void bench_clients_open(struct bench_clients *clients, int first, int n, int window);

/* bench_client_connect - begin; bench_clients_run goes on with it. bench_client_cut - close without a word. */
void bench_client_connect(struct bench_clients *clients, struct bench_client *c);
void bench_client_subscribe(struct bench_clients *clients, struct bench_client *c);
void bench_client_pause(struct bench_clients *clients, struct bench_client *c, bool pause); /* it reads nothing */
void bench_client_cut(struct bench_clients *clients, struct bench_client *c);

#endif
