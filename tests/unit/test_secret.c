/* secret - sealed, listed without values, opened only with the private key, rotated. */
#include "model.h"

#include "model/secret.h"
#include "model/secret_key.h"
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *org, const char *name, const char *value)
{
    bool created;

    must(secret_put(&store, org, name, value, strlen(value), &created, NULL, &fault));
}

/* The value of an org's secret; "" when it is not there. */
static const char *value_of(const char *org, const char *name)
{
    static char value[SECRET_VALUE_MAX + 1];
    struct json_object *names = json_object_new_object();
    struct secret *all = NULL;
    const struct secret *found;

    json_set_bool(names, name, true);
    must(secret_open_all(&store, org, names, &all, &fault));
    found = secret_find(all, name);
    ck_assert(found == NULL || found->next == NULL);
    snprintf(value, sizeof(value), "%s", found != NULL ? found->value : "");
    secret_free_all(all);
    json_object_put(names);
    return value;
}

static void sql(const char *text)
{
    must(db_run(store.db, NULL, &fault, text, ""));
}

START_TEST(kept_and_opened)
{
    struct json_object *record = NULL, *list = NULL;
    struct stat st;
    char path[PATH_MAX];
    bool created = false;

    ck_assert_int_eq(secret_put(&store, "default", "A", "v", 1, &created, NULL, &fault), RS_CONFLICT); /* no key yet */
    must(secret_keys_make(&dd, &fault));
    ck_assert_int_eq(stat(datadir_path(&dd, path, SECRET_PRIVATE_FILE), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(datadir_path(&dd, path, SECRET_PUBLIC_FILE), &st), 0);
    ck_assert_int_eq(st.st_mode & 0004, 0);
    must(secret_put(&store, "default", "TOKEN", "sk-\xC3\xA4\n\"1", 8, &created, &record, &fault));
    ck_assert(created);
    ck_assert_str_eq(json_get_string(record, "name", ""), "TOKEN");
    ck_assert_ptr_nonnull(json_get_string(record, "createdAt", NULL));
    json_object_put(record);
    ck_assert_str_eq(value_of("default", "TOKEN"), "sk-\xC3\xA4\n\"1");
    ck_assert_str_eq(value_of("default", "OTHER"), "");
    ck_assert_str_eq(value_of("acme", "TOKEN"), "");
    must(secret_put(&store, "default", "TOKEN", "two", 3, &created, NULL, &fault));
    ck_assert(!created);
    put("default", "ALSO", "x");
    put("acme", "TOKEN", "theirs");
    ck_assert_str_eq(value_of("default", "TOKEN"), "two");
    must(secret_list(&store, "default", &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    ck_assert_ptr_nonnull(strstr(json_text(list, NULL), "\"name\":\"ALSO\""));
    ck_assert_ptr_null(strstr(json_text(list, NULL), "two"));
    json_object_put(list);
    must(secret_delete(&store, "default", "TOKEN", &fault));
    ck_assert_int_eq(secret_delete(&store, "default", "TOKEN", &fault), RS_NOT_FOUND);
    ck_assert_str_eq(value_of("default", "TOKEN"), "");
    ck_assert_str_eq(value_of("acme", "TOKEN"), "theirs");
}
END_TEST

START_TEST(refused)
{
    static const char *const names[] = {"", "1A", "A-B", "A.B", "\xC3\x84", "A B",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    static char large[SECRET_VALUE_MAX + 2];
    bool created;
    size_t i;

    must(secret_keys_make(&dd, &fault));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_int_eq(secret_put(&store, "default", names[i], "v", 1, &created, NULL, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(secret_put(&store, "default", "A", "", 0, &created, NULL, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(secret_put(&store, "default", "A", "a\0b", 3, &created, NULL, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(secret_put(&store, "default", "A", "\xff", 1, &created, NULL, &fault), RS_UNPROCESSABLE);
    memset(large, 'a', sizeof(large) - 1);
    ck_assert_int_eq(secret_put(&store, "default", "A", large, sizeof(large) - 1, &created, NULL, &fault), RS_LIMIT);
    must(secret_put(&store, "default", "A", large, SECRET_VALUE_MAX, &created, NULL, &fault));
    ck_assert_uint_eq(strlen(value_of("default", "A")), SECRET_VALUE_MAX);
}
END_TEST

/* What who can write the database, but has no key, might try. */
START_TEST(moved_rows_do_not_open)
{
    struct json_object *names = json_of("{\"A\":1,\"B\":1}");
    struct secret *all = NULL;

    must(secret_keys_make(&dd, &fault));
    put("default", "A", "one");
    put("acme", "A", "theirs");
    sql("UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE org = 'acme') WHERE org = 'default'");
    ck_assert_int_eq(secret_open_all(&store, "default", names, &all, &fault), RS_IO);
    put("default", "A", "one");
    sql("UPDATE secret SET name = 'B' WHERE org = 'default'");
    ck_assert_int_eq(secret_open_all(&store, "default", names, &all, &fault), RS_IO);
    ck_assert_ptr_nonnull(strstr(fault.message, "B"));
    json_object_put(names);
}
END_TEST

START_TEST(rotated)
{
    struct secret_key first, second;
    struct secret_keys keys;
    char path[PATH_MAX];
    int64_t n = 0;

    must(secret_keys_make(&dd, &fault));
    must(secret_public_load(&dd, &first, &fault));
    put("default", "A", "one");
    put("acme", "A", "two");
    must(secret_rotate(&store, &n, &fault));
    ck_assert_int_eq(n, 2);
    must(secret_public_load(&dd, &second, &fault));
    ck_assert_str_ne(first.id, second.id);
    must(secret_keys_load(&dd, &keys, &fault));
    ck_assert_int_eq(keys.n, 1);
    ck_assert_str_eq(keys.at[0].id, second.id);
    ck_assert_str_eq(value_of("default", "A"), "one");
    ck_assert_str_eq(value_of("acme", "A"), "two");

    /* A rotation that died with both keys written: all goes on, and the next one ends it. */
    keys.at[1] = keys.at[0];
    secret_key_new(&keys.at[0]);
    keys.n = 2;
    must(secret_keys_save(&dd, &keys, &fault));
    put("default", "B", "three");
    ck_assert_str_eq(value_of("default", "A"), "one");
    ck_assert_str_eq(value_of("default", "B"), "three");
    must(secret_rotate(&store, &n, &fault));
    must(secret_keys_load(&dd, &keys, &fault));
    ck_assert_int_eq(keys.n, 1);
    ck_assert_str_eq(value_of("default", "B"), "three");

    /* The public key is made anew from the private one; without that nothing opens, and nothing is lost by trying. */
    ck_assert_int_eq(unlink(datadir_path(&dd, path, SECRET_PUBLIC_FILE)), 0);
    must(secret_keys_make(&dd, &fault));
    put("default", "C", "four");
    ck_assert_str_eq(value_of("default", "C"), "four");
    ck_assert_str_eq(value_of("default", "A"), "one");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("secret");
    TCase *c = tcase_create("secret");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_add_test(c, kept_and_opened);
    tcase_add_test(c, refused);
    tcase_add_test(c, moved_rows_do_not_open);
    tcase_add_test(c, rotated);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
