#ifndef EV_STORE_VERDICT_H
#define EV_STORE_VERDICT_H

/* What an error of PostgreSQL means for the worker, by its SQLSTATE: one table.
 *
 * The verdict says who can mend it: time (retry), the same work once more (again), nobody, as the
 * record itself is at fault (record), or a person (stop). */

#include "base/error.h"

/* `sqlstate` has five characters; `schema` is the schema of the table concerned, NULL or "" when
 * the server names none. Source of the codes: PostgreSQL 15, src/backend/utils/errcodes.txt. */
enum ev_verdict ev_verdict_of_sqlstate(const char *sqlstate, const char *schema);

#endif
