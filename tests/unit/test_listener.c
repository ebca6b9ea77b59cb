/* What the kernel is told of a listening socket holds for the connections that it accepts. */
#include "bridge/listener.h"
#include "tests/unit/unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;
static struct listener *listener;
static int port, accepted = -1;

static void on_accept(void *ctx, int fd, const char *peer)
{
    ck_assert_ptr_eq(ctx, &loop);
    ck_assert_str_eq(peer, "127.0.0.1");
    accepted = fd;
}

/* On a port that was free a moment ago; another program may have taken it since. */
static enum rs_err open_listener(struct fault *fault)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    char text[32];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    port = ntohs(address.sin_port);
    snprintf(text, sizeof text, "127.0.0.1:%d", port);
    return listener_open(&loop, text, on_accept, NULL, &loop, &listener, fault);
}

static int accept_one(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    accepted = -1;
    while (accepted < 0)
        uv_run(&loop, UV_RUN_ONCE);
    close(fd);
    return accepted;
}

static int option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, name, &value, &len), 0);
    return value;
}

START_TEST(a_connection_has_what_its_listener_has)
{
    struct fault fault = {0};
    enum rs_err err = RS_IO;
    uv_loop_init(&loop);
    for (int i = 0; err && i < 20; i++)
        err = open_listener(&fault);
    ck_assert_msg(err == RS_OK, "%s", fault.message);
    int fd = accept_one();
    ck_assert_int_eq(option(fd, TCP_NODELAY), 1);
    ck_assert_int_eq(option(fd, TCP_NOTSENT_LOWAT), 128 * 1024);
    ck_assert_int_eq(option(fd, TCP_USER_TIMEOUT), 0);
    close(fd);
    for (unsigned ms = 40000; ms <= 50000; ms += 10000) { /* the settings may change */
        listener_limit_silence(listener, ms);
        fd = accept_one();
        ck_assert_int_eq(option(fd, TCP_USER_TIMEOUT), ms);
        close(fd);
    }
    listener_close(listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("listener");
    TCase *t = tcase_create("listener");
    tcase_add_test(t, a_connection_has_what_its_listener_has);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
