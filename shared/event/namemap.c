/* namemap - FNV-1a (Fowler, Noll, Vo; 64 bits), linear probing. */
#include "event/namemap.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64

static struct namemap_entry *find(struct namemap_entry *slots, size_t n_slots, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t at;

    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    for (at = hash & (n_slots - 1); slots[at].name && strcmp(slots[at].name, name) != 0;)
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

void *namemap_get(const struct namemap *map, const char *name)
{
    return map->n ? find(map->slots, map->n_slots, name)->value : NULL;
}

static bool grow(struct namemap *map)
{
    size_t n_slots = map->n_slots ? map->n_slots * 2 : FIRST_SLOTS;
    struct namemap_entry *slots = calloc(n_slots, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < map->n_slots; i++) {
        if (map->slots[i].name)
            *find(slots, n_slots, map->slots[i].name) = map->slots[i];
    }
    free(map->slots);
    map->slots = slots;
    map->n_slots = n_slots;
    return true;
}

bool namemap_put(struct namemap *map, const char *name, void *value)
{
    if ((map->n + 1) * 2 > map->n_slots && !grow(map))
        return false;
    *find(map->slots, map->n_slots, name) = (struct namemap_entry){name, value};
    map->n++;
    return true;
}

void namemap_clear(struct namemap *map, void (*free_value)(void *value))
{
    for (size_t i = 0; free_value && i < map->n_slots; i++) {
        if (map->slots[i].name)
            free_value(map->slots[i].value);
    }
    free(map->slots);
    memset(map, 0, sizeof *map);
}
