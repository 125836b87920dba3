/* eventctl migrate: the migrator of store/migrate.c for the command line.
 *
 * What is promised of interrupted migrations holds here as it does there: this file only opens the
 * session, shows what happens, and turns conditions into exit codes. Interrupting it ends the
 * process and with it the session; the file that was under way is rolled back by the server.
 *
 * Each call connects as the owner of the tables, by the same keys of the configuration that the
 * workers read for their own roles; so an operator has a configuration of his own. */

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/macro.h"
#include "command.h"
#include "flow/settings.h"
#include "output.h"
#include "store/db.h"
#include "store/migrate.h"

enum {
        CONNECT_MS = 10 * 1000, /* a person is waiting, and a server close by answers at once */
        WAIT_MS = 6 * 60 * 60 * 1000, /* an index on a large table takes its time */
        FOLDERS_ABOVE_MAX = 6, /* build/PRESET/workers/eventctl lies four below the source tree */
};

/* A database, its files and a session. */
struct target {
        struct ev_db *db;
        struct ev_migrations *files;
};

/* The session first: if a file is under way, the server learns of the end at once. */
static void target_done(struct target *target)
{
        assert(target);

        ev_db_free(target->db);
        ev_migrations_free(target->files);
}

/* The folder of the common files is what tells a set of migrations from any other folder of that
 * name. */
static bool is_migrations(const char *path)
{
        char common[PATH_MAX + 16];

        assert(path && path[0]);

        snprintf(common, sizeof(common), "%s/common", path);
        return access(common, R_OK | X_OK) == 0;
}

/* Cuts the last component off a path; false at the root. */
static bool cut_component(char *path)
{
        char *slash = strrchr(path, '/');

        assert(path && path[0] != '\0');

        if (!slash || slash == path)
                return false;
        *slash = '\0';
        return true;
}

/* The folder of the migrations: as configured, as installed, or as in a source tree. The two
 * guesses begin at the program and not at the working directory, so that the files always belong to
 * the program that runs them; what is configured is taken as it is, and a mistake in it is told
 * when the files are read. */
static int find_directory(const struct ev_config *config, char *path, size_t size)
{
        const char *configured = ev_config_text(config, "migrations.directory");
        char folder[PATH_MAX];
        ssize_t used = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

        assert(path && size > 0);

        if (configured) {
                snprintf(path, size, "%s", configured);
                return 0;
        }
        /* Without /proc the path is empty, nothing is found, and the message says what to do. */
        folder[used > 0 ? used : 0] = '\0';
        /* The first cut takes the program itself off: what is left is the folder it lies in. */
        for (int i = 0; i < FOLDERS_ABOVE_MAX && cut_component(folder); ++i) {
                snprintf(path, size, "%s/%s", folder,
                         i == 0 ? "../share/quenty/migrations" : "migrations");
                if (is_migrations(path))
                        return 0;
        }
        return ev_fail(EV_VERDICT_STOP, "the migrations are not found beside or above this "
                                        "program: give --migrations.directory=DIRECTORY");
}

/* A session of its own for each call, with a wait that no migration should reach: the bound is
 * there for a server that is gone and whose host still answers. */
static int connect_target(const struct command_input *input, struct target *target)
{
        struct ev_db_options options = {
                .conninfo = ev_settings_conninfo(input->config, input->operand),
                .password_file = ev_settings_password_file(input->config, input->operand),
                .application_name = "eventctl migrate",
                .connect_ms = CONNECT_MS,
                .wait_ms = WAIT_MS,
        };
        int r = ev_db_new(&target->db, &options);

        assert(target->files && input->operand);

        return r < 0 ? ev_trace(r) : ev_trace(ev_db_connect(target->db));
}

/* COMMAND_DONE, or an exit code after a message. */
static enum command_exit open_target(const struct command_input *input, struct target *target)
{
        char directory[PATH_MAX + 32];
        int r;

        assert(target && input->operand);

        if (!ev_migrations_service(input->operand)) {
                fprintf(stderr,
                        "eventctl: \"%s\" is not customer_db, order_db or "
                        "intl_shipping_db\n",
                        input->operand);
                return COMMAND_USAGE;
        }
        r = find_directory(input->config, directory, sizeof(directory));
        if (r == 0)
                r = ev_migrations_read(&target->files, directory, input->operand);
        if (r == 0)
                r = connect_target(input, target);
        if (r == 0)
                return COMMAND_DONE;
        return command_fail();
}

/* The library's conditions as exit codes. Their explanation is the present error, as for a failure,
 * so all of them are told in the same way. */
static enum command_exit finish(int r)
{
        assert(r >= EV_FAILED);

        if (r == 0)
                return COMMAND_DONE;
        command_complain();
        if (r == EV_MIGRATE_REFUSED)
                return COMMAND_REFUSED;
        return r == EV_MIGRATE_DIFFERS ? COMMAND_DIFFERENCES : COMMAND_FAILED;
}

/* What show_step() has to know from one call to the next. */
struct progress {
        bool is_terminal; /* of the standard error, where talk goes */
        int64_t started;  /* monotonic, µs: when the present file was begun */
};

/* A terminal shows at once what is being done, and the time it took on the same line; a file gets
 * what is done. */
static void show_step(void *context, const struct ev_migrate_step *step)
{
        struct progress *progress = context;
        int64_t ms = (ev_clock_monotonic_micros() - progress->started) / EV_MICROS_PER_MS;

        assert(step->number <= step->numbers);

        if (!step->is_done) {
                /* Each file has its own time. */
                progress->started = ev_clock_monotonic_micros();
                if (progress->is_terminal)
                        fprintf(stderr, "%zu/%zu %s %s ...", step->number, step->numbers,
                                step->is_up ? "up  " : "down", step->migration->name);
                return;
        }
        fprintf(stderr, "%s%zu/%zu %s %s (%lld ms)\n", progress->is_terminal ? "\r" : "",
                step->number, step->numbers, step->is_up ? "up  " : "down", step->migration->name,
                (long long)ms);
}

/* Without --profile none is asked for, and the library keeps what the database has: a default here
 * would change a database of profile core by an `up` that somebody typed without thinking of it. */
static bool read_profile(const struct command_input *input, struct ev_migrate_options *options)
{
        const char *value = command_value(input, "profile");

        assert(options);

        if (!value)
                return true;
        options->has_profile = true;
        options->profile = strcmp(value, "core") == 0 ? EV_PROFILE_CORE : EV_PROFILE_FULL;
        if (strcmp(value, ev_profile_name(options->profile)) == 0)
                return true;
        fprintf(stderr, "eventctl: --profile: \"%s\" is neither full nor core\n", value);
        return false;
}

/* Both directions: they differ in where they end unless told, and in who does it. Options that a
 * command does not have are simply not given. Arguments are read before anything is opened, so that
 * a mistake in them costs no connection. */
static enum command_exit migrate(const struct command_input *input, int to_fallback,
                                 int (*run)(struct ev_db *, const struct ev_migrations *,
                                            const struct ev_migrate_options *))
{
        struct progress progress = { .is_terminal = isatty(STDERR_FILENO) };
        struct ev_migrate_options options = { .tell = show_step, .context = &progress };
        _cleanup_(target_done) struct target target = { 0 };
        enum command_exit exit;

        assert(run && to_fallback >= 0);

        if (!command_number(input, "to", EV_MIGRATION_VERSION_MAX, to_fallback, &options.to) ||
            !read_profile(input, &options))
                return COMMAND_USAGE;
        options.may_lose_rows = command_value(input, "yes") != NULL;
        exit = open_target(input, &target);
        if (exit != COMMAND_DONE)
                return exit;
        exit = finish(run(target.db, target.files, &options));
        /* The library knows no options; how to allow it is ours to say. */
        if (exit == COMMAND_REFUSED)
                fputs("eventctl: with --yes it is undone all the same\n", stderr);
        return exit;
}

/* As far as the files go, unless told otherwise. */
enum command_exit migrate_up(const struct command_input *input)
{
        assert(input);

        return migrate(input, EV_MIGRATION_VERSION_MAX, ev_migrate_up);
}

/* Down to nothing, unless told otherwise: what holds it back are the rows, not the operator's
 * memory of a number. */
enum command_exit migrate_down(const struct command_input *input)
{
        assert(input);

        return migrate(input, 0, ev_migrate_down);
}

/* The names are those of the JSON members and a promise to scripts; the checksum is last as it is
 * long. */
static const struct output_column status_columns[] = {
        { "version", 7, true },      { "name", 32, false },    { "state", 8, false },
        { "applied_at", 20, false }, { "checksum", 0, false },
};

/* Rows that a person has to look into are the ones in red. Pending ones are not among them: that is
 * what a database looks like before an update. */
static void show_entry(struct output *output, const struct ev_migrate_entry *entry)
{
        char version[16];
        struct ev_str values[] = {
                EV_STR_NULL, /* the version */
                ev_str_of(entry->name),
                ev_str_of(ev_migration_state_name(entry->state)),
                entry->applied_at[0] ? ev_str_of(entry->applied_at) : EV_STR_NULL,
                ev_str_of(entry->checksum),
        };

        assert(output->columns == status_columns);

        _Static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(status_columns), "one a column");
        snprintf(version, sizeof(version), "%d", entry->version);
        values[0] = ev_str_of(version);
        output_row(output, values,
                   entry->state == EV_MIGRATION_CHANGED || entry->state == EV_MIGRATION_UNKNOWN);
}

/* The database is only read, and by nobody's leave: a migrator that is at work is not waited for,
 * so the answer is what was committed at that moment.
 *
 * The table is the result; the line of counts is talk and goes to the standard error, so that a
 * program that reads JSON gets JSON only. */
enum command_exit migrate_status(const struct command_input *input)
{
        static struct ev_migrate_status status; /* large */
        struct output output = { .columns = status_columns,
                                 .columns_count = EV_ARRAY_SIZE(status_columns) };
        _cleanup_(target_done) struct target target = { 0 };
        enum command_exit exit;

        assert(input->operand);

        if (!output_format_of(input, &output.format))
                return COMMAND_USAGE;
        exit = open_target(input, &target);
        if (exit != COMMAND_DONE)
                return exit;
        if (ev_migrate_status(target.db, target.files, &status) < 0)
                return finish(EV_FAILED);

        const struct output_member members[] = {
                { "database", target.files->database },
                { "profile", ev_profile_name(status.profile) },
        };

        output_begin(&output, members, EV_ARRAY_SIZE(members), "migrations");
        for (size_t i = 0; i < status.count; ++i)
                show_entry(&output, &status.entries[i]);
        if (!output_end(&output))
                return COMMAND_FAILED;
        fprintf(stderr, "%s: profile %s, %zu pending, %zu changed or unknown\n",
                target.files->database, ev_profile_name(status.profile), status.pending,
                status.differing);
        return status.differing ? COMMAND_DIFFERENCES : COMMAND_DONE;
}

/* Each as it is found: a database far from its migrations has hundreds, and the statements that
 * look for them take their time. */
static void show_problem(void *context, struct ev_str object, struct ev_str problem)
{
        const struct ev_str values[] = { object, problem };

        assert(context);

        output_row(context, values, false);
}

/* Output that could not be written is a failure even when nothing differs: an empty file must
 * not look like a good result. */
enum command_exit migrate_verify(const struct command_input *input)
{
        static const struct output_column columns[] = {
                { "object", 40, false },
                { "problem", 0, false },
        };
        struct output output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) };
        _cleanup_(target_done) struct target target = { 0 };
        const struct output_member members[] = { { "database", input->operand } };
        enum command_exit exit;
        int r;

        assert(input->operand);

        if (!output_format_of(input, &output.format))
                return COMMAND_USAGE;
        exit = open_target(input, &target);
        if (exit != COMMAND_DONE)
                return exit;
        output_begin(&output, members, EV_ARRAY_SIZE(members), "differences");
        r = ev_migrate_verify(target.db, target.files, show_problem, &output);
        if (r < 0)
                return finish(r);
        return output_end(&output) ? finish(r) : COMMAND_FAILED;
}
