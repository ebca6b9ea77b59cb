/* namemap - a hash table from names to pointers, for caches: it only grows, until it is cleared whole.
 * One thread at a time. */
#ifndef RUNSPOOL_EVENT_NAMEMAP_H
#define RUNSPOOL_EVENT_NAMEMAP_H

#include <stdbool.h>
#include <stddef.h>

struct namemap_entry {
    const char *name; /* borrowed from the value, which outlives the entry; NULL: free slot */
    void *value;
};
struct namemap {
    struct namemap_entry *slots; /* open addressing; a power of two, at most half full */
    size_t n_slots, n;
};
/* A zeroed map is empty. namemap_get - the value, or NULL. */
void *namemap_get(const struct namemap *map, const char *name);
/* namemap_put - add a name that is not there. Returns false without memory, the map is as before. */
bool namemap_put(struct namemap *map, const char *name, void *value);
/* namemap_clear - forget all entries; free_value (may be NULL) is called for each value. Frees the table. */
void namemap_clear(struct namemap *map, void (*free_value)(void *value));

#endif
