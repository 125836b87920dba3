/* Applies and undoes migrations, one transaction each, and tells what state a database is in.
 *
 * The transaction of a file is BEGIN, the settings, the file, its row, COMMIT. The file goes to the
 * server as it stands, by the simple protocol, because it holds many statements. So there is one
 * way in which a file can break the promise: by ending the transaction itself. That cannot be seen
 * beforehand without parsing SQL; it is seen afterwards by a setting that is gone, and told.
 *
 * What a way down would lose is found by trying it. The alternatives need somebody to keep a list:
 * of seeded rows in each file, or of seeded tables here. The trial costs the locks of a real way
 * down for a moment, and it cannot see that a seeded row was changed, only that there are more.
 *
 * If the process dies here, the server rolls back the file that was under way; its row in the
 * version table is part of the same transaction. The server notices at the latest when the
 * statement that it is busy with ends, and keeps our advisory lock until then, so a second migrator
 * waits for that. A change of profile writes the new one down first, so that the next run goes on
 * with it.
 *
 * The version table's name depends on the service, so statements on it are made here and not from
 * .sql files; names of services and of migrations consist of a-z, 0-9 and '_' only. */

#include "store/migrate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/fault.h"
#include "ev_sql.h"
#include "store/binary.h"
#include "store/params.h"
#include "store/type.h"

enum {
        SCRIPT_BYTES_MAX = 16 * 1024, /* of statements made here, which have a few hundred */
        LOSSES_SHOWN_MAX = 10,        /* tables; a person reads no more of them in an error */
        LOSSES_BYTES_MAX = 8192,      /* of a name 130, and its number */
};

/* Any number that nobody else uses as an advisory lock in these databases: "ev_migra" as ASCII. One
 * for all services is enough, as advisory locks are a database's own and each has one service
 * (PostgreSQL, Advisory Locks). */
static const int64_t lock_key = 0x65765f6d69677261;

const char *ev_migration_state_name(enum ev_migration_state state)
{
        static const char *const names[] = {
                [EV_MIGRATION_APPLIED] = "applied",   [EV_MIGRATION_PENDING] = "pending",
                [EV_MIGRATION_LEFT_OUT] = "left out", [EV_MIGRATION_CHANGED] = "changed",
                [EV_MIGRATION_UNKNOWN] = "unknown",
        };

        assert(state < EV_ARRAY_SIZE(names));
        return names[state];
}

/* Runs a script that is made of a format. A text that does not fit would be cut, and run cut: so it
 * is an assert and not an error. */
static int run_format(struct ev_db *db, ev_db_row_fn *row, void *context, const char *format, ...)
        _printf_(4, 5);

static int run_format(struct ev_db *db, ev_db_row_fn *row, void *context, const char *format, ...)
{
        char script[SCRIPT_BYTES_MAX];
        va_list arguments;
        int size;

        assert(db && format);

        va_start(arguments, format);
        /* Names and numbers from checked sources only: nothing here needs to be quoted. */
        size = vsnprintf(script, sizeof(script), format, arguments);
        va_end(arguments);
        assert(size >= 0 && size < (int)sizeof(script));
        return ev_trace(ev_db_script(db, script, row, context));
}

/* Status. */

/* Files and rows are two lists by ascending version, merged while the rows come. */
struct reader {
        const struct ev_migrations *files;
        struct ev_migrate_status *status;
        size_t next; /* the first file that has no entry yet; all before it have one */
};

/* Whether a file is part of a profile: core is what is left when the files of full are taken
 * out, so there are no files of core alone. */
static bool is_wanted(const struct ev_migration *migration, enum ev_profile profile)
{
        assert(migration);

        return profile == EV_PROFILE_FULL || !migration->is_full;
}

/* Counts while it adds, so that nobody has to walk over the entries to learn whether all is
 * well. */
static void add_entry(struct ev_migrate_status *status, const struct ev_migrate_entry *entry)
{
        assert(entry);
        assert(status->count < EV_ARRAY_SIZE(status->entries));

        status->entries[status->count++] = *entry;
        status->pending += entry->state == EV_MIGRATION_PENDING;
        status->differing +=
                entry->state == EV_MIGRATION_CHANGED || entry->state == EV_MIGRATION_UNKNOWN;
}

/* What a file says of itself; of an unknown version only its row can tell. */
static void fill_entry(struct ev_migrate_entry *entry, const struct ev_migration *file)
{
        assert(entry && file);

        entry->version = file->version;
        entry->is_full = file->is_full;
        memcpy(entry->name, file->name, sizeof(entry->name));
        memcpy(entry->checksum, file->checksum, sizeof(entry->checksum));
}

/* Entries for the files before `version` that have no row. */
static void add_files_before(struct reader *reader, int version)
{
        const struct ev_migrations *files = reader->files;

        assert(reader->status);

        for (; reader->next < files->count; ++reader->next) {
                const struct ev_migration *file = &files->migrations[reader->next];
                struct ev_migrate_entry entry = { .state = EV_MIGRATION_PENDING };

                /* The row with this number is added by whoever called. */
                if (file->version >= version)
                        return;
                fill_entry(&entry, file);
                if (!is_wanted(file, reader->status->profile))
                        entry.state = EV_MIGRATION_LEFT_OUT;
                add_entry(reader->status, &entry);
        }
}

/* A row (version, name, checksum, applied_at), by ascending version. Texts that are longer than
 * ours stay empty and make the file a changed one, which is what they are. */
static int read_row(void *context, const struct ev_str *values, size_t count)
{
        struct reader *reader = context;
        struct ev_migrate_entry entry = { .state = EV_MIGRATION_UNKNOWN };
        const struct ev_migration *file;
        int64_t version;

        assert(reader && count == 4);

        /* Bounds are checked before anything is stored: the table may be written by whoever
         * owns the database. */
        if (!ev_str_to_int64(values[0], &version) || version > EV_MIGRATION_VERSION_MAX ||
            reader->status->count >= EV_MIGRATIONS_MAX)
                return ev_fail(EV_VERDICT_STOP, "the version table holds what no migrator wrote");
        add_files_before(reader, (int)version);
        entry.version = (int)version;
        ev_str_copy(values[1], entry.name, sizeof(entry.name));
        ev_str_copy(values[2], entry.checksum, sizeof(entry.checksum));
        ev_str_copy(values[3], entry.applied_at, sizeof(entry.applied_at));
        file = ev_migrations_find(reader->files, (int)version);
        if (file) {
                /* A file that was given another name is another file: people find migrations by
                 * their names. */
                bool is_same = strcmp(file->checksum, entry.checksum) == 0 &&
                               strcmp(file->name, entry.name) == 0;

                entry.state = is_same ? EV_MIGRATION_APPLIED : EV_MIGRATION_CHANGED;
                fill_entry(&entry, file);
                reader->next++;
        }
        add_entry(reader->status, &entry);
        return 0;
}

/* A row (whether there is a version table, its comment). */
static int read_table(void *context, const struct ev_str *values, size_t count)
{
        struct ev_migrate_status *status = context;

        assert(count == 2);

        /* No comment, or one that somebody else wrote, means full: the profile that has
         * everything. */
        status->is_new = !ev_str_equal(values[0], EV_STR("t"));
        status->profile =
                ev_str_equal(values[1], EV_STR("profile core")) ? EV_PROFILE_CORE : EV_PROFILE_FULL;
        return 0;
}

/* Without the lock: it is one look at what is committed. Two statements and no transaction around
 * them, so a migrator at work in between may show as a state of the moment after the first; nothing
 * is decided by that but under the lock, in run_locked(). */
int ev_migrate_status(struct ev_db *db, const struct ev_migrations *files,
                      struct ev_migrate_status *ret_status)
{
        struct reader reader = { files, ret_status, 0 };
        int r;

        assert(files && ret_status);

        *ret_status = (struct ev_migrate_status){ 0 };
        r = run_format(db, read_table, ret_status,
                       "SELECT t IS NOT NULL, obj_description(t, 'pg_class') "
                       "FROM to_regclass('public.schema_version_%s') AS t",
                       files->service);
        if (r == 0 && !ret_status->is_new)
                r = run_format(db, read_row, &reader,
                               "SELECT version, name, checksum, to_char(applied_at AT TIME ZONE "
                               "'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
                               "FROM public.schema_version_%s ORDER BY version",
                               files->service);
        if (r < 0)
                return ev_trace(r);
        add_files_before(&reader, EV_MIGRATION_VERSION_MAX + 1);
        return 0;
}

/* Planning. */

/* What is to be done, complete before the first step. */
struct plan {
        const struct ev_migration *migrations[2 * EV_MIGRATIONS_MAX];
        size_t downs; /* come first, by descending version */
        size_t count; /* behind them the ups, by ascending version */
};

static void add_step(struct plan *plan, const struct ev_migration *migration)
{
        assert(migration && plan->count < EV_ARRAY_SIZE(plan->migrations));

        plan->migrations[plan->count++] = migration;
}

/* Whatever has a row was applied, whether we know its file or not. */
static bool is_applied(const struct ev_migrate_entry *entry)
{
        assert(entry);

        return entry->state == EV_MIGRATION_APPLIED || entry->state == EV_MIGRATION_CHANGED ||
               entry->state == EV_MIGRATION_UNKNOWN;
}

/* Both are for a person: an operator with the wrong files, or a developer who edited what others
 * have applied already. */
static int differs(const struct ev_migrations *files, const struct ev_migrate_entry *entry)
{
        assert(files && entry);
        assert(entry->state == EV_MIGRATION_CHANGED || entry->state == EV_MIGRATION_UNKNOWN);

        if (entry->state == EV_MIGRATION_UNKNOWN)
                ev_fail(EV_VERDICT_STOP,
                        "%s: %s is applied, but there is no such file: use the migrations that "
                        "made this database, or newer ones",
                        files->database, entry->name);
        else
                ev_fail(EV_VERDICT_STOP,
                        "%s: the file of %s has changed since it was applied: restore it, and put "
                        "the change into a migration of its own",
                        files->database, entry->name);
        return EV_MIGRATE_DIFFERS;
}

/* A changed file means that nobody knows what this database really went through, so nothing is
 * built on it. */
static int check_unchanged(const struct ev_migrations *files,
                           const struct ev_migrate_status *status)
{
        assert(files && status);

        for (size_t i = 0; i < status->count; ++i)
                if (status->entries[i].state == EV_MIGRATION_CHANGED ||
                    status->entries[i].state == EV_MIGRATION_UNKNOWN)
                        return differs(files, &status->entries[i]);
        return 0;
}

/* Files that the profile no longer wants go first, the highest first, as they may stand on each
 * other; then what is missing comes, the lowest first. */
static int plan_up(const struct ev_migrations *files, const struct ev_migrate_status *status,
                   enum ev_profile profile, int to, struct plan *plan)
{
        int highest = 0;

        assert(files && plan->count == 0);

        for (size_t i = status->count; i-- > 0;) {
                const struct ev_migrate_entry *entry = &status->entries[i];
                const struct ev_migration *file = ev_migrations_find(files, entry->version);

                if (is_applied(entry) && !is_wanted(file, profile))
                        add_step(plan, file);
                if (is_applied(entry) && entry->version > highest)
                        highest = entry->version;
        }
        plan->downs = plan->count;
        for (size_t i = 0; i < status->count; ++i) {
                const struct ev_migrate_entry *entry = &status->entries[i];
                const struct ev_migration *file = ev_migrations_find(files, entry->version);

                /* Below `to` and wanted, but not there. */
                if (is_applied(entry) || !is_wanted(file, profile) || entry->version > to)
                        continue;
                /* Files of `full` depend on nothing behind them, and nothing depends on them. */
                if (entry->version < highest && !file->is_full) {
                        ev_fail(EV_VERDICT_STOP,
                                "%s: %s is not applied, but %04d, which comes after it, is: give "
                                "it a higher number",
                                files->database, entry->name, highest);
                        return EV_MIGRATE_DIFFERS;
                }
                add_step(plan, file);
        }
        return 0;
}

/* A changed file may be undone by who asks for it: its way down may still fit, and a failing one
 * is rolled back. */
static int plan_down(const struct ev_migrations *files, const struct ev_migrate_status *status,
                     const struct ev_migrate_options *options, struct plan *plan)
{
        assert(plan->count == 0);

        for (size_t i = status->count; i-- > 0;) {
                const struct ev_migrate_entry *entry = &status->entries[i];

                if (!is_applied(entry) || entry->version <= options->to)
                        continue;
                if (entry->state == EV_MIGRATION_UNKNOWN ||
                    (entry->state == EV_MIGRATION_CHANGED && !options->may_lose_rows))
                        return differs(files, entry);
                add_step(plan, ev_migrations_find(files, entry->version));
        }
        plan->downs = plan->count;
        return 0;
}

/* Running files. */

/* A migrator waits for a lock up to a minute, and for nothing else. While it waits for ACCESS
 * EXCLUSIVE, everybody who comes to the table later queues up behind it, so the wait must end.
 * Statements may take hours, on the other hand: an index on a large table does. And a migrator that
 * was stopped in the middle of a transaction must not hold its locks for longer than a minute. */
static int prepare_session(struct ev_db *db)
{
        assert(db);

        return ev_trace(ev_db_script(db,
                                     "SET lock_timeout = '60s'; SET statement_timeout = 0; "
                                     "SET idle_in_transaction_session_timeout = '60s'; "
                                     "SET client_min_messages = warning",
                                     NULL, NULL));
}

/* What is set LOCAL is gone with the transaction, whatever the file does to it, so no file sees
 * what another one set. The number is there to recognise the transaction by. */
static int begin(struct ev_db *db, const struct ev_migrations *files, enum ev_profile profile,
                 int version)
{
        assert(files->service && version >= 0);

        return ev_trace(run_format(db, NULL, NULL,
                                   "BEGIN ISOLATION LEVEL READ COMMITTED; "
                                   "SET LOCAL search_path = public; "
                                   "SET LOCAL ev.service = '%s'; SET LOCAL ev.profile = '%s'; "
                                   "SET LOCAL ev.migration = '%d'",
                                   files->service, ev_profile_name(profile), version));
}

/* Absent, empty or another number: in each case this is not the transaction that was begun. */
static int compare_setting(void *context, const struct ev_str *values, size_t count)
{
        const struct ev_migration *migration = context;
        int64_t version;

        assert(migration && count == 1);

        if (ev_str_to_int64(values[0], &version) && version == migration->version)
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "the file ends the transaction that it runs in: take BEGIN, "
                       "COMMIT and ROLLBACK out of it. What came before is "
                       "committed and has to be undone by hand");
}

/* What was set for the transaction is gone when it is another one. */
static int check_transaction(struct ev_db *db, const struct ev_migration *migration)
{
        struct ev_migration copy = *migration; /* the callback's context is not const */

        assert(migration->version > 0);

        return ev_trace(ev_db_script(db, "SELECT current_setting('ev.migration', true)",
                                     compare_setting, &copy));
}

/* The text as it stands in the file, in one message: the server runs statement by statement and
 * stops at the first that fails. */
static int run_file(struct ev_db *db, const struct ev_migration *migration, bool is_up)
{
        int r = ev_db_script(db, is_up ? migration->up : migration->down, NULL, NULL);

        assert(migration->up && migration->down);

        /* A file that went through may still have ended the transaction on the way. */
        if (r == 0)
                r = check_transaction(db, migration);
        if (r < 0)
                ev_fail_while("%s%s.%s.sql", migration->name, migration->is_full ? ".full" : "",
                              is_up ? "up" : "down");
        return ev_trace(r);
}

/* In the transaction of the file itself: this row is what makes it applied. */
static int write_version(struct ev_db *db, const struct ev_migrations *files,
                         const struct ev_migration *migration, bool is_up)
{
        assert(migration->checksum[0]);

        if (!is_up)
                return ev_trace(run_format(db, NULL, NULL,
                                           "DELETE FROM public.schema_version_%s "
                                           "WHERE version = %d",
                                           files->service, migration->version));
        return ev_trace(run_format(db, NULL, NULL,
                                   "INSERT INTO public.schema_version_%s (version, name, checksum) "
                                   "VALUES (%d, '%s', '%s')",
                                   files->service, migration->version, migration->name,
                                   migration->checksum));
}

/* A comment and not a column: the columns are known to people who query them, and pg_dump keeps
 * a comment as well. */
static int write_profile(struct ev_db *db, const struct ev_migrations *files,
                         enum ev_profile profile)
{
        assert(files->service);

        return ev_trace(run_format(db, NULL, NULL,
                                   "COMMENT ON TABLE public.schema_version_%s IS 'profile %s'",
                                   files->service, ev_profile_name(profile)));
}

/* With the first file and in its transaction, so that a first migration that fails leaves an
 * empty database. */
static int create_version_table(struct ev_db *db, const struct ev_migrations *files,
                                enum ev_profile profile)
{
        int r;

        assert(files->service);

        r = run_format(db, NULL, NULL,
                       "CREATE TABLE public.schema_version_%s (version integer PRIMARY KEY, "
                       "name text NOT NULL, checksum text NOT NULL, "
                       "applied_at timestamptz NOT NULL DEFAULT now())",
                       files->service);
        return r < 0 ? ev_trace(r) : ev_trace(write_profile(db, files, profile));
}

/* One run of a migrator, from the lock to the unlock. */
struct work {
        struct ev_db *db;
        const struct ev_migrations *files;
        const struct ev_migrate_options *options;
        enum ev_profile profile;          /* that the database is to have in the end */
        struct ev_migrate_status *status; /* before the run; not kept up with it */
        struct plan plan;
};

/* Before and after, because a step may take hours: who watches must see what is being done. */
static void tell(const struct work *work, size_t i, bool is_done)
{
        const struct ev_migrate_step step = {
                .migration = work->plan.migrations[i],
                .is_up = i >= work->plan.downs,
                .is_done = is_done,
                .number = i + 1,
                .numbers = work->plan.count,
        };

        assert(i < work->plan.count);

        if (work->options->tell)
                work->options->tell(work->options->context, &step);
}

/* One file and its row, in one transaction. The version table comes with the first row and goes
 * with the last. */
static int run_step(const struct work *work, size_t i, bool is_first_row, bool is_last_row)
{
        const struct ev_migration *migration = work->plan.migrations[i];
        bool is_up = i >= work->plan.downs;
        int r;

        assert(i < work->plan.count);

        r = begin(work->db, work->files, work->profile, migration->version);
        if (r == 0 && is_first_row)
                r = create_version_table(work->db, work->files, work->profile);
        /* The file is one message, so no moment between two of its statements is ours. This one,
         * with the transaction open and perhaps the version table made in it, is the same to the
         * server as any of them. */
        if (r == 0)
                r = EV_FAULT(migration_between);
        if (r == 0)
                r = run_file(work->db, migration, is_up);
        if (r == 0)
                r = EV_FAULT(migration_before_version);
        if (r == 0)
                r = write_version(work->db, work->files, migration, is_up);
        if (r == 0 && is_last_row)
                r = run_format(work->db, NULL, NULL, "DROP TABLE public.schema_version_%s",
                               work->files->service);
        return r < 0 ? ev_trace(r) : ev_trace(ev_db_script(work->db, "COMMIT", NULL, NULL));
}

/* Stops at the first failure. Steps before it stay, and the next run goes on there. */
static int run_plan(const struct work *work)
{
        const struct plan *plan = &work->plan;
        bool has_table = !work->status->is_new;
        size_t applied = 0;

        assert(work->status && work->files);
        assert(plan->downs <= plan->count);

        for (size_t i = 0; i < work->status->count; ++i)
                applied += is_applied(&work->status->entries[i]);
        for (size_t i = 0; i < plan->count; ++i) {
                bool is_up = i >= plan->downs;
                /* Ups behind the downs would need the table again. */
                bool is_last_row = !is_up && applied == 1 && plan->downs == plan->count;
                int r;

                tell(work, i, false);
                r = run_step(work, i, is_up && !has_table, is_last_row);
                if (r < 0)
                        return ev_trace(r);
                tell(work, i, true);
                has_table = true;
                /* Counted along instead of asked for: we hold the lock. */
                applied = is_up ? applied + 1 : applied - 1;
        }
        return 0;
}

/* What a way down would lose. Rows are counted, not compared: per table their number, and for each
 * column the number of its values that are not NULL, before the way down, at its end, and after the
 * way up again, which shows what migrations seed by themselves. */

/* The columns of migrate_tables.sql. */
enum { TABLES_NAME, TABLES_COLUMNS, TABLES_COUNTS };

/* The row of this table, or -1. */
static int64_t find_table(const struct ev_result *tables, struct ev_str name)
{
        assert(name.data);

        for (size_t i = 0; i < ev_result_rows(tables); ++i)
                if (ev_str_equal(ev_result_text(tables, i, TABLES_NAME), name))
                        return (int64_t)i;
        return -1;
}

/* The next of a row's counts; 0 behind the last one. */
static int64_t next_count(struct ev_array *counts)
{
        struct ev_bytes value;

        assert(counts);

        return ev_array_next(counts, &value) == 0 && value.data
                       ? (int64_t)ev_binary_get_8(value.data)
                       : 0;
}

/* Names and counts of a table's columns side by side; the first count is that of its rows. */
static int open_row(const struct ev_result *tables, size_t row, struct ev_array *ret_columns,
                    struct ev_array *ret_counts)
{
        int r;

        assert(row < ev_result_rows(tables));

        r = ev_array_open(ret_columns, ev_result_array(tables, row, TABLES_COLUMNS), EV_OID_TEXT);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_array_open(ret_counts, ev_result_array(tables, row, TABLES_COUNTS),
                                      EV_OID_INT8));
}

/* Takes the array by value, since reading moves it on. */
static bool has_column(struct ev_array columns, struct ev_bytes name)
{
        struct ev_bytes other;

        assert(name.data);

        while (ev_array_next(&columns, &other) == 0)
                if (other.size == name.size && memcmp(other.data, name.data, name.size) == 0)
                        return true;
        return false;
}

/* What is found in the three stages of the trial. */
struct trial {
        struct ev_result *before, *down, *again; /* rows of migrate_tables.sql; owned */
};

/* All three are kept to the end, as they are compared crosswise. */
static void trial_done(struct trial *trial)
{
        assert(trial);

        ev_result_free(trial->before);
        ev_result_free(trial->down);
        ev_result_free(trial->again);
}

/* How many rows of the table in that row of `before` would be lost. Of a table that goes: those
 * that do not come back with it. Of a table that stays: those with a value in a column that goes;
 * whether a migration put it there is not known then. */
static int count_lost(const struct trial *trial, size_t row, int64_t *ret_lost)
{
        struct ev_str name = ev_result_text(trial->before, row, TABLES_NAME);
        int64_t there = find_table(trial->down, name);
        int64_t again = find_table(trial->again, name);
        struct ev_array columns, counts, other, other_counts = { .left = 0 };
        struct ev_bytes column;
        int64_t rows, lost = 0;
        int r;

        assert(ret_lost);

        r = open_row(trial->before, row, &columns, &counts);
        if (r == 0 && (there >= 0 || again >= 0))
                r = open_row(there >= 0 ? trial->down : trial->again,
                             (size_t)(there >= 0 ? there : again), &other, &other_counts);
        if (r < 0)
                return ev_trace(r);
        rows = next_count(&counts);
        /* What comes back with an empty database is what migrations seed. */
        if (there < 0)
                lost = rows - (again < 0 ? 0 : next_count(&other_counts));
        while (there >= 0 && ev_array_next(&columns, &column) == 0) {
                int64_t values = next_count(&counts);

                /* The largest of the columns that go stands for the table. */
                if (values > lost && !has_column(other, column))
                        lost = values;
        }
        *ret_lost = lost;
        return 0;
}

/* 0, or EV_MIGRATE_REFUSED with the tables that lose rows. All are counted and some named: the
 * number of rows is what tells a person whether it is test data or a year's work. */
static int judge(const struct ev_migrations *files, const struct trial *trial)
{
        _cleanup_buffer_ struct ev_buffer losses = EV_BUFFER_INIT(LOSSES_BYTES_MAX);
        size_t count = 0;

        assert(trial->before && trial->down && trial->again);

        for (size_t i = 0; i < ev_result_rows(trial->before); ++i) {
                struct ev_str name = ev_result_text(trial->before, i, TABLES_NAME);
                int64_t lost = 0;
                int r;

                r = count_lost(trial, i, &lost);
                if (r == 0 && lost > 0 && ++count <= LOSSES_SHOWN_MAX)
                        r = ev_buffer_printf(&losses, "%s%.*s %lld", count > 1 ? ", " : "",
                                             EV_STR_ARG(name), (long long)lost);
                if (r < 0)
                        return ev_trace(r);
        }
        if (count == 0)
                return 0;
        ev_fail(EV_VERDICT_STOP,
                "%s: nothing is undone, because rows that no migration made would be lost: "
                "%.*s%s. Save them, or allow it",
                files->database, EV_STR_ARG(ev_buffer_str(&losses)),
                count > LOSSES_SHOWN_MAX ? ", ..." : "");
        return EV_MIGRATE_REFUSED;
}

/* All downs of the plan, or the way up again behind them. What is deferred is checked at once, as
 * it would be by a COMMIT behind each file. */
static int try_files(const struct work *work, bool is_up)
{
        const struct plan *plan = &work->plan;

        assert(plan->downs <= plan->count);

        for (size_t i = 0; i < plan->downs; ++i) {
                /* Up again in the reverse order of down. */
                size_t at = is_up ? plan->downs - 1 - i : i;
                const struct ev_migration *migration = plan->migrations[at];
                int r;

                r = run_format(work->db, NULL, NULL, "SET LOCAL ev.migration = '%d'",
                               migration->version);
                if (r == 0)
                        r = run_file(work->db, migration, is_up);
                if (r == 0)
                        r = ev_db_script(work->db, "SET CONSTRAINTS ALL IMMEDIATE", NULL, NULL);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* Goes down and up again, and rolls all of it back. Row-level security would hide rows from the
 * count; switched off it is an error where it would. */
static int try_way_back(const struct work *work)
{
        _cleanup_(trial_done) struct trial trial = { 0 };
        struct ev_db *db = work->db;
        int r;

        assert(work->plan.downs > 0);

        r = begin(db, work->files, work->profile, 0);
        if (r == 0)
                r = ev_db_script(db, "SET LOCAL row_security = off", NULL, NULL);
        if (r == 0)
                r = ev_db_run(db, &ev_sql_migrate_tables, NULL, &trial.before);
        if (r == 0)
                r = try_files(work, false);
        if (r == 0)
                r = ev_db_run(db, &ev_sql_migrate_tables, NULL, &trial.down);
        if (r == 0)
                r = try_files(work, true);
        if (r == 0)
                r = ev_db_run(db, &ev_sql_migrate_tables, NULL, &trial.again);
        if (r < 0) {
                ev_fail_while("trying the way down and up again, to see what would be lost");
                return ev_trace(r);
        }
        /* Rolled back before anybody judges: the locks of the trial are not held a moment
         * longer. */
        r = ev_db_rollback(db);
        return r < 0 ? ev_trace(r) : judge(work->files, &trial);
}

/* The whole of it. */

/* A lock of the session and not of a transaction: it has to span all of them. That is why a pooler
 * must be in session mode: in transaction mode the lock would stay with a session that is given to
 * somebody else. */
static int lock(struct ev_db *db, const struct ev_statement *statement)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(256);

        assert(statement->params_count == 1);

        ev_params_begin(&params, statement);
        ev_params_int8(&params, lock_key);
        return ev_trace(ev_db_run(db, statement, &params, NULL));
}

/* Before the first file runs: a migrator that dies halfway leaves the new profile written down,
 * and its successor goes on with it. */
static int change_profile(const struct work *work)
{
        assert(work->status);

        if (work->status->is_new || work->status->profile == work->profile)
                return 0;
        return ev_trace(write_profile(work->db, work->files, work->profile));
}

/* Read, plan, try, do: whatever can be refused is refused before anything is changed. */
static int up(struct work *work)
{
        const struct ev_migrate_options *options = work->options;
        int r;

        assert(work->status && work->options);

        work->profile = options->has_profile ? options->profile : work->status->profile;
        r = check_unchanged(work->files, work->status);
        if (r == 0)
                r = plan_up(work->files, work->status, work->profile, options->to, &work->plan);
        if (r == 0 && work->plan.downs > 0 && !options->may_lose_rows)
                r = try_way_back(work);
        if (r == 0)
                r = change_profile(work);
        return r ? ev_trace(r) : ev_trace(run_plan(work));
}

/* As up(), with the profile as it is remembered: a way down does not choose one. */
static int down(struct work *work)
{
        int r;

        assert(work->status && work->options);

        work->profile = work->status->profile;
        r = plan_down(work->files, work->status, work->options, &work->plan);
        if (r == 0 && work->plan.downs > 0 && !work->options->may_lose_rows)
                r = try_way_back(work);
        return r ? ev_trace(r) : ev_trace(run_plan(work));
}

/* Status and plan are large and made anew for each run, so they are static: one migrator a
 * process. */
static int run_locked(struct ev_db *db, const struct ev_migrations *files,
                      const struct ev_migrate_options *options, int (*run)(struct work *work))
{
        static struct ev_migrate_status status;
        static struct work work;
        int r;

        assert(files && options && options->to >= 0);

        work = (struct work){ .db = db, .files = files, .options = options, .status = &status };
        r = prepare_session(db);
        if (r < 0)
                return ev_trace(r);
        r = lock(db, &ev_sql_migrate_lock);
        if (r < 0) {
                ev_fail_while("waiting for another migrator");
                return ev_trace(r);
        }
        /* Read with the lock held: whoever had it before may have changed everything. */
        r = ev_migrate_status(db, files, &status);
        if (r == 0)
                r = run(&work);
        if (r < 0)
                ev_db_close(db);
        else if (lock(db, &ev_sql_migrate_unlock) < 0)
                ev_db_close(db); /* which unlocks as well, and undoes nothing */
        return ev_trace(r);
}

int ev_migrate_up(struct ev_db *db, const struct ev_migrations *files,
                  const struct ev_migrate_options *options)
{
        assert(options->to <= EV_MIGRATION_VERSION_MAX);

        return ev_trace(run_locked(db, files, options, up));
}

int ev_migrate_down(struct ev_db *db, const struct ev_migrations *files,
                    const struct ev_migrate_options *options)
{
        assert(options->to <= EV_MIGRATION_VERSION_MAX);

        return ev_trace(run_locked(db, files, options, down));
}

/* Verifying. */

/* Who is told of differences, and how many there were. */
struct verifier {
        ev_migrate_problem_fn *problem;
        void *context; /* the caller's */
        size_t count;
};

/* The one way to report, so that no difference goes uncounted. */
static void found(struct verifier *verifier, struct ev_str object, struct ev_str problem)
{
        assert(verifier->problem);

        verifier->count++;
        verifier->problem(verifier->context, object, problem);
}

/* A statement that finds nothing returns no row, so it may even return other columns then; one
 * that finds something must say it in our form. */
static int read_problem(void *context, const struct ev_str *values, size_t count)
{
        assert(context && values);

        if (count != 2)
                return ev_fail(EV_VERDICT_STOP,
                               "a statement of verify.sql returns %zu columns; "
                               "object and problem are wanted",
                               count);
        found(context, values[0], values[1]);
        return 0;
}

/* States that are as they should be have no text here. */
static void verify_versions(const struct ev_migrate_status *status, struct verifier *verifier)
{
        static const char *const problems[] = {
                [EV_MIGRATION_PENDING] = "is not applied",
                [EV_MIGRATION_CHANGED] = "its file has changed since it was applied",
                [EV_MIGRATION_UNKNOWN] = "is applied, but there is no such file",
        };

        assert(status && verifier);

        for (size_t i = 0; i < status->count; ++i) {
                const struct ev_migrate_entry *entry = &status->entries[i];

                if (entry->state < EV_ARRAY_SIZE(problems) && problems[entry->state])
                        found(verifier, ev_str_of(entry->name), ev_str_of(problems[entry->state]));
        }
}

/* Read only, because verify.sql is a file like any other, and a check must not mend what it
 * finds. */
static int verify_objects(struct ev_db *db, const struct ev_migrations *files,
                          enum ev_profile profile, struct verifier *verifier)
{
        /* As in files->verify[]. */
        static const char *const places[] = { "common", "database" };
        int r;

        assert(files && verifier);

        r = begin(db, files, profile, 0);
        if (r == 0)
                r = ev_db_script(db, "SET TRANSACTION READ ONLY", NULL, NULL);
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(files->verify); ++i) {
                if (!files->verify[i])
                        continue;
                r = ev_db_script(db, files->verify[i], read_problem, verifier);
                if (r < 0)
                        ev_fail_while("verify.sql (%s)", places[i]);
        }
        if (r < 0) {
                ev_db_close(db);
                return ev_trace(r);
        }
        return ev_trace(ev_db_rollback(db));
}

/* Without the lock, as it only reads: next to a migrator at work it shows a state in between, which
 * differs. */
int ev_migrate_verify(struct ev_db *db, const struct ev_migrations *files,
                      ev_migrate_problem_fn *problem, void *context)
{
        static struct ev_migrate_status status;
        struct verifier verifier = { problem, context, 0 };
        int r;

        assert(files && problem);

        r = prepare_session(db);
        if (r == 0)
                r = ev_migrate_status(db, files, &status);
        if (r < 0)
                return ev_trace(r);
        /* Files first, then objects: the first often explain the second. */
        verify_versions(&status, &verifier);
        /* Objects that were never made are not worth a line each. */
        if (status.pending == 0) {
                r = verify_objects(db, files, status.profile, &verifier);
                if (r < 0)
                        return ev_trace(r);
        }
        if (verifier.count == 0)
                return 0;
        ev_fail(EV_VERDICT_STOP, "%s: %zu differences", files->database, verifier.count);
        return EV_MIGRATE_DIFFERS;
}
