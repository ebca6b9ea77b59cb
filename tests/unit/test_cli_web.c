/* What `runspool up` writes and reads before anything starts: lighttpd.conf, runspool.conf, addresses, variables. */
#include "cli/listen.h"
#include "cli/up.h"
#include "cli/weblighttpd.h"
#include "conf/config.h"
#include "tests/unit/unit.h"
#include <sys/socket.h>
#include <unistd.h>

static struct weblighttpd web(void)
{
    return (struct weblighttpd){.data = "/srv/d",
                                .htdocs = "/usr/share/h",
                                .api = "/l/api.fcgi",
                                .events = "/l/events.fcgi",
                                .hook = "/l/hook.fcgi",
                                .address = "127.0.0.1",
                                .port = 8080,
                                .processes = 2,
                                .max_files = 1000,
                                .deflate = true};
}

/* The place of needle in the text, which must hold it. */
static size_t at(const struct buf *text, const char *needle)
{
    const char *found = strstr(text->data, needle);
    ck_assert_msg(found != NULL, "no %s in:\n%s", needle, text->data);
    return (size_t)(found - text->data);
}

START_TEST(urls_go_where_the_design_says)
{
    struct weblighttpd w = web();
    struct fault fault = {0};
    struct buf text;
    buf_init(&text, WEBLIGHTTPD_CONFIG_MAX);
    ck_assert_ok(weblighttpd_config(&w, &text, &fault));
    size_t bridge = at(&text, "^/(api/workflow/stream|ws|sse|poll|metrics|healthz)(/|$)");
    size_t events = at(&text, "^/api/poll(/|$)"), api = at(&text, "^/api(/|$)");
    ck_assert_uint_lt(bridge, events);
    ck_assert_uint_lt(events, api);
    ck_assert_uint_lt(bridge, at(&text, "\"/srv/d/bridge.sock\""));
    ck_assert_uint_lt(at(&text, "\"upgrade\" => \"enable\""), events);
    ck_assert_uint_lt(at(&text, "/l/events.fcgi"), api);
    ck_assert_uint_lt(api, at(&text, "/l/api.fcgi"));
    ck_assert_uint_lt(at(&text, "^/hooks(/|$)"), at(&text, "/l/hook.fcgi"));
    at(&text, "default-src 'self'; script-src 'self'; style-src 'self'");
    ck_assert_ptr_null(strstr(text.data, "unsafe"));
    ck_assert_ptr_null(strstr(text.data, "event-stream")); /* a compressor would hold events back */
    at(&text, "\".js\" => \"text/javascript; charset=utf-8\"");
    at(&text, "server.systemd-socket-activation = \"enable\"");
    ck_assert_ptr_null(strstr(text.data, "ssl."));
    buf_release(&text);
}
END_TEST

START_TEST(variants)
{
    struct weblighttpd w = web();
    struct fault fault = {0};
    struct buf text;
    w.address = "::1";
    w.tls_cert = "/c.pem";
    w.tls_key = "/k.pem";
    w.deflate = false;
    buf_init(&text, WEBLIGHTTPD_CONFIG_MAX);
    ck_assert_ok(weblighttpd_config(&w, &text, &fault));
    at(&text, "server.bind = \"[::1]\"");
    at(&text, "ssl.pemfile = \"/c.pem\"\nssl.privkey = \"/k.pem\"");
    at(&text, "\"mod_openssl\"");
    ck_assert_ptr_null(strstr(text.data, "deflate"));
    buf_release(&text);
}
END_TEST

START_TEST(a_path_cannot_escape_its_quotes)
{
    static const char *const bad[] = {"/a\"b", "/a\\b", "/a\nb", "/a$b"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct weblighttpd w = web();
        struct fault fault = {0};
        struct buf text;
        buf_init(&text, WEBLIGHTTPD_CONFIG_MAX);
        w.data = bad[i];
        ck_assert_int_eq(weblighttpd_config(&w, &text, &fault), RS_INVALID);
        ck_assert_uint_eq(text.len, 0);
        buf_release(&text);
    }
}
END_TEST

START_TEST(first_runspool_conf_changes_nothing_and_can_be_read)
{
    char folder[PATH_MAX], path[PATH_MAX];
    struct config *config = NULL;
    struct fault fault = {0};
    struct buf text;
    buf_init(&text, CONF_TEXT_MAX);
    ck_assert_ok(conf_default_text(&text));
    for (const char *line = text.data; *line; line += strcspn(line, "\n") + 1)
        ck_assert_msg(*line == '#' || *line == '\n', "not a comment: %.40s", line);
    for (unsigned i = 0; i < config_n_settings; i++) {
        char key[128];
        snprintf(key, sizeof(key), "\n# %s =", config_settings[i].key);
        at(&text, key);
    }
    unit_tmpdir(folder);
    unit_write(folder, "runspool.conf", text.data);
    ck_assert_ok(config_load(unit_path(path, folder, "runspool.conf"), NULL, &config, &fault));
    config_free(config);
    unit_rmdir(folder);
    buf_release(&text);
}
END_TEST

START_TEST(variables)
{
    char name[128];
    const char *value;
    ck_assert_ok(setting_variable("runner.shell=allow", name, &value));
    ck_assert_str_eq(name, "RUNSPOOL_RUNNER_SHELL");
    ck_assert_str_eq(value, "allow");
    ck_assert_ok(setting_variable("public_url=http://a/?b=c", name, &value));
    ck_assert_str_eq(name, "RUNSPOOL_PUBLIC_URL");
    ck_assert_str_eq(value, "http://a/?b=c");
    ck_assert_int_eq(setting_variable("novalue", name, &value), RS_INVALID);
    ck_assert_int_eq(setting_variable("=x", name, &value), RS_INVALID);
}
END_TEST

START_TEST(addresses)
{
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {{"127.0.0.1:80", "127.0.0.1", 80},
                {"[::1]:0", "::1", 0},
                {":8080", "127.0.0.1", 8080},
                {"9", "127.0.0.1", 9},
                {"localhost:65535", "localhost", 65535}};
    static const char *const bad[] = {"", "x", "a:", "a:b", "a:70000", "::1:80", "a:-1", "a:8 0", "a:+1"};
    struct listen_address address;
    struct fault fault;
    for (unsigned i = 0; i < sizeof(good) / sizeof(*good); i++) {
        ck_assert_ok(listen_parse(good[i].text, &address, &fault));
        ck_assert_str_eq(address.host, good[i].host);
        ck_assert_int_eq(address.port, good[i].port);
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(listen_parse(bad[i], &address, &fault) == RS_INVALID, "%s", bad[i]);
}
END_TEST

START_TEST(a_port_in_use_is_said)
{
    struct listen_address first, second;
    struct fault fault = {0};
    char url[LISTEN_HOST_MAX + 32], expected[64];
    int fd = -1, other = -1;
    ck_assert_ok(listen_parse("127.0.0.1:0", &first, &fault));
    ck_assert_ok(listen_open(&first, &fd, &fault));
    ck_assert_int_gt(first.port, 0);
    snprintf(expected, sizeof(expected), "http://127.0.0.1:%d", first.port);
    ck_assert_str_eq(listen_url(&first, false, url), expected);
    ck_assert(listen_loopback(&first));
    second = first;
    ck_assert_int_eq(listen_open(&second, &other, &fault), RS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(fault.message, "in use"));
    int peer = listen_connect(&first);
    ck_assert_int_ge(peer, 0);
    close(peer);
    close(fd);
}
END_TEST

START_TEST(the_man_page_has_every_setting_and_its_default)
{
    struct fault fault = {0};
    char *page = NULL, entry[256];
    unsigned n = 0;
    ck_assert_ok(file_read(RUNSPOOL_SOURCE_DIR "/docs/man/runspool.conf.5", 1 << 20, &page, NULL, &fault));
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *setting = &config_settings[i];
        snprintf(entry, sizeof(entry), "\n.It Ic %s%s%s\n", setting->key, setting->fallback ? " No = " : "",
                 setting->fallback ? setting->fallback : "");
        ck_assert_msg(strstr(page, entry) != NULL, "runspool.conf.5 lacks:%s", entry);
    }
    for (const char *at = page; (at = strstr(at, "\n.It Ic ")); at++)
        n++;
    ck_assert_uint_eq(n, config_n_settings);
    free(page);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cli_web");
    TCase *t = tcase_create("web");
    tcase_add_test(t, urls_go_where_the_design_says);
    tcase_add_test(t, variants);
    tcase_add_test(t, a_path_cannot_escape_its_quotes);
    tcase_add_test(t, first_runspool_conf_changes_nothing_and_can_be_read);
    tcase_add_test(t, the_man_page_has_every_setting_and_its_default);
    tcase_add_test(t, variables);
    tcase_add_test(t, addresses);
    tcase_add_test(t, a_port_in_use_is_said);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
