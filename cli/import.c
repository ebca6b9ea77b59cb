#include "cli/import.h"
#include "cli/definition.h"
#include "import/import.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(const struct cli *cli, const char *path, struct json_object *notes, const char *word, enum term_color color)
{
    for (size_t i = 0; notes && i < json_object_array_length(notes); i++) {
        struct json_object *note = json_object_array_get_idx(notes, i);
        int line = (int)json_get_int(note, "line", 0);
        fprintf(stderr, "%s", path);
        if (line > 0)
            fprintf(stderr, ":%d", line);
        fprintf(stderr, ": %s%s%s: %s: %s\n", term_on(&cli->err, color), word, term_off(&cli->err), json_get_string(note, "what", ""),
                json_get_string(note, "message", ""));
    }
}

static void tell_report(const struct cli *cli, const char *path, struct json_object *report)
{
    tell(cli, path, json_get_array(report, "approximated"), "approximated", TERM_PLAIN);
    tell(cli, path, json_get_array(report, "notMapped"), "not mapped", TERM_RED);
    size_t approximated = json_object_array_length(json_get_array(report, "approximated"));
    size_t missing = json_object_array_length(json_get_array(report, "notMapped"));
    fprintf(stderr, "%s: %s: %d of %d steps mapped, %zu approximation%s, %zu thing%s without counterpart\n", path,
            json_get_string(report, "from", ""), (int)json_get_int(report, "mapped", 0), (int)json_get_int(report, "nodes", 0),
            approximated, approximated == 1 ? "" : "s", missing, missing == 1 ? "" : "s");
}

/* The file's name without folder and ending. */
static void base_name(const char *path, char out[ID_MAX + 1])
{
    const char *slash = strrchr(path, '/');
    snprintf(out, ID_MAX + 1, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(out, '.');
    if (dot && dot != out)
        *dot = '\0';
}

enum rs_err import_read(const struct cli *cli, const char *path, struct json_object **ret, struct json_object **ret_report)
{
    const char *from = args_value(&cli->args, "from"), *found;
    char *text = NULL, name[ID_MAX + 1];
    size_t len = 0;
    struct fault fault = {0};
    *ret_report = NULL;
    if (from && strcmp(from, "dagu") != 0 && strcmp(from, "n8n") != 0 && strcmp(from, "runspool") != 0) {
        cli_fail(cli, "--from %s: only dagu, n8n and runspool are known", from);
        return RS_INVALID;
    }
    enum rs_err err = cli_read(cli, path, IMPORT_TEXT_MAX, &text, &len);
    if (err != RS_OK)
        return err;
    found = from ? from : import_detect(text, len);
    bool ours = found ? strcmp(found, "runspool") == 0 : text[strspn(text, " \t\r\n")] == '{';
    if (!ours) {
        base_name(path, name);
        err = import_workflow(text, len, found, strcmp(path, "-") == 0 ? NULL : name, ret, ret_report, &fault);
        if (err == RS_OK || json_get_int(*ret_report, "nodes", 0) > 0)
            tell_report(cli, path, *ret_report);
    } else if ((err = json_parse(text, len, JSON_BODY_MAX, ret, &fault)) == RS_OK && !json_object_is_type(*ret, json_type_object)) {
        json_object_put(*ret);
        err = fault_set(&fault, RS_INVALID, "not a workflow definition (a JSON object)");
    }
    if (err != RS_OK) {
        cli_fail(cli, "%s: %s", path, fault.message);
        json_object_put(*ret_report);
        *ret_report = NULL;
    }
    free(text);
    return err;
}
