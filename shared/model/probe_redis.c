/* Redis, asked in its own protocol (RESP2): three commands need no library. */
#include "model/probe.h"
#include "conf/redis_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX 8192

static bool is_line(const char *answer)
{
    return strchr(answer, '\n') != NULL;
}

/* A bulk string that is whole. */
static bool is_info(const char *answer)
{
    const char *body = strchr(answer, '\n');

    return body != NULL && (answer[0] != '$' || strlen(body + 1) >= (size_t)atol(answer + 1) || strlen(answer) > ANSWER_MAX - 64);
}

static bool authenticate(int fd, const struct redis_address *to, char answer[ANSWER_MAX])
{
    char command[sizeof(to->user) + sizeof(to->password) + 128];

    if (to->password[0] == '\0')
        return true;
    if (to->user[0] != '\0')
        snprintf(command, sizeof(command), "*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(to->user), to->user,
                 strlen(to->password), to->password);
    else
        snprintf(command, sizeof(command), "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n", strlen(to->password), to->password);
    return probe_ask(fd, command, answer, ANSWER_MAX, is_line) > 0 && strncmp(answer, "+OK", 3) == 0;
}

static void put_info(int fd, struct probe *ret)
{
    static const char version[] = "redis_version:", uptime[] = "uptime_in_seconds:";
    char answer[ANSWER_MAX];
    const char *at;

    if (probe_ask(fd, "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n", answer, sizeof(answer), is_info) < 0)
        return;
    if ((at = strstr(answer, version)) != NULL)
        snprintf(ret->version, sizeof(ret->version), "%.*s", (int)strcspn(at + sizeof(version) - 1, "\r\n"), at + sizeof(version) - 1);
    if ((at = strstr(answer, uptime)) != NULL)
        ret->uptime_s = atoll(at + sizeof(uptime) - 1);
}

void probe_redis(const struct datadir *dd, struct probe *ret)
{
    const char *url = config_text(dd->config, "redis.url");
    char answer[ANSWER_MAX];
    struct redis_address to;
    char port[16];
    int fd;

    if (url == NULL || url[0] == '\0') {
        probe_say(ret, "disabled", "redis.url is not set");
        return;
    }
    if (redis_address_parse(url, &to, NULL) != RS_OK) {
        probe_say(ret, "down", "redis.url is no address like redis://HOST:PORT");
        return;
    }
    snprintf(port, sizeof(port), "%d", to.port);
    fd = to.port != 0 ? probe_connect(to.host, port, ret) : probe_connect_unix(to.host, ret);
    if (fd < 0)
        return;
    if (!authenticate(fd, &to, answer))
        probe_say(ret, "degraded", "it does not take the password");
    else if (probe_ask(fd, "*1\r\n$4\r\nPING\r\n", answer, sizeof(answer), is_line) < 0)
        probe_say(ret, "down", "it does not answer");
    else if (strncmp(answer, "+PONG", 5) == 0)
        probe_say(ret, "healthy", "%s", "");
    else /* -NOAUTH, -LOADING, ... */
        probe_say(ret, "degraded", "it answers: %.*s", (int)strcspn(answer, "\r\n"), answer);
    if (strcmp(ret->status, "healthy") == 0)
        put_info(fd, ret);
    close(fd);
}
