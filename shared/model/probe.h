/* probe - asking one part of an instance how it is (model/system_status.h). What it found is in struct probe, never an error;
 * nothing secret is: no password, no key, no address with either. Any thread; each blocks no longer than PROBE_WAIT_MS. */
#ifndef RUNSPOOL_MODEL_PROBE_H
#define RUNSPOOL_MODEL_PROBE_H

#include "base/err.h"
#include "base/json.h"
#include "conf/datadir.h"

#define PROBE_WAIT_MS 1500
#define PROBE_VERSION_MAX 64

struct probe {
    const char *status; /* healthy, degraded, down, disabled: not set up here; static storage */
    char detail[FAULT_MESSAGE_MAX]; /* "": nothing to say */
    char version[PROBE_VERSION_MAX]; /* "": not known */
    int64_t latency_ms, uptime_s; /* -1: not known */
};
/* probe_say - status and detail. */
void probe_say(struct probe *probe, const char *status, const char *detail_format, ...) RS_PRINTF(3, 4);

/* probe_bridge - by its health page, else by a word on the spool socket. */
void probe_bridge(const struct datadir *dd, struct probe *ret);
/* probe_redis - setting redis.url: PING (and AUTH, where the address has a password). */
void probe_redis(const struct datadir *dd, struct probe *ret);
/* probe_model - setting model.url: the list of its models. */
void probe_model(const struct datadir *dd, struct probe *ret);

/* probe_connect - a socket that is connected, or -1 with the reason in *ret. unix_path, or host and port. */
int probe_connect_unix(const char *path, struct probe *ret);
int probe_connect(const char *host, const char *port, struct probe *ret);
/* probe_ask - send a text, read an answer of at most size - 1 bytes until `enough` says so (NULL: until the peer ends it).
 * Returns its length, -1: none came in time. */
int probe_ask(int fd, const char *text, char *answer, size_t size, bool (*enough)(const char *answer));

#endif
