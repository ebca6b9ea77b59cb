#include "index/ignore.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ignore_rule {
    char *pattern, *folder;
    bool negated, folders_only, anchored; /* anchored: it has a slash, so it is for the whole path below folder */
};

static void add_rule(struct ignore *ignore, const char *folder, const char *text, size_t len)
{
    struct ignore_rule rule = {0};

    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\r' || text[len - 1] == '\t') &&
           !(len > 1 && text[len - 2] == '\\'))
        len--;
    if (len > 0 && *text == '!')
        rule.negated = true, text++, len--;
    if (len > 0 && text[len - 1] == '/')
        rule.folders_only = true, len--;
    if (len == 0 || ignore->n == IGNORE_RULES_MAX)
        return;
    rule.anchored = memchr(text, '/', len) != NULL;
    if (*text == '/')
        text++, len--;
    if (ignore->n == ignore->cap) {
        size_t cap = ignore->cap ? 2 * ignore->cap : 32;
        struct ignore_rule *more = realloc(ignore->rules, cap * sizeof *more);
        if (!more)
            return;
        ignore->rules = more;
        ignore->cap = cap;
    }
    rule.pattern = strndup(text, len);
    rule.folder = strdup(folder);
    if (!rule.pattern || !rule.folder) {
        free(rule.pattern);
        free(rule.folder);
        return;
    }
    ignore->rules[ignore->n++] = rule;
}

void ignore_add(struct ignore *ignore, const char *folder, const char *text, size_t len)
{
    const char *end = text + (len < IGNORE_FILE_MAX ? len : IGNORE_FILE_MAX);

    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        if (*text != '#')
            add_rule(ignore, folder, text, (size_t)(stop - text));
        text = stop + 1;
    }
}

/* The path below the rule's folder, NULL: it is not there. */
static const char *below(const struct ignore_rule *rule, const char *path)
{
    size_t n = strlen(rule->folder);

    if (n == 0)
        return path;
    return strncmp(path, rule->folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

/* A pattern with slashes; "**" is any number of folders. */
static bool path_fits(const char *pattern, const char *path)
{
    const char *stars = strstr(pattern, "**");
    char head[512];

    if (!stars)
        return fnmatch(pattern, path, FNM_PATHNAME) == 0;
    size_t n = (size_t)(stars - pattern);
    if (n >= sizeof head)
        return false;
    memcpy(head, pattern, n);
    head[n] = '\0';
    if (n > 0 && head[n - 1] == '/')
        head[n - 1] = '\0';
    /* What stands before it fits the first folders, what stands behind it the rest, from some folder on. */
    const char *rest = stars + 2 + strspn(stars + 2, "/");
    for (const char *p = path;; p++) {
        if (*p != '/' && *p != '\0' && p != path)
            continue;
        char first[4096];
        if ((size_t)(p - path) >= sizeof first)
            return false;
        memcpy(first, path, (size_t)(p - path));
        first[p - path] = '\0';
        if (n == 0 || fnmatch(head, first, FNM_PATHNAME) == 0) {
            if (!*rest)
                return *p == '/' || n == 0;
            for (const char *q = p; q; q = strchr(q + 1, '/'))
                if (fnmatch(rest, q + (*q == '/'), FNM_PATHNAME) == 0)
                    return true;
            return false;
        }
        if (!*p)
            return false;
    }
}

static bool rule_fits(const struct ignore_rule *rule, const char *path, bool is_folder)
{
    const char *rest = below(rule, path), *name;

    if (!rest || (rule->folders_only && !is_folder))
        return false;
    if (rule->anchored)
        return path_fits(rule->pattern, rest);
    name = strrchr(rest, '/');
    return fnmatch(rule->pattern, name ? name + 1 : rest, 0) == 0;
}

bool ignore_matches(const struct ignore *ignore, const char *path, bool is_folder)
{
    for (size_t i = ignore->n; i > 0; i--)
        if (rule_fits(&ignore->rules[i - 1], path, is_folder))
            return !ignore->rules[i - 1].negated;
    return false;
}

void ignore_truncate(struct ignore *ignore, size_t n)
{
    while (ignore->n > n) {
        ignore->n--;
        free(ignore->rules[ignore->n].pattern);
        free(ignore->rules[ignore->n].folder);
    }
}

void ignore_release(struct ignore *ignore)
{
    ignore_truncate(ignore, 0);
    free(ignore->rules);
    ignore->rules = NULL;
    ignore->cap = 0;
}
