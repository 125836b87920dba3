/* Writes an archive: files by topic and day, then the manifest that makes them one.
 *
 * Facts come in the order of their numbers and go to the file of their topic and day. A file begins
 * with its schema, so what will come has to be said first. Where a day gets further facts, its files
 * are written anew: first what they held, then what comes; so it does not matter in how many steps an
 * archive came to be.
 *
 * Which part of a day a fact goes to depends on the versions of that day alone: they are taken by rising
 * ids, and each goes to the first part in which no other one clashes with it. On the day on which
 * OrderAccepted gets a second version there are two parts, and both versions may come in any order, as
 * they do while workers are replaced one by one:
 *
 *      2026-11-29.avro         OrderAccepted 1, OrderRejected 1, OrderConfirmed 1, …
 *      2026-11-29.2.avro       OrderAccepted 2
 *
 * What is true if the process dies here: until the last step the archive is the old one, since all that
 * is written has names of its own; in that step it is the old one or becomes the new one by the next
 * writer (flow/archive_folder.c). The lock goes with the process. */

#include "flow/archive_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/sort.h"
#include "flow/leaf.h"
#include "wire/schema.h"

enum {
        KINDS_MAX = 1024 * 1024,
        SCHEMAS_KNOWN_MAX = 1024, /* different ones in one archive's new part */
        MEMORY_MAX = 512 * 1024 * 1024,
        FILE_MODE = 0640, /* facts are not for everybody */
};

/* A version of an event that occurs. Its schema is parsed once and shared by all files that have it;
 * the type is the registry's, to which those of the rows are compared. */
struct version {
        int32_t id;
        struct ev_str type;
        struct ev_schema *schema;
};

/* A file that is to be written. It goes from expected over open to done, and never back: rows come in
 * the order of their numbers, and the last one is known. While it is open there is one block of it in
 * memory, which grows to what a block may have at most. */
struct part {
        struct ev_archive_file file; /* its numbers grow as rows come */
        const struct version *versions[EV_ARCHIVE_SCHEMAS_MAX];
        int64_t ends_at; /* the last number that is expected */
        int fd;          /* -1: not open */
        bool is_done;
        struct ev_buffer block;
        int64_t rows; /* in the block */
        uint8_t sync[ARCHIVE_SYNC_BYTES];
        struct ev_digest *digest;
};

/* What is expected of one topic, day and version. The same may be told several times, since the database
 * is asked about one range of numbers after the other; they come together when parts are made. */
struct kind {
        struct ev_str topic;
        int64_t day;
        const struct version *version;
        int64_t last_seq;
};

/* The old archive is kept apart from what is made anew: it stays as it was read until the end, when files
 * of days without further facts are taken over from it. Parts lie in the arena and are found by a walk:
 * nearly every row belongs to one of the few that are open. */
struct ev_archive_writer {
        char folder[EV_ARCHIVE_PATH_MAX];
        int lock_fd;
        struct ev_str database;
        struct ev_schemas *schemas;
        struct ev_arena *old_arena; /* NULL: there was no archive */
        struct ev_archive_manifest old;
        struct ev_arena *arena;
        struct version versions[SCHEMAS_KNOWN_MAX];
        size_t versions_count;
        struct kind *kinds;
        size_t kinds_count, kinds_capacity;
        struct part **parts; /* in the order of topic, day and part */
        size_t parts_count;
        struct part *open[EV_ARCHIVE_OPEN_MAX];
        size_t open_count;
        struct ev_str *sources;
        size_t sources_count;
        bool has_begun;
        int64_t head_seq; /* of the last row */
        struct ev_uuid head_id;
        struct ev_buffer scratch;
        struct ev_digest *digest; /* of leaves */
        struct ev_buffer leaf;
};

/* ---- Begin and end of a writer ---- */

/* The name is compared before anything is changed: files of another database would be taken for
 * leftovers otherwise. */
static int load_old(struct ev_archive_writer *writer)
{
        int r = ev_archive_load(writer->folder, ARCHIVE_MANIFEST, &writer->old_arena, &writer->old);

        assert(writer->lock_fd >= 0);

        if (r == 0 && !ev_str_equal(writer->old.database, writer->database))
                r = ev_fail(EV_VERDICT_STOP, "%s holds facts of %.*s, not of %.*s", writer->folder,
                            EV_STR_ARG(writer->old.database), EV_STR_ARG(writer->database));
        return r == ARCHIVE_ABSENT ? 0 : ev_trace(r);
}

/* The old manifest is asked for before what is unfinished becomes true, and again behind it. */
static int open_folder(struct ev_archive_writer *writer)
{
        int r = ev_archive_make_folders(writer->folder);

        assert(writer->folder[0]);

        if (r == 0)
                r = ev_archive_lock(writer->folder, &writer->lock_fd);
        if (r == 0)
                r = load_old(writer);
        if (r == 0)
                r = ev_archive_recover(writer->folder, &writer->old);
        writer->old_arena = ev_arena_free(writer->old_arena);
        writer->old = (struct ev_archive_manifest){ 0 };
        return r == 0 ? ev_trace(load_old(writer)) : ev_trace(r);
}

/* What a writer that died has left is settled here, so that the caller sees an archive that is
 * whole, and asks the database from where it ends. */
int ev_archive_writer_new(struct ev_archive_writer **ret_writer, const char *path,
                          const char *database, struct ev_schemas *schemas)
{
        _cleanup_(ev_archive_writer_free_p) struct ev_archive_writer *writer =
                calloc(1, sizeof(*writer));
        int r;

        assert(ret_writer && path && database);

        if (!writer)
                return ev_fail_memory("an archive");
        writer->lock_fd = -1;
        writer->schemas = schemas;
        writer->scratch = EV_BUFFER_INIT(ARCHIVE_MANIFEST_BYTES_MAX);
        writer->leaf = EV_BUFFER_INIT(EV_LEAF_BYTES_MAX);
        if (!ev_str_copy(ev_str_of(path), writer->folder, sizeof(writer->folder)))
                return ev_fail(EV_VERDICT_STOP, "the path of an archive is too long");
        r = ev_arena_new(&writer->arena, MEMORY_MAX);
        if (r == 0)
                r = ev_digest_new(&writer->digest);
        if (r == 0)
                r = ev_arena_copy(writer->arena, ev_str_of(database), &writer->database);
        if (r == 0)
                r = open_folder(writer);
        if (r < 0)
                return ev_trace(r);
        writer->head_seq = writer->old.head_seq;
        writer->head_id = writer->old.head_id;
        *ret_writer = writer;
        writer = NULL;
        return 0;
}

/* The numbers of the file stay: they go into the manifest. */
static void part_done(struct part *part)
{
        assert(part);

        ev_archive_close_p(&part->fd);
        ev_buffer_done(&part->block);
        part->digest = ev_digest_free(part->digest);
}

/* Without ev_archive_writer_end() the archive stays what it was. Files that were begun are left
 * lying, because the next writer has to be able to remove those of one that was killed anyway. */
struct ev_archive_writer *ev_archive_writer_free(struct ev_archive_writer *writer)
{
        if (!writer)
                return NULL;
        for (size_t i = 0; i < writer->open_count; ++i)
                part_done(writer->open[i]);
        for (size_t i = 0; i < writer->versions_count; ++i)
                ev_schema_free(writer->versions[i].schema);
        free(writer->kinds);
        ev_buffer_done(&writer->scratch);
        ev_buffer_done(&writer->leaf);
        ev_digest_free(writer->digest);
        ev_arena_free(writer->arena);
        ev_arena_free(writer->old_arena);
        ev_archive_close_p(&writer->lock_fd);
        free(writer);
        return NULL;
}

/* What was there when this writer came, recovery included. */
const struct ev_archive_manifest *ev_archive_writer_manifest(const struct ev_archive_writer *writer)
{
        assert(writer);

        return writer->old_arena ? &writer->old : NULL;
}

/* ---- What will come ---- */

/* `type` null: whatever the version is of. */
static int find_version(struct ev_archive_writer *writer, int32_t id, struct ev_str type,
                        const struct version **ret_version)
{
        const struct ev_frame frame = { .id = (uint32_t)id };
        const struct ev_registered *registered;
        struct version *version;
        int r;

        assert(ret_version);

        for (size_t i = 0; i < writer->versions_count; ++i)
                if (writer->versions[i].id == id) {
                        *ret_version = &writer->versions[i];
                        return 0;
                }
        registered = ev_schemas_find(writer->schemas, &frame);
        if (!registered)
                return ev_trace(ev_fail_while("schema %d of %.*s", id, EV_STR_ARG(type)));
        if (writer->versions_count == SCHEMAS_KNOWN_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d schemas", SCHEMAS_KNOWN_MAX);
        version = &writer->versions[writer->versions_count];
        r = ev_arena_copy(writer->arena, registered->name, &version->type);
        if (r == 0)
                r = ev_schema_parse(registered->text, &version->schema);
        if (r < 0)
                return ev_trace(r);
        version->id = id;
        ++writer->versions_count;
        *ret_version = version;
        return 0;
}

/* Outside of the arena, since it grows: of what is known at the end only is the memory kept. */
static int add_kind(struct ev_archive_writer *writer, const struct kind *kind)
{
        assert(!writer->has_begun && writer->kinds_count <= writer->kinds_capacity);

        if (writer->kinds_count == writer->kinds_capacity) {
                size_t capacity = writer->kinds_capacity ? 2 * writer->kinds_capacity : 256;
                struct kind *kinds;

                if (capacity > KINDS_MAX)
                        return ev_fail(EV_VERDICT_STOP, "too many topics, days and types at once");
                kinds = realloc(writer->kinds, capacity * sizeof(*kinds));
                if (!kinds)
                        return ev_fail_memory("kinds of facts");
                writer->kinds = kinds;
                writer->kinds_capacity = capacity;
        }
        writer->kinds[writer->kinds_count++] = *kind;
        return 0;
}

/* Type and schema are compared, for the type of a row is what people search by, and the schema
 * what its bytes are read by: a fact whose two do not agree would be one thing for some readers
 * and another one for others. */
int ev_archive_writer_expect(struct ev_archive_writer *writer, const struct ev_archive_kind *kind)
{
        struct kind item = { .day = kind->day, .last_seq = kind->last_seq };
        int r = find_version(writer, kind->schema_id, kind->type, &item.version);

        assert(kind->last_seq > 0);

        if (r == 0 && !ev_str_equal(item.version->type, kind->type))
                r = ev_fail(EV_VERDICT_STOP, "facts of type %.*s have schema %d, which is of %.*s",
                            EV_STR_ARG(kind->type), kind->schema_id,
                            EV_STR_ARG(item.version->type));
        if (r == 0)
                r = ev_arena_copy(writer->arena, kind->topic, &item.topic);
        return r == 0 ? ev_trace(add_kind(writer, &item)) : ev_trace(r);
}

/* By topic and day, so that those of one day lie together, and by rising ids within it, on which
 * the order of branches and parts depends. */
static int compare_kinds(const void *a, const void *b, void *context)
{
        const struct kind *left = a, *right = b;
        int order = ev_str_compare(left->topic, right->topic);

        assert(!context);

        if (order == 0)
                order = (left->day > right->day) - (left->day < right->day);
        return order ? order
                     : (left->version->id > right->version->id) -
                               (left->version->id < right->version->id);
}

/* A day of one topic is what becomes a file. */
static bool is_same_day(const struct kind *a, const struct kind *b)
{
        assert(a->version && b->version);

        return a->day == b->day && ev_str_equal(a->topic, b->topic);
}

/* ---- Parts ---- */

/* The topic's name becomes a folder's. What Kafka allows is harmless but for a dot in front; it is
 * read back by the reader's own rule, so that none is written that would be refused later. */
static int make_path(struct ev_archive_writer *writer, struct ev_archive_file *file)
{
        char name[ARCHIVE_NAME_MAX], path[EV_ARCHIVE_PATH_MAX];
        struct ev_archive_file again;
        int size, r;

        ev_archive_name(file->day, file->part, name);
        size = snprintf(path, sizeof(path), "%.*s/%s", EV_STR_ARG(file->topic), name);
        if (size < 0 || (size_t)size >= sizeof(path))
                return ev_fail(EV_VERDICT_STOP, "the name of a topic is too long");
        r = ev_arena_copy(writer->arena, (struct ev_str){ path, (size_t)size }, &file->path);
        if (r < 0)
                return ev_trace(r);
        assert(file->part >= 1);
        if (!ev_archive_parse_path(file->path, &again))
                return ev_fail(EV_VERDICT_STOP, "no file can have the name of topic %.*s",
                               EV_STR_ARG(file->topic));
        return 0;
}

/* Nothing is opened yet: an export of a year has hundreds of files, of which a few are written at
 * one time. */
static int add_part(struct ev_archive_writer *writer, const struct kind *kind, uint32_t number,
                    struct part **ret_part)
{
        struct part *part = ev_arena_take(writer->arena, sizeof(*part));
        int r;

        assert(ret_part);

        if (!part)
                return ev_trace(EV_FAILED);
        if (number > EV_ARCHIVE_PARTS_MAX || writer->parts_count == EV_ARCHIVE_FILES_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: too many files", writer->folder);
        *part = (struct part){
                .file = { .topic = kind->topic, .day = kind->day, .part = number },
                .fd = -1,
                .block = EV_BUFFER_INIT(ARCHIVE_BLOCK_BYTES_MAX),
        };
        r = make_path(writer, &part->file);
        if (r == 0)
                r = ev_archive_make_sync(writer->database, kind->topic, kind->day, number,
                                         part->sync);
        if (r < 0)
                return ev_trace(r);
        writer->parts[writer->parts_count++] = *ret_part = part;
        return 0;
}

/* With every version that is there already: names clash in pairs. */
static int fits(const struct part *part, const struct version *version, bool *ret_fits)
{
        bool clashes = part->file.schema_ids_count == EV_ARCHIVE_SCHEMAS_MAX;
        int r = 0;

        assert(ret_fits);

        for (size_t i = 0; r == 0 && !clashes && i < part->file.schema_ids_count; ++i)
                r = ev_schema_find_clash(part->versions[i]->schema, version->schema, &clashes);
        if (r == 0)
                *ret_fits = !clashes;
        return ev_trace(r);
}

/* Into the first part of the day that takes its version. Kinds come by rising ids, so which part that
 * is follows from the versions of the day alone. */
static int place_kind(struct ev_archive_writer *writer, const struct kind *kind, size_t first)
{
        struct part *part = NULL;
        bool does_fit = false;
        size_t i = first;
        int r = 0;

        assert(first <= writer->parts_count);

        for (; r == 0 && !does_fit && i < writer->parts_count; ++i) {
                part = writer->parts[i];
                does_fit = part->file.schema_ids_count > 0 &&
                           part->versions[part->file.schema_ids_count - 1] == kind->version;
                if (!does_fit)
                        r = fits(part, kind->version, &does_fit);
        }
        if (r == 0 && !does_fit)
                r = add_part(writer, kind, (uint32_t)(writer->parts_count - first + 1), &part);
        if (r < 0)
                return ev_trace(r);
        if (part->ends_at < kind->last_seq)
                part->ends_at = kind->last_seq;
        if (part->file.schema_ids_count == 0 ||
            part->versions[part->file.schema_ids_count - 1] != kind->version)
                part->versions[part->file.schema_ids_count++] = kind->version;
        return 0;
}

/* In the order of the branches, as the manifest has them; they are final once all kinds are
 * placed. */
static int copy_ids(struct ev_archive_writer *writer, struct part *part)
{
        int32_t *ids =
                ev_arena_take_array(writer->arena, part->file.schema_ids_count, sizeof(*ids));

        assert(part->file.schema_ids_count > 0);

        if (!ids)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < part->file.schema_ids_count; ++i)
                ids[i] = part->versions[i]->id;
        part->file.schema_ids = ids;
        return 0;
}

/* Sorted first, so that what follows does not depend on the order in which kinds were told, nor on
 * how often. */
static int make_parts(struct ev_archive_writer *writer)
{
        size_t first = 0;
        int r = ev_sort(writer->arena, writer->kinds, writer->kinds_count, sizeof(*writer->kinds),
                        compare_kinds, NULL);

        assert(!writer->parts);

        if (r < 0)
                return ev_trace(r);
        writer->parts =
                ev_arena_take_array(writer->arena, writer->kinds_count + 1, sizeof(struct part *));
        if (!writer->parts)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; r == 0 && i < writer->kinds_count; ++i) {
                if (i > 0 && !is_same_day(&writer->kinds[i - 1], &writer->kinds[i]))
                        first = writer->parts_count;
                r = place_kind(writer, &writer->kinds[i], first);
        }
        for (size_t i = 0; r == 0 && i < writer->parts_count; ++i)
                r = copy_ids(writer, writer->parts[i]);
        return ev_trace(r);
}

/* ---- One file ---- */

/* Hash and size are those of the bytes that are written, in the order in which they are: no second
 * pass over the file is needed, and what the disk makes of them is for the reader to find out. */
static int put(struct part *part, const void *data, size_t size)
{
        assert(part->fd >= 0);

        ev_digest_add(part->digest, data, size);
        part->file.bytes += (int64_t)size;
        return ev_trace(ev_archive_write_all(part->fd, data, size, "a file of the archive"));
}

/* The schema is made anew for each file, some kilobytes once a day and topic; kept ones would have
 * to be told apart by their versions. */
static int put_header(struct ev_archive_writer *writer, struct part *part)
{
        _cleanup_buffer_ struct ev_buffer data = EV_BUFFER_INIT(ARCHIVE_HEADER_BYTES_MAX);
        _cleanup_buffer_ struct ev_buffer schema = EV_BUFFER_INIT(ARCHIVE_HEADER_BYTES_MAX);
        const struct ev_schema *schemas[EV_ARCHIVE_SCHEMAS_MAX];
        int r;

        for (size_t i = 0; i < part->file.schema_ids_count; ++i)
                schemas[i] = part->versions[i]->schema;
        ev_buffer_clear(&writer->scratch);
        r = ev_schema_write_union(schemas, part->file.schema_ids_count, &data);
        if (r == 0)
                r = ev_archive_put_schema(&schema, ev_buffer_str(&data));
        if (r == 0)
                r = ev_archive_put_header(&writer->scratch, ev_buffer_str(&schema), part->sync);
        assert(part->file.bytes == 0);
        return r == 0 ? ev_trace(put(part, writer->scratch.data, writer->scratch.size))
                      : ev_trace(r);
}

/* Under its new name, in place of what a run before may have left there. It is among the open ones
 * before the file is, so that a failure frees it. */
static int open_part(struct ev_archive_writer *writer, struct part *part)
{
        char path[EV_ARCHIVE_PATH_MAX];
        int r = ev_archive_path(writer->folder, ev_archive_topic_of(part->file.path), "", path);

        assert(part->fd < 0 && !part->is_done);

        if (r == 0)
                r = ev_archive_make_folder(path);
        if (r == 0)
                r = ev_archive_path(writer->folder, part->file.path, ARCHIVE_NEW, path);
        if (r == 0 && writer->open_count == EV_ARCHIVE_OPEN_MAX)
                r = ev_fail(EV_VERDICT_STOP, "facts of more than %d topics and days are mixed",
                            EV_ARCHIVE_OPEN_MAX);
        if (r == 0)
                r = ev_digest_new(&part->digest);
        if (r < 0)
                return ev_trace(r);
        writer->open[writer->open_count++] = part;
        ev_digest_begin(part->digest);
        part->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
        return part->fd < 0 ? ev_archive_fail_errno("make", path)
                            : ev_trace(put_header(writer, part));
}

/* Blocks end by rows and bytes alone and never by time or by how rows arrive, else two exports of
 * one range would differ. */
static int flush_block(struct ev_archive_writer *writer, struct part *part)
{
        int r;

        assert(part->rows > 0 && part->block.size > 0);

        ev_buffer_clear(&writer->scratch);
        r = ev_archive_put_long(&writer->scratch, part->rows);
        if (r == 0)
                r = ev_archive_put_long(&writer->scratch, (int64_t)part->block.size);
        if (r == 0)
                r = ev_buffer_append(&writer->scratch, part->block.data, part->block.size);
        if (r == 0)
                r = ev_buffer_append(&writer->scratch, part->sync, sizeof(part->sync));
        if (r == 0)
                r = put(part, writer->scratch.data, writer->scratch.size);
        ev_buffer_clear(&part->block);
        part->rows = 0;
        return ev_trace(r);
}

/* On the disk before anything says that it is there. The digest and the block go back at once: an export
 * of many days needs no more of them than a day does. */
static int close_part(struct ev_archive_writer *writer, struct part *part)
{
        int r = part->rows > 0 ? flush_block(writer, part) : 0;

        assert(part->file.last_seq == part->ends_at);

        if (r == 0 && fsync(part->fd))
                r = ev_archive_fail_errno("write", writer->folder);
        if (r == 0)
                r = ev_digest_end(part->digest, part->file.hash);
        for (size_t i = 0; i < writer->open_count; ++i)
                if (writer->open[i] == part)
                        writer->open[i] = writer->open[writer->open_count - 1];
        --writer->open_count;
        part_done(part);
        part->is_done = true;
        return r == 0 ? EV_FAULT(archive_written) : ev_trace(r);
}

/* ---- Rows ---- */

/* The branch of a version in a part; schema_ids_count: it is none of it. */
static size_t branch_of(const struct part *part, int32_t schema_id)
{
        size_t i = 0;

        assert(part->file.schema_ids);

        while (i < part->file.schema_ids_count && part->file.schema_ids[i] != schema_id)
                ++i;
        return i;
}

/* Day and topic are compared before the list of versions is searched: they tell nearly all others
 * apart. */
static bool is_of(const struct part *part, const struct ev_archive_row *row, int64_t day,
                  size_t *ret_branch)
{
        assert(ret_branch);

        if (part->file.day != day || !ev_str_equal(part->file.topic, row->topic))
                return false;
        *ret_branch = branch_of(part, row->fact.schema_id);
        return *ret_branch < part->file.schema_ids_count;
}

/* Nearly always one of those that are open. Of the others one is opened when its first fact comes, so
 * that their number is bounded by what comes at one time and not by the length of the range. */
static int find_part(struct ev_archive_writer *writer, const struct ev_archive_row *row,
                     struct part **ret_part, size_t *ret_branch)
{
        int64_t day = ev_instant_day(row->fact.recorded_at);

        assert(ret_part);

        for (size_t i = 0; i < writer->open_count; ++i)
                if (is_of(writer->open[i], row, day, ret_branch)) {
                        *ret_part = writer->open[i];
                        return 0;
                }
        for (size_t i = 0; i < writer->parts_count; ++i)
                if (!writer->parts[i]->is_done && is_of(writer->parts[i], row, day, ret_branch)) {
                        *ret_part = writer->parts[i];
                        return ev_trace(open_part(writer, *ret_part));
                }
        return ev_fail(EV_VERDICT_STOP,
                       "fact %" PRId64 " was not expected: the outbox has changed meanwhile",
                       row->fact.seq);
}

/* From behind, where the newest is: rows of one source follow each other. */
static int add_source(struct ev_archive_writer *writer, struct ev_str source)
{
        for (size_t i = writer->sources_count; i > 0; --i)
                if (ev_str_equal(writer->sources[i - 1], source))
                        return 0;
        assert(writer->sources_count <= EV_ARCHIVE_SOURCES_MAX);
        if (writer->sources_count == EV_ARCHIVE_SOURCES_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d sources", EV_ARCHIVE_SOURCES_MAX);
        return ev_trace(
                ev_arena_copy(writer->arena, source, &writer->sources[writer->sources_count++]));
}

/* As the sealer makes it of the same row. */
static int hash_row(struct ev_archive_writer *writer, const struct ev_archive_row *row,
                    struct ev_merkle_hash *ret_hash)
{
        const struct ev_leaf leaf = { row->fact, row->source, row->topic, row->type };

        assert(row->topic.size > 0);

        return ev_trace(ev_leaf_hash(&leaf, writer->digest, &writer->leaf, ret_hash));
}

/* A file is closed with the last of its facts, which is known: descriptors are given back when a
 * day is over, and not at the end. A fact behind it was not there when the database was asked for
 * kinds. */
static int put_row(struct ev_archive_writer *writer, const struct ev_archive_row *row)
{
        struct ev_archive_row hashed = *row;
        struct part *part = NULL;
        size_t branch = 0;
        int r = find_part(writer, row, &part, &branch);

        if (r == 0 && (part->file.last_seq >= row->fact.seq || part->ends_at < row->fact.seq))
                r = ev_fail(EV_VERDICT_STOP,
                            "fact %" PRId64
                            " is not in its place: the outbox has changed meanwhile",
                            row->fact.seq);
        if (r == 0)
                r = hash_row(writer, row, &hashed.leaf);
        if (r == 0)
                r = ev_archive_put_row(&part->block, &hashed, branch);
        if (r < 0)
                return ev_trace(r);
        assert(part->fd >= 0);
        if (part->file.count++ == 0)
                part->file.first_seq = row->fact.seq;
        part->file.last_seq = row->fact.seq;
        if (++part->rows == ARCHIVE_BLOCK_ROWS || part->block.size >= ARCHIVE_BLOCK_BYTES)
                r = flush_block(writer, part);
        if (r == 0 && row->fact.seq >= part->ends_at)
                r = close_part(writer, part);
        return ev_trace(r);
}

/* ---- Days that were there already ---- */

/* Whether facts of the topic and day of an old file come. Where none do, the file stays as it is,
 * and is not even read. */
static bool is_rewritten(void *context, const struct ev_archive_file *file)
{
        const struct ev_archive_writer *writer = context;

        assert(file->path.size > 0);

        for (size_t i = 0; i < writer->kinds_count; ++i)
                if (writer->kinds[i].day == file->day &&
                    ev_str_equal(writer->kinds[i].topic, file->topic))
                        return true;
        return false;
}

/* What these files held is expected as well. Their own kinds make no further file a rewritten one. */
static int expect_old(struct ev_archive_writer *writer)
{
        int r = 0;

        assert(!writer->has_begun);

        for (size_t i = 0; r == 0 && i < writer->old.files_count; ++i) {
                const struct ev_archive_file *file = &writer->old.files[i];
                struct kind kind = { .topic = file->topic,
                                     .day = file->day,
                                     .last_seq = file->last_seq };

                if (!is_rewritten(writer, file))
                        continue;
                for (size_t j = 0; r == 0 && j < file->schema_ids_count; ++j) {
                        r = find_version(writer, file->schema_ids[j], EV_STR("an old file"),
                                         &kind.version);
                        if (r == 0)
                                r = add_kind(writer, &kind);
                }
        }
        return ev_trace(r);
}

/* The archive is read as any other reader would: bytes that were changed since are refused, and
 * not written again under a new hash, which would make them true. */
static int copy_old(struct ev_archive_writer *writer)
{
        _cleanup_(ev_archive_free_p) struct ev_archive *archive = NULL;
        struct ev_archive_row row;
        int r;

        if (!writer->old_arena || writer->kinds_count == 0)
                return 0;
        assert(writer->has_begun);
        r = ev_archive_open(&archive, writer->folder, NULL);
        if (r < 0)
                return ev_trace(r);
        ev_archive_select(archive, is_rewritten, writer);
        while (r == 0 && (r = ev_archive_next(archive, &row)) == 0)
                r = put_row(writer, &row);
        return r == EV_ARCHIVE_END ? 0 : ev_trace(r);
}

/* With the first fact, or at the end where there is none: until then kinds may be told. */
static int begin(struct ev_archive_writer *writer)
{
        int r = expect_old(writer);

        assert(!writer->has_begun);

        if (r == 0)
                r = make_parts(writer);
        writer->sources = ev_arena_take_array(writer->arena, EV_ARCHIVE_SOURCES_MAX,
                                              sizeof(*writer->sources));
        if (r < 0 || !writer->sources)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; r == 0 && i < writer->old.sources_count; ++i)
                r = add_source(writer, writer->old.sources[i]);
        writer->has_begun = true;
        return r == 0 ? ev_trace(copy_old(writer)) : ev_trace(r);
}

/* Numbers of facts rise over all calls, those of the archive included: the caller has asked for
 * what lies behind it. */
int ev_archive_writer_add(struct ev_archive_writer *writer, const struct ev_archive_row *row)
{
        int r = writer->has_begun ? 0 : begin(writer);

        assert(row->fact.seq > writer->old.last_seq);

        if (r == 0)
                r = add_source(writer, row->source);
        if (r == 0)
                r = put_row(writer, row);
        if (r < 0)
                return ev_trace(r);
        writer->head_seq = row->fact.seq;
        writer->head_id = row->fact.event_id;
        return 0;
}

/* ---- The end ---- */

/* In the order of bytes, as the manifest has them; they came in the order of their first facts. */
static int compare_sources(const void *a, const void *b, void *context)
{
        assert(!context);

        return ev_str_compare(*(const struct ev_str *)a, *(const struct ev_str *)b);
}

/* Those that stay and those that are new, put together. */
static int compare_files(const void *a, const void *b, void *context)
{
        assert(!context);

        return ev_archive_compare_files(a, b);
}

/* A part that is not done lacks facts that were counted when the export began. Rows of an outbox
 * do not vanish, unless somebody drops a partition meanwhile; then the archive must not be
 * believed. */
static int list_files(struct ev_archive_writer *writer, struct ev_archive_manifest *next)
{
        size_t count = writer->old.files_count + writer->parts_count;
        struct ev_archive_file *files =
                ev_arena_take_array(writer->arena, count + 1, sizeof(*files));

        assert(writer->has_begun);

        if (!files)
                return ev_trace(EV_FAILED);
        next->files = files;
        for (size_t i = 0; i < writer->old.files_count; ++i)
                if (!is_rewritten(writer, &writer->old.files[i]))
                        files[next->files_count++] = writer->old.files[i];
        for (size_t i = 0; i < writer->parts_count; ++i) {
                if (!writer->parts[i]->is_done)
                        return ev_fail(EV_VERDICT_STOP,
                                       "%.*s: facts that were expected did not come: the outbox "
                                       "has changed meanwhile",
                                       EV_STR_ARG(writer->parts[i]->file.path));
                files[next->files_count++] = writer->parts[i]->file;
        }
        return ev_trace(ev_sort(writer->arena, files, next->files_count, sizeof(*files),
                                compare_files, NULL));
}

/* Gaps of two parts of a range that touch are one: else an archive that was exported in two steps, with
 * the cut in a gap, would not be the one that was exported at once. */
static int list_gaps(struct ev_archive_writer *writer, const struct ev_archive_range *range,
                     struct ev_archive_manifest *next)
{
        size_t count = writer->old.gaps_count + range->gaps_count, written = 0;
        struct ev_feed_gap *gaps = ev_arena_take_array(writer->arena, count + 1, sizeof(*gaps));

        assert(range->gaps || range->gaps_count == 0);

        if (!gaps)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < count; ++i) {
                const struct ev_feed_gap *gap = i < writer->old.gaps_count
                                                        ? &writer->old.gaps[i]
                                                        : &range->gaps[i - writer->old.gaps_count];

                if (written > 0 && gaps[written - 1].to_seq + 1 == gap->from_seq)
                        gaps[written - 1].to_seq = gap->to_seq;
                else
                        gaps[written++] = *gap;
        }
        next->gaps = gaps;
        next->gaps_count = written;
        return 0;
}

/* Written, and read as the reader will: what does not add up is seen here, before anything is
 * touched. */
static int write_manifest(struct ev_archive_writer *writer, const struct ev_archive_manifest *next,
                          uint8_t ret_hash[EV_DIGEST_BYTES])
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        char path[EV_ARCHIVE_PATH_MAX], to[EV_ARCHIVE_PATH_MAX];
        struct ev_archive_manifest again;
        _cleanup_(ev_archive_close_p) int fd = -1;
        int r = ev_arena_new(&arena, ARCHIVE_MEMORY_MAX);

        ev_buffer_clear(&writer->scratch);
        if (r == 0)
                r = ev_archive_manifest_write(next, &writer->scratch);
        if (r == 0)
                r = ev_archive_manifest_parse(&again, ev_buffer_str(&writer->scratch), arena);
        if (r == 0)
                r = ev_archive_path(writer->folder, EV_STR(ARCHIVE_NEXT), ARCHIVE_NEW, path);
        if (r == 0)
                r = ev_archive_path(writer->folder, EV_STR(ARCHIVE_NEXT), "", to);
        if (r < 0)
                return ev_trace(r);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
        if (fd < 0)
                return ev_archive_fail_errno("make", path);
        r = ev_archive_write_all(fd, writer->scratch.data, writer->scratch.size, path);
        if (r == 0 && (fsync(fd) || rename(path, to)))
                r = ev_archive_fail_errno("write", path);
        if (r == 0)
                r = ev_archive_sync_folder(writer->folder);
        if (r < 0)
                return ev_trace(r);
        assert(ret_hash);
        memcpy(ret_hash, again.hash, EV_DIGEST_BYTES);
        return 0;
}

/* Folders of topics hold the names of what is new, and the archive's own those of these folders. A file
 * that is on the disk and has no name there is gone after a crash, so this comes before the promise. */
static int sync_folders(const struct ev_archive_writer *writer)
{
        char path[EV_ARCHIVE_PATH_MAX];
        int r = ev_archive_sync_folder(writer->folder);

        assert(writer->has_begun);

        for (size_t i = 0; r == 0 && i < writer->parts_count; ++i) {
                struct ev_str topic = writer->parts[i]->file.topic;

                if (i > 0 && ev_str_equal(topic, writer->parts[i - 1]->file.topic))
                        continue;
                r = ev_archive_path(writer->folder, topic, "", path);
                if (r == 0)
                        r = ev_archive_sync_folder(path);
        }
        return ev_trace(r);
}

/* The order is the guarantee: names of new files are on the disk before the promise is, and the
 * promise before the first of them takes an old one's place. */
int ev_archive_writer_end(struct ev_archive_writer *writer, const struct ev_archive_range *range,
                          uint8_t ret_hash[EV_DIGEST_BYTES])
{
        struct ev_archive_manifest next = {
                .database = writer->database,
                .first_seq = writer->old_arena ? writer->old.first_seq : range->first_seq,
                .last_seq = range->last_seq,
                .head_seq = writer->head_seq,
                .head_id = writer->head_id,
                .checkpoint = range->checkpoint,
        };
        int r = writer->has_begun ? 0 : begin(writer);

        assert(range->last_seq > writer->old.last_seq);

        if (r == 0)
                r = list_files(writer, &next);
        if (r == 0)
                r = list_gaps(writer, range, &next);
        if (r == 0)
                r = ev_sort(writer->arena, writer->sources, writer->sources_count,
                            sizeof(*writer->sources), compare_sources, NULL);
        next.sources = writer->sources;
        next.sources_count = writer->sources_count;
        if (r == 0)
                r = sync_folders(writer);
        if (r == 0)
                r = write_manifest(writer, &next, ret_hash);
        if (r == 0)
                r = EV_FAULT(archive_promised);
        return r == 0 ? ev_trace(ev_archive_keep_promise(writer->folder, &writer->old, &next))
                      : ev_trace(r);
}
