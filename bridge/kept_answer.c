#include "bridge/kept_answer.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "bridge/kept.h"
#include "bridge/told.h"
#include "http/problem.h"
#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#define TELL_PART 4 / 5 /* of limits.keepalive_time is what clients are told: they are to be the first to close */

/* RFC 9110, section 5.6.7. */
static const char *date(struct kepts *all)
{
    struct tm tm;
    time_t now = (time_t)(clock_wall_ms() / 1000);
    if (now != all->dated && gmtime_r(&now, &tm)) {
        all->dated = now;
        strftime(all->date, sizeof all->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return all->date;
}

struct buf *kept_answer(struct exchange *x, int status, size_t len)
{
    struct buf *head = &x->kept->all->head;
    int64_t tell_s = config_number(x->bridge->config, "limits.keepalive_time") * TELL_PART / 1000;
    buf_clear(head);
    buf_puts(head, "HTTP/1.1 ");
    buf_put_number(head, status);
    buf_putc(head, ' ');
    buf_puts(head, http_reason(status));
    buf_puts(head, "\r\nDate: ");
    buf_puts(head, date(x->kept->all));
    buf_puts(head, "\r\nContent-Length: ");
    buf_put_number(head, (int64_t)len);
    buf_puts(head, "\r\n");
    if (x->keeps && tell_s > 0) {
        buf_puts(head, "Keep-Alive: timeout=");
        buf_put_number(head, tell_s);
        buf_puts(head, "\r\n");
    }
    return head;
}

enum MHD_Result kept_send(struct exchange *x, const struct told *told, const char *body, size_t len)
{
    struct buf *head = &x->kept->all->head;
    buf_puts(head, "\r\n");
    x->kept->told = told;
    x->kept->answered = true;
    if (!told)
        buf_append(head, body, len);
    return head->err ? MHD_NO : MHD_YES;
}

static ssize_t send_some(const struct kept *k, const struct buf *head)
{
    size_t head_sent = k->sent < head->len ? k->sent : head->len, body_sent = k->sent - head_sent;
    struct iovec parts[] = {
        {head->data + head_sent, head->len - head_sent},
        {k->told ? k->told->text + body_sent : NULL, k->told ? k->told->len - body_sent : 0},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = k->told ? 2 : 1};
    return sendmsg(k->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

enum kept_sent kept_answer_send(struct kept *k, const struct buf *head)
{
    size_t len = head->len + (k->told ? k->told->len : 0);
    while (k->sent < len) {
        ssize_t n = send_some(k, head);
        if (n < 0 && errno == EAGAIN)
            return KEPT_NO_ROOM;
        if (n < 0 && errno != EINTR)
            return KEPT_BROKEN;
        k->sent += n > 0 ? (size_t)n : 0;
    }
    return KEPT_SENT;
}
