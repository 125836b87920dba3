#ifndef EV_STORE_MIGRATE_H
#define EV_STORE_MIGRATE_H

/* Takes a database from one version to another.
 *
 * Each file runs in a transaction of its own together with its row in the version table, so at any
 * moment a migration is there wholly or not at all. What was applied stands in
 *
 *      public.schema_version_<service> (version int primary key, name text, checksum text,
 *                                       applied_at timestamptz)
 *
 * and the profile in that table's comment ("profile full"); a complete way down removes it. An
 * advisory lock keeps two migrators apart: the second one waits, up to a minute, and then finds the
 * work done. In each transaction `ev.service` and `ev.profile` are set, and search_path is public.
 *
 * A file cannot end its transaction (BEGIN, COMMIT, ROLLBACK) and holds no psql commands. A lock
 * that it does not get within a minute is a failure with the verdict retry, so that a migration
 * that waits for a long query does not hold up everybody behind it for longer.
 *
 * The session is the caller's, connected as the owner of the tables, directly or through a pooler
 * in session mode. Functions return 0, EV_FAILED, or a condition whose explanation is in
 * ev_error_last(), as for a failure. A failure while something is being changed closes the session,
 * which is the surest way to undo what was begun. */

#include "base/macro.h"
#include "store/db.h"
#include "store/migration.h"

enum ev_migrate_condition {
        EV_MIGRATE_REFUSED = 1, /* rows would be lost */
        EV_MIGRATE_DIFFERS,     /* database and files do not agree */
};

enum ev_migration_state {
        EV_MIGRATION_APPLIED,
        EV_MIGRATION_PENDING,
        EV_MIGRATION_LEFT_OUT, /* not part of the profile, and not applied */
        EV_MIGRATION_CHANGED,  /* applied, and the file is another one now */
        EV_MIGRATION_UNKNOWN,  /* applied, and there is no such file */
};

/* "applied", "pending", "left out", "changed", "unknown". */
const char *ev_migration_state_name(enum ev_migration_state state);

enum { EV_MIGRATE_TIME_MAX = 40 };

struct ev_migrate_entry {
        int version;
        char name[EV_MIGRATION_NAME_MAX];
        enum ev_migration_state state;
        char applied_at[EV_MIGRATE_TIME_MAX]; /* "2025-01-31T23:59:59Z"; empty: not applied */
        char checksum[EV_DIGEST_TEXT_MAX];    /* of the file; if that is unknown, of the row */
        bool is_full;
};

/* What is applied and what is not, by ascending version. */
struct ev_migrate_status {
        bool is_new; /* there is no version table: nothing was ever applied, or all was undone */
        enum ev_profile profile; /* remembered; of a new database full */
        size_t count;
        size_t pending;   /* how many entries are in this state, … */
        size_t differing; /* … and in one of the last two */
        struct ev_migrate_entry entries[2 * EV_MIGRATIONS_MAX];
};

int ev_migrate_status(struct ev_db *db, const struct ev_migrations *files,
                      struct ev_migrate_status *ret_status) _must_check_;

/* Told before a file is run, and once more when it is committed. `number` counts from 1 to
 * `numbers`. */
struct ev_migrate_step {
        const struct ev_migration *migration;
        bool is_up;
        bool is_done;
        size_t number, numbers;
};
typedef void ev_migrate_tell_fn(void *context, const struct ev_migrate_step *step);

struct ev_migrate_options {
        int to;           /* the last version that is applied then; 0..EV_MIGRATION_VERSION_MAX */
        bool has_profile; /* up only */
        enum ev_profile profile;  /* else the remembered one, and full for a new database */
        bool may_lose_rows;       /* nothing is tried first; a changed file may be undone */
        ev_migrate_tell_fn *tell; /* NULL: nobody is told */
        void *context;
};

/* Applies what is pending up to `to`. A change from core to full applies the files of `full` at any
 * number; one from full to core undoes them. EV_MIGRATE_DIFFERS, and nothing is done, when an
 * applied file has changed or is unknown, or when a pending one comes before an applied one. */
int ev_migrate_up(struct ev_db *db, const struct ev_migrations *files,
                  const struct ev_migrate_options *options) _must_check_;

/* Undoes what is applied above `to` (0: everything), the highest first. Unless may_lose_rows, the
 * way down and up again is tried first, in a transaction that is rolled back, and the answer is
 * EV_MIGRATE_REFUSED when a table that goes has more rows than come back with it (what migrations
 * seed is no loss), or when a column with values goes from a table that stays. The trial holds the
 * same locks as the way down. EV_MIGRATE_DIFFERS when a file is unknown, or has changed and
 * may_lose_rows is not set. */
int ev_migrate_down(struct ev_db *db, const struct ev_migrations *files,
                    const struct ev_migrate_options *options) _must_check_;

/* Compares: applied files unchanged and known, none pending, and no rows from the statements of the
 * verify.sql files, which answer with (object, problem) in a read-only transaction. Each
 * problem goes to `problem`; EV_MIGRATE_DIFFERS if there was one. */
typedef void ev_migrate_problem_fn(void *context, struct ev_str object, struct ev_str problem);
int ev_migrate_verify(struct ev_db *db, const struct ev_migrations *files,
                      ev_migrate_problem_fn *problem, void *context) _must_check_;

#endif
