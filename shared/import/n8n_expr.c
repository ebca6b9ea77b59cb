/* JavaScript of n8n's expressions as jq: a parser by recursive descent over the simple part of the language. What each level
 * gives is complete jq in parentheses where it needs them. */
#include "import/n8n.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 40
#define JS_MAX 4000 /* bytes of one expression */

struct parser {
    struct n8n *w;
    const struct n8n_node *node;
    const char *at, *end;
    int depth;
    bool failed;
};
/* A part that is done: owned jq text. */
struct part {
    char *jq;
    bool is_text; /* surely a string: + joins */
};

static struct part make(bool is_text, const char *fmt, ...) RS_PRINTF(2, 3);
static struct part make(bool is_text, const char *fmt, ...)
{
    struct part p = {.is_text = is_text};
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&p.jq, fmt, ap) < 0)
        p.jq = strdup("null");
    va_end(ap);
    return p;
}

static void skip(struct parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at))
        p->at++;
}

static bool take(struct parser *p, const char *token)
{
    size_t n = strlen(token);

    skip(p);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, token, n) != 0)
        return false;
    if (isalpha((unsigned char)token[0]) && p->at + n < p->end && (isalnum((unsigned char)p->at[n]) || p->at[n] == '_'))
        return false;
    p->at += n;
    return true;
}

static struct part fail(struct parser *p)
{
    p->failed = true;
    return make(false, "null");
}

static struct part expression(struct parser *p);

/* ---- names and literals ---- */

static bool take_name(struct parser *p, char out[128])
{
    size_t n = 0;

    skip(p);
    while (p->at + n < p->end && (isalnum((unsigned char)p->at[n]) || p->at[n] == '_' || p->at[n] == '$'))
        n++;
    if (n == 0 || n >= 128 || isdigit((unsigned char)*p->at))
        return false;
    snprintf(out, 128, "%.*s", (int)n, p->at);
    p->at += n;
    return true;
}

/* 'text', "text" or `text` without ${}. *ret: owned. */
static bool take_string(struct parser *p, char **ret)
{
    struct buf out;
    char quote;

    skip(p);
    if (p->at == p->end || strchr("'\"`", *p->at) == NULL)
        return false;
    quote = *p->at++;
    buf_init(&out, IMPORT_JQ_MAX);
    for (; p->at < p->end && *p->at != quote; p->at++) {
        if (*p->at == '\\' && p->at + 1 < p->end) {
            p->at++;
            buf_putc(&out, *p->at == 'n' ? '\n' : *p->at == 't' ? '\t' : *p->at == 'r' ? '\r' : *p->at);
        } else {
            p->failed = p->failed || (quote == '`' && *p->at == '$' && p->at + 1 < p->end && p->at[1] == '{');
            buf_putc(&out, *p->at);
        }
    }
    if (p->at < p->end)
        p->at++;
    else
        p->failed = true;
    *ret = buf_take(&out, NULL);
    return true;
}

static struct part string_part(const char *text)
{
    struct part result;
    struct buf out;

    buf_init(&out, IMPORT_JQ_MAX);
    jq_string(&out, text, strlen(text));
    result = make(true, "%s", out.data != NULL ? out.data : "\"\"");
    buf_release(&out);
    return result;
}

/* ---- methods and members ---- */

static struct part method(struct parser *p, struct part of, const char *name)
{
    static const struct {
        const char *name, *jq;
        bool text;
    } plain[] = {
        {"toUpperCase", "ascii_upcase", true}, {"toLowerCase", "ascii_downcase", true}, {"toString", "tostring", true},
        {"trim", "gsub(\"^\\\\s+|\\\\s+$\"; \"\")", true}, {"reverse", "reverse", false}, {"first", ".[0]", false},
        {"last", ".[-1]", false}, {"isEmpty", "(. == null or . == \"\" or . == [] or . == {})", false}, {"toNumber", "tonumber", false},
        {"keys", "keys_unsorted", false}, {"sort", "sort", false},
    };
    static const struct {
        const char *name, *format;
        bool text;
    } one[] = {
        {"includes", "(%s as $x | %s | if type == \"string\" then contains($x) else index($x) != null end)", false},
        {"join", "(%s as $x | %s | join($x))", true}, {"split", "(%s as $x | %s | split($x))", false},
        {"startsWith", "(%s as $x | %s | startswith($x))", false}, {"endsWith", "(%s as $x | %s | endswith($x))", false},
        {"concat", "(%s as $x | %s | . + $x)", false},
    };
    struct part result, argument;
    size_t i;

    if (take(p, ")")) {
        for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
            if (strcmp(plain[i].name, name) == 0) {
                result = make(plain[i].text, "(%s | %s)", of.jq, plain[i].jq);
                free(of.jq);
                return result;
            }
        free(of.jq);
        return fail(p);
    }
    argument = expression(p);
    if (!take(p, ")"))
        p->failed = true;
    for (i = 0; i < sizeof(one) / sizeof(one[0]); i++)
        if (strcmp(one[i].name, name) == 0) {
            _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
            if (asprintf(&result.jq, one[i].format, argument.jq, of.jq) < 0)
                result.jq = strdup("null");
            _Pragma("GCC diagnostic pop")
            result.is_text = one[i].text;
            free(of.jq);
            free(argument.jq);
            return result;
        }
    free(argument.jq);
    free(of.jq);
    return fail(p);
}

static struct part member(struct part of, const char *name, bool is_length)
{
    struct part result;
    struct buf key;
    bool dot = of.jq[0] == '.' && strpbrk(of.jq, " |(") == NULL;
    size_t plain = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    buf_init(&key, IMPORT_JQ_MAX);
    if (is_length) {
        result = make(false, "(%s | length)", of.jq);
    } else if (name[plain] == '\0' && !isdigit((unsigned char)name[0])) {
        result = dot ? make(false, "%s.%s", strcmp(of.jq, ".") == 0 ? "" : of.jq, name) : make(false, "(%s | .%s)", of.jq, name);
    } else {
        jq_string(&key, name, strlen(name));
        result = dot ? make(false, "%s[%s]", of.jq, key.data) : make(false, "(%s | .[%s])", of.jq, key.data);
    }
    buf_release(&key);
    free(of.jq);
    return result;
}

static struct part index_of(struct parser *p, struct part of)
{
    struct part result, at;
    char *text = NULL;

    skip(p);
    if (take_string(p, &text)) {
        result = member(of, text, false);
        free(text);
    } else {
        at = expression(p);
        result = make(false, "(%s as $i | %s | .[$i])", at.jq, of.jq);
        free(at.jq);
        free(of.jq);
    }
    if (!take(p, "]"))
        p->failed = true;
    return result;
}

static struct part postfix(struct parser *p, struct part of)
{
    char name[128];

    while (!p->failed) {
        if (take(p, "?.") || take(p, ".")) {
            if (p->at < p->end && *p->at == '[')
                continue;
            if (!take_name(p, name)) {
                p->failed = true;
            } else if (take(p, "(")) {
                of = method(p, of, name);
            } else {
                of = member(of, name, strcmp(name, "length") == 0);
            }
        } else if (take(p, "[")) {
            of = index_of(p, of);
        } else {
            break;
        }
    }
    return of;
}

/* ---- what an expression may begin with ---- */

/* Behind $('Name') or $node["Name"]: .item.json, .first().json, .json and the like; all mean the node's value here. */
static struct part node_value(struct parser *p, const char *name)
{
    static const char *const ways[] = {".item.json", ".first().json", ".last().json", ".all()[0].json", "[0].json", ".json", NULL};
    int at = n8n_find(p->w, name), i;

    for (i = 0; ways[i] != NULL && !take(p, ways[i]); i++)
        ;
    if (at < 0 || ways[i] == NULL)
        return fail(p);
    return make(false, "%s", p->w->nodes[at].value);
}

static struct part dollar(struct parser *p)
{
    char name[128], *text = NULL;
    struct part result;

    if (!take_name(p, name))
        return fail(p);
    if (strcmp(name, "$json") == 0)
        return make(false, "%s", n8n_json(p->w, p->node));
    if (strcmp(name, "$input") == 0 && (take(p, ".item.json") || take(p, ".first().json") || take(p, ".last().json")))
        return make(false, "%s", n8n_json(p->w, p->node));
    if ((strcmp(name, "$node") == 0 && take(p, "[")) || (strcmp(name, "$") == 0 && take(p, "("))) {
        bool call = name[1] == '\0';

        if (!take_string(p, &text))
            return fail(p);
        result = take(p, call ? ")" : "]") ? node_value(p, text) : fail(p);
        free(text);
        return result;
    }
    if (strcmp(name, "$now") == 0) {
        if (!take(p, ".toISO()") && !take(p, ".toISOString()"))
            p->failed = p->at < p->end && *p->at == '.';
        return make(true, "(now | todate)");
    }
    if (strcmp(name, "$today") == 0 && (p->at == p->end || *p->at != '.'))
        return make(true, "(now | strftime(\"%%Y-%%m-%%d\"))");
    if (strcmp(name, "$execution") == 0 && take(p, ".id"))
        return make(true, ".env.RUNSPOOL_RUN_ID");
    if (strcmp(name, "$workflow") == 0 && (take(p, ".name") || take(p, ".id")))
        return string_part(json_get_string(p->w->im->definition, "name", ""));
    if (strcmp(name, "$runIndex") == 0 || strcmp(name, "$itemIndex") == 0)
        return make(false, "0");
    return fail(p);
}

static struct part call(struct parser *p, const char *format, bool is_text)
{
    struct part argument = expression(p), result;

    if (!take(p, ")"))
        p->failed = true;
    result = make(is_text, "(%s | %s)", argument.jq, format);
    free(argument.jq);
    return result;
}

static struct part array(struct parser *p)
{
    struct buf out;
    struct part element, result;

    buf_init(&out, IMPORT_JQ_MAX);
    buf_puts(&out, "[");
    while (!p->failed && !take(p, "]")) {
        element = expression(p);
        buf_printf(&out, "%s%s", out.len > 1 ? ", " : "", element.jq);
        free(element.jq);
        skip(p);
        if (!take(p, ",") && (p->at == p->end || *p->at != ']'))
            p->failed = true;
    }
    buf_puts(&out, "]");
    result = make(false, "%s", out.data != NULL ? out.data : "[]");
    buf_release(&out);
    return result;
}

static struct part object(struct parser *p)
{
    struct buf out;
    struct part value, key;
    char name[128], *text = NULL;

    buf_init(&out, IMPORT_JQ_MAX);
    buf_puts(&out, "{");
    while (!p->failed && !take(p, "}")) {
        if (take_string(p, &text)) {
            key = string_part(text);
            free(text);
            text = NULL;
        } else if (take_name(p, name)) {
            key = string_part(name);
        } else {
            p->failed = true;
            break;
        }
        if (!take(p, ":"))
            p->failed = true;
        value = expression(p);
        buf_printf(&out, "%s%s: (%s)", out.len > 1 ? ", " : "", key.jq, value.jq);
        free(key.jq);
        free(value.jq);
        skip(p);
        if (!take(p, ",") && (p->at == p->end || *p->at != '}'))
            p->failed = true;
    }
    buf_puts(&out, "}");
    value = make(false, "%s", out.data != NULL ? out.data : "{}");
    buf_release(&out);
    return value;
}

static struct part primary(struct parser *p)
{
    static const struct {
        const char *name, *jq;
        bool text;
    } calls[] = {{"Number(", "tonumber", false},        {"parseInt(", "tonumber | floor", false}, {"parseFloat(", "tonumber", false},
                 {"String(", "tostring", true},         {"JSON.stringify(", "tojson", true},      {"JSON.parse(", "fromjson", false},
                 {"Math.round(", "round", false},       {"Math.floor(", "floor", false},          {"Math.ceil(", "ceil", false},
                 {"encodeURIComponent(", "@uri", true}, {"Object.keys(", "keys_unsorted", false}};
    struct part inner, result;
    char *text = NULL;
    size_t i, n = 0;

    skip(p);
    if (p->at == p->end)
        return fail(p);
    if (take(p, "(")) {
        inner = expression(p);
        if (!take(p, ")"))
            p->failed = true;
        result = make(inner.is_text, "(%s)", inner.jq);
        free(inner.jq);
        return result;
    }
    if (take_string(p, &text)) {
        result = string_part(text);
        free(text);
        return result;
    }
    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (take(p, calls[i].name))
            return call(p, calls[i].jq, calls[i].text);
    if (take(p, "["))
        return array(p);
    if (take(p, "{"))
        return object(p);
    if (take(p, "true") || take(p, "false"))
        return make(false, "%s", p->at[-2] == 'u' ? "true" : "false");
    if (take(p, "null") || take(p, "undefined"))
        return make(false, "null");
    if (*p->at == '$')
        return dollar(p);
    while (p->at + n < p->end && (isdigit((unsigned char)p->at[n]) || p->at[n] == '.'))
        n++;
    if (n == 0 || n > 30)
        return fail(p);
    result = make(false, "%.*s", (int)n, p->at);
    p->at += n;
    return result;
}

/* ---- operators ---- */

static struct part unary(struct parser *p)
{
    struct part of, result;

    if (++p->depth > DEPTH_MAX) {
        p->depth--;
        return fail(p);
    }
    skip(p);
    if (p->at + 1 < p->end && p->at[0] == '!' && p->at[1] != '=') {
        p->at++;
        of = unary(p);
        result = make(false, "(%s | not)", of.jq);
        free(of.jq);
    } else if (take(p, "-")) {
        of = unary(p);
        result = make(false, "(-(%s))", of.jq);
        free(of.jq);
    } else {
        result = postfix(p, primary(p));
    }
    p->depth--;
    return result;
}

static struct part binary(struct parser *p, int level)
{
    static const struct {
        int level;
        const char *js, *jq;
    } operators[] = {
        {0, "??", "//"}, {0, "||", "or"}, {1, "&&", "and"}, {2, "===", "=="}, {2, "!==", "!="}, {2, "==", "=="}, {2, "!=", "!="},
        {3, ">=", ">="}, {3, "<=", "<="}, {3, ">", ">"},    {3, "<", "<"},    {4, "+", "+"},    {4, "-", "-"},    {5, "*", "*"},
        {5, "/", "/"},   {5, "%", "%"},
    };
    struct part left = level == 6 ? unary(p) : binary(p, level + 1), right, joined;
    size_t i, n = sizeof(operators) / sizeof(operators[0]);

    while (level < 6 && !p->failed) {
        for (i = 0; i < n && (operators[i].level != level || !take(p, operators[i].js)); i++)
            ;
        if (i == n)
            break;
        right = binary(p, level + 1);
        if (strcmp(operators[i].js, "+") == 0 && (left.is_text || right.is_text))
            joined = make(true, "((%s | tostring) + (%s | tostring))", left.jq, right.jq);
        else if (strcmp(operators[i].js, "||") == 0)
            joined = make(false, "(%s as $l | if $l == null or $l == false or $l == \"\" or $l == 0 then %s else $l end)", left.jq,
                          right.jq);
        else
            joined = make(false, "(%s %s %s)", left.jq, operators[i].jq, right.jq);
        free(left.jq);
        free(right.jq);
        left = joined;
    }
    return left;
}

static struct part expression(struct parser *p)
{
    struct part test, yes, no, result;

    if (++p->depth > DEPTH_MAX)
        p->failed = true;
    test = p->failed ? make(false, "null") : binary(p, 0);
    p->depth--;
    skip(p);
    if (p->failed || p->at == p->end || *p->at != '?' || (p->at + 1 < p->end && p->at[1] == '.'))
        return test;
    p->at++;
    p->depth++;
    yes = expression(p);
    if (!take(p, ":"))
        p->failed = true;
    no = expression(p);
    p->depth--;
    result = make(yes.is_text && no.is_text, "(if %s then %s else %s end)", test.jq, yes.jq, no.jq);
    free(test.jq);
    free(yes.jq);
    free(no.jq);
    return result;
}

bool n8n_expression(struct n8n *w, const struct n8n_node *node, const char *js, size_t len, struct buf *out)
{
    struct parser p = {.w = w, .node = node, .at = js, .end = js + len};
    struct part whole = len > JS_MAX ? fail(&p) : expression(&p);
    struct buf message;

    skip(&p);
    if (!p.failed && p.at == p.end) {
        buf_puts(out, whole.jq);
        free(whole.jq);
        return true;
    }
    free(whole.jq);
    import_note(w->im, IMPORT_LOST, node->line, node->name, "the expression `%.*s` is not of the kind that can be mapped",
                len > 200 ? 200 : (int)len, js);
    buf_init(&message, IMPORT_JQ_MAX);
    buf_printf(&message, "an expression was not imported: %.*s", len > 200 ? 200 : (int)len, js);
    buf_puts(out, "error(");
    jq_string(out, message.data != NULL ? message.data : "", message.len);
    buf_puts(out, ")");
    buf_release(&message);
    return false;
}

/* Where the expression that begins at text ends: the first }} outside of strings; NULL: nowhere. */
static const char *expression_end(const char *text)
{
    char quote = 0;

    for (; *text != '\0'; text++) {
        if (quote != 0 && *text == '\\' && text[1] != '\0')
            text++;
        else if (quote != 0)
            quote = *text == quote ? 0 : quote;
        else if (*text == '\'' || *text == '"' || *text == '`')
            quote = *text;
        else if (text[0] == '}' && text[1] == '}' && text[2] != '}')
            return text;
    }
    return NULL;
}

void n8n_template(struct n8n *w, const struct n8n_node *node, const char *text, struct buf *out)
{
    bool live = text[0] == '=';
    const char *end;

    for (text += live; *text != '\0';) {
        if (text[0] != '{' || text[1] != '{') {
            buf_putc(out, *text++);
        } else if (live && (end = expression_end(text + 2)) != NULL) {
            buf_puts(out, "{{ ");
            (void)n8n_expression(w, node, text + 2, (size_t)(end - text - 2), out);
            buf_puts(out, " }}");
            text = end + 2;
        } else {
            buf_puts(out, "{{ \"{{\" }}");
            text += 2;
        }
    }
}

void n8n_value(struct n8n *w, const struct n8n_node *node, struct json_object *value, struct buf *out)
{
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL, *end, *from;
    bool first = true;

    if (text == NULL || text[0] != '=') {
        if (text != NULL)
            jq_string(out, text, strlen(text));
        else
            buf_puts(out, json_text(value, NULL));
        return;
    }
    text++;
    from = text + strspn(text, " \n\t");
    end = strncmp(from, "{{", 2) == 0 ? expression_end(from + 2) : NULL;
    if (end != NULL && end[2 + strspn(end + 2, " \n\t")] == '\0') {
        (void)n8n_expression(w, node, from + 2, (size_t)(end - from - 2), out);
        return;
    }
    buf_puts(out, "(");
    while (*text != '\0') {
        const char *next = strstr(text, "{{");

        end = next != NULL ? expression_end(next + 2) : NULL;
        if (end == NULL)
            next = text + strlen(text);
        if (next > text) {
            buf_puts(out, first ? "" : " + ");
            jq_string(out, text, (size_t)(next - text));
            first = false;
        }
        text = next;
        if (end != NULL) {
            buf_puts(out, first ? "(" : " + (");
            (void)n8n_expression(w, node, next + 2, (size_t)(end - next - 2), out);
            buf_puts(out, " | tostring)");
            first = false;
            text = end + 2;
        }
    }
    buf_puts(out, first ? "\"\")" : ")");
}
