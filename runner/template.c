#include "runner/template.h"
#include "runner/jqlex.h"
#include <string.h>

static const char *find_open(const char *text, size_t len)
{
    return memmem(text, len, "{{", 2);
}

bool template_has(const char *text, size_t len)
{
    return find_open(text, len) != NULL;
}

bool template_has_json(struct json_object *value)
{
    if (json_object_is_type(value, json_type_string))
        return template_has(json_object_get_string(value), (size_t)json_object_get_string_len(value));
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            if (template_has_json(json_object_array_get_idx(value, i)))
                return true;
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            if (template_has_json(member))
                return true;
        }
    }
    return false;
}

enum rs_err template_next(const char *text, size_t len, size_t *pos, struct template_part *ret, struct fault *fault)
{
    struct jqlex lex;
    size_t start = *pos;

    if (start >= len)
        return RS_NOT_FOUND;
    const char *open = find_open(text + start, len - start);
    size_t at = open ? (size_t)(open - text) : len;
    if (at > start) {
        *ret = (struct template_part){.program = false, .start = start, .len = at - start};
        *pos = at;
        return RS_OK;
    }
    jqlex_init(&lex, text + at + 2, len - at - 2);
    for (;;) {
        switch (jqlex_next(&lex)) {
        case JQLEX_CLOSE:
            *ret = (struct template_part){.program = true, .start = at + 2, .len = lex.start};
            *pos = at + 2 + lex.pos;
            return RS_OK;
        case JQLEX_END:
            return fault_set(fault, RS_INVALID, "the template that begins at byte %zu has no closing }}", at);
        case JQLEX_BAD:
            return fault_set(fault, RS_INVALID, "the template that begins at byte %zu: %s", at, lex.error);
        default:
            break;
        }
    }
}

/* Interpreters, and where their program text is. */
static const struct interpreter {
    const char *name;
    const char *letters; /* short options behind which the text follows */
    bool anywhere;       /* the letter counts anywhere in a cluster (`sh -cx TEXT`), else as its last one only */
    bool first;          /* without such an option the first argument is the text */
} interpreters[] = {
    {"sh", "c", true, false},      {"bash", "c", true, false},     {"dash", "c", true, false},
    {"zsh", "c", true, false},     {"ksh", "c", true, false},      {"ash", "c", true, false},
    {"python", "c", false, false}, {"nodejs", "ep", false, false}, {"perl", "eE", false, false},
    {"ruby", "e", false, false},   {"node", "ep", false, false},   {"php", "r", false, false},
    {"lua", "e", false, false},    {"awk", "", false, true},       {"gawk", "", false, true},
    {"mawk", "", false, true},     {"sed", "e", false, true},
};

static const struct interpreter *interpreter_find(const char *arg)
{
    const char *name = strrchr(arg, '/');
    name = name ? name + 1 : arg;
    size_t len = strlen(name);
    while (len > 0 && strchr("0123456789.-", name[len - 1]))
        len--; /* python3.11 */
    for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
        if (strlen(interpreters[i].name) == len && memcmp(name, interpreters[i].name, len) == 0)
            return &interpreters[i];
    return NULL;
}

/* Long options for program text: NAME=TEXT, or NAME and then TEXT. Returns: how many arguments on the text is, -1: none. */
static int long_program(const char *arg)
{
    static const char *const names[] = {"--eval", "--print", "--expression", "--source", "--run"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (strncmp(arg, names[i], len) == 0 && (arg[len] == '\0' || arg[len] == '='))
            return arg[len] == '\0';
    }
    return -1;
}

int template_program_arg(struct json_object *argv)
{
    const struct interpreter *in = NULL;
    int n = (int)json_object_array_length(argv);

    for (int i = 0; i < n; i++) {
        const char *arg = json_object_get_string(json_object_array_get_idx(argv, (size_t)i));
        if (!arg)
            continue;
        if (!in) {
            in = interpreter_find(arg);
            continue;
        }
        if (arg[0] != '-' || arg[1] == '\0')
            return in->first ? i : -1;
        if (arg[1] == '-') {
            int on = in->anywhere ? -1 : long_program(arg);
            if (on >= 0)
                return i + on < n ? i + on : -1;
            continue;
        }
        if (!in->anywhere && arg[2] != '\0' && *in->letters && strchr(in->letters, arg[1]))
            return i; /* -cTEXT */
        if (in->anywhere ? strpbrk(arg + 1, in->letters) != NULL
                         : *in->letters && strchr(in->letters, arg[strlen(arg) - 1]) != NULL)
            return i + 1 < n ? i + 1 : -1;
        if (strcmp(arg, "-o") == 0 || strcmp(arg, "-v") == 0 || strcmp(arg, "-F") == 0)
            i += in->anywhere || in->first; /* these take a value of their own: sh -o errexit, awk -v a=b */
    }
    return -1;
}
