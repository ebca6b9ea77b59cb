/* session - what one conversation has chosen: a name, a model, which tools are enabled, the messages so far. Written by
 * any number of processes at once: each change is a merge inside one transaction, one tool is one row, so that no change
 * undoes another. Each change gives the event session.changed with the whole document in stream session:ID.
 * Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_SESSION_H
#define RUNSPOOL_MODEL_SESSION_H

#include "model/store.h"

#define SESSION_TOOLS_MAX 1000          /* tools of one session */
#define SESSION_TOOL_ID_MAX 128         /* bytes of a tool's id */
#define SESSION_TEXT_MAX 200            /* bytes of its name, and of its model */
#define SESSION_JSON_MAX (256 * 1024)   /* bytes of the whole as JSON */
#define SESSION_LIST_MAX 500

/* A session is {id,name,model,tools:{id:bool},messages:[{role,...}],createdAt,updatedAt,version,org}; version is raised by
 * each change. org NULL: any; a session of another org is RS_NOT_FOUND everywhere. */

/* What to change; the members that are NULL stay as they are. All borrowed, and checked here: RS_UNPROCESSABLE. */
struct session_change {
    struct json_object *name, *model; /* strings */
    struct json_object *tools;        /* {id: bool}: only the tools it names are set */
    struct json_object *messages;     /* array of objects with a `role`: replaces all */
    struct json_object *say;          /* the same: appended; the oldest give way when the session becomes too long */
    int64_t if_version;               /* not 0: only when the session has this version, else RS_PRECONDITION; -1: any */
};
/* session_save - make or change it. *ret: the session, owned; *ret_created may be NULL. RS_UNPROCESSABLE with an item
 * {member,code,message} added to errors (may be NULL) for each thing wrong; RS_LIMIT; RS_PRECONDITION. */
enum rs_err session_save(struct store *store, const char *org, const char *id, const struct session_change *change,
                         bool *ret_created, struct json_object *errors, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* session_get - *ret: owned. RS_NOT_FOUND. */
enum rs_err session_get(struct store *store, const char *org, const char *id, struct json_object **ret,
                        struct fault *fault) RS_MUST_CHECK;
/* session_delete - RS_NOT_FOUND. Event session.changed with {id, deleted: true}. */
enum rs_err session_delete(struct store *store, const char *org, const char *id, struct fault *fault) RS_MUST_CHECK;
/* session_list - by id; items as the session, messageCount in place of messages. cursor: `next` of an earlier answer, an
 * id. *ret: {"items":[...],"next":...|null}, owned. */
enum rs_err session_list(struct store *store, const char *org, int limit, const char *cursor, struct json_object **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* session_list_recent - the same, changed last first, those only whose name or messages hold the text (NULL, "": all; in any
 * case). RS_INVALID: bad cursor, or the text is too long. */
enum rs_err session_list_recent(struct store *store, const char *org, const char *text, int limit, const char *cursor,
                                struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* session_tool_enabled - is the tool enabled in the session? false, too, when there is no such session or tool. */
enum rs_err session_tool_enabled(struct store *store, const char *org, const char *id, const char *tool, bool *ret,
                                 struct fault *fault) RS_MUST_CHECK;

#endif
