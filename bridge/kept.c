#include "bridge/kept.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "bridge/count.h"
#include "bridge/front.h"
#include "bridge/head_texts.h"
#include "bridge/http_head.h"
#include "bridge/kept_answer.h"
#include "bridge/live.h"
#include "bridge/told.h"
#include "bridge/web.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLET)

static void unlink_kept(struct kept *k)
{
    *(k->prev ? &k->prev->next : &k->all->newest) = k->next;
    *(k->next ? &k->next->prev : &k->all->oldest) = k->prev;
}

static void link_newest(struct kept *k)
{
    k->prev = NULL;
    k->next = k->all->newest;
    *(k->next ? &k->next->prev : &k->all->oldest) = k;
    k->all->newest = k;
}

static void leave_due(struct kept *k)
{
    struct kept **link = &k->all->first_due;
    if (!k->due)
        return;
    while (*link != k)
        link = &(*link)->next_due;
    *link = k->next_due;
    if (k->all->last_due == &k->next_due)
        k->all->last_due = link;
    k->due = false;
}

static void free_kept(struct kept *k)
{
    epoll_set_remove(&k->all->sockets, k->fd);
    leave_due(k);
    unlink_kept(k);
    k->all->n--;
    buf_release(&k->head);
    free(k->origin);
    free(k);
}

static void close_kept(struct kept *k)
{
    int fd = k->fd;
    if (k->x)
        exchange_end(k->x);
    free_kept(k);
    front_hang_up(fd);
}

static void make_due(struct kept *k)
{
    if (k->due)
        return;
    k->due = true;
    k->next_due = NULL;
    *k->all->last_due = k;
    k->all->last_due = &k->next_due;
    web_kick(k->all->bridge->web);
}

/* Its request has been answered. */
static void rest(struct kept *k)
{
    bool keeps = k->x->keeps && !k->all->bridge->draining;
    if (!keeps) {
        close_kept(k);
        return;
    }
    exchange_end(k->x);
    free(k->origin);
    buf_release(&k->head);
    k->x = NULL;
    k->origin = NULL;
    k->rests_ms = (int64_t)uv_now(&k->all->bridge->loop);
    unlink_kept(k);
    link_newest(k);
    if (k->readable)
        make_due(k); /* in the next turn: who sends many at once has one answered in each */
}

static void on_late(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    x->bridge->metrics.values[METRIC_ANSWERS_CUT]++;
    close_kept(x->kept);
}

/* The rest is sent when there is room. */
static void wait_writable(struct kept *k, struct buf *head)
{
    if (head != &k->head) {
        k->head = *head;
        buf_init(head, KEPT_ANSWER_MAX);
        epoll_set_change(&k->all->sockets, k->fd, WATCHED | EPOLLOUT, k);
        if (!k->x->taking) /* else its door has set a time for it */
            exchange_hold(k->x, (uint64_t)config_number(k->x->bridge->config, "limits.subscriber_time"), on_late);
    }
}

static void send_answer(struct kept *k, struct buf *head)
{
    switch (kept_answer_send(k, head)) {
    case KEPT_SENT:
        if (head == &k->head)
            epoll_set_change(&k->all->sockets, k->fd, WATCHED, k);
        rest(k);
        return;
    case KEPT_NO_ROOM:
        wait_writable(k, head);
        return;
    case KEPT_BROKEN:
        close_kept(k);
        return;
    }
}

/* Its door has answered it, or holds it. */
static void go_on(struct kept *k, enum MHD_Result result)
{
    if (result != MHD_YES)
        close_kept(k);
    else if (k->answered)
        send_answer(k, &k->all->head);
    else if (k->left && !k->due) /* it may have been woken at once */
        close_kept(k);
}

/* Only where nothing but a head was sent, so that nobody can take a body for the next request. */
static bool may_keep(const struct http_head *head)
{
    return head->minor == 1 && head->method.len == 3 && memcmp(head->method.at, "GET", 3) == 0 &&
           http_head_get(head, "host").at && !http_head_get(head, "content-length").at &&
           !http_head_get(head, "transfer-encoding").at && !http_head_is_websocket(head);
}

/* Not when most of limits.connections are taken: others are to find room. */
static bool has_room(const struct bridge *bridge)
{
    struct fault fault;
    return front_admits(bridge, (int)(config_number(bridge->config, "limits.connections") / 4), &fault) == RS_OK;
}

static enum MHD_Result answer(struct exchange *x, const struct request_text *text)
{
    struct fault fault = {0};
    enum rs_err err = request_check(x->bridge, text, &x->request, &fault);
    if (!err)
        err = front_admits(x->bridge, 0, &fault);
    return err ? web_answer_fault(x, &fault) : door_poll_begin(x);
}

/* A poll's request: an exchange for it, and its texts; NULL: it is none, or there is no memory. What is wrong with it will be
 * said by the library. */
static struct exchange *recognise(struct bridge *bridge, const struct http_head *head, const char *peer, struct head_texts *texts,
                                  struct request_text *ret_text)
{
    struct fault fault;
    struct exchange *x = may_keep(head) ? calloc(1, sizeof *x) : NULL;
    if (!x || (head_texts_read(texts, head, peer, ret_text, &fault) == RS_OK &&
               request_route(bridge, ret_text, &x->request, &fault) == RS_OK && x->request.door == &door_poll))
        return x;
    free(x);
    return NULL;
}

/* n: bytes that were seen, the head and what follows it. */
static void begin(struct kept *k, struct exchange *x, const struct http_head *head, size_t n, const struct request_text *text)
{
    struct bridge *bridge = k->all->bridge;
    char taken[HTTP_HEAD_MAX];
    k->x = x;
    k->told = NULL;
    k->answered = false;
    k->sent = 0;
    k->readable = k->left || n > head->len; /* of what was told once nothing is told again */
    x->bridge = bridge;
    x->kept = k;
    x->keeps = !http_head_has_token(head, "connection", "close") && has_room(bridge);
    if (recv(k->fd, taken, head->len, MSG_DONTWAIT) != (ssize_t)head->len ||
        (text->access.origin && !(k->origin = strdup(text->access.origin)))) {
        close_kept(k);
        return;
    }
    int64_t began_us = clock_mono_us();
    enum MHD_Result result = answer(x, text);
    count_call(bridge, &x->request, began_us, x->failed);
    go_on(k, result);
}

bool kept_take(struct kepts *all, int fd, const struct http_head *head, const char *peer)
{
    struct head_texts texts;
    struct request_text text;
    struct exchange *x = recognise(all->bridge, head, peer, &texts, &text);
    struct kept *k = x ? calloc(1, sizeof *k) : NULL;
    if (!k || !epoll_set_add(&all->sockets, fd, WATCHED, k)) {
        free(x);
        free(k);
        return false;
    }
    k->all = all;
    k->fd = fd;
    strcpy(k->peer, peer);
    buf_init(&k->head, KEPT_ANSWER_MAX);
    link_newest(k);
    all->n++;
    begin(k, x, head, head->len, &text); /* what follows it epoll will tell */
    return true;
}

/* To the front: it is no poll, or not all of it is there, or it has to wait. */
static void give_back(struct kept *k)
{
    struct front *front = k->all->bridge->front;
    char peer[INET6_ADDRSTRLEN];
    int fd = k->fd;
    if (!front) {
        close_kept(k);
        return;
    }
    strcpy(peer, k->peer);
    free_kept(k);
    front_visit(front, fd, peer);
}

/* Something has come while it rests. */
static void look(struct kept *k)
{
    struct kepts *all = k->all;
    struct http_head head;
    struct head_texts texts;
    struct request_text text;
    if (!all->bridge->draining) /* hundreds may ask at once; the last outcome, which closes some of us, comes by itself */
        live_look(all->bridge);
    ssize_t n = recv(k->fd, all->peeked, HTTP_HEAD_MAX, MSG_PEEK | MSG_DONTWAIT);
    k->readable = false;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_kept(k);
        return;
    }
    struct exchange *x = NULL;
    if (http_head_parse(all->peeked, (size_t)n, &head) == HTTP_HEAD_OK && !front_wants_keys(all->bridge, &head, k->peer))
        x = recognise(all->bridge, &head, k->peer, &texts, &text);
    if (x)
        begin(k, x, &head, (size_t)n, &text);
    else
        give_back(k);
}

void kepts_run(struct kepts *all)
{
    int n = 0; /* those that become due meanwhile come in the next turn */
    for (const struct kept *k = all->first_due; k; k = k->next_due)
        n++;
    for (; n > 0 && all->first_due; n--) {
        struct kept *k = all->first_due;
        leave_due(k);
        if (k->x)
            go_on(k, door_poll_again(k->x));
        else
            look(k);
    }
}

bool kepts_are_due(const struct kepts *all)
{
    return all->first_due != NULL;
}

static void on_event(struct kept *k, unsigned events)
{
    k->left |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    k->readable |= k->left || (events & EPOLLIN);
    if (!k->x && !k->due)
        look(k);
    else if (k->x && k->head.len > 0)
        send_answer(k, &k->head);
    else if (k->x && k->x->suspended && k->left)
        close_kept(k);
}

static void on_events(void *ctx, const struct epoll_event *events, int n)
{
    struct kepts *all = ctx;
    tolds_wake(all->bridge->tolds);
    for (int i = 0; i < n; i++) /* each is ended by nothing else meanwhile */
        on_event(events[i].data.ptr, events[i].events);
}

void kepts_sweep(struct kepts *all)
{
    int64_t since_ms = (int64_t)uv_now(&all->bridge->loop) - config_number(all->bridge->config, "limits.keepalive_time");
    char byte;
    for (struct kept *k = all->oldest, *newer; k; k = newer) {
        newer = k->prev;
        if (k->x || k->due)
            continue;
        if (k->rests_ms > since_ms)
            return;
        if (recv(k->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) /* what came just now is answered */
            close_kept(k);
    }
}

void kepts_drain(struct kepts *all)
{
    for (struct kept *k = all->oldest, *newer; k; k = newer) {
        newer = k->prev;
        if (!k->x && !k->due)
            close_kept(k);
    }
}

enum rs_err kepts_open(struct bridge *bridge, struct kepts **ret, struct fault *fault)
{
    struct kepts *all = calloc(1, sizeof *all);
    if (!all)
        return fault_set(fault, RS_NOMEM, "no memory for polls");
    all->bridge = bridge;
    all->last_due = &all->first_due;
    buf_init(&all->head, KEPT_ANSWER_MAX);
    enum rs_err err = epoll_set_open(&all->sockets, &bridge->loop, EPOLL_SET_MOST, on_events, all, fault);
    if (err)
        free(all);
    else
        *ret = all;
    return err;
}

static void on_closed(void *ctx)
{
    struct kepts *all = ctx;
    buf_release(&all->head);
    free(all);
}

void kepts_close(struct kepts *all)
{
    if (!all)
        return;
    while (all->newest)
        close_kept(all->newest);
    epoll_set_close(&all->sockets, on_closed);
}

int kepts_count(const struct kepts *all)
{
    return all->n;
}

int kept_socket(const struct exchange *x)
{
    return x->kept->fd;
}

void kept_resume(struct exchange *x)
{
    make_due(x->kept);
}

const char *kept_origin(const struct exchange *x)
{
    return x->kept->origin;
}
