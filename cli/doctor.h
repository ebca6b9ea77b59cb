/* doctor - what `runspool doctor` finds: groups of checks, each in a file of its own, that report here. Main thread. */
#ifndef RUNSPOOL_CLI_DOCTOR_H
#define RUNSPOOL_CLI_DOCTOR_H

#include "cli/cli.h"

#define DOCTOR_TEXT_MAX 65536

enum doctor_level { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_BAD };

struct doctor {
    struct cli *cli;
    struct json_object *findings; /* array, owned by the command */
    const char *url;              /* to be asked; "": none is known */
    bool quick;                   /* wait seconds for a held poll, not half a minute */
    bool bad;                     /* something does not work */
};

/* doctor_say - one finding. check: its name, "long poll". mend: lines that tell what to do, NULL: nothing is to be done. */
void doctor_say(struct doctor *doctor, enum doctor_level level, const char *check, const char *mend, const char *fmt, ...)
    RS_PRINTF(5, 6);

void doctor_data(struct doctor *doctor);  /* the data directory */
void doctor_parts(struct doctor *doctor); /* what runs on this machine */
void doctor_web(struct doctor *doctor);   /* the way through the web server */

#endif
