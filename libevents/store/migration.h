#ifndef EV_STORE_MIGRATION_H
#define EV_STORE_MIGRATION_H

/* The migration files of one database, read and checked before anything is touched.
 *
 *      DIRECTORY/common/0001_ev.up.sql                 for every database
 *      DIRECTORY/order_db/0010_orders.up.sql           for one
 *      DIRECTORY/order_db/0016_indexes.full.up.sql     only in profile `full`
 *
 * each with its .down.sql. Numbers are unique over both folders and give the order. Beside them lie
 * common/verify.sql and order_db/verify.sql. */

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/macro.h"

enum {
        EV_MIGRATIONS_MAX = 1000,                 /* of one database */
        EV_MIGRATION_NAME_MAX = 100,              /* bytes with the NUL: "0001_ev" */
        EV_MIGRATION_BYTES_MAX = 4 * 1024 * 1024, /* of one file */
        EV_MIGRATION_VERSION_MAX = 9999,
};

enum ev_profile {
        EV_PROFILE_FULL, /* every index and foreign key of the original schema document */
        EV_PROFILE_CORE, /* what our own queries need */
};

/* "full" or "core". */
const char *ev_profile_name(enum ev_profile profile);

struct ev_migration {
        int version;                      /* 1..EV_MIGRATION_VERSION_MAX */
        char name[EV_MIGRATION_NAME_MAX]; /* with its number: "0016_indexes" */
        bool is_full;                     /* not part of profile core */
        char *up;                         /* SQL */
        char *down;
        char checksum[EV_DIGEST_TEXT_MAX]; /* SHA-256 of the up file */
};

struct ev_migrations {
        const char *database;            /* "order_db" */
        const char *service;             /* "order": it names the version table */
        struct ev_migration *migrations; /* by ascending version */
        size_t count;
        char *verify[2]; /* SQL: common, then the database's; NULL: no such file */
};

/* The name of the service that owns a database ("intl_shipping_db": "shipping"), or NULL if there
 * is no such database. */
const char *ev_migrations_service(const char *database);

/* Reads the files. `database` is one of those above. Fails (verdict: stop) with the name of the
 * file when one is missing, unreadable, too long, no text, misnamed, or has another's number. The
 * caller owns *ret_migrations (ev_migrations_free). */
int ev_migrations_read(struct ev_migrations **ret_migrations, const char *directory,
                       const char *database) _must_check_;

/* Accepts NULL; returns NULL. */
struct ev_migrations *ev_migrations_free(struct ev_migrations *migrations);
EV_DEFINE_CLEANUP(struct ev_migrations *, ev_migrations_free)

/* The migration of this number, or NULL. */
const struct ev_migration *ev_migrations_find(const struct ev_migrations *migrations, int version);

#endif
