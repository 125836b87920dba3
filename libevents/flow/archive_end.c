/* The end of an archive that is written: files become one archive by their manifest.
 *
 * What is true if the process dies here: the archive is the old one until the new manifest has its name on
 * the disk, which is the promise; from there on it becomes the new one, by this process or by the next
 * writer (flow/archive_folder.c). */

#include "flow/archive_write_private.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/sort.h"

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
                if (!ev_archive_is_rewritten(writer, &writer->old.files[i]))
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
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, ARCHIVE_FILE_MODE);
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
        int r = writer->has_begun ? 0 : ev_archive_begin(writer);

        assert(range->last_seq > writer->old.last_seq || !writer->old_arena);

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
