/* Writes an archive: files by topic and day, then the manifest that makes them one.
 *
 * Facts come in the order of their numbers and go to the file of their topic and day. A file begins
 * with its schema, so what will come has to be said first. Where a day gets further facts, its files
 * are written anew: first what they held, then what comes; so it does not matter in how many steps an
 * archive came to be.
 *
 * Here is what a caller sees of a writer, and the way of a row. Which files there are and what is in
 * one is archive_parts.c, and what makes them true archive_end.c.
 *
 * What is true if the process dies here: until the last step the archive is the old one, since all that
 * is written has names of its own; in that step it is the old one or becomes the new one by the next
 * writer (flow/archive_folder.c). The lock goes with the process. */

#include "flow/archive_write_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "flow/leaf.h"

enum { MEMORY_MAX = 512 * 1024 * 1024 };

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

/* Without ev_archive_writer_end() the archive stays what it was. Files that were begun are left
 * lying, because the next writer has to be able to remove those of one that was killed anyway. */
struct ev_archive_writer *ev_archive_writer_free(struct ev_archive_writer *writer)
{
        if (!writer)
                return NULL;
        for (size_t i = 0; i < writer->open_count; ++i)
                ev_archive_part_done(writer->open[i]);
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

/* ---- Rows ---- */

/* The branch of a version in a part; schema_ids_count: it is none of it. */
static size_t branch_of(const struct archive_part *part, int32_t schema_id)
{
        size_t i = 0;

        assert(part->file.schema_ids);

        while (i < part->file.schema_ids_count && part->file.schema_ids[i] != schema_id)
                ++i;
        return i;
}

/* Day and topic are compared before the list of versions is searched: they tell nearly all others
 * apart. */
static bool is_of(const struct archive_part *part, const struct ev_archive_row *row, int64_t day,
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
                     struct archive_part **ret_part, size_t *ret_branch)
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
                        return ev_trace(ev_archive_open_part(writer, *ret_part));
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
        struct archive_part *part = NULL;
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
                r = ev_archive_flush_block(writer, part);
        if (r == 0 && row->fact.seq >= part->ends_at)
                r = ev_archive_close_part(writer, part);
        return ev_trace(r);
}

/* ---- Days that were there already ---- */

/* Whether facts of the topic and day of an old file come. Where none do, the file stays as it is,
 * and is not even read. */
bool ev_archive_is_rewritten(void *context, const struct ev_archive_file *file)
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
                struct archive_kind kind = { .topic = file->topic,
                                             .day = file->day,
                                             .last_seq = file->last_seq };

                if (!ev_archive_is_rewritten(writer, file))
                        continue;
                for (size_t j = 0; r == 0 && j < file->schema_ids_count; ++j) {
                        r = ev_archive_find_version(writer, file->schema_ids[j],
                                                    EV_STR("an old file"), &kind.version);
                        if (r == 0)
                                r = ev_archive_add_kind(writer, &kind);
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
        ev_archive_select(archive, ev_archive_is_rewritten, writer);
        while (r == 0 && (r = ev_archive_next(archive, &row)) == 0)
                r = put_row(writer, &row);
        return r == EV_ARCHIVE_END ? 0 : ev_trace(r);
}

/* With the first fact, or at the end where there is none: until then kinds may be told. */
int ev_archive_begin(struct ev_archive_writer *writer)
{
        int r = expect_old(writer);

        assert(!writer->has_begun);

        if (r == 0)
                r = ev_archive_make_parts(writer);
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
        int r = writer->has_begun ? 0 : ev_archive_begin(writer);

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
