/* Schemas of the build and of an operator's folder.
 *
 * A version is known by its id, or by the fingerprint in a single-object frame. The build is asked
 * first, so that nothing in the folder can change what a known value means.
 *
 * The folder is replaced as a whole: either everything in it could be read, or what was read before
 * stays. If the process dies here, nothing has happened; the next one reads the folder at start. */

#include "flow/schemas.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "schemas/registry.h"
#include "wire/schema.h"
#include "wire/schema_ids.h"

enum {
        FOLDER_MEMORY_MAX = 64 * 1024 * 1024, /* all texts of a folder */
        PATH_MAX_BYTES = 4096,
        PATIENCE_MS = 1000, /* with a folder that could not be read */
};

/* What was read from the folder at one time. */
struct folder {
        struct ev_arena *arena; /* everything below lies in it */
        struct ev_registered *items;
        size_t count;
        struct stat seen; /* of the list, before it was read */
};

struct ev_schemas {
        char *path;
        struct folder folder;
        /* Of the last try to read the folder again, where it failed. */
        struct stat tried;
        int64_t patient_until; /* monotonic */
        struct ev_error failure;
};

static void folder_done(struct folder *folder)
{
        assert(folder);

        folder->arena = ev_arena_free(folder->arena);
        *folder = (struct folder){ 0 };
}

/* A list that was written again in place, or another file under its name. */
static bool is_same(const struct stat *a, const struct stat *b)
{
        assert(a && b);

        return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_meant(const struct ev_registered *registered, const struct ev_frame *frame)
{
        assert(registered && frame);

        return frame->has_fingerprint ? registered->fingerprint == frame->fingerprint
                                      : registered->id == frame->id;
}

static const struct ev_registered *find_in(const struct ev_registered *items, size_t count,
                                           const struct ev_frame *frame)
{
        assert(items || count == 0);

        for (size_t i = 0; i < count; ++i)
                if (is_meant(&items[i], frame))
                        return &items[i];
        return NULL;
}

/* The schema is read now, although it is used only when a value of it comes: a mistake in a file is
 * told to who put it there. */
static int add_version(struct folder *folder, const char *path, const struct ev_schema_line *line)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(EV_SCHEMA_BYTES_MAX);
        _cleanup_(ev_schema_free_p) struct ev_schema *schema = NULL;
        struct ev_registered *item = &folder->items[folder->count];
        char file[PATH_MAX_BYTES];
        int r;

        assert(folder->count < EV_SCHEMAS_MAX);

        snprintf(file, sizeof(file), "%s/%.*s", path, EV_STR_ARG(line->file));
        r = ev_buffer_read_file(&text, file);
        if (r == 0)
                r = ev_schema_parse(ev_buffer_str(&text), &schema);
        if (r == 0 && !ev_str_equal(schema->record->name, line->name))
                r = ev_fail(EV_VERDICT_STOP, "the record is %.*s, but ids says %.*s",
                            EV_STR_ARG(schema->record->name), EV_STR_ARG(line->name));
        if (r == 0)
                r = ev_schema_fingerprint(schema, &item->fingerprint);
        if (r == 0)
                r = ev_arena_copy(folder->arena, ev_buffer_str(&text), &item->text);
        if (r == 0)
                r = ev_arena_copy(folder->arena, line->name, &item->name);
        if (r == 0)
                r = ev_arena_copy(folder->arena, line->file, &item->file);
        if (r < 0)
                return ev_trace(ev_fail_while("%s", file));
        item->id = line->id;
        item->version = line->version;
        ++folder->count;
        return 0;
}

/* Two meanings of one id are a mistake that must not wait for a value to be seen. */
static int take_line(struct folder *folder, const char *path, const struct ev_schema_line *line)
{
        const struct ev_frame frame = { .id = line->id };
        const struct ev_registered *known =
                find_in(schemas_registry, schemas_registry_count, &frame);

        if (!known)
                known = find_in(folder->items, folder->count, &frame);
        if (known && !ev_str_equal(known->name, line->name))
                return ev_fail(EV_VERDICT_STOP, "%s/ids: %u is %.*s, and not %.*s", path, line->id,
                               EV_STR_ARG(known->name), EV_STR_ARG(line->name));
        if (known)
                return 0;
        if (folder->count == EV_SCHEMAS_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s/ids: more than %d versions", path,
                               EV_SCHEMAS_MAX);
        return ev_trace(add_version(folder, path, line));
}

/* The list's state is taken before it is read: one that changes meanwhile is read again. */
static int read_folder(struct folder *folder, const char *path)
{
        _cleanup_buffer_ struct ev_buffer ids = EV_BUFFER_INIT(EV_SCHEMA_IDS_BYTES_MAX);
        struct ev_schema_line line;
        char file[PATH_MAX_BYTES];
        struct ev_str rest;
        int r;

        assert(folder->arena && path);

        snprintf(file, sizeof(file), "%s/ids", path);
        if (stat(file, &folder->seen))
                return ev_fail(EV_VERDICT_STOP, "cannot read %s: %s", file, strerror(errno));
        r = ev_buffer_read_file(&ids, file);
        rest = ev_buffer_str(&ids);
        while (r == 0 && (r = ev_schema_ids_next(&rest, &line)) == 0)
                r = take_line(folder, path, &line);
        return r < 0 ? ev_trace(r) : 0;
}

static int load(struct ev_schemas *schemas)
{
        _cleanup_(folder_done) struct folder folder = { 0 };
        int r = ev_arena_new(&folder.arena, FOLDER_MEMORY_MAX);

        assert(schemas->path);

        if (r < 0)
                return ev_trace(r);
        folder.items = ev_arena_take_array(folder.arena, EV_SCHEMAS_MAX, sizeof(*folder.items));
        if (!folder.items)
                return ev_trace(EV_FAILED);
        r = read_folder(&folder, schemas->path);
        if (r < 0)
                return ev_trace(r);
        folder_done(&schemas->folder);
        schemas->folder = folder;
        folder = (struct folder){ 0 };
        return 0;
}

int ev_schemas_new(struct ev_schemas **ret_schemas, const char *folder)
{
        _cleanup_(ev_schemas_free_p) struct ev_schemas *schemas = NULL;
        char reason[EV_ERROR_TEXT_MAX];
        int r = 0;

        assert(ret_schemas);

        schemas = calloc(1, sizeof(*schemas));
        if (!schemas)
                return ev_fail_memory("schemas");
        if (folder) {
                schemas->path = strdup(folder);
                r = schemas->path ? load(schemas) : ev_fail_memory("schemas");
        }
        if (r < 0) {
                /* Whatever the fault would be called in a record: here somebody has to mend it. */
                snprintf(reason, sizeof(reason), "%s", ev_error_last()->text);
                return ev_fail(EV_VERDICT_STOP, "schemas.dir: %s", reason);
        }
        *ret_schemas = schemas;
        schemas = NULL;
        return 0;
}

struct ev_schemas *ev_schemas_free(struct ev_schemas *schemas)
{
        if (!schemas)
                return NULL;
        folder_done(&schemas->folder);
        free(schemas->path);
        free(schemas);
        return NULL;
}

/* One that is not there is all zeros, like another one that is not there. */
static struct stat look_at_list(const struct ev_schemas *schemas)
{
        char file[PATH_MAX_BYTES];
        struct stat now = { 0 };

        assert(schemas->path);

        snprintf(file, sizeof(file), "%s/ids", schemas->path);
        return stat(file, &now) ? (struct stat){ 0 } : now;
}

/* Reads the folder if there may be something new: a look at one file, for values that would be dead
 * letters. These may come by thousands a second, so a folder that could not be read is left alone
 * until its list changes, or for a second: a file that the list names may have been mended. */
static int refresh(struct ev_schemas *schemas)
{
        struct stat now = look_at_list(schemas);
        int r;

        assert(schemas->path);

        if (is_same(&now, &schemas->folder.seen))
                return 0;
        if (is_same(&now, &schemas->tried) &&
            ev_clock_monotonic_micros() < schemas->patient_until) {
                ev_error_restore(&schemas->failure);
                return EV_FAILED;
        }
        r = load(schemas);
        schemas->patient_until = 0;
        if (r == 0)
                return 0;
        schemas->failure = *ev_error_last();
        schemas->tried = now;
        schemas->patient_until = ev_clock_monotonic_micros() + PATIENCE_MS * EV_MICROS_PER_MS;
        return ev_trace(r);
}

/* A folder that cannot be read any more is a reason why the value cannot be, and no more: the
 * record is kept as a dead letter with this text, and others go on. */
const struct ev_registered *ev_schemas_find(struct ev_schemas *schemas,
                                            const struct ev_frame *frame)
{
        const struct ev_registered *found =
                find_in(schemas_registry, schemas_registry_count, frame);
        const char *what = frame->has_fingerprint ? "fingerprint" : "id";

        assert(frame->payload.data || frame->payload.size == 0);

        if (!found && schemas)
                found = find_in(schemas->folder.items, schemas->folder.count, frame);
        if (!found && schemas && schemas->path) {
                if (refresh(schemas) < 0) {
                        (void)ev_fail_while("no schema of the build has the %s of the value, and "
                                            "schemas.dir cannot be read",
                                            what);
                        return NULL;
                }
                found = find_in(schemas->folder.items, schemas->folder.count, frame);
        }
        if (!found)
                (void)ev_fail(EV_VERDICT_RECORD, "no schema has the %s of the value", what);
        return found;
}
