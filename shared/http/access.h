/* access - who may ask, decided in one place for every door and for REST. Pure functions, any thread. */
#ifndef RUNSPOOL_HTTP_ACCESS_H
#define RUNSPOOL_HTTP_ACCESS_H

#include "base/err.h"
#include "conf/config.h"
#include "base/id.h"
#include "http/query.h"
#include <stdbool.h>
#include <stdint.h>

/* What is known of a request; NULL where absent. */
struct access_request {
    const char *method;        /* "GET" */
    const char *peer;          /* address of the connection; "unix" for a Unix socket (a web server on this host) */
    const char *forwarded_for; /* X-Forwarded-For: its last hop that is no trusted proxy counts, when peer is trusted */
    const char *host, *origin; /* headers */
    const char *fetch_site;    /* Sec-Fetch-Site */
    const char *authorization, *cookie;
    const char *protocols;     /* Sec-WebSocket-Protocol */
    const char *path;          /* decoded, below the prefix */
    const struct query *query;
    bool websocket;
};
/* Each scope includes those before it. */
enum access_scope { SCOPE_NONE, SCOPE_VIEWER, SCOPE_OPERATOR, SCOPE_EDITOR, SCOPE_ADMIN };

#define ACCESS_SUB_MAX 255 /* bytes */

/* Who asks, and what they may. Zeroed is nobody. Not copied by value: it owns two texts (access_release). */
struct access {
    char org[ID_MAX + 1];
    char sub[ACCESS_SUB_MAX + 1]; /* the person or program; "" under auth = none */
    enum access_scope scope;
    bool by_token;      /* auth = jwt: what is foreign or unknown is refused */
    char *crews;        /* owned; ids separated by blanks, of the crews it may follow; NULL: all of the org */
    char *streams;      /* owned; of a ticket: names separated by blanks, the only ones it may follow; NULL: all of the org */
    int64_t expires_ms; /* wall clock; 0: never */
};
void access_release(struct access *access); /* zeroed afterwards; zeroed and NULL are fine */

/* access_allows - the policy, the only place: may they do what asks for at least this scope ("viewer", "operator",
 * "editor", "admin"; NULL counts as viewer, "" asks for nothing)? RS_OK; RS_DENIED with what is missing. */
enum rs_err access_allows(const struct access *access, const char *scope, struct fault *fault) RS_MUST_CHECK;
/* access_has_crew, access_has_stream - may they follow this one, as far as their token says? Whose it is is the store's
 * and the log's to say. */
bool access_has_crew(const struct access *access, const char *crew_id);
bool access_has_stream(const struct access *access, const char *stream);
/* access_scope_find - by name; SCOPE_NONE: there is none of that name. access_scope_name - the reverse. */
enum access_scope access_scope_find(const char *name);
const char *access_scope_name(enum access_scope scope);

/* access_check - where a request may come from, whoever asks. With auth = none: only a loopback client whose Host names
 * loopback or public_url's host, unless auth.none_public. Origin, when sent on WebSocket or an unsafe method, must be
 * same-origin (Host or public_url) or in cors.origins. Returns: RS_OK; RS_DENIED with what to set. */
enum rs_err access_check(const struct config *config, const struct access_request *request,
                         struct fault *fault) RS_MUST_CHECK;
/* access_same_origin - does nothing say that a page of another origin asks? For what browsers send by themselves. */
bool access_same_origin(const struct config *config, const struct access_request *request);
bool access_is_safe(const char *method); /* GET, HEAD, OPTIONS */
/* access_trusts - is this peer (may be NULL) one whose X-Forwarded- headers are believed: on this machine, or in
 * trusted_proxies? */
bool access_trusts(const struct config *config, const char *peer);
/* access_cors_origin - the value for Access-Control-Allow-Origin, or NULL (borrowed from origin or static). */
const char *access_cors_origin(const struct config *config, const char *origin);

#endif
