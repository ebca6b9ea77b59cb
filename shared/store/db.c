#include "store/driver.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* The first row serves an unset `database`, and plain paths. */
static const struct db_driver *const drivers[] = {&db_sqlite};

static enum rs_err driver_find(const char *target, const struct db_driver **ret, struct fault *fault)
{
    size_t i, n;
    const char *colon;

    *ret = drivers[0];
    if (target == NULL)
        return RS_OK;
    for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        n = strlen(drivers[i]->scheme);
        if (strncmp(target, drivers[i]->scheme, n) == 0) {
            *ret = drivers[i];
            return RS_OK;
        }
    }
    colon = strchr(target, ':');
    if (colon != NULL && memchr(target, '/', (size_t)(colon - target)) == NULL)
        return fault_set(fault, RS_INVALID, "setting database: this program has no driver for \"%.*s\"",
                         (int)(colon - target + 1), target);
    return RS_OK;
}

enum rs_err db_open(const struct datadir *dd, struct db **ret, struct fault *fault)
{
    const struct db_driver *driver;
    const char *target = config_text(dd->config, "database");
    struct db *db = NULL;
    enum rs_err err;

    if (target != NULL && target[0] == '\0')
        target = NULL;
    if ((err = driver_find(target, &driver, fault)) != RS_OK)
        return err;
    if ((err = driver->open(dd, target, &db, fault)) != RS_OK)
        return err;
    if ((err = migrations_apply(db, fault)) != RS_OK) {
        db_close(db);
        return err;
    }
    *ret = db;
    return RS_OK;
}

void db_close(struct db *db)
{
    if (db != NULL)
        db->driver->close(db);
}

void db_wait(struct db *db, int ms)
{
    db->driver->wait(db, ms);
}

enum rs_err db_begin(struct db *db, struct fault *fault)
{
    enum rs_err err;

    assert(!db->in_transaction);
    if ((err = db->driver->begin(db, fault)) == RS_OK)
        db->in_transaction = true;
    return err;
}

enum rs_err db_begin_read(struct db *db, struct fault *fault)
{
    enum rs_err err;

    assert(!db->in_transaction);
    if ((err = db->driver->begin_read(db, fault)) == RS_OK)
        db->in_transaction = true;
    return err;
}

enum rs_err db_commit(struct db *db, struct fault *fault)
{
    enum rs_err err;

    assert(db->in_transaction);
    if ((err = db->driver->commit(db, fault)) != RS_OK)
        db->driver->rollback(db);
    db->in_transaction = false;
    return err;
}

void db_rollback(struct db *db)
{
    if (!db->in_transaction)
        return;
    db->driver->rollback(db);
    db->in_transaction = false;
}

static int values_read(struct db_value values[DB_VALUES_MAX], const char *types, va_list ap)
{
    int n = 0;

    for (; types[n] != '\0'; n++) {
        assert(n < DB_VALUES_MAX);
        values[n] = (struct db_value){.type = types[n]};
        if (types[n] == 't') {
            values[n].text = va_arg(ap, const char *);
        } else {
            assert(types[n] == 'i');
            values[n].number = va_arg(ap, int64_t);
        }
    }
    return n;
}

enum rs_err db_run(struct db *db, int64_t *ret_changed, struct fault *fault, const char *sql, const char *types, ...)
{
    struct db_value values[DB_VALUES_MAX];
    struct db_rows *rows = NULL;
    va_list ap;
    int n;
    enum rs_err err;

    va_start(ap, types);
    n = values_read(values, types, ap);
    va_end(ap);
    if ((err = db->driver->query(db, sql, values, n, &rows, fault)) != RS_OK)
        return err;
    while ((err = db_next(rows, fault)) == RS_OK)
        ;
    if (err == RS_NOT_FOUND) {
        err = RS_OK;
        if (ret_changed != NULL)
            *ret_changed = db->driver->changed(rows);
    }
    db_done(rows);
    return err;
}

enum rs_err db_query(struct db *db, struct db_rows **ret, struct fault *fault, const char *sql, const char *types, ...)
{
    struct db_value values[DB_VALUES_MAX];
    va_list ap;
    int n;

    va_start(ap, types);
    n = values_read(values, types, ap);
    va_end(ap);
    return db->driver->query(db, sql, values, n, ret, fault);
}

enum rs_err db_insert(struct db *db, int64_t *ret_id, struct fault *fault, const char *sql, const char *types, ...)
{
    struct db_value values[DB_VALUES_MAX];
    struct db_rows *rows = NULL;
    int64_t id = 0;
    va_list ap;
    int n;
    enum rs_err err;

    va_start(ap, types);
    n = values_read(values, types, ap);
    va_end(ap);
    if ((err = db->driver->query(db, sql, values, n, &rows, fault)) != RS_OK)
        return err;
    if ((err = db_next(rows, fault)) == RS_OK) {
        id = db_int(rows, 0);
        err = db_next(rows, fault); /* to its end: only then is it committed outside a transaction */
        assert(err != RS_OK);
        if (err == RS_NOT_FOUND)
            err = RS_OK;
    } else if (err == RS_NOT_FOUND) {
        assert(!"db_insert wants INSERT ... RETURNING id");
    }
    db_done(rows);
    if (err == RS_OK)
        *ret_id = id;
    return err;
}

enum rs_err db_next(struct db_rows *rows, struct fault *fault)
{
    return rows->db->driver->next(rows, fault);
}

int64_t db_int(struct db_rows *rows, int column)
{
    return rows->db->driver->number(rows, column);
}

const char *db_text(struct db_rows *rows, int column)
{
    return rows->db->driver->text(rows, column);
}

bool db_is_null(struct db_rows *rows, int column)
{
    return rows->db->driver->is_null(rows, column);
}

void db_done(struct db_rows *rows)
{
    if (rows != NULL)
        rows->db->driver->done(rows);
}
