/* Redis, asked in its own protocol (RESP2): three commands need no library. */
#include "model/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS_MAX 1024
#define ANSWER_MAX 8192

struct address {
    char text[ADDRESS_MAX]; /* what the others point into */
    char *user, *password, *host, *port; /* user, password: NULL: none */
};

/* What %xx stands for, in place. */
static void decode(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        unsigned byte;
        if (text[0] == '%' && sscanf(text + 1, "%2x", &byte) == 1 && text[2] != '\0') {
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] */
static bool split(const char *url, struct address *ret)
{
    static const char scheme[] = "redis://";
    char *at, *end;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || strlen(url) >= sizeof(ret->text))
        return false;
    *ret = (struct address){.port = "6379"};
    strcpy(ret->text, url + sizeof(scheme) - 1);
    ret->text[strcspn(ret->text, "/?#")] = '\0';
    ret->host = ret->text;
    if ((at = strrchr(ret->text, '@')) != NULL) {
        *at = '\0';
        ret->host = at + 1;
        if ((ret->password = strchr(ret->text, ':')) != NULL)
            *ret->password++ = '\0';
        ret->user = ret->text[0] != '\0' && ret->password != NULL ? ret->text : NULL;
        if (ret->password != NULL)
            decode(ret->password);
        if (ret->user != NULL)
            decode(ret->user);
    }
    end = ret->host;
    if (*end == '[' && (end = strchr(++ret->host, ']')) != NULL)
        *end++ = '\0';
    if (end != NULL && (at = strchr(end, ':')) != NULL) {
        *at = '\0';
        ret->port = at + 1;
    }
    return end != NULL && ret->host[0] != '\0';
}

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

static bool authenticate(int fd, const struct address *to, char answer[ANSWER_MAX])
{
    char command[2 * ADDRESS_MAX + 128];

    if (to->password == NULL)
        return true;
    if (to->user != NULL)
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
    struct address to;
    int fd;

    if (url == NULL || url[0] == '\0') {
        probe_say(ret, "disabled", "redis.url is not set");
        return;
    }
    if (!split(url, &to)) {
        probe_say(ret, "down", "redis.url is no address like redis://HOST:PORT");
        return;
    }
    if ((fd = probe_connect(to.host, to.port, ret)) < 0)
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
