#include "cli/listen.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

enum rs_err listen_parse(const char *text, struct listen_address *ret, struct fault *fault)
{
    const char *colon = strrchr(text, ':'), *host = text;
    const char *port = colon ? colon + 1 : text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    char *end;

    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        return fault_set(fault, RS_INVALID, "\"%s\": an IPv6 address wants brackets: [::1]:8080", text);
    }
    long n = strtol(port, &end, 10);
    if (*port < '0' || *port > '9' || *end || n > 65535)
        return fault_set(fault, RS_INVALID, "\"%s\" is not HOST:PORT", text);
    if (len >= LISTEN_HOST_MAX)
        return fault_set(fault, RS_INVALID, "the host name is too long");
    memset(ret, 0, sizeof(*ret));
    snprintf(ret->host, sizeof(ret->host), "%.*s", (int)len, len ? host : "");
    if (!len)
        strcpy(ret->host, "127.0.0.1");
    ret->port = (int)n;
    return RS_OK;
}

/* Resolve; the caller frees *ret. */
static int listen_resolve(const char *host, int port, struct addrinfo **ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char service[8];
    snprintf(service, sizeof(service), "%d", port);
    return getaddrinfo(host, service, &hints, ret);
}

enum rs_err listen_open(struct listen_address *address, int *ret_fd, struct fault *fault)
{
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    char service[8];
    int one = 1, reason;

    int bad = listen_resolve(address->numeric[0] ? address->numeric : address->host, address->port, &found);
    if (bad)
        return fault_set(fault, RS_INVALID, "cannot listen on %s: %s", address->host, gai_strerror(bad));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (found->ai_family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        reason = errno;
        if (fd >= 0)
            close(fd);
        freeaddrinfo(found);
        if (reason == EADDRINUSE)
            return fault_set(fault, RS_CONFLICT,
                             "port %d of %s is in use by another program; choose one with --listen "
                             "HOST:PORT (port 0 takes a free one)",
                             address->port, address->host);
        return fault_set(fault, reason == EACCES ? RS_DENIED : RS_IO, "cannot listen on %s, port %d: %s", address->host,
                         address->port, strerror(reason));
    }
    freeaddrinfo(found);
    getnameinfo((struct sockaddr *)&bound, size, address->numeric, sizeof(address->numeric), service, sizeof(service),
                NI_NUMERICHOST | NI_NUMERICSERV);
    address->port = atoi(service);
    *ret_fd = fd;
    return RS_OK;
}

/* The address under which this machine itself reaches it. */
static const char *listen_reached(const struct listen_address *address)
{
    if (strcmp(address->numeric, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(address->numeric, "::") == 0 ? "::1" : address->numeric;
}

char *listen_url(const struct listen_address *address, bool tls, char url[LISTEN_HOST_MAX + 32])
{
    bool wild = strcmp(listen_reached(address), address->numeric) != 0;
    const char *host = wild || strchr(address->host, ':') ? listen_reached(address) : address->host;
    bool ipv6 = strchr(host, ':') != NULL;
    snprintf(url, LISTEN_HOST_MAX + 32, "%s://%s%s%s:%d", tls ? "https" : "http", ipv6 ? "[" : "", host,
             ipv6 ? "]" : "", address->port);
    return url;
}

bool listen_loopback(const struct listen_address *address)
{
    return strncmp(address->numeric, "127.", 4) == 0 || strcmp(address->numeric, "::1") == 0;
}

int listen_connect(const struct listen_address *address)
{
    struct addrinfo *found = NULL;
    if (listen_resolve(listen_reached(address), address->port, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}
