/* ticket - a short permit to read certain streams or one path, for addresses in which no token may stand. Signed with a key
 * of the instance (DIR/keys/ticket.key), so that every process can check it and none has to remember it. */
#ifndef RUNSPOOL_AUTH_TICKET_H
#define RUNSPOOL_AUTH_TICKET_H

#include "base/buf.h"
#include "base/json.h"
#include "conf/datadir.h"
#include "http/access.h"

#define TICKET_MS (600 * 1000)
#define TICKET_MAX 3584 /* bytes */
#define TICKET_KEY_BYTES 32

/* ticket_key - the instance's key. make: when there is none yet. RS_NOT_FOUND, RS_IO. Blocks on the disk; any thread. */
enum rs_err ticket_key(const struct datadir *dd, bool make, unsigned char ret[TICKET_KEY_BYTES], struct fault *fault)
    RS_MUST_CHECK;
/* ticket_make - append a ticket with which who may read. path: below the prefix; NULL: any native door. streams: array of
 * names; NULL: all. RS_LIMIT: it would be over TICKET_MAX. Pure; any thread. */
enum rs_err ticket_make(const unsigned char key[TICKET_KEY_BYTES], const struct access *who, const char *path,
                        struct json_object *streams, int64_t expires_ms, struct buf *out, struct fault *fault)
    RS_MUST_CHECK;
/* ticket_check - whose is it, and is it for this path? The streams are for whoever opens the feed to check. *ret:
 * access_release. RS_UNAUTHENTICATED (not ours, expired), RS_DENIED (for another path), RS_NOMEM. Pure; any thread. */
enum rs_err ticket_check(const unsigned char key[TICKET_KEY_BYTES], const char *text, const char *path, int64_t now_ms,
                         struct access *ret, struct fault *fault) RS_MUST_CHECK;

#endif
