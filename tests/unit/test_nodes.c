/* The table of executable kinds against the model's, outputs that are too large, public addresses. */
#include "model/kind.h"
#include "runner/netaddr.h"
#include "runner/node.h"
#include "runner/output.h"
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>

START_TEST(test_table_is_the_models)
{
    ck_assert_uint_eq(n_node_types, n_kinds);
    for (unsigned i = 0; i < n_kinds; i++) {
        const struct node_type *type = node_type_find(kinds[i].name);
        ck_assert_msg(type && type->start, "kind %s cannot be executed", kinds[i].name);
    }
    ck_assert_ptr_null(node_type_find("nosuch"));
}
END_TEST

static struct json_object *text_of(size_t len, char c)
{
    char *text = malloc(len + 1);
    memset(text, c, len);
    text[len] = '\0';
    struct json_object *json = json_object_new_string(text);
    free(text);
    return json;
}

START_TEST(test_output_is_cut_where_it_is_text)
{
    struct fault fault;
    size_t len;
    struct json_object *out = json_object_new_object();
    json_set(out, "stdout", text_of(100000, '\033')); /* six bytes each as JSON */
    json_set(out, "stderr", text_of(1000, 'e'));
    json_set_int(out, "exitCode", 0);
    ck_assert_ok(output_fit(out, 200000, &fault));
    (void)json_text(out, &len);
    ck_assert_uint_le(len, 200000);
    ck_assert_uint_gt(len, 50000); /* not more than needed, by halves */
    ck_assert(json_get_bool(out, "truncated", false));
    ck_assert_int_eq(json_object_get_string_len(json_get(out, "stderr")), 1000);
    json_object_put(out);

    out = json_object_new_array();
    for (int i = 0; i < 1000; i++)
        json_object_array_add(out, json_object_new_int(i));
    ck_assert_int_eq(output_fit(out, 1000, &fault), RS_LIMIT);
    json_object_put(out);
    ck_assert_ok(output_fit(NULL, 1000, &fault));
}
END_TEST

START_TEST(test_addresses)
{
    static const struct {
        const char *text;
        bool is_public;
    } cases[] = {
        {"8.8.8.8", true},
        {"1.1.1.1", true},
        {"172.15.0.1", true},
        {"172.32.0.1", true},
        {"100.128.0.1", true},
        {"192.167.1.1", true},
        {"2606:4700::1111", true},
        {"2001:4860::8888", true},
        {"64:ff9b::8.8.8.8", true},
        {"::ffff:8.8.8.8", true},
        {"127.0.0.1", false},
        {"127.255.0.1", false},
        {"0.0.0.0", false},
        {"10.1.2.3", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.168.0.1", false},
        {"169.254.169.254", false},
        {"100.64.0.1", false},
        {"198.18.0.1", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"fe80::1", false},
        {"fc00::1", false},
        {"fd00::1", false},
        {"ff02::1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:10.0.0.1", false},
        {"64:ff9b::7f00:1", false},
        {"2002:7f00:1::", false},
        {"2002:808:808::", true},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"::127.0.0.1", false},
        {"fec0::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } a = {0};
        if (inet_pton(AF_INET, cases[i].text, &a.v4.sin_addr) == 1) {
            a.any.sa_family = AF_INET;
        } else {
            ck_assert_int_eq(inet_pton(AF_INET6, cases[i].text, &a.v6.sin6_addr), 1);
            a.any.sa_family = AF_INET6;
        }
        ck_assert_msg(netaddr_is_public(&a.any) == cases[i].is_public, "%s", cases[i].text);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("nodes");
    TCase *tc = tcase_create("nodes");
    tcase_add_test(tc, test_table_is_the_models);
    tcase_add_test(tc, test_output_is_cut_where_it_is_text);
    tcase_add_test(tc, test_addresses);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
