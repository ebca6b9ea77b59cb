/* The native endpoint: every event as it is in the log. Its streams are named by the client. */
#include "dialect/rows.h"

enum rs_err native_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    (void)feed;
    (void)event_put_json(ev, dialect_message(out));
    return dialect_end(out);
}
