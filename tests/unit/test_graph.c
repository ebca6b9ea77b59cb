/* graph - definitions good and bad, each problem with the node or edge it is about; inputs against params. */
#include "unit.h"

#include "model/graph.h"

static struct json_object *json_of(const char *text)
{
    struct json_object *value = NULL;
    struct fault fault = {0};

    ck_assert_msg(json_parse(text, strlen(text), JSON_BODY_MAX, &value, &fault) == RS_OK, "%s: %s", text, fault.message);
    return value;
}

/* Parse text; NULL and *ret_errors filled when it is refused. */
static struct graph *parse(const char *text, struct json_object **ret_errors)
{
    struct json_object *definition = json_of(text), *errors = json_object_new_array();
    struct graph *graph = NULL;
    struct fault fault = {0};
    enum rs_err err = graph_parse(definition, errors, &graph, &fault);

    if (err == RS_OK)
        ck_assert_uint_eq(json_object_array_length(errors), 0);
    else
        ck_assert_int_eq(err, RS_UNPROCESSABLE);
    ck_assert((err == RS_OK) == (graph != NULL));
    json_object_put(definition);
    *ret_errors = errors;
    return graph;
}

/* The definition has exactly one problem: this code, at this node and edge (NULL: none), and words holding `words`. */
static void refused(const char *text, const char *code, const char *node_id, const char *edge_id, const char *words)
{
    struct json_object *errors, *error;

    ck_assert_ptr_null(parse(text, &errors));
    ck_assert_msg(json_object_array_length(errors) == 1, "%s gives %s", text, json_text(errors, NULL));
    error = json_object_array_get_idx(errors, 0);
    ck_assert_str_eq(json_get_string(error, "code", ""), code);
    ck_assert_pstr_eq(json_get_string(error, "nodeId", NULL), node_id);
    ck_assert_pstr_eq(json_get_string(error, "edgeId", NULL), edge_id);
    ck_assert_msg(strstr(json_get_string(error, "message", ""), words) != NULL, "%s", json_text(error, NULL));
    json_object_put(errors);
}

#define START "{\"id\":\"start\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}"
#define SHELL(id) "{\"id\":\"" id "\",\"type\":\"tool\",\"data\":{\"kind\":\"shell\",\"command\":[\"true\"]}}"
#define COND(id) "{\"id\":\"" id "\",\"type\":\"control\",\"data\":{\"kind\":\"condition\",\"expression\":\"true\"}}"
#define NODES(list) "{\"nodes\":[" list "]}"
#define EDGE(id, a, b) "{\"id\":\"" id "\",\"source\":\"" a "\",\"target\":\"" b "\"}"
#define GRAPH(nodes, edges) "{\"nodes\":[" nodes "],\"edges\":[" edges "]}"

#define CONTROL(settings) GRAPH(START ",{\"id\":\"c\",\"type\":\"control\",\"data\":{" settings "}}", EDGE("e", "start", "c"))
#define CASE(handle) "{\"handle\":\"" handle "\",\"expression\":\".input.x\"}"

START_TEST(control_kinds)
{
    struct json_object *errors;

    graph_free(parse(CONTROL("\"kind\":\"switch\",\"cases\":[" CASE("big") "," CASE("small") "]"), &errors));
    json_object_put(errors);
    refused(CONTROL("\"kind\":\"switch\",\"cases\":[]"), "setting", "c", NULL, "1 to 64 cases");
    refused(CONTROL("\"kind\":\"switch\",\"cases\":[" CASE("big") "," CASE("big") "]"), "setting", "c", NULL,
            "more than one case has the handle big");
    refused(CONTROL("\"kind\":\"switch\",\"cases\":[" CASE("default") "]"), "setting", "c", NULL, "cases[0].handle");
    refused(CONTROL("\"kind\":\"switch\",\"cases\":[{\"handle\":\"a\"}]"), "setting", "c", NULL, "cases[0].expression");
    refused(GRAPH(START ",{\"id\":\"c\",\"type\":\"control\",\"data\":{\"kind\":\"switch\",\"cases\":[" CASE("big") "]}},"
                  SHELL("s"), EDGE("e", "start", "c") ",{\"id\":\"f\",\"source\":\"c\",\"target\":\"s\",\"sourceHandle\":\"huge\"}"),
            "handle", "c", "f", "default, big");
    graph_free(parse(CONTROL("\"kind\":\"delay\",\"ms\":\"{{ .input.ms }}\""), &errors));
    json_object_put(errors);
    graph_free(parse(CONTROL("\"kind\":\"delay\",\"until\":\"2026-11-30T18:00:00+01:00\""), &errors));
    json_object_put(errors);
    graph_free(parse(CONTROL("\"kind\":\"foreach\",\"items\":[1],\"node\":{\"kind\":\"shell\",\"command\":[\"true\"]}"), &errors));
    json_object_put(errors);
    refused(CONTROL("\"kind\":\"foreach\",\"items\":[1],\"node\":{\"kind\":\"shell\"}"), "setting", "c", NULL, "`command` is missing");
    refused(CONTROL("\"kind\":\"foreach\",\"items\":[1],\"node\":{\"kind\":\"foreach\"}"), "setting", "c", NULL, "node.kind");
    refused(CONTROL("\"kind\":\"foreach\",\"items\":[1],\"node\":5"), "setting", "c", NULL, "must be an object with `kind`");
    refused(CONTROL("\"kind\":\"delay\""), "setting", "c", NULL, "either `ms` or `until`");
    refused(CONTROL("\"kind\":\"delay\",\"ms\":1,\"until\":\"2026-11-30T18:00:00Z\""), "setting", "c", NULL, "either");
    refused(CONTROL("\"kind\":\"delay\",\"until\":\"tomorrow\""), "setting", "c", NULL, "is no time");
}
END_TEST

START_TEST(good)
{
    struct json_object *errors;
    struct graph *g;
    int i;

    g = parse("{\"name\":\"x\",\"crewId\":\"quality\",\"timeoutMs\":5,\"priority\":-3,\"concurrency\":{\"limit\":1,\"onBusy\":\"queue\"},"
              "\"nodes\":[" SHELL("c") "," SHELL("b") "," COND("if") "," START "],"
              "\"edges\":[{\"id\":\"1\",\"source\":\"start\",\"target\":\"if\",\"sourceHandle\":\"bottom\"},"
              "{\"source\":\"if\",\"target\":\"b\",\"sourceHandle\":\"true\",\"condition\":\".input.x\"},"
              "{\"source\":\"if\",\"target\":\"c\",\"sourceHandle\":\"false\"}," EDGE("2", "b", "c") "]}",
              &errors);
    ck_assert_ptr_nonnull(g);
    ck_assert_int_eq(g->n_nodes, 4);
    ck_assert_int_eq(g->n_edges, 4);
    ck_assert_str_eq(g->nodes[0].id, "start");
    ck_assert_str_eq(g->nodes[1].id, "if");
    ck_assert_str_eq(g->nodes[2].id, "b");
    ck_assert_str_eq(g->nodes[3].id, "c");
    for (i = 0; i < g->n_nodes; i++)
        ck_assert_int_eq(graph_find(g, g->nodes[i].id), i);
    ck_assert_int_eq(graph_find(g, "nobody"), -1);
    ck_assert_int_eq(g->nodes[3].n_in, 2);
    ck_assert_int_eq(g->nodes[3].n_out, 0);
    ck_assert_int_eq(g->nodes[1].n_out, 2);
    for (i = 0; i < g->n_edges; i++)
        ck_assert_int_lt(g->edges[i].source, g->edges[i].target);
    i = g->nodes[1].out[0];
    ck_assert_int_eq(g->edges[i].target, 2);
    ck_assert_str_eq(g->edges[i].source_handle, "true");
    ck_assert_str_eq(g->edges[i].condition, ".input.x");
    ck_assert_ptr_null(g->edges[g->nodes[0].out[0]].source_handle);
    ck_assert_str_eq(g->nodes[2].kind->name, "shell");
    json_object_put(errors);
    graph_free(g);
    graph_free(NULL);
}
END_TEST

START_TEST(shape)
{
    refused("null", "definition", NULL, NULL, "JSON object");
    refused("[]", "definition", NULL, NULL, "JSON object");
    refused("{}", "empty", NULL, NULL, "no nodes");
    refused("{\"nodes\":[]}", "empty", NULL, NULL, "no nodes");
    refused("{\"nodes\":{\"a\":1}}", "empty", NULL, NULL, "no nodes");
    refused("{\"nodes\":[" START "],\"edges\":{}}", "definition", NULL, NULL, "edges");
    refused("{\"name\":7,\"nodes\":[" START "]}", "setting", NULL, NULL, "name");
    refused("{\"timeoutMs\":0,\"nodes\":[" START "]}", "setting", NULL, NULL, "timeoutMs");
    refused("{\"crewId\":\"a b\",\"nodes\":[" START "]}", "id", NULL, NULL, "crewId");
    refused("{\"priority\":1.5,\"nodes\":[" START "]}", "setting", NULL, NULL, "priority");
    refused("{\"priority\":-1000001,\"nodes\":[" START "]}", "setting", NULL, NULL, "priority");
    refused("{\"concurrency\":{\"limit\":0},\"nodes\":[" START "]}", "concurrency", NULL, NULL, "limit");
    refused("{\"concurrency\":3,\"nodes\":[" START "]}", "concurrency", NULL, NULL, "limit");
    refused("{\"concurrency\":{\"limit\":1,\"onBusy\":\"drop\"},\"nodes\":[" START "]}", "concurrency", NULL, NULL, "onBusy");
    refused("{\"concurrency\":{\"limit\":1,\"onBusy\":5},\"nodes\":[" START "]}", "concurrency", NULL, NULL, "onBusy");
}
END_TEST

START_TEST(node_errors)
{
    refused(NODES("7"), "id", NULL, NULL, "node 1");
    refused(NODES(START ",{\"id\":\"a b\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}"), "id", "a b", NULL, "node 2");
    refused(NODES("{\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}"), "id", NULL, NULL, "node 1");
    refused(NODES(START "," START), "duplicate", "start", NULL, "start");
    refused(NODES("{\"id\":\"n\",\"type\":\"thing\",\"data\":{\"kind\":\"manual\"}}"), "type", "n", NULL, "trigger, agent");
    refused(NODES("{\"id\":\"n\",\"data\":{\"kind\":\"manual\"}}"), "type", "n", NULL, "known:");
    refused(NODES("{\"id\":\"n\",\"type\":\"tool\",\"data\":{\"kind\":\"manual\"}}"), "type", "n", NULL, "belongs to type trigger");
    refused(NODES("{\"id\":\"n\",\"type\":\"tool\",\"data\":{\"kind\":\"teleport\"}}"), "kind", "n", NULL, "git_clone");
    refused(NODES("{\"id\":\"n\",\"type\":\"tool\",\"data\":{}}"), "kind", "n", NULL, "known:");
    refused(NODES("{\"id\":\"n\",\"type\":\"tool\"}"), "kind", "n", NULL, "data");
    refused(NODES("{\"id\":\"n\",\"type\":\"tool\",\"data\":[]}"), "kind", "n", NULL, "data");
}
END_TEST

#define DATA(text) NODES("{\"id\":\"n\",\"type\":\"tool\",\"data\":{" text "}}")
#define SH "\"kind\":\"shell\",\"command\":[\"true\"]"
#define HTTP "\"kind\":\"http_request\",\"url\":\"http://a/\""

START_TEST(settings)
{
    static const char *const good_ones[] = {
        DATA(SH ",\"env\":{\"A\":\"1\",\"B\":2,\"C\":true},\"cwd\":\"x\",\"parse\":\"json\",\"unknown\":1"),
        DATA("\"kind\":\"shell\",\"command\":\"{{ .input.argv }}\",\"env\":\"{{ .input.env }}\""),
        DATA(SH ",\"timeoutMs\":1000,\"label\":\"L\",\"continueOnError\":true,\"onInterrupted\":\"retry\",\"toolId\":\"t\""),
        DATA(SH ",\"retry\":{\"attempts\":3,\"backoffMs\":0,\"factor\":1.5}"),
        DATA(SH ",\"retry\":{\"attempts\":3,\"jitter\":0.5,\"maxBackoffMs\":9,\"on\":[\"timeout\",503,\"5xx\",\"exit:75\"]}"),
        DATA(HTTP ",\"expectStatus\":200"),
        DATA(HTTP ",\"expectStatus\":[200,404],\"method\":\"POST\",\"body\":{\"a\":1},\"headers\":{\"X\":\"y\"}"),
        DATA(HTTP ",\"followRedirects\":false,\"method\":\"{{ .input.m }}\",\"body\":null"),
        DATA("\"kind\":\"git_clone\",\"url\":\"u\",\"depth\":\"{{ .input.depth }}\""),
        NODES("{\"id\":\"n\",\"type\":\"output\",\"data\":{\"kind\":\"file\",\"path\":\"p\",\"content\":null}}"),
        NODES("{\"id\":\"n\",\"type\":\"output\",\"data\":{\"kind\":\"result\"}}"),
    };
    struct json_object *errors;
    struct graph *g;
    size_t i;

    for (i = 0; i < sizeof(good_ones) / sizeof(good_ones[0]); i++) {
        g = parse(good_ones[i], &errors);
        ck_assert_msg(g != NULL, "%s: %s", good_ones[i], json_text(errors, NULL));
        json_object_put(errors);
        graph_free(g);
    }
    refused(DATA("\"kind\":\"shell\""), "setting", "n", NULL, "`command` is missing");
    refused(DATA("\"kind\":\"shell\",\"command\":null"), "setting", "n", NULL, "`command` is missing");
    refused(DATA("\"kind\":\"shell\",\"command\":\"ls\""), "setting", "n", NULL, "array of texts");
    refused(DATA("\"kind\":\"shell\",\"command\":[]"), "setting", "n", NULL, "`command`");
    refused(DATA("\"kind\":\"shell\",\"command\":[1]"), "setting", "n", NULL, "`command`");
    refused(DATA(SH ",\"env\":[]"), "setting", "n", NULL, "`env`");
    refused(DATA(SH ",\"env\":{\"A\":{}}"), "setting", "n", NULL, "`env`");
    refused(DATA(SH ",\"cwd\":1"), "setting", "n", NULL, "`cwd` must be a text");
    refused(DATA(SH ",\"parse\":\"xml\""), "setting", "n", NULL, "text|json");
    refused(DATA(SH ",\"parse\":\"tex\""), "setting", "n", NULL, "text|json");
    refused(DATA(SH ",\"parse\":\"text|json\""), "setting", "n", NULL, "text|json");
    refused(DATA(SH ",\"parse\":\"\""), "setting", "n", NULL, "text|json");
    refused(DATA(SH ",\"timeoutMs\":0"), "setting", "n", NULL, "`timeoutMs`");
    refused(DATA(SH ",\"timeoutMs\":1.5"), "setting", "n", NULL, "`timeoutMs`");
    refused(DATA(SH ",\"timeoutMs\":\"{{ 5 }}\""), "setting", "n", NULL, "`timeoutMs`");
    refused(DATA(SH ",\"retry\":3"), "setting", "n", NULL, "`retry`");
    refused(DATA(SH ",\"retry\":{\"jitter\":2}"), "setting", "n", NULL, "`retry.jitter` must be a number from 0 to 1");
    refused(DATA(SH ",\"retry\":{\"on\":[]}"), "setting", "n", NULL, "`retry.on` must be an array of");
    refused(DATA(SH ",\"retry\":{\"on\":[\"9xx\"]}"), "setting", "n", NULL, "`retry.on` must be an array of");
    refused(DATA(SH ",\"retry\":{\"on\":[\"exit:x\"]}"), "setting", "n", NULL, "`retry.on` must be an array of");
    refused(DATA(SH ",\"retry\":{\"on\":[\"cancelled\"]}"), "setting", "n", NULL, "`retry.on` must be an array of");
    refused(DATA(SH ",\"retry\":{\"attempts\":0}"), "setting", "n", NULL, "`retry.attempts` must be a whole number from 1");
    refused(DATA(SH ",\"continueOnError\":\"yes\""), "setting", "n", NULL, "`continueOnError`");
    refused(DATA(SH ",\"onInterrupted\":\"maybe\""), "setting", "n", NULL, "retry|fail|ask");
    refused(DATA(HTTP ",\"expectStatus\":99"), "setting", "n", NULL, "`expectStatus`");
    refused(DATA(HTTP ",\"expectStatus\":[]"), "setting", "n", NULL, "`expectStatus`");
    refused(DATA("\"kind\":\"git_clone\",\"url\":\"u\",\"depth\":0"), "setting", "n", NULL, "`depth`");
    refused(NODES("{\"id\":\"n\",\"type\":\"control\",\"data\":{\"kind\":\"transform\",\"expression\":\"\"}}"), "setting", "n",
            NULL, "`expression` must be jq");
    refused(NODES("{\"id\":\"n\",\"type\":\"output\",\"data\":{\"kind\":\"file\",\"path\":\"p\"}}"), "setting", "n", NULL, "`content`");
}
END_TEST

START_TEST(edge_errors)
{
    refused(GRAPH(START, EDGE("e", "start", "gone")), "dangling", NULL, "e", "gone");
    refused(GRAPH(START, EDGE("e", "gone", "start")), "dangling", NULL, "e", "source \"gone\"");
    refused(GRAPH(START, "{\"id\":\"e\",\"source\":\"start\"}"), "dangling", NULL, "e", "no `target`");
    refused(GRAPH(START "," SHELL("a"), EDGE("e", "start", "a") "," EDGE("e", "start", "a")), "duplicate", NULL, "e", "edge");
    refused(GRAPH(COND("if") "," SHELL("a"), EDGE("e", "if", "a")), "handle", "if", "e", "sourceHandle");
    refused(GRAPH(COND("if") "," SHELL("a"), "{\"id\":\"e\",\"source\":\"if\",\"target\":\"a\",\"sourceHandle\":\"maybe\"}"),
            "handle", "if", "e", "sourceHandle");
    refused(GRAPH(START "," SHELL("a"), "{\"id\":\"e\",\"source\":\"start\",\"target\":\"a\",\"condition\":true}"), "condition",
            NULL, "e", "jq");
}
END_TEST

START_TEST(cycles)
{
    struct json_object *errors, *error;
    const char *message;

    refused(GRAPH(SHELL("a"), EDGE("e", "a", "a")), "cycle", "a", NULL, "a");
    refused(GRAPH(START "," SHELL("a") "," SHELL("b") "," SHELL("z"),
                  EDGE("1", "start", "a") "," EDGE("2", "a", "b") "," EDGE("3", "b", "a") "," EDGE("4", "b", "z")),
            "cycle", "a", NULL, "b -> a");
    /* Two rings and one fine node: each is named, each time by its own nodes. */
    ck_assert_ptr_null(parse(GRAPH(START "," SHELL("a") "," SHELL("b") "," SHELL("c") "," SHELL("d"),
                                   EDGE("1", "a", "b") "," EDGE("2", "b", "a") "," EDGE("3", "c", "d") "," EDGE("4", "d", "c")),
                             &errors));
    ck_assert_uint_eq(json_object_array_length(errors), 2);
    error = json_object_array_get_idx(errors, 0);
    message = json_get_string(error, "message", "");
    ck_assert_msg(strstr(message, "a") && strstr(message, "b") && !strstr(message, " d "), "%s", message);
    error = json_object_array_get_idx(errors, 1);
    message = json_get_string(error, "message", "");
    ck_assert_msg(strstr(message, " c ") && strstr(message, " d "), "%s", message);
    json_object_put(errors);
}
END_TEST

START_TEST(every_problem)
{
    struct json_object *errors;
    size_t i;
    static const char *const codes[] = {"kind", "setting", "duplicate", "dangling", "cycle"};

    ck_assert_ptr_null(parse(GRAPH("{\"id\":\"k\",\"type\":\"tool\",\"data\":{\"kind\":\"no\"}},"
                                   "{\"id\":\"s\",\"type\":\"tool\",\"data\":{\"kind\":\"shell\"}}," SHELL("d") "," SHELL("d"),
                                   EDGE("1", "k", "gone") "," EDGE("2", "k", "s") "," EDGE("3", "s", "k")),
                             &errors));
    ck_assert_uint_eq(json_object_array_length(errors), 5);
    for (i = 0; i < 5; i++)
        ck_assert_str_eq(json_get_string(json_object_array_get_idx(errors, i), "code", ""), codes[i]);
    json_object_put(errors);
}
END_TEST

/* n nodes in a row, each with an edge to the next. */
static char *row_of(int n, int n_edges)
{
    struct buf b;
    int i;

    buf_init(&b, 8 * 1024 * 1024);
    buf_puts(&b, "{\"nodes\":[");
    for (i = 0; i < n; i++)
        buf_printf(&b, "%s{\"id\":\"n%d\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}", i ? "," : "", n - 1 - i);
    buf_puts(&b, "],\"edges\":[");
    for (i = 0; i < n_edges; i++)
        buf_printf(&b, "%s{\"source\":\"n%d\",\"target\":\"n%d\"}", i ? "," : "", i % (n - 1), i % (n - 1) + 1);
    buf_puts(&b, "]}");
    ck_assert_ok(b.err);
    return buf_take(&b, NULL);
}

static void refused_row(int n, int n_edges)
{
    char *text = row_of(n, n_edges);

    refused(text, "limit", NULL, NULL, "at most");
    free(text);
}

START_TEST(limits)
{
    struct json_object *errors;
    char *text = row_of(GRAPH_NODES_MAX, GRAPH_EDGES_MAX), id[16];
    struct graph *g = parse(text, &errors);
    int i;

    ck_assert_ptr_nonnull(g);
    for (i = 0; i < g->n_nodes; i++) {
        snprintf(id, sizeof(id), "n%d", i);
        ck_assert_str_eq(g->nodes[i].id, id);
    }
    graph_free(g);
    json_object_put(errors);
    free(text);
    refused_row(GRAPH_NODES_MAX + 1, 0);
    refused_row(2, GRAPH_EDGES_MAX + 1);
}
END_TEST

START_TEST(words_stay_utf8)
{
    struct json_object *errors, *definition = json_object_new_object(), *node = json_object_new_object(),
                       *nodes = json_object_new_array(), *again = NULL;
    struct graph *graph = NULL;
    struct buf type;
    const char *text;
    size_t len;
    int i;

    /* 64 bytes of it are shown: an odd start puts the cut into a character. */
    buf_init(&type, 1000);
    buf_puts(&type, "x");
    for (i = 0; i < 60; i++)
        buf_puts(&type, "é");
    json_set_string(node, "id", "n");
    json_set_string(node, "type", type.data);
    json_object_array_add(nodes, node);
    json_set(definition, "nodes", nodes);
    errors = json_object_new_array();
    ck_assert_int_eq(graph_parse(definition, errors, &graph, NULL), RS_UNPROCESSABLE);
    text = json_text(errors, &len);
    ck_assert_ok(json_parse(text, len, JSON_BODY_MAX, &again, NULL));
    json_object_put(again);
    json_object_put(errors);
    json_object_put(definition);
    buf_release(&type);
}
END_TEST

#define PARAMS(list) "{\"params\":[" list "],\"nodes\":[" START "]}"

START_TEST(params)
{
    struct json_object *errors;
    struct graph *g = parse(PARAMS("{\"name\":\"a\",\"type\":\"string\",\"required\":true,\"enum\":[\"x\",\"y\"],\"default\":\"x\"},"
                                   "{\"name\":\"n\",\"type\":\"integer\",\"default\":3},{\"name\":\"o\",\"type\":\"object\"}"),
                            &errors);

    ck_assert_ptr_nonnull(g);
    graph_free(g);
    json_object_put(errors);
    refused("{\"params\":{},\"nodes\":[" START "]}", "param", NULL, NULL, "array");
    refused(PARAMS("{\"type\":\"string\"}"), "param", NULL, NULL, "param 1 needs a `name`");
    refused(PARAMS("{\"name\":\"a\"}"), "param", NULL, NULL, "`type` must be");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"text\"}"), "param", NULL, NULL, "`type` must be");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"string\",\"required\":1}"), "param", NULL, NULL, "required");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"string\",\"default\":1}"), "param", NULL, NULL, "must be a text");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"string\",\"enum\":\"x\"}"), "param", NULL, NULL, "enum");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"string\",\"enum\":[\"x\"],\"default\":\"z\"}"), "param", NULL, NULL, "must be one of");
    refused(PARAMS("{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"a\",\"type\":\"string\"}"), "param", NULL, NULL, "more than one");
}
END_TEST

/* Check an input; *ret_text is the checked input, or the errors. */
static enum rs_err check(const char *definition_text, const char *input_text, char ret_text[1000])
{
    struct json_object *definition = json_of(definition_text), *input = input_text ? json_of(input_text) : NULL,
                       *errors = json_object_new_array(), *checked = NULL;
    enum rs_err err = graph_check_input(definition, input, errors, &checked, NULL);

    snprintf(ret_text, 1000, "%s", json_text(err == RS_OK ? checked : errors, NULL));
    json_object_put(definition);
    json_object_put(input);
    json_object_put(errors);
    json_object_put(checked);
    return err;
}

START_TEST(input)
{
    static const char definition[] =
        PARAMS("{\"name\":\"repo\",\"type\":\"string\",\"required\":true},{\"name\":\"n\",\"type\":\"integer\",\"default\":3},"
               "{\"name\":\"mode\",\"type\":\"string\",\"enum\":[\"fast\",\"slow\"]},{\"name\":\"x\",\"type\":\"number\"},"
               "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"o\",\"type\":\"object\"},{\"name\":\"l\",\"type\":\"array\"}");
    static const struct {
        const char *input, *param, *code;
    } bad[] = {
        {"{}", "repo", "missing"},
        {"{\"repo\":null}", "repo", "missing"},
        {NULL, "repo", "missing"},
        {"{\"repo\":1}", "repo", "type"},
        {"{\"repo\":\"r\",\"n\":1.5}", "n", "type"},
        {"{\"repo\":\"r\",\"n\":\"1\"}", "n", "type"},
        {"{\"repo\":\"r\",\"n\":1e300}", "n", "type"},
        {"{\"repo\":\"r\",\"x\":true}", "x", "type"},
        {"{\"repo\":\"r\",\"b\":0}", "b", "type"},
        {"{\"repo\":\"r\",\"o\":[]}", "o", "type"},
        {"{\"repo\":\"r\",\"l\":{}}", "l", "type"},
        {"{\"repo\":\"r\",\"mode\":\"medium\"}", "mode", "enum"},
    };
    char text[1000], want[100];
    size_t i;

    ck_assert_ok(check(definition, "{\"repo\":\"r\"}", text));
    ck_assert_str_eq(text, "{\"repo\":\"r\",\"n\":3}");
    ck_assert_ok(check(definition, "{\"repo\":\"r\",\"n\":4.0,\"x\":1,\"b\":true,\"o\":{},\"l\":[],\"mode\":\"fast\",\"more\":1}", text));
    ck_assert_ptr_nonnull(strstr(text, "\"more\":1"));
    ck_assert_ok(check("{}", NULL, text));
    ck_assert_str_eq(text, "{}");
    ck_assert_int_eq(check("{}", "[]", text), RS_UNPROCESSABLE);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(check(definition, bad[i].input, text), RS_UNPROCESSABLE);
        snprintf(want, sizeof(want), "\"param\":\"%s\"", bad[i].param);
        ck_assert_msg(strstr(text, want) != NULL, "%s", text);
        snprintf(want, sizeof(want), "\"code\":\"%s\"", bad[i].code);
        ck_assert_msg(strstr(text, want) != NULL, "%s", text);
    }
}
END_TEST

static const struct kind_setting case_members[] = {
    {"handle", SETTING_TEXT, .required = true, .literal = true},
    {"expression", SETTING_JQ, .help = "jq"},
    {.name = NULL},
};
static const struct kind_setting every_type[] = {
    {"tools", SETTING_TEXTS, .help = "names"},
    {"on", SETTING_WORDS, .choices = "timeout|exit"},
    {"cases", SETTING_LIST, .members = case_members},
    {"fields", SETTING_TABLE, .members = case_members},
    {.name = NULL},
};

START_TEST(setting_types)
{
    static const struct kind kind = {.name = "test", .group = "tool", .settings = every_type};
    static const struct {
        const char *data, *message; /* NULL: good */
    } cases[] = {
        {"{}", NULL},
        {"{\"tools\":[],\"on\":[],\"cases\":[],\"fields\":{}}", NULL},
        {"{\"tools\":\"{{ .input.tools }}\",\"cases\":\"{{ .input.cases }}\"}", NULL},
        {"{\"tools\":[\"a\"],\"on\":[\"exit\",\"timeout\"],\"cases\":[{\"handle\":\"a\",\"expression\":\".\"}],"
         "\"fields\":{\"x\":{\"handle\":\"h\"}}}", NULL},
        {"{\"tools\":[1]}", "the setting `tools` must be an array of texts"},
        {"{\"tools\":\"a\"}", "the setting `tools` must be an array of texts"},
        {"{\"on\":[\"exit\",\"exi\"]}", "the setting `on` must be an array of timeout|exit"},
        {"{\"on\":\"exit\"}", "the setting `on` must be an array of timeout|exit"},
        {"{\"cases\":{}}", "the setting `cases` must be an array of objects"},
        {"{\"cases\":[{\"handle\":\"a\"},{}]}", "the setting `cases[1].handle` is missing"},
        {"{\"cases\":[7]}", "the setting `cases[0]` must be an object"},
        {"{\"cases\":[{\"handle\":\"a\",\"expression\":\"\"}]}", "the setting `cases[0].expression` must be jq text"},
        {"{\"fields\":[]}", "the setting `fields` must be an object of objects"},
        {"{\"fields\":{\"x\":1}}", "the setting `fields.x` must be an object"},
        {"{\"fields\":{\"x\":{\"handle\":1}}}", "the setting `fields.x.handle` must be a text"},
    };
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_object *data = json_of(cases[i].data), *errors = json_object_new_array();

        graph_check_settings("n", &kind, data, errors);
        ck_assert_msg(json_object_array_length(errors) == (cases[i].message != NULL), "%s gives %s", cases[i].data,
                      json_text(errors, NULL));
        if (cases[i].message != NULL)
            ck_assert_str_eq(json_get_string(json_object_array_get_idx(errors, 0), "message", ""), cases[i].message);
        json_object_put(data);
        json_object_put(errors);
    }
    ck_assert(kind_word("a|bc|d", "bc", 2) && kind_word("a|bc|d", "d", 1) && kind_word("a", "a", 1));
    ck_assert(!kind_word("a|bc|d", "b", 1) && !kind_word("a|bc", "a|bc", 4) && !kind_word("a||b", "", 0));
    ck_assert(!kind_word(NULL, "a", 1));
}
END_TEST

START_TEST(kind_table)
{
    unsigned i, k;

    for (i = 0; i < n_kinds; i++) {
        ck_assert_ptr_eq(kind_find(kinds[i].name), &kinds[i]);
        ck_assert(kind_group_known(kinds[i].group));
        ck_assert_msg(kinds[i].outputs != NULL, "%s says nothing of its output", kinds[i].name);
        ck_assert(kinds[i].label[0] != '\0' && kinds[i].help[0] != '\0');
        for (k = 0; kinds[i].settings[k].name != NULL; k++) {
            ck_assert(kinds[i].settings[k].help != NULL);
            ck_assert((kinds[i].settings[k].type == SETTING_WORD || kinds[i].settings[k].type == SETTING_WORDS) ==
                      (kinds[i].settings[k].choices != NULL));
        }
    }
    ck_assert_ptr_null(kind_find("teleport"));
    ck_assert(!kind_group_known("thing"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph");
    TCase *c = tcase_create("graph");

    tcase_add_test(c, good);
    tcase_add_test(c, control_kinds);
    tcase_add_test(c, shape);
    tcase_add_test(c, node_errors);
    tcase_add_test(c, settings);
    tcase_add_test(c, edge_errors);
    tcase_add_test(c, cycles);
    tcase_add_test(c, every_problem);
    tcase_add_test(c, limits);
    tcase_add_test(c, words_stay_utf8);
    tcase_add_test(c, params);
    tcase_add_test(c, input);
    tcase_add_test(c, setting_types);
    tcase_add_test(c, kind_table);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
