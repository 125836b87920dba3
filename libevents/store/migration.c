/* Reads migration files. Everything is in memory and checked before the first statement runs, so a
 * file that changes meanwhile, or a missing one, cannot stop a migration halfway.
 *
 * Two folders are read as one sequence: what all databases share comes from one place, and a
 * database's own files may stand between. A number is therefore given once over both, and a file
 * that does not fit the scheme is an error and not passed over, as it would be a migration that
 * somebody believes to be applied.
 *
 * Nothing here touches a database; if the process dies, nothing has happened. */

#include "store/migration.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

enum {
        PATH_BYTES_MAX = 4096, /* Linux's PATH_MAX */
        VERSION_DIGITS = 4,
};

/* Folders of migrations, names of databases and of version tables: one row each. */
static const struct {
        const char *database;
        const char *service;
} services[] = {
        { "customer_db", "customer" },
        { "order_db", "order" },
        { "intl_shipping_db", "shipping" },
};

/* Stands in the comment of the version table, so a name that was once given stays. */
const char *ev_profile_name(enum ev_profile profile)
{
        static const char *const names[] = {
                [EV_PROFILE_FULL] = "full",
                [EV_PROFILE_CORE] = "core",
        };

        assert(profile < EV_ARRAY_SIZE(names));
        return names[profile];
}

/* The original schema document names its version tables after services and not after databases,
 * and so do we. */
const char *ev_migrations_service(const char *database)
{
        assert(database);

        for (size_t i = 0; i < EV_ARRAY_SIZE(services); ++i)
                if (strcmp(services[i].database, database) == 0)
                        return services[i].service;
        return NULL;
}

/* Nothing was written, so nothing can fail that anybody would have to know. */
static void close_file(FILE **file)
{
        assert(file);

        if (*file)
                fclose(*file);
}

/* 0 and the text of a file (malloc), with a NUL behind it. Read to its end and not by the size that
 * stat() tells: a file that grows meanwhile is seen as it is at the end. */
static int read_text(const char *path, char **ret_text)
{
        _cleanup_(close_file) FILE *file = fopen(path, "r");
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert(path && ret_text);

        if (!file)
                return ev_fail(EV_VERDICT_STOP, "%s: %s", path, strerror(errno));
        /* The bound and one more byte, which tells a file that is too long from one that just
         * fits; what is not used is given back below. */
        text = malloc(EV_MIGRATION_BYTES_MAX + 1);
        if (!text)
                return ev_fail_memory("a migration");
        size = fread(text, 1, EV_MIGRATION_BYTES_MAX + 1, file);
        if (ferror(file))
                return ev_fail(EV_VERDICT_STOP, "%s: cannot be read", path);
        if (size > EV_MIGRATION_BYTES_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: longer than %d bytes", path,
                               EV_MIGRATION_BYTES_MAX);
        /* A NUL would end the script for libpq, and the rest of the file would silently not
         * run. */
        if (!ev_str_is_text((struct ev_str){ text, size }))
                return ev_fail(EV_VERDICT_STOP, "%s: not UTF-8 text", path);
        text[size] = '\0';
        *ret_text = realloc(text, size + 1);
        text = NULL;
        assert(*ret_text); /* it shrank */
        return 0;
}

/* What the name of a file says. */
struct file_name {
        int version;                      /* from 1 */
        char name[EV_MIGRATION_NAME_MAX]; /* without direction and profile: "0016_indexes" */
        bool is_full;
        bool is_up;
};

/* Takes a known end off a text, if it is there. */
static bool cut_end(char *text, const char *end)
{
        size_t size = strlen(text), end_size = strlen(end);

        assert(text && end);

        if (size < end_size || strcmp(text + size - end_size, end) != 0)
                return false;
        text[size - end_size] = '\0';
        return true;
}

/* "0016_indexes.full.up.sql". Read from its end, as the name in the middle is free; it consists of
 * letters that need no quotes, in SQL and in a shell. */
static bool parse_name(const char *text, struct file_name *ret_name)
{
        struct file_name name = { 0 };
        const char *rest;

        assert(text && ret_name);

        if (!ev_str_copy(ev_str_of(text), name.name, sizeof(name.name)))
                return false;
        name.is_up = cut_end(name.name, ".up.sql");
        if (!name.is_up && !cut_end(name.name, ".down.sql"))
                return false;
        name.is_full = cut_end(name.name, ".full");
        /* Four digits always, so that a listing of the folder is in the order of the numbers. */
        if (strspn(name.name, "0123456789") != VERSION_DIGITS || name.name[VERSION_DIGITS] != '_')
                return false;
        rest = name.name + VERSION_DIGITS + 1;
        if (!*rest || rest[strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789_")])
                return false;
        name.version = (int)strtol(name.name, NULL, 10);
        *ret_name = name;
        return name.version > 0;
}

/* The place of this file's migration; a new one if it is the first file of it. Searched from the
 * beginning each time: a thousand files are half a million comparisons, once a command. */
static int find_or_add(struct ev_migrations *migrations, const struct file_name *name,
                       const char *path, struct ev_migration **ret_migration)
{
        struct ev_migration *migration;

        assert(name->version > 0 && name->version <= EV_MIGRATION_VERSION_MAX);
        assert(path && ret_migration);

        for (size_t i = 0; i < migrations->count; ++i) {
                migration = &migrations->migrations[i];
                if (migration->version != name->version)
                        continue;
                /* The two files of a migration have one name, and there is one of each. */
                if (strcmp(migration->name, name->name) != 0 ||
                    migration->is_full != name->is_full ||
                    (name->is_up ? migration->up : migration->down))
                        return ev_fail(EV_VERDICT_STOP, "%s: the number belongs to %s already",
                                       path, migration->name);
                *ret_migration = migration;
                return 0;
        }
        if (migrations->count == EV_MIGRATIONS_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: more than %d migrations", path,
                               EV_MIGRATIONS_MAX);
        migration = &migrations->migrations[migrations->count++];
        migration->version = name->version;
        migration->is_full = name->is_full;
        memcpy(migration->name, name->name, sizeof(migration->name));
        *ret_migration = migration;
        return 0;
}

/* The checksum is of the up file alone: that one made the database what it is. A way down may be
 * mended afterwards. */
static int add_file(struct ev_migrations *migrations, const char *path, const char *file_name)
{
        struct ev_migration *migration = NULL;
        uint8_t hash[EV_DIGEST_BYTES];
        struct file_name name;
        int r;

        assert(path && file_name);

        if (!parse_name(file_name, &name))
                return ev_fail(EV_VERDICT_STOP,
                               "%s: a migration is named NNNN_name.up.sql, NNNN_name.down.sql, "
                               "NNNN_name.full.up.sql or NNNN_name.full.down.sql",
                               path);
        r = find_or_add(migrations, &name, path, &migration);
        if (r < 0)
                return ev_trace(r);
        assert(migration);
        r = read_text(path, name.is_up ? &migration->up : &migration->down);
        if (r < 0 || !name.is_up)
                return ev_trace(r);
        assert(migration->up);
        r = ev_digest_once(migration->up, strlen(migration->up), hash);
        if (r < 0)
                return ev_trace(r);
        ev_digest_format(hash, migration->checksum);
        return 0;
}

/* As with files: it was only read. */
static void close_folder(DIR **folder)
{
        assert(folder);

        if (*folder)
                closedir(*folder);
}

/* Reads DIRECTORY/NAME. What does not end with ".sql" is of no interest. */
static int read_folder(struct ev_migrations *migrations, const char *directory, const char *name,
                       char **ret_verify)
{
        char path[PATH_BYTES_MAX];
        _cleanup_(close_folder) DIR *folder = NULL;
        const struct dirent *entry;

        assert(directory && name && ret_verify);

        if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
                return ev_fail(EV_VERDICT_STOP, "%s: the path is too long", directory);
        folder = opendir(path);
        if (!folder)
                return ev_fail(EV_VERDICT_STOP, "%s: %s", path, strerror(errno));
        while ((entry = readdir(folder))) {
                char rest[NAME_MAX + 1];
                int r = 0;

                snprintf(rest, sizeof(rest), "%s", entry->d_name);
                /* Editors leave copies behind, and a README may be there. */
                if (!cut_end(rest, ".sql"))
                        continue;
                if (snprintf(path, sizeof(path), "%s/%s/%s", directory, name, entry->d_name) >=
                    (int)sizeof(path))
                        return ev_fail(EV_VERDICT_STOP, "%s: the path is too long", directory);
                if (strcmp(rest, "verify") == 0)
                        r = read_text(path, ret_verify);
                else
                        r = add_file(migrations, path, entry->d_name);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* For qsort() and bsearch(). Numbers are small, so the difference does not overflow. */
static int by_version(const void *a, const void *b)
{
        const struct ev_migration *left = a, *right = b;

        assert(a && b);

        return left->version - right->version;
}

/* A migration without a way back is found here and not in the night in which it is needed. */
static int check_pairs(const struct ev_migrations *migrations, const char *directory)
{
        assert(directory);

        for (size_t i = 0; i < migrations->count; ++i) {
                const struct ev_migration *migration = &migrations->migrations[i];

                if (!migration->up || !migration->down)
                        return ev_fail(EV_VERDICT_STOP, "%s: %s has no %s file", directory,
                                       migration->name, migration->up ? "down" : "up");
        }
        return 0;
}

/* Either all files of a database or none: a set that was read in part would show the rest as
 * unknown versions, and a person would look for the fault in the database. */
int ev_migrations_read(struct ev_migrations **ret_migrations, const char *directory,
                       const char *database)
{
        _cleanup_(ev_migrations_free_p) struct ev_migrations *migrations = NULL;
        int r;

        assert(ret_migrations && directory);
        assert(database && ev_migrations_service(database));

        migrations = calloc(1, sizeof(*migrations));
        if (!migrations)
                return ev_fail_memory("migrations");
        migrations->database = database;
        migrations->service = ev_migrations_service(database);
        /* All at once: 200 kB for the time of one command, and pointers into it stay valid
         * while it fills. */
        migrations->migrations = calloc(EV_MIGRATIONS_MAX, sizeof(struct ev_migration));
        if (!migrations->migrations)
                return ev_fail_memory("migrations");
        r = read_folder(migrations, directory, "common", &migrations->verify[0]);
        if (r < 0)
                return ev_trace(r);
        r = read_folder(migrations, directory, database, &migrations->verify[1]);
        if (r < 0)
                return ev_trace(r);
        /* readdir() gives any order, and two folders are mixed. */
        qsort(migrations->migrations, migrations->count, sizeof(struct ev_migration), by_version);
        r = check_pairs(migrations, directory);
        if (r < 0)
                return ev_trace(r);
        *ret_migrations = migrations;
        migrations = NULL;
        return 0;
}

struct ev_migrations *ev_migrations_free(struct ev_migrations *migrations)
{
        if (!migrations)
                return NULL;
        for (size_t i = 0; i < migrations->count; ++i) {
                free(migrations->migrations[i].up);
                free(migrations->migrations[i].down);
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(migrations->verify); ++i)
                free(migrations->verify[i]);
        free(migrations->migrations);
        free(migrations);
        return NULL;
}

/* By number, which is what the version table has in common with the files. */
const struct ev_migration *ev_migrations_find(const struct ev_migrations *migrations, int version)
{
        const struct ev_migration key = { .version = version };

        assert(migrations);
        assert(migrations->count <= EV_MIGRATIONS_MAX);

        return bsearch(&key, migrations->migrations, migrations->count, sizeof(key), by_version);
}
