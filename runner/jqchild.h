/* jqchild - the two modes of runspool-runner in which libjq runs, each in a process of its own with hard limits and
 * no environment.
 * --jq: a line of JSON in, a line out for those that ask; always in order:
 *   {"op":"context","value":{input,nodes,session,env}}     what programs see as `.`; no answer
 *   {"op":"secrets","value":{name: value}}                what `$secrets` holds; no answer; before any program
 *   {"op":"node","id":"x","value":record}                  replaces .nodes.x; no answer
 *   {"op":"render","value":any}                            -> {"value":...} | {"error":"...","limit":bool}
 *   {"op":"eval","program":"..."}                          -> the same
 *   Both may have "with":{...}: what the context has besides, for this request only.
 * --jq-check: a definition on standard input, the array of what does not compile on standard output. */
#ifndef RUNSPOOL_RUNNER_JQCHILD_H
#define RUNSPOOL_RUNNER_JQCHILD_H

#define JQ_CPU_S 2                      /* CPU seconds one request may take */
#define JQ_CHECK_CPU_S 4                /* CPU seconds to check one definition */
#define JQ_MEMORY_BYTES (512LL << 20)   /* address space */
#define JQ_ANSWER_MAX (4 * 1024 * 1024) /* bytes of an answer's value as JSON */

/* jqchild_confine - give up the environment and set the limits; for good. */
void jqchild_confine(void);
/* jqchild_limit_cpu - from now on so many seconds of CPU; then the kernel ends the process. */
void jqchild_limit_cpu(int more_s);

/* Both return the exit status of the process. */
int jqchild_main(void);
int jqchild_check_main(void); /* in jqcheck_main.c */

#endif
