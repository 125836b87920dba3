#ifndef EV_FLOW_SCHEMAS_H
#define EV_FLOW_SCHEMAS_H

/* The versions of schemas whose values this program can read: those it was built with, and those
 * that an operator has put into a folder (the setting schemas.dir) because producers are ahead of
 * this build. The folder is like schemas/ of the source: a list `ids` and the files that it names,
 * so that a copy of a newer source's schemas/ is one. Lines for ids that the build knows are passed
 * over, but for their names, which must agree. */

#include "base/macro.h"
#include "wire/envelope.h"
#include "wire/record.h"

enum { EV_SCHEMAS_MAX = 4096 }; /* versions of a folder that the build does not know */

struct ev_schemas;

/* Reads the folder; NULL: there is none. Fails (verdict: stop) with the file and what is wrong in
 * it. The caller owns *ret_schemas (ev_schemas_free). */
int ev_schemas_new(struct ev_schemas **ret_schemas, const char *folder) _must_check_;
struct ev_schemas *ev_schemas_free(struct ev_schemas *schemas);
EV_DEFINE_CLEANUP(struct ev_schemas *, ev_schemas_free)

/* The version that a value's frame names, or NULL, and the thread's error says why. Before it gives
 * up it reads the folder again, if the list was changed since. Borrowed until the next call; its
 * `record` is NULL where the build does not have it. `schemas` may be NULL: the build's own. */
const struct ev_registered *ev_schemas_find(struct ev_schemas *schemas,
                                            const struct ev_frame *frame);

#endif
