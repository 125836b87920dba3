#ifndef EVENTCTL_DATABASE_H
#define EVENTCTL_DATABASE_H

/* Sessions of an operator with the system's databases. */

#include <stdbool.h>

#include "base/config.h"
#include "base/macro.h"
#include "store/db.h"

enum { DATABASES = 3 };

/* "customer_db", "order_db", "intl_shipping_db". */
extern const char *const database_names[DATABASES];

/* The place of a name in it; or -1, after a message, if it is none of them. */
int database_find(const char *name);

/* Whether anybody has said where this database is. */
bool database_is_given(const struct ev_config *config, const char *name);

/* Whether a command that asks all databases asks this one: its conninfo is given, or that of none
 * is, and then the defaults stand for all. */
bool database_is_configured(const struct ev_config *config, const char *name);

/* A connected session that cannot write. Fails as ev_db_connect(). The caller owns *ret_db. */
int database_open(const struct ev_config *config, const char *name,
                  struct ev_db **ret_db) _must_check_;

/* A session that cannot write and in which a statement may take an hour; its transactions see the
 * database as it was when they began. `conninfo` NULL: the database of that name. */
int database_open_to_compare(const struct ev_config *config, const char *name, const char *conninfo,
                             struct ev_db **ret_db) _must_check_;

/* The same for a command that changes rows: durably, and waiting for no lock for long. */
int database_open_to_change(const struct ev_config *config, const char *name,
                            struct ev_db **ret_db) _must_check_;

#endif
