/* runspool doctor */
#include "cli/doctor.h"
#include "cli/term.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct arg_option doctor_options[] = {
    {"url", 0, "URL", NULL, false, "address that browsers use, with its sub-path (default: public_url, else that of `up`)"},
    {"quick", 'q', NULL, NULL, false, "hold the long poll for seconds only: web servers that cut it later are not found"},
    {0},
};

static const char *const levels[] = {[DOCTOR_GOOD] = "good", [DOCTOR_WARNING] = "warning", [DOCTOR_BAD] = "bad"};

void doctor_say(struct doctor *doctor, enum doctor_level level, const char *check, const char *mend, const char *fmt, ...)
{
    char text[1024];
    struct json_object *finding = json_object_new_object();
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    json_set_string(finding, "check", check);
    json_set_string(finding, "level", levels[level]);
    json_set_string(finding, "message", text);
    if (mend)
        json_set_string(finding, "mend", mend);
    json_object_array_add(doctor->findings, finding);
    doctor->bad |= level == DOCTOR_BAD;
}

static int print_text(const struct cli *cli, struct json_object *findings)
{
    static const struct {
        enum term_color color;
        const char *mark;
    } marks[] = {[DOCTOR_GOOD] = {TERM_GREEN, "ok  "}, [DOCTOR_WARNING] = {TERM_AMBER, "hmm "}, [DOCTOR_BAD] = {TERM_RED, "BAD "}};
    struct buf out;
    buf_init(&out, DOCTOR_TEXT_MAX);
    for (size_t i = 0; i < json_object_array_length(findings); i++) {
        struct json_object *finding = json_object_array_get_idx(findings, i);
        const char *mend = json_get_string(finding, "mend", ""), *level = json_get_string(finding, "level", "");
        int mark = 0;
        while (strcmp(levels[mark], level) != 0)
            mark++;
        buf_printf(&out, "%s%s%s %-15s %s\n", term_on(&cli->out, marks[mark].color), marks[mark].mark, term_off(&cli->out),
                   json_get_string(finding, "check", ""), json_get_string(finding, "message", ""));
        while (*mend) {
            int len = (int)strcspn(mend, "\n");
            buf_printf(&out, "       %.*s\n", len, mend);
            mend += len + (mend[len] == '\n');
        }
    }
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

int command_doctor(struct cli *cli)
{
    char known[PATH_MAX];
    const char *given = args_value(&cli->args, "url");
    struct doctor doctor = {.cli = cli, .findings = json_object_new_array(), .quick = args_has(&cli->args, "quick")};
    /* Another machine's install is looked at through its web server alone. */
    bool here = !given || args_has(&cli->args, "data");
    if (here && cli_open(cli, false) != RS_OK) {
        json_object_put(doctor.findings);
        return EXIT_DOWN;
    }
    doctor.url = given ? given : cli_url(cli, known);
    if (here) {
        doctor_data(&doctor);
        doctor_parts(&doctor);
    }
    if (*doctor.url)
        doctor_web(&doctor);
    else
        doctor_say(&doctor, DOCTOR_WARNING, "web server", "Name the address that browsers use: runspool doctor --url URL",
                   "no address is known, so nothing was asked through a web server");
    int status = cli->json ? cli_print_json(cli, doctor.findings) : print_text(cli, doctor.findings);
    json_object_put(doctor.findings);
    return status != EXIT_DONE ? status : doctor.bad ? EXIT_FAILED : EXIT_DONE;
}
