#include "base/map.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64

struct map_entry {
    struct map_entry *next;
    uint64_t hash;
    void *value;
    char key[];
};

/* FNV-1a, 64 bits. Keys are names of streams and producers, which are bounded and checked; an attacker gains long
 * chains at most. */
static uint64_t hash_of(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return h;
}

static struct map_entry **find(const struct map *map, const char *key, uint64_t hash)
{
    struct map_entry **at = &map->slots[hash & (map->n_slots - 1)];
    while (*at && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

static enum rs_err grow(struct map *map)
{
    size_t n_slots = map->n_slots ? 2 * map->n_slots : FIRST_SLOTS;
    struct map_entry **slots = calloc(n_slots, sizeof *slots), *e, *next;
    if (!slots)
        return RS_NOMEM;
    for (size_t i = 0; i < map->n_slots; i++)
        for (e = map->slots[i]; e; e = next) {
            next = e->next;
            e->next = slots[e->hash & (n_slots - 1)];
            slots[e->hash & (n_slots - 1)] = e;
        }
    free(map->slots);
    map->slots = slots;
    map->n_slots = n_slots;
    return RS_OK;
}

void *map_get(const struct map *map, const char *key)
{
    struct map_entry *e = map->n_slots ? *find(map, key, hash_of(key)) : NULL;
    return e ? e->value : NULL;
}

enum rs_err map_put(struct map *map, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct map_entry **at, *e;
    if (map->n >= map->n_slots && grow(map) != RS_OK)
        return RS_NOMEM;
    at = find(map, key, hash);
    if (*at) {
        (*at)->value = value;
        return RS_OK;
    }
    size_t size = strlen(key) + 1;
    e = malloc(sizeof *e + size);
    if (!e)
        return RS_NOMEM;
    e->next = NULL;
    e->hash = hash;
    e->value = value;
    memcpy(e->key, key, size);
    *at = e;
    map->n++;
    return RS_OK;
}

void map_remove(struct map *map, const char *key)
{
    struct map_entry **at, *e;
    if (!map->n_slots)
        return;
    at = find(map, key, hash_of(key));
    e = *at;
    if (!e)
        return;
    *at = e->next;
    free(e);
    map->n--;
}

void map_clear(struct map *map, void (*free_value)(void *value))
{
    for (size_t i = 0; i < map->n_slots; i++)
        for (struct map_entry *e = map->slots[i], *next; e; e = next) {
            next = e->next;
            if (free_value)
                free_value(e->value);
            free(e);
        }
    free(map->slots);
    *map = (struct map){0};
}
