/* map - a hash table from strings to pointers. Threads: one at a time. */
#ifndef RUNSPOOL_BASE_MAP_H
#define RUNSPOOL_BASE_MAP_H

#include "base/err.h"
#include <stddef.h>

struct map_entry;
struct map {
    struct map_entry **slots;
    size_t n_slots, n;
};
/* A zeroed map is empty. map_get - the value; NULL: none. */
void *map_get(const struct map *map, const char *key);
/* map_put - add or replace; the key is copied, value is not NULL. RS_NOMEM leaves the map as it was. */
enum rs_err map_put(struct map *map, const char *key, void *value) RS_MUST_CHECK;
/* map_remove - forget a key, if it is there; the value stays the caller's. */
void map_remove(struct map *map, const char *key);
/* map_clear - forget all keys and free the table; free_value (may be NULL) is called for each value. */
void map_clear(struct map *map, void (*free_value)(void *value));

#endif
