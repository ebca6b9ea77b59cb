/* auth - who asks, decided in one place for every door and for REST: the settings auth, auth.secret, auth.keys, and what a
 * request carries. Any thread; nothing but auth_open, auth_refresh and a change of key files blocks. */
#ifndef RUNSPOOL_AUTH_AUTH_H
#define RUNSPOOL_AUTH_AUTH_H

#include "base/buf.h"
#include "base/json.h"
#include "conf/datadir.h"
#include "http/access.h"

struct auth;

/* auth_open - read the settings and key files. dd, config: borrowed until auth_free (config may be newer than dd's).
 * RS_INVALID with FILE:LINE of the setting: no keys at all, a file that is missing or holds none. *ret: auth_free.
 * Addresses of keys are not asked yet. */
enum rs_err auth_open(const struct datadir *dd, const struct config *config, struct auth **ret, struct fault *fault)
    RS_MUST_CHECK;
void auth_free(struct auth *auth); /* NULL is fine */

/* auth_identify - who asks? access_check comes first, access_allows afterwards. With auth = none: org "default", admin.
 * RS_UNAUTHENTICATED: nothing, or nothing good; RS_DENIED: a ticket for something else. *ret: access_release. */
enum rs_err auth_identify(struct auth *auth, const struct access_request *request, struct access *ret,
                          struct fault *fault) RS_MUST_CHECK;
/* auth_token - whose is this token? auth = jwt only. As auth_identify. */
enum rs_err auth_token(struct auth *auth, const char *token, size_t len, struct access *ret, struct fault *fault)
    RS_MUST_CHECK;
/* auth_ticket - append a ticket for who (ticket_make), which lives for TICKET_MS but not longer than their token.
 * path or streams may be NULL, not both. Blocks when the instance's first key is made. *ret_expires_ms: wall clock. */
enum rs_err auth_ticket(struct auth *auth, const struct access *who, const char *path, struct json_object *streams,
                        struct buf *out, int64_t *ret_expires_ms, struct fault *fault) RS_MUST_CHECK;
/* auth_is_weak - is auth.secret one that can be guessed (under 32 bytes: RFC 7518, section 3.2)? For the log. */
bool auth_is_weak(const struct config *config);

/* Keys at addresses. auth_wants_keys - does this token, or that of this request, name a key that we do not have and may ask for now?
 * Then auth_refresh may help. auth_is_due - are there keys older than that, which may be asked for again now?
 * auth_refresh - ask. Blocks for some seconds; at most AUTH_REFRESHES_MAX threads at a time, others return at once. */
#define AUTH_REFRESHES_MAX 2
#define AUTH_DUE_MS (5 * 60 * 1000)
bool auth_has_addresses(const struct auth *auth); /* else nothing of this is ever so */
bool auth_wants_keys(struct auth *auth, const struct access_request *request);
bool auth_wants_keys_of(struct auth *auth, const char *token, size_t len);
bool auth_is_due(struct auth *auth, int64_t age_ms);
void auth_refresh(struct auth *auth);

#endif
