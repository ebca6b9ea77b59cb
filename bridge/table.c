#include "bridge/table.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_FIRST_SLOTS = 64 };

struct table_entry {
    struct table_entry *next;
    uint64_t hash;
    void *value;
    char key[];
};

/* FNV-1a, 64 bits. Keys are names of streams, which are bounded and checked; an attacker gains long chains at most,
 * and only with streams he subscribes to himself. */
static uint64_t hash_of(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return h;
}

static struct table_entry **find(const struct table *t, const char *key, uint64_t hash)
{
    struct table_entry **at = &t->slots[hash & (t->n_slots - 1)];
    while (*at && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

static enum rs_err grow(struct table *t)
{
    size_t n_slots = t->n_slots ? 2 * t->n_slots : TABLE_FIRST_SLOTS;
    struct table_entry **slots = calloc(n_slots, sizeof *slots), *e, *next;
    if (!slots)
        return RS_NOMEM;
    for (size_t i = 0; i < t->n_slots; i++)
        for (e = t->slots[i]; e; e = next) {
            next = e->next;
            e->next = slots[e->hash & (n_slots - 1)];
            slots[e->hash & (n_slots - 1)] = e;
        }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return RS_OK;
}

void table_release(struct table *t)
{
    struct table_entry *e, *next;
    for (size_t i = 0; i < t->n_slots; i++)
        for (e = t->slots[i]; e; e = next) {
            next = e->next;
            free(e);
        }
    free(t->slots);
    *t = (struct table){0};
}

void *table_get(const struct table *t, const char *key)
{
    struct table_entry *e = t->n_slots ? *find(t, key, hash_of(key)) : NULL;
    return e ? e->value : NULL;
}

enum rs_err table_put(struct table *t, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct table_entry **at, *e;
    if (t->n >= t->n_slots && grow(t) != RS_OK)
        return RS_NOMEM;
    at = find(t, key, hash);
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
    t->n++;
    return RS_OK;
}

void table_remove(struct table *t, const char *key)
{
    struct table_entry **at, *e;
    if (!t->n_slots)
        return;
    at = find(t, key, hash_of(key));
    e = *at;
    if (!e)
        return;
    *at = e->next;
    free(e);
    t->n--;
}
