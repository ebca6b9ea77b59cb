/* kind - the table of node kinds: what exists, in which group, with which settings, giving what. It drives validation
 * (graph_check), GET /api/node-types (kind_schema) and docs/NODES.md; runner/nodes/ holds the function of each (a test
 * holds the two together). Rows name their further members: {"x", SETTING_TEXT, .fallback = "\"a\"", .help = "..."}. */
#ifndef RUNSPOOL_MODEL_KIND_H
#define RUNSPOOL_MODEL_KIND_H

#include "base/json.h"
#include <stdbool.h>
#include <stdint.h>

/* Where a template may stand, a string that is one template ("{{ ... }}") is taken for any type but SETTING_JQ. */
enum setting_type {
    SETTING_TEXT,
    SETTING_JQ,       /* program text, not empty, no template */
    SETTING_INTEGER,  /* min to max */
    SETTING_NUMBER,   /* min to max */
    SETTING_BOOL,
    SETTING_ARGV,     /* array of strings, not empty */
    SETTING_OBJECT,   /* `members` says what it may hold; NULL: anything */
    SETTING_MAP,      /* object whose values are strings, numbers or booleans */
    SETTING_STATUSES, /* an HTTP status or an array of them */
    SETTING_ANY,
    SETTING_WORD,     /* one of choices */
    SETTING_ERRORS,   /* array of error codes, HTTP statuses (503, "5xx") and exit statuses ("exit:75") */
    SETTING_WORDS,    /* array of words, each one of choices */
    SETTING_TEXTS,    /* array of strings, may be empty */
    SETTING_LIST,     /* array of objects, each as `members` says */
    SETTING_NODE,     /* object {kind, ...settings of that kind}; its templates are evaluated later, once an item */
    SETTING_TABLE,    /* object whose values are objects, each as `members` says */
};
/* How a form shows it, when its type does not say enough. */
enum setting_widget {
    WIDGET_BY_TYPE,
    WIDGET_MULTILINE, /* a text of several lines */
    WIDGET_CODE,      /* program text; a SETTING_TEXT of this may hold no template */
    WIDGET_SECRET,    /* wants {{ $secrets.NAME }}, not the value itself */
    WIDGET_CRON,      /* five fields or @daily */
    WIDGET_WORKFLOW,  /* id of a workflow */
    WIDGET_MODEL,     /* name of a model of the endpoint */
};
struct kind_setting {
    const char *name;
    enum setting_type type;
    bool required;
    const char *choices; /* SETTING_WORD, SETTING_WORDS: "get|post" */
    int64_t min, max;    /* SETTING_INTEGER, SETTING_NUMBER; 0,0: no check */
    bool literal;        /* no template: read before templates are */
    bool no_secret;      /* others can read it (a command line, an artifact, the database): `$secrets` is refused; SETTING_ARGV: always */
    const struct kind_setting *members; /* SETTING_OBJECT, SETTING_LIST, SETTING_TABLE; ends with name NULL */
    const char *fallback; /* what counts when it is absent, as JSON: "20", "\"GET\""; NULL: nothing does */
    enum setting_widget widget;
    const char *help;    /* one line */
};
/* A member of a node's output; name "": the output as a whole. */
struct kind_output {
    const char *name;
    const char *type; /* string, integer, number, boolean, object, array, any */
    const char *help; /* one line */
};
/* May a node of this kind be executed twice, when the process of its run died in the middle? */
enum kind_repeat {
    REPEAT_FREELY,    /* it changes nothing outside its run */
    REPEAT_NEVER,     /* it may: only when the node says onInterrupted = retry */
    REPEAT_BY_METHOD, /* setting `method`: GET, HEAD and OPTIONS change nothing (RFC 9110, section 9.2.1) */
};
#define KIND_FOREACH_ITEMS_MAX 100000
#define KIND_FOREACH_CONCURRENCY_MAX 100
#define DELAY_MAX_MS (366 * 24 * 60 * 60 * 1000LL)
struct kind {
    const char *name;    /* data.kind: "shell" */
    const char *group;   /* node's type: trigger, agent, tool, control, output */
    const char *label;   /* for people: "Shell command" */
    const char *help;    /* one line */
    enum kind_repeat repeat;
    const struct kind_setting *settings; /* ends with name NULL; every kind also takes the common ones */
    const struct kind_output *outputs;   /* ends with name NULL; no rows: it gives nothing */
    const char *handles;      /* what the `sourceHandle` of its outgoing edges may be: "true|false"; NULL: they need none */
    const char *handles_from; /* name of a SETTING_LIST: the member `handle` of each of its items is a handle, too */
};
extern const struct kind kinds[];
extern const unsigned n_kinds;
/* Settings every kind takes: label, timeoutMs, retry {attempts,backoffMs,factor,jitter,maxBackoffMs,on}, continueOnError, onInterrupted, toolId. */
extern const struct kind_setting kind_common_settings[];
/* kind_word - is `word`, n bytes long, one of choices ("get|post"; NULL: none)? */
bool kind_word(const char *choices, const char *word, size_t n);
/* kind_setting_find - by name among settings (which end with name NULL); NULL when it is not there. */
const struct kind_setting *kind_setting_find(const struct kind_setting *settings, const char *name);
/* kind_find - by data.kind; NULL when unknown. */
const struct kind *kind_find(const char *name);
/* kind_may_repeat - what its onInterrupted says (ask: no, so that a person decides by resuming the run), else what the kind
 * allows. data: the node's settings, templates not evaluated; may be NULL. */
bool kind_may_repeat(const struct kind *kind, struct json_object *data);
/* kind_group_known - is it one of trigger, agent, tool, control, output? */
bool kind_group_known(const char *group);

#endif
