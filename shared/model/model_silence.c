#include "model/model_silence.h"

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_BYTES_MAX 8192

/* The note, {"endpoint","until","reason"}, if there is one of this endpoint; owned. */
static struct json_object *note_read(const char *path, const char *endpoint)
{
    struct json_object *note = NULL;
    char *text = NULL;
    size_t len;

    if (file_read(path, NOTE_BYTES_MAX, &text, &len, NULL) == RS_OK &&
        json_parse(text, len, NOTE_BYTES_MAX, &note, NULL) == RS_OK && strcmp(json_get_string(note, "endpoint", ""), endpoint) != 0) {
        json_object_put(note);
        note = NULL;
    }
    free(text);
    return note;
}

static void note_write(const char *path, const char *endpoint, const char *reason)
{
    struct json_object *note = json_object_new_object();
    const char *text;
    size_t len;
    enum rs_err err;

    json_set_string(note, "endpoint", endpoint);
    json_set_int(note, "until", clock_wall_ms() + MODEL_SILENCE_MS);
    json_set_string(note, "reason", reason);
    text = json_text(note, &len);
    err = file_write(path, text, len, 0660, NULL);
    (void)err; /* then the next one asks too */
    json_object_put(note);
}

/* Returns false where there is no endpoint. */
static bool places(const struct datadir *dd, char path[PATH_MAX], char endpoint[ENDPOINT_SHOWN_MAX])
{
    const char *base = config_text(dd->config, "model.url");

    if (base == NULL)
        return false;
    datadir_path(dd, path, DATADIR_MODELS_SILENT);
    endpoint_shown(base, endpoint);
    return true;
}

bool model_silence_lasts(const struct datadir *dd, struct fault *ret_reason)
{
    char path[PATH_MAX], endpoint[ENDPOINT_SHOWN_MAX];
    struct json_object *note = places(dd, path, endpoint) ? note_read(path, endpoint) : NULL;
    int64_t left = json_get_int(note, "until", 0) - clock_wall_ms();
    bool lasts = note != NULL && left > 0 && left <= MODEL_SILENCE_MS; /* longer: the clock was set */
    const char *reason = json_get_string(note, "reason", "");

    if (lasts)
        fault_set(ret_reason, RS_IO, "%s", reason);
    else if (note != NULL)
        note_write(path, endpoint, reason); /* for the others */
    json_object_put(note);
    return lasts;
}

void model_silence_set(const struct datadir *dd, const char *reason)
{
    char path[PATH_MAX], endpoint[ENDPOINT_SHOWN_MAX];

    if (!places(dd, path, endpoint))
        return;
    if (reason != NULL)
        note_write(path, endpoint, reason);
    else
        unlink(path);
}
