/* Files of an archive that is written: which there are, and one of them from its header to its last block.
 *
 * Which part of a day a fact goes to depends on the versions of that day alone: they are taken by rising
 * ids, and each goes to the first part in which no other one clashes with it. On the day on which
 * OrderAccepted gets a second version there are two parts, and both versions may come in any order, as
 * they do while workers are replaced one by one:
 *
 *      2026-11-29.avro         OrderAccepted 1, OrderRejected 1, OrderConfirmed 1, …
 *      2026-11-29.2.avro       OrderAccepted 2
 *
 * Guarantee: the bytes of a file follow from its rows and from nothing else. If the process dies here,
 * files with new names are left, which count for nothing. */

#include "flow/archive_write_private.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/sort.h"

enum { KINDS_MAX = 1024 * 1024 };

/* ---- What will come ---- */

/* `type` null: whatever the version is of. */
int ev_archive_find_version(struct ev_archive_writer *writer, int32_t id, struct ev_str type,
                            const struct archive_version **ret_version)
{
        const struct ev_frame frame = { .id = (uint32_t)id };
        const struct ev_registered *registered;
        struct archive_version *version;
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
        if (writer->versions_count == ARCHIVE_SCHEMAS_KNOWN_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d schemas", ARCHIVE_SCHEMAS_KNOWN_MAX);
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
int ev_archive_add_kind(struct ev_archive_writer *writer, const struct archive_kind *kind)
{
        assert(!writer->has_begun && writer->kinds_count <= writer->kinds_capacity);

        if (writer->kinds_count == writer->kinds_capacity) {
                size_t capacity = writer->kinds_capacity ? 2 * writer->kinds_capacity : 256;
                struct archive_kind *kinds;

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
        struct archive_kind item = { .day = kind->day, .last_seq = kind->last_seq };
        int r = ev_archive_find_version(writer, kind->schema_id, kind->type, &item.version);

        assert(kind->last_seq > 0);

        if (r == 0 && !ev_str_equal(item.version->type, kind->type))
                r = ev_fail(EV_VERDICT_STOP, "facts of type %.*s have schema %d, which is of %.*s",
                            EV_STR_ARG(kind->type), kind->schema_id,
                            EV_STR_ARG(item.version->type));
        if (r == 0)
                r = ev_arena_copy(writer->arena, kind->topic, &item.topic);
        return r == 0 ? ev_trace(ev_archive_add_kind(writer, &item)) : ev_trace(r);
}

/* By topic and day, so that those of one day lie together, and by rising ids within it, on which
 * the order of branches and parts depends. */
static int compare_kinds(const void *a, const void *b, void *context)
{
        const struct archive_kind *left = a, *right = b;
        int order = ev_str_compare(left->topic, right->topic);

        assert(!context);

        if (order == 0)
                order = (left->day > right->day) - (left->day < right->day);
        return order ? order
                     : (left->version->id > right->version->id) -
                               (left->version->id < right->version->id);
}

/* A day of one topic is what becomes a file. */
static bool is_same_day(const struct archive_kind *a, const struct archive_kind *b)
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
static int add_part(struct ev_archive_writer *writer, const struct archive_kind *kind,
                    uint32_t number, struct archive_part **ret_part)
{
        struct archive_part *part = ev_arena_take(writer->arena, sizeof(*part));
        int r;

        assert(ret_part);

        if (!part)
                return ev_trace(EV_FAILED);
        if (number > EV_ARCHIVE_PARTS_MAX || writer->parts_count == EV_ARCHIVE_FILES_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: too many files", writer->folder);
        *part = (struct archive_part){
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
static int fits(const struct archive_part *part, const struct archive_version *version,
                bool *ret_fits)
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
static int place_kind(struct ev_archive_writer *writer, const struct archive_kind *kind,
                      size_t first)
{
        struct archive_part *part = NULL;
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
static int copy_ids(struct ev_archive_writer *writer, struct archive_part *part)
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
int ev_archive_make_parts(struct ev_archive_writer *writer)
{
        size_t first = 0;
        int r = ev_sort(writer->arena, writer->kinds, writer->kinds_count, sizeof(*writer->kinds),
                        compare_kinds, NULL);

        assert(!writer->parts);

        if (r < 0)
                return ev_trace(r);
        writer->parts = ev_arena_take_array(writer->arena, writer->kinds_count + 1,
                                            sizeof(struct archive_part *));
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
static int put(struct archive_part *part, const void *data, size_t size)
{
        assert(part->fd >= 0);

        ev_digest_add(part->digest, data, size);
        part->file.bytes += (int64_t)size;
        return ev_trace(ev_archive_write_all(part->fd, data, size, "a file of the archive"));
}

/* The schema is made anew for each file, some kilobytes once a day and topic; kept ones would have
 * to be told apart by their versions. */
static int put_header(struct ev_archive_writer *writer, struct archive_part *part)
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
int ev_archive_open_part(struct ev_archive_writer *writer, struct archive_part *part)
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
        part->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, ARCHIVE_FILE_MODE);
        return part->fd < 0 ? ev_archive_fail_errno("make", path)
                            : ev_trace(put_header(writer, part));
}

/* Blocks end by rows and bytes alone and never by time or by how rows arrive, else two exports of
 * one range would differ. */
int ev_archive_flush_block(struct ev_archive_writer *writer, struct archive_part *part)
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

/* The numbers of the file stay: they go into the manifest. */
void ev_archive_part_done(struct archive_part *part)
{
        assert(part);

        ev_archive_close_p(&part->fd);
        ev_buffer_done(&part->block);
        part->digest = ev_digest_free(part->digest);
}

/* On the disk before anything says that it is there. The digest and the block go back at once: an export
 * of many days needs no more of them than a day does. */
int ev_archive_close_part(struct ev_archive_writer *writer, struct archive_part *part)
{
        int r = part->rows > 0 ? ev_archive_flush_block(writer, part) : 0;

        assert(part->file.last_seq == part->ends_at);

        if (r == 0 && fsync(part->fd))
                r = ev_archive_fail_errno("write", writer->folder);
        if (r == 0)
                r = ev_digest_end(part->digest, part->file.hash);
        for (size_t i = 0; i < writer->open_count; ++i)
                if (writer->open[i] == part)
                        writer->open[i] = writer->open[writer->open_count - 1];
        --writer->open_count;
        ev_archive_part_done(part);
        part->is_done = true;
        return r == 0 ? EV_FAULT(archive_written) : ev_trace(r);
}
