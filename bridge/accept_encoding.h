/* accept_encoding - does a client want an answer as gzip (RFC 9110, section 12.5.3)? Pure functions, any thread. */
#ifndef RUNSPOOL_BRIDGE_ACCEPT_ENCODING_H
#define RUNSPOOL_BRIDGE_ACCEPT_ENCODING_H

#include <stdbool.h>

/* What the header's lines say. All zero: there is none. */
struct accept_encoding {
    int gzip, identity, other; /* weights in thousandths, and one; 0: not named */
    bool wrong;                /* a line cannot be read */
};
/* accept_encoding_read - one line's value. */
void accept_encoding_read(struct accept_encoding *a, const char *value);
/* accept_encoding_gzip - gzip is named, or anything is welcome, and is not less so than the answer as it is. */
bool accept_encoding_gzip(const struct accept_encoding *a);

#endif
