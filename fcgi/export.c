/* GET /api/runs/{id}/export.html: a run as one file. It is made in a file without a name first, so that its length is known
 * and a failure is answered as one. */
#include "export/export.h"

#include "api.h"
#include "drain.h"
#include "gateway.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rs_err nameless_file(const struct datadir *dd, int *ret, struct fault *fault)
{
    char path[PATH_MAX];
    int fd = mkostemp(datadir_path(dd, path, "run/export-XXXXXX"), O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, RS_IO, "no file for the export: %s", strerror(errno));
    unlink(path);
    *ret = fd;
    return RS_OK;
}

enum rs_err run_export_get(struct call *call, struct fault *fault)
{
    struct response *response = call->response;
    struct store *store = NULL;
    struct eventlog *log = NULL;
    const char *id = NULL;
    char disposition[ID_MAX + 64];
    struct stat st;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = worker_log(call->worker, &log, fault);
    drain_pending(call->worker->dd);
    if (!err)
        err = nameless_file(call->worker->dd, &response->file, fault);
    if (!err)
        err = export_run(call->worker->dd, store, log, call->access.org, id, response->file, fault);
    if (!err && (fstat(response->file, &st) < 0 || lseek(response->file, 0, SEEK_SET) < 0))
        err = fault_set(fault, RS_IO, "the export cannot be read: %s", strerror(errno));
    if (err)
        return err;
    response->file_bytes = st.st_size;
    response->type = "text/html; charset=utf-8";
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s.html\"", id);
    response_header(response, "Content-Disposition", disposition);
    /* Shown in place it would run nothing and have no origin; it is for saving. */
    response_header(response, "Content-Security-Policy", "sandbox; default-src 'none'");
    return RS_OK;
}
