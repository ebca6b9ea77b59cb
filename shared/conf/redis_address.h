/* redis_address - the setting redis.url, taken apart. Pure, any thread. */
#ifndef RUNSPOOL_CONF_REDIS_ADDRESS_H
#define RUNSPOOL_CONF_REDIS_ADDRESS_H

#include "base/err.h"

/* Where the server is. Texts are "" where absent. */
struct redis_address {
    char host[256]; /* or the path of a Unix socket */
    int port;       /* 0: a Unix socket */
    char user[128], password[512];
    int database;
};
/* redis_address_parse - redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], user and password percent-encoded where need be; or
 * unix:/PATH. RS_INVALID. */
enum rs_err redis_address_parse(const char *url, struct redis_address *ret, struct fault *fault) RS_MUST_CHECK;

#endif
