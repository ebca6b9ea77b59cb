/* err - the one list of errors, and a fault: an error with words a user can act on. */
#ifndef RUNSPOOL_BASE_ERR_H
#define RUNSPOOL_BASE_ERR_H

#define RS_MUST_CHECK __attribute__((warn_unused_result))
#define RS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum rs_err {
    RS_OK = 0,
    RS_INVALID,         /* malformed input                               400 */
    RS_UNAUTHENTICATED, /* no, bad or expired token                      401 */
    RS_DENIED,          /* known, but not allowed                        403 */
    RS_NOT_FOUND,       /*                                               404 */
    RS_METHOD,          /* path exists, method does not                  405 */
    RS_CONFLICT,        /* state forbids it (exists, ended, active)      409 */
    RS_OCCUPIED,        /* one is under way, where only one may be       409 */
    RS_PRECONDITION,    /* If-Match names another version                412 */
    RS_LIMIT,           /* over a named maximum                          413 */
    RS_MEDIA_TYPE,      /*                                               415 */
    RS_UNPROCESSABLE,   /* well-formed, but does not make sense          422 */
    RS_UPGRADE,         /* wants a WebSocket handshake                   426 */
    RS_BUSY,            /* try again (locked, overloaded)                503 */
    RS_TIMEOUT,         /*                                               504 */
    RS_CLOSED,          /* the peer went away                            502 */
    RS_VERSION,         /* stored by a newer Runspool                    500 */
    RS_IO,              /* system call or database failed                500 */
    RS_NOMEM,           /*                                               503 */
    RS_N_ERRS
};

#define FAULT_MESSAGE_MAX 512

/* An error with its explanation. Callers may pass NULL wherever a fault is taken. */
struct fault {
    enum rs_err code;
    char message[FAULT_MESSAGE_MAX]; /* one sentence, UTF-8, no newline; "" when code is RS_OK */
};

/* fault_set - record an error; `fault` may be NULL. Returns: code, so that one can `return fault_set(...)`. */
enum rs_err fault_set(struct fault *fault, enum rs_err code, const char *fmt, ...) RS_PRINTF(3, 4);

/* rs_err_name - "not_found" and the like, static storage. Any thread. */
const char *rs_err_name(enum rs_err err);

/* rs_err_http - the HTTP status of an error (200 for RS_OK). Any thread. */
int rs_err_http(enum rs_err err);

#endif
