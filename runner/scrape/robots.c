#include "runner/scrape/robots.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DELAY_MAX_S 86400

struct rule {
    char *path; /* in the one form of percent encoding */
    size_t len; /* its octets: what "longest" means */
    bool allow;
};
/* The rules of one agent; several groups of it are one (section 2.2.1). */
struct group {
    struct rule *rules;
    size_t n, cap;
    int64_t delay_ms;
    bool seen;
};
struct robots {
    struct group own, any;
    const struct group *group; /* the one in force */
    char *sitemaps[ROBOTS_SITEMAPS_MAX];
    size_t n_sitemaps;
};

static int hex(int c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* A path as it is compared (section 2.2.2): bytes over 0x7f encoded, what is unreserved decoded, digits upper case.
 * Owned. */
static char *normal(const char *path, size_t len)
{
    char *out = malloc(3 * len + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < len; i++) {
        int c = (unsigned char)path[i];
        bool encode = c >= 0x7f || c <= 0x20;
        if (c == '%' && i + 2 < len && hex((unsigned char)path[i + 1]) >= 0 && hex((unsigned char)path[i + 2]) >= 0) {
            c = hex((unsigned char)path[i + 1]) * 16 + hex((unsigned char)path[i + 2]);
            encode = !(c < 0x80 && isalnum(c)) && !(c && strchr("-._~", c));
            i += 2;
        }
        if (encode)
            n += (size_t)sprintf(out + n, "%%%02X", c);
        else
            out[n++] = (char)c;
    }
    if (out)
        out[n] = '\0';
    return out;
}

static enum rs_err add_rule(struct group *group, const char *path, size_t len, bool allow)
{
    if (group->n == ROBOTS_RULES_MAX || len == 0) /* "Disallow:" disallows nothing */
        return RS_OK;
    if (group->n == group->cap) {
        size_t cap = group->cap ? 2 * group->cap : 16;
        struct rule *more = realloc(group->rules, cap * sizeof *more);
        if (!more)
            return RS_NOMEM;
        group->rules = more;
        group->cap = cap;
    }
    char *text = normal(path, len);
    if (!text)
        return RS_NOMEM;
    group->rules[group->n++] = (struct rule){text, strlen(text), allow};
    return RS_OK;
}

static void set_delay(struct group *group, const char *value, size_t len)
{
    char text[16];

    snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), value);
    if (!isdigit((unsigned char)*text) && *text != '.')
        return;
    double seconds = strtod(text, NULL);
    if (seconds >= 0 && seconds <= DELAY_MAX_S)
        group->delay_ms = (int64_t)(seconds * 1000);
}

/* "key: value", without comment and white space at the ends. */
struct line {
    const char *key, *value;
    size_t key_len, value_len;
};

static bool is_key(const struct line *line, const char *key)
{
    return strlen(key) == line->key_len && strncasecmp(line->key, key, line->key_len) == 0;
}

static bool split(const char *text, const char *end, struct line *ret)
{
    const char *hash = memchr(text, '#', (size_t)(end - text)), *colon;

    end = hash ? hash : end;
    while (text < end && isspace((unsigned char)*text))
        text++;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    colon = memchr(text, ':', (size_t)(end - text));
    if (!colon)
        return false;
    ret->key = text;
    ret->key_len = (size_t)(colon - text);
    while (ret->key_len > 0 && isspace((unsigned char)text[ret->key_len - 1]))
        ret->key_len--;
    for (colon++; colon < end && isspace((unsigned char)*colon);)
        colon++;
    ret->value = colon;
    ret->value_len = (size_t)(end - colon);
    return ret->key_len > 0;
}

struct reader {
    struct robots *robots;
    const char *agent;
    bool own, any;  /* the group being read is for us, for everybody */
    bool in_agents; /* the last line named an agent */
};

static void take_agent(struct reader *r, const struct line *line)
{
    size_t n = 0;

    if (!r->in_agents)
        r->own = r->any = false;
    r->in_agents = true;
    /* A product token is letters, - and _: of "runspool/1.0" it is runspool (section 2.2.1). */
    while (n < line->value_len &&
           (isalpha((unsigned char)line->value[n]) || line->value[n] == '-' || line->value[n] == '_'))
        n++;
    if (line->value_len > 0 && line->value[0] == '*')
        r->any = r->robots->any.seen = true;
    else if (n > 0 && n == strlen(r->agent) && strncasecmp(line->value, r->agent, n) == 0)
        r->own = r->robots->own.seen = true;
}

static enum rs_err take_sitemap(struct robots *robots, const struct line *line)
{
    if (robots->n_sitemaps == ROBOTS_SITEMAPS_MAX || line->value_len == 0)
        return RS_OK;
    char *text = strndup(line->value, line->value_len);
    if (!text)
        return RS_NOMEM;
    robots->sitemaps[robots->n_sitemaps++] = text;
    return RS_OK;
}

static enum rs_err take_line(struct reader *r, const struct line *line)
{
    struct group *groups[] = {r->own ? &r->robots->own : NULL, r->any ? &r->robots->any : NULL};
    bool allow = is_key(line, "allow"), delay = is_key(line, "crawl-delay");
    enum rs_err err = RS_OK;

    if (is_key(line, "user-agent")) {
        take_agent(r, line);
        return RS_OK;
    }
    if (is_key(line, "sitemap"))
        return take_sitemap(r->robots, line);
    if (!allow && !delay && !is_key(line, "disallow"))
        return RS_OK; /* other records do not end a list of agents (section 2.2.4) */
    r->in_agents = false;
    for (size_t i = 0; i < 2 && !err; i++) {
        if (groups[i] && delay)
            set_delay(groups[i], line->value, line->value_len);
        else if (groups[i])
            err = add_rule(groups[i], line->value, line->value_len, allow);
    }
    return err;
}

enum rs_err robots_parse(const char *text, size_t len, const char *agent, struct robots **ret)
{
    struct robots *robots = calloc(1, sizeof *robots);
    struct reader reader = {.robots = robots, .agent = agent};
    const char *end = text + (len < ROBOTS_BYTES_MAX ? len : ROBOTS_BYTES_MAX);
    enum rs_err err = robots ? RS_OK : RS_NOMEM;

    if (end - text >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (text < end && !err) {
        struct line line;
        const char *stop = text;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if (split(text, stop, &line))
            err = take_line(&reader, &line);
        text = stop + 1;
    }
    if (err) {
        robots_free(robots);
        return err;
    }
    robots->group = robots->own.seen ? &robots->own : &robots->any;
    *ret = robots;
    return RS_OK;
}

struct robots *robots_all(bool allowed)
{
    struct robots *robots = calloc(1, sizeof *robots);

    if (!robots)
        return NULL;
    robots->group = &robots->any;
    if (!allowed && add_rule(&robots->any, "/", 1, false) != RS_OK) {
        robots_free(robots);
        return NULL;
    }
    return robots;
}

static void group_release(struct group *group)
{
    for (size_t i = 0; i < group->n; i++)
        free(group->rules[i].path);
    free(group->rules);
}

void robots_free(struct robots *robots)
{
    if (!robots)
        return;
    group_release(&robots->own);
    group_release(&robots->any);
    for (size_t i = 0; i < robots->n_sitemaps; i++)
        free(robots->sitemaps[i]);
    free(robots);
}

/* Does the pattern match the beginning of the path, or with $ all of it? Of several stars only the last one may have to
 * give back, so it takes at most the product of both lengths. */
static bool matches(const char *pattern, const char *path)
{
    const char *star = NULL, *retry = NULL;

    for (;;) {
        if (!*pattern)
            return true;
        if (*pattern == '*') {
            star = ++pattern;
            retry = path;
        } else if (*pattern == '$' && !pattern[1] && !*path) {
            return true;
        } else if (*path && *pattern == *path) {
            pattern++, path++;
        } else if (star && *retry) {
            pattern = star;
            path = ++retry;
        } else {
            return false;
        }
    }
}

bool robots_allow(const struct robots *robots, const char *path)
{
    const struct rule *best = NULL;
    char *text;

    if (strcmp(path, "/robots.txt") == 0)
        return true;
    text = normal(path, strlen(path));
    if (!text)
        return false;
    for (size_t i = 0; i < robots->group->n; i++) {
        const struct rule *rule = &robots->group->rules[i];
        if (best && (rule->len < best->len || (rule->len == best->len && !rule->allow)))
            continue;
        if (matches(rule->path, text))
            best = rule;
    }
    free(text);
    return !best || best->allow;
}

int64_t robots_delay_ms(const struct robots *robots)
{
    return robots->group->delay_ms;
}

const char *robots_sitemap(const struct robots *robots, size_t i)
{
    return i < robots->n_sitemaps ? robots->sitemaps[i] : NULL;
}
