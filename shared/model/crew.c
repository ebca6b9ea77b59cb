#include "model/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREWS_FIRST 16
#define HASH_TEXT 9 /* ".xxxxxxxx" */

void crew_other_home(const char *org, const char *crew_id, char ret[ID_MAX + 1])
{
    uint32_t hash = 2166136261u;

    for (; *org != '\0'; org++)
        hash = (hash ^ (unsigned char)*org) * 16777619u;
    snprintf(ret, ID_MAX + 1, "%.*s.%08x", ID_MAX - HASH_TEXT, crew_id, hash);
}

enum rs_err crew_note(struct db *db, const char *org, const char *crew_id, struct fault *fault)
{
    static const char insert[] = "INSERT INTO crew (org, id, home, signal) VALUES ($1, $2, $3, '') ON CONFLICT DO NOTHING";
    char home[ID_MAX + 1];
    struct db_rows *rows = NULL;
    enum rs_err err;

    if (crew_id == NULL || !id_valid(crew_id))
        return RS_OK;
    err = db_query(db, &rows, fault, "SELECT 1 FROM crew WHERE org = $1 AND id = $2", "tt", org, crew_id);
    if (err == RS_OK)
        err = db_next(rows, fault);
    db_done(rows);
    if (err != RS_NOT_FOUND)
        return err;
    err = db_query(db, &rows, fault, "SELECT COUNT(*) FROM crew WHERE org = $1", "t", org);
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && db_int(rows, 0) >= CREWS_MAX)
        err = fault_set(fault, RS_LIMIT, "the crew %s is new, and there are %d crews already", crew_id, CREWS_MAX);
    db_done(rows);
    if (err != RS_OK)
        return err;
    crew_other_home(org, crew_id, home);
    err = db_run(db, NULL, fault, insert, "ttt", org, crew_id, crew_id);
    return err == RS_OK ? db_run(db, NULL, fault, insert, "ttt", org, crew_id, home) : err;
}

enum rs_err crew_home(struct store *store, const char *org, const char *crew_id, char ret_home[ID_MAX + 1],
                      struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err =
        db_query(store->db, &rows, fault, "SELECT home FROM crew WHERE org = $1 AND id = $2", "tt", org, crew_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && ret_home != NULL)
        snprintf(ret_home, ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    return err == RS_NOT_FOUND ? fault_set(fault, err, "there is no crew %.*s", ID_MAX, crew_id) : err;
}

static enum rs_err add_crew(struct db_rows *rows, struct crew **list, int *n, struct fault *fault)
{
    /* Doubled whenever the number reaches a power of two. */
    if (*n == 0 || (*n >= CREWS_FIRST && (*n & (*n - 1)) == 0)) {
        struct crew *grown = realloc(*list, sizeof(**list) * (size_t)(*n == 0 ? CREWS_FIRST : 2 * *n));
        if (grown == NULL)
            return fault_set(fault, RS_NOMEM, "no memory for the crews");
        *list = grown;
    }
    struct crew *crew = &(*list)[(*n)++];
    snprintf(crew->org, sizeof(crew->org), "%s", db_text(rows, 0));
    snprintf(crew->id, sizeof(crew->id), "%s", db_text(rows, 1));
    snprintf(crew->home, sizeof(crew->home), "%s", db_text(rows, 2));
    snprintf(crew->signal, sizeof(crew->signal), "%s", db_text(rows, 3));
    return RS_OK;
}

enum rs_err crew_list(struct store *store, const char *org, struct crew **ret, int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct crew *list = NULL;
    int n = 0;
    enum rs_err err = org != NULL
                          ? db_query(store->db, &rows, fault,
                                     "SELECT org, id, home, signal FROM crew WHERE org = $1 ORDER BY id", "t", org)
                          : db_query(store->db, &rows, fault, "SELECT org, id, home, signal FROM crew ORDER BY org, id", "");

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        err = add_crew(rows, &list, &n, fault);
    db_done(rows);
    if (err != RS_NOT_FOUND) {
        free(list);
        return err;
    }
    *ret = list;
    *ret_n = n;
    return RS_OK;
}
