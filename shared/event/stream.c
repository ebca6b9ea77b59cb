/* stream - the closed list of kinds and bare names. */
#include "event/stream.h"
#include "base/id.h"
#include <string.h>

struct kind {
    const char *name;
    const char *all; /* the stream that shows all of them */
    bool home;       /* events may be appended to kind:ID, or to the bare name */
};
#define KIND(name, home) {name, name ":*", home}
#define BARE(name, home) {name, name, home}
static const struct kind kinds[] = {
    KIND("run", true),  KIND("workflow", false), KIND("tool", true), KIND("session", true),
    KIND("crew", true), KIND("mission", true),   KIND("adw", true),
};
static const struct kind bare_names[] = {
    BARE("runs", false), BARE("workflows", false), BARE("history", false), BARE("queue", true),
    BARE("adws", false), BARE("routes", false),    BARE("system", true),   BARE("webhooks", true),
};
#define N_KINDS (sizeof kinds / sizeof *kinds)
#define N_BARE_NAMES (sizeof bare_names / sizeof *bare_names)
_Static_assert(N_KINDS + N_BARE_NAMES <= STREAM_HOMES_MAX, "stream_homes has room for all");

static const struct kind *find(const struct kind *table, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
            return &table[i];
    }
    return NULL;
}

/* Returns the row of a well-formed name, else NULL with the fault set. */
static const struct kind *lookup(const char *name, struct fault *fault)
{
    const struct kind *kind;
    const char *colon, *id;

    if (!name || !*name || strlen(name) >= STREAM_MAX) {
        fault_set(fault, RS_INVALID, "a stream name has 1 to %d bytes", STREAM_MAX - 1);
        return NULL;
    }
    colon = strchr(name, ':');
    if (!colon) {
        kind = find(bare_names, N_BARE_NAMES, name, strlen(name));
        if (!kind)
            fault_set(fault, RS_INVALID, "not a stream: use KIND:ID, KIND:* or one of "
                                         "runs, workflows, history, queue, adws, routes, system, webhooks");
        return kind;
    }
    kind = find(kinds, N_KINDS, name, (size_t)(colon - name));
    if (!kind) {
        fault_set(fault, RS_INVALID, "unknown kind of stream: use run, workflow, tool, session, crew, mission or adw");
        return NULL;
    }
    id = colon + 1;
    if (strcmp(id, "*") != 0 && !id_valid(id)) {
        fault_set(fault, RS_INVALID, "the part after '%s:' is not an id ([A-Za-z0-9._-]{1,128}) or '*'", kind->name);
        return NULL;
    }
    return kind;
}

enum rs_err stream_check(const char *name, struct fault *fault)
{
    return lookup(name, fault) ? RS_OK : RS_INVALID;
}

enum rs_err stream_check_home(const char *name, struct fault *fault)
{
    const struct kind *kind = lookup(name, fault);

    if (!kind)
        return RS_INVALID;
    if (!kind->home || stream_is_wildcard(name))
        return fault_set(fault, RS_INVALID, "'%s' is a view: events go to the streams it shows", name);
    return RS_OK;
}

static int add_homes(const struct kind *table, size_t n, const char **ret)
{
    int n_homes = 0;

    for (size_t i = 0; i < n; i++) {
        if (table[i].home)
            ret[n_homes++] = table[i].all;
    }
    return n_homes;
}

int stream_homes(const char *ret[STREAM_HOMES_MAX])
{
    int n = add_homes(kinds, N_KINDS, ret);

    return n + add_homes(bare_names, N_BARE_NAMES, ret + n);
}

bool stream_is_wildcard(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon && strcmp(colon, ":*") == 0;
}

const char *stream_id(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? colon + 1 : NULL;
}

bool stream_has_kind(const char *name, const char *kind)
{
    size_t len = strlen(kind);

    return strncmp(name, kind, len) == 0 && name[len] == ':';
}
