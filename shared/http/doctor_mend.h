/* doctor_mend - what to write into the configuration of a web server, for `runspool doctor` and the page. Pure. */
#ifndef RUNSPOOL_HTTP_DOCTOR_MEND_H
#define RUNSPOOL_HTTP_DOCTOR_MEND_H

#include "base/json.h"

enum doctor_fault {
    FAULT_UPGRADE,
    FAULT_BUFFERING,
    FAULT_CUT,
    FAULT_AUTHORIZATION,
    FAULT_PREFIX,
    FAULT_NOT_PASSED,
    FAULT_NO_BRIDGE,
    FAULT_NO_POLL,
    N_DOCTOR_FAULTS
};

/* doctor_mend - the lines for the server that this Server header names; for an unknown one what they have to bring about.
 * Static storage. */
const char *doctor_mend(const char *server, enum doctor_fault fault);
/* doctor_mend_json - all of them: [{"server": as its Server header begins, null: any other, "lines": {fault: text}}]. What a
 * server has no lines of its own for, the last one has. The caller owns it. */
struct json_object *doctor_mend_json(void);

#endif
