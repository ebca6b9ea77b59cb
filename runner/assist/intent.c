#include "runner/assist/intent.h"
#include "runner/assist/text.h"
#include <string.h>

#define INSTRUCTIONS_MAX (16 * 1024)

struct json_object *intent_by_rules(const char *text, struct json_object *intents)
{
    struct json_object *out = json_object_new_object(), *scores = json_object_new_object();
    const char *best = NULL;
    double most = 0, sum = 0;

    json_object_object_foreach(intents, name, intent)
    {
        double score = text_score(text, json_get(intent, "keywords"));
        json_set(scores, name, json_object_new_double(score));
        sum += score > 0 ? score : 0;
        if (!best || score > most) {
            best = name;
            most = score > 0 ? score : 0;
        }
    }
    json_set_string(out, "intent", best);
    json_set(out, "confidence", json_object_new_double(sum > 0 ? most / sum : 0));
    json_set(out, "scores", scores);
    if (best)
        return out;
    json_object_put(out);
    return NULL;
}

struct json_object *intent_schema(struct json_object *intents)
{
    struct json_object *schema = NULL, *names = json_object_new_array();
    static const char text[] =
        "{\"type\":\"object\",\"properties\":{\"intent\":{\"type\":\"string\"},\"confidence\":{"
        "\"type\":\"number\",\"minimum\":0,\"maximum\":1}},\"required\":[\"intent\",\"confidence\"],"
        "\"additionalProperties\":false}";

    if (json_parse(text, sizeof text - 1, sizeof text, &schema, NULL) != RS_OK) {
        json_object_put(names);
        return NULL;
    }
    json_object_object_foreach(intents, name, intent)
    {
        (void)intent;
        json_object_array_add(names, json_object_new_string(name));
    }
    json_set(json_get(json_get(schema, "properties"), "intent"), "enum", names);
    return schema;
}

struct json_object *intent_instructions(struct json_object *intents)
{
    struct buf text;

    buf_init(&text, INSTRUCTIONS_MAX);
    buf_puts(&text,
             "Say which of these intents the user's message has, and how sure you are (0 to 1). Do not answer the "
             "message. Reply with JSON only: {\"intent\": NAME, \"confidence\": NUMBER}.\n");
    json_object_object_foreach(intents, name, intent)
        buf_printf(&text, "- %s: %s\n", name, json_get_string(intent, "description", name));
    struct json_object *out = json_object_new_string(text.data ? text.data : "");
    buf_release(&text);
    return out;
}
