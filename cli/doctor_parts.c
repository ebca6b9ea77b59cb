/* Does what should run on this machine run? */
#include "cli/control.h"
#include "cli/doctor.h"
#include "model/launch.h"
#include <unistd.h>

#define ANSWER_MS 3000

void doctor_parts(struct doctor *doctor)
{
    const struct datadir *dd = &doctor->cli->dd;
    char path[PATH_MAX];
    int fd = unix_connect(datadir_path(dd, path, DATADIR_BRIDGE_SOCKET));
    if (fd < 0)
        doctor_say(doctor, DOCTOR_WARNING, "bridge", "Start it: runspool up, or systemctl start runspool-bridge.",
                   "does not run: browsers poll, and events are written to the log by who makes them");
    else if (http_status(fd, "localhost", "/healthz", ANSWER_MS) == 200)
        doctor_say(doctor, DOCTOR_GOOD, "bridge", NULL, "answers at %s", path);
    else
        doctor_say(doctor, DOCTOR_BAD, "bridge", "Look at its log, then: runspool restart bridge",
                   "takes connections at %s, but does not answer within %d s", path, ANSWER_MS / 1000);
    if (launch_runner_lives(dd))
        doctor_say(doctor, DOCTOR_GOOD, "runner", NULL, "takes runs");
    else if (config_is(dd->config, "runner.spawn", "auto"))
        doctor_say(doctor, DOCTOR_WARNING, "runner", "Start it: runspool up, or systemctl start runspool-runner.",
                   "does not run: each run is started by the request for it; schedules need `runspool tick` in cron");
    else
        doctor_say(doctor, DOCTOR_BAD, "runner", "Start it: runspool up, or systemctl start runspool-runner.",
                   "does not run, and runner.spawn = never: runs stay queued");
}
