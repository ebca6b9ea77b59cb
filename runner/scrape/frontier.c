#include "runner/scrape/frontier.h"
#include <stdlib.h>
#include <string.h>

void frontier_init(struct frontier *f, int per_host, int64_t delay_ms, bool obey)
{
    memset(f, 0, sizeof *f);
    f->per_host = per_host;
    f->delay_ms = delay_ms;
    f->obey = obey;
}

static struct frontier_entry *pop(struct frontier *f, struct frontier_host *host)
{
    struct frontier_entry *entry = host->first;

    host->first = entry->next;
    if (!host->first)
        host->last = &host->first;
    entry->next = NULL;
    f->n_queued--;
    return entry;
}

static void push(struct frontier *f, struct frontier_entry *entry, bool front)
{
    struct frontier_host *host = entry->host;

    f->n_queued++;
    if (front) {
        entry->next = host->first;
        host->first = entry;
        if (!entry->next)
            host->last = &entry->next;
    } else {
        entry->next = NULL;
        *host->last = entry;
        host->last = &entry->next;
    }
}

void frontier_release(struct frontier *f)
{
    for (int i = 0; i < f->n_hosts; i++) {
        struct frontier_host *host = f->hosts[i];
        while (host->first)
            free(pop(f, host));
        robots_free(host->robots);
        free(host->origin);
        free(host);
    }
    free(f->hosts);
    map_clear(&f->seen, NULL);
    map_clear(&f->beyond, NULL);
    memset(f, 0, sizeof *f);
}

static enum rs_err host_of(struct frontier *f, const char *url, struct frontier_host **ret)
{
    char origin[URL_TEXT_MAX + 1];
    struct frontier_host *host;

    url_origin(url, origin);
    for (int i = 0; i < f->n_hosts; i++) {
        if (strcmp(f->hosts[i]->origin, origin) == 0) {
            *ret = f->hosts[i];
            return RS_OK;
        }
    }
    if (f->n_hosts == FRONTIER_HOSTS_MAX)
        return RS_LIMIT;
    struct frontier_host **more = realloc(f->hosts, ((size_t)f->n_hosts + 1) * sizeof(struct frontier_host *));
    if (!more)
        return RS_NOMEM;
    f->hosts = more;
    host = calloc(1, sizeof *host);
    if (!host || !(host->origin = strdup(origin))) {
        free(host);
        return RS_NOMEM;
    }
    host->last = &host->first;
    host->delay_ms = f->delay_ms;
    host->state = f->obey ? HOST_UNKNOWN : HOST_KNOWN;
    f->hosts[f->n_hosts++] = host;
    *ret = host;
    return RS_OK;
}

/* An address that was not seen before, as an entry of its host. */
static enum rs_err new_entry(struct frontier *f, const char *url, struct frontier_entry **ret)
{
    char key[URL_TEXT_MAX + 1];
    size_t len = strlen(url);
    struct frontier_host *host;
    enum rs_err err;

    url_key(url, key);
    if (map_get(&f->seen, key))
        return RS_CONFLICT;
    if (f->n_seen + f->n_beyond == FRONTIER_URLS_MAX || f->n_bytes + 2 * len > FRONTIER_BYTES_MAX)
        return RS_LIMIT;
    if ((err = host_of(f, url, &host)))
        return err;
    struct frontier_entry *entry = calloc(1, sizeof *entry + len + 1);
    if (!entry)
        return RS_NOMEM;
    if ((err = map_put(&f->seen, key, f))) { /* any value but NULL */
        free(entry);
        return err;
    }
    f->n_seen++;
    f->n_bytes += 2 * len;
    if (map_get(&f->beyond, key)) {
        map_remove(&f->beyond, key);
        f->n_beyond--;
    }
    memcpy(entry->url, url, len + 1);
    entry->host = host;
    *ret = entry;
    return RS_OK;
}

enum rs_err frontier_add(struct frontier *f, const char *url, enum entry_kind kind, int depth)
{
    struct frontier_entry *entry;
    enum rs_err err = new_entry(f, url, &entry);

    if (err)
        return err;
    entry->kind = kind;
    entry->depth = depth;
    push(f, entry, kind == ENTRY_SITEMAP); /* a sitemap says what else there is */
    return RS_OK;
}

bool frontier_knows(const struct frontier *f, const char *url)
{
    char key[URL_TEXT_MAX + 1];

    url_key(url, key);
    return map_get(&f->seen, key) != NULL;
}

static bool remember(struct frontier *f, struct map *map, const char *key)
{
    size_t len = strlen(key);

    if (map_get(&f->seen, key) || map_get(&f->beyond, key) || f->n_seen + f->n_beyond == FRONTIER_URLS_MAX ||
        f->n_bytes + len > FRONTIER_BYTES_MAX || map_put(map, key, f) != RS_OK)
        return false;
    f->n_bytes += len;
    return true;
}

bool frontier_mark(struct frontier *f, const char *url)
{
    char key[URL_TEXT_MAX + 1];

    url_key(url, key);
    bool new = remember(f, &f->seen, key);
    f->n_seen += new;
    return new;
}

void frontier_beyond(struct frontier *f, const char *url)
{
    char key[URL_TEXT_MAX + 1];

    url_key(url, key);
    f->n_beyond += remember(f, &f->beyond, key);
}

enum rs_err frontier_want_robots(struct frontier *f, const char *url, struct frontier_host **ret)
{
    enum rs_err err = host_of(f, url, ret);

    if (err)
        return err;
    (*ret)->wanted = true;
    (*ret)->state = HOST_UNKNOWN;
    return RS_OK;
}

static void sooner(int64_t *wait_ms, int64_t other_ms)
{
    if (*wait_ms < 0 || other_ms < *wait_ms)
        *wait_ms = other_ms;
}

enum frontier_next frontier_next(struct frontier *f, int64_t now_ms, struct frontier_entry **ret_entry,
                                 struct frontier_host **ret_host, int64_t *ret_wait_ms)
{
    *ret_wait_ms = -1;
    for (int i = 0; i < f->n_hosts; i++) {
        struct frontier_host *host = f->hosts[(f->turn + i) % f->n_hosts];
        if (host->state == HOST_UNKNOWN && (host->first || host->wanted)) {
            if (host->next_ms > now_ms) {
                sooner(ret_wait_ms, host->next_ms - now_ms);
                continue;
            }
            host->state = HOST_ASKED;
            host->wanted = false;
            *ret_host = host;
            return FRONTIER_ROBOTS;
        }
        if (!host->first || host->state != HOST_KNOWN)
            continue;
        struct frontier_entry *entry = host->first;
        if (f->obey && entry->kind == ENTRY_PAGE && !robots_allow(host->robots, url_path(entry->url))) {
            *ret_entry = pop(f, host);
            return FRONTIER_REFUSED;
        }
        if (host->active >= (host->delay_ms > 0 ? 1 : f->per_host))
            continue;
        int64_t at = host->next_ms > entry->not_before_ms ? host->next_ms : entry->not_before_ms;
        if (at > now_ms) {
            sooner(ret_wait_ms, at - now_ms);
            continue;
        }
        *ret_entry = pop(f, host);
        host->active++;
        host->next_ms = now_ms + host->delay_ms;
        f->turn = (f->turn + i + 1) % f->n_hosts;
        return FRONTIER_ENTRY;
    }
    return FRONTIER_WAIT;
}

void frontier_robots(struct frontier *f, struct frontier_host *host, struct robots *robots)
{
    robots_free(host->robots);
    host->robots = robots;
    host->state = HOST_KNOWN;
    int64_t delay_ms = f->obey ? robots_delay_ms(robots) : 0;
    if (delay_ms > FRONTIER_DELAY_MAX_MS)
        delay_ms = FRONTIER_DELAY_MAX_MS;
    if (delay_ms > host->delay_ms)
        host->delay_ms = delay_ms;
}

void frontier_robots_again(struct frontier_host *host, int64_t now_ms, int64_t pause_ms)
{
    host->state = HOST_UNKNOWN;
    host->wanted = true;
    host->next_ms = now_ms + pause_ms;
}

void frontier_drop(struct frontier_entry *entry)
{
    free(entry);
}

void frontier_done(struct frontier_entry *entry)
{
    entry->host->active--;
    free(entry);
}

void frontier_again(struct frontier *f, struct frontier_entry *entry, int64_t now_ms, int64_t pause_ms)
{
    entry->host->active--;
    entry->not_before_ms = now_ms + pause_ms;
    push(f, entry, true);
}

enum rs_err frontier_redirect(struct frontier *f, struct frontier_entry *entry, const char *url)
{
    struct frontier_entry *to;
    enum rs_err err = new_entry(f, url, &to);

    if (!err) {
        to->kind = entry->kind;
        to->depth = entry->depth;
        to->redirects = entry->redirects + 1;
        to->counted = entry->counted;
        push(f, to, true);
    }
    frontier_done(entry);
    return err;
}

size_t frontier_forget(struct frontier *f)
{
    size_t n_pages = 0;

    for (int i = 0; i < f->n_hosts; i++) {
        struct frontier_host *host = f->hosts[i];
        struct frontier_entry *entry = host->first;
        host->first = NULL;
        host->last = &host->first;
        while (entry) {
            struct frontier_entry *next = entry->next;
            f->n_queued--;
            if (entry->counted) {
                push(f, entry, false);
            } else {
                n_pages += entry->kind == ENTRY_PAGE;
                free(entry);
            }
            entry = next;
        }
    }
    return n_pages;
}
