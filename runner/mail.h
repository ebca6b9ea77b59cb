/* mail - a message as RFC 5322 and MIME want it, and its delivery to a mail server (SMTP, by libcurl).
 * Threads: a mail belongs to one thread at a time; mail_send blocks and may run in any. */
#ifndef RUNSPOOL_RUNNER_MAIL_H
#define RUNSPOOL_RUNNER_MAIL_H

#include "base/err.h"
#include "base/json.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define MAIL_RECIPIENTS_MAX 100
#define MAIL_ADDRESS_MAX 320 /* bytes of a@b */
#define MAIL_NAME_MAX 256    /* bytes of a name in front of it, or of an attachment */
#define MAIL_SUBJECT_MAX 900
#define MAIL_TEXT_MAX (1024 * 1024)
#define MAIL_ATTACHED_MAX (20 * 1024 * 1024) /* bytes of all attachments */
#define MAIL_SEND_MS (5 * 60 * 1000)

struct mail;
enum rs_err mail_new(struct mail **ret, struct fault *fault) RS_MUST_CHECK;
void mail_free(struct mail *mail); /* NULL is fine */

/* Each copies what it is given. RS_INVALID: no address, a line break or control character (which would add headers of
 * somebody else's), no UTF-8; RS_LIMIT. */
enum rs_err mail_from(struct mail *mail, const char *address, struct fault *fault) RS_MUST_CHECK;
/* mail_to - header: "To", "Cc", "Reply-To", or NULL for a recipient nobody sees. addresses: "a@b, Name <c@d>" as a
 * string, or an array of such; NULL: none. */
enum rs_err mail_to(struct mail *mail, const char *header, struct json_object *addresses,
                    struct fault *fault) RS_MUST_CHECK;
enum rs_err mail_subject(struct mail *mail, const char *subject, struct fault *fault) RS_MUST_CHECK;
/* mail_body - text, html or both; either may be NULL. */
enum rs_err mail_body(struct mail *mail, const char *text, const char *html, struct fault *fault) RS_MUST_CHECK;
enum rs_err mail_attach(struct mail *mail, const char *name, const char *data, size_t len,
                        struct fault *fault) RS_MUST_CHECK;

struct mail_server {
    const char *url;                                            /* smtp://host:port, smtps://host:port */
    const char *user, *password;                                /* NULL: no login */
    enum { MAIL_TLS_NONE, MAIL_TLS_TRY, MAIL_TLS_REQUIRE } tls; /* of smtp:// */
};
/* mail_send - hand it over. stop: becoming true ends it within a second, with RS_CLOSED.
 * Returns: RS_OK; RS_INVALID (the server refused it for good: 5xx), RS_BUSY (for now: 4xx), RS_DENIED (login), RS_IO.
 */
enum rs_err mail_send(struct mail *mail, const struct mail_server *server, const atomic_bool *stop,
                      struct fault *fault) RS_MUST_CHECK;
const char *mail_message_id(const struct mail *mail); /* "<...>"; valid after mail_from */
bool mail_has_recipient(const struct mail *mail);
/* mail_recipients - every address, as an array; owned. */
struct json_object *mail_recipients(const struct mail *mail);

#endif
