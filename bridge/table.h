/* table - a hash table from strings to pointers. Threads: one at a time. */
#ifndef RUNSPOOL_BRIDGE_TABLE_H
#define RUNSPOOL_BRIDGE_TABLE_H

#include "base/err.h"
#include <stddef.h>

struct table_entry;
struct table {
    struct table_entry **slots;
    size_t n_slots, n;
};
void table_release(struct table *t); /* the values stay the caller's; a zeroed table is an empty one */
void *table_get(const struct table *t, const char *key); /* NULL: none */
/* table_put - add or replace; the key is copied, value is not NULL. RS_NOMEM leaves the table as it was. */
enum rs_err table_put(struct table *t, const char *key, void *value) RS_MUST_CHECK;
void table_remove(struct table *t, const char *key);

#endif
