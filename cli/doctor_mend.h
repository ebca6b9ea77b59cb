/* doctor_mend - what to write into the configuration of a web server. Pure. */
#ifndef RUNSPOOL_CLI_DOCTOR_MEND_H
#define RUNSPOOL_CLI_DOCTOR_MEND_H

enum doctor_fault { FAULT_UPGRADE, FAULT_BUFFERING, FAULT_CUT, FAULT_AUTHORIZATION, FAULT_PREFIX, FAULT_NOT_PASSED, N_DOCTOR_FAULTS };

/* doctor_mend - the lines for the server that this Server header names; for an unknown one what they have to bring about.
 * Static storage. */
const char *doctor_mend(const char *server, enum doctor_fault fault);

#endif
