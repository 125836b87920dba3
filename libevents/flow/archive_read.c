/* Reads an archive: all its files as one stream of facts in the order of their numbers.
 *
 * A file is opened when its first number comes up and closed behind its last, so as many are open as
 * there are topics and days at one time. Of each there is one block in memory. A file is hashed as a
 * whole before its first row is given out: rows are folded into databases, and what follows from a
 * changed one cannot be taken back. It is read again for its rows, and they are as hostile as if
 * nothing had been hashed, for who can change a file can change the manifest too; only a signed
 * checkpoint over the facts tells that, and it is the caller's affair.
 *
 * Two files of one topic around midnight, and how they come out:
 *
 *      2026-11-28.avro         101 102     104     106
 *      2026-11-29.avro                 103     105     107 108
 *      rows                    101 102 103 104 105 106 107 108
 *
 * Guarantee: what is given out is every fact of the range, once, in order; a hole that the manifest
 * does not name ends it. Nothing is written. */

#include "flow/archive_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/sort.h"

enum {
        CHUNK_BYTES = 64 * 1024, /* of a read */
        BLOCK_HEAD_MAX = 20,     /* two longs */
};

/* A file that is being read: always with a row at hand, which is what the merge compares. Its slices
 * are of `bytes`, which is moved only when the next block is read, and that is when the last row of this
 * one was given out and is void. */
struct stream {
        const struct ev_archive_file *file;
        int fd; /* -1: not open */
        struct ev_buffer bytes;
        size_t at;   /* of the first byte not taken */
        size_t left; /* rows of the present block */
        struct archive_bytes block;
        uint8_t sync[ARCHIVE_SYNC_BYTES];
        int64_t count, last_seq; /* of the rows read so far */
        struct ev_archive_row row;
};

struct ev_archive {
        char folder[EV_ARCHIVE_PATH_MAX];
        struct ev_arena *arena; /* of the manifest and of what follows */
        struct ev_archive_manifest manifest;
        struct ev_digest *digest;
        const struct ev_archive_file **files; /* those that are read, by their first number */
        size_t files_count, files_next;
        bool is_selected; /* some are left out, so that holes mean nothing */
        struct stream *streams[EV_ARCHIVE_OPEN_MAX];
        size_t streams_count;
        struct stream *given; /* whose row was given out last; NULL: none */
        int64_t next_seq;     /* what has to come next, but for gaps */
        size_t gaps_next;
        size_t source; /* of the last row; rows of one follow each other */
        const struct ev_archive_file **forgiven; /* NULL: none is */
        size_t forgiven_count;
};

/* What a person can do about it is the same whatever is wrong, and it is said each time: these
 * errors are met long after the export, by somebody who has not made it. */
static int fail(const struct ev_archive *archive, const struct ev_archive_file *file,
                const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_STOP,
                       "%s/%.*s: %s: it is not the file that was exported. Bring it back from a "
                       "copy, or export the range again into an empty folder",
                       archive->folder, EV_STR_ARG(file->path), what);
}

/* Closing a file that was read can lose nothing, so its result is nobody's concern. */
static struct stream *stream_free(struct stream *stream)
{
        if (!stream)
                return NULL;
        if (stream->fd >= 0)
                close(stream->fd);
        ev_buffer_done(&stream->bytes);
        free(stream);
        return NULL;
}
EV_DEFINE_CLEANUP(struct stream *, stream_free)

/* ---- Bytes of one file ---- */

/* Reads at least `size` bytes further, if there are as many. */
static int fill(const struct ev_archive *archive, struct stream *stream, size_t size)
{
        struct ev_buffer *bytes = &stream->bytes;
        int r;

        assert(stream->at <= bytes->size);

        if (bytes->size - stream->at >= size)
                return 0;
        if (stream->at > 0)
                memmove(bytes->data, bytes->data + stream->at, bytes->size - stream->at);
        bytes->size -= stream->at;
        stream->at = 0;
        r = ev_buffer_reserve(bytes, size - bytes->size + CHUNK_BYTES);
        if (r < 0)
                return ev_trace(r);
        while (bytes->size < size) {
                ssize_t n =
                        read(stream->fd, bytes->data + bytes->size, bytes->capacity - bytes->size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return ev_fail(EV_VERDICT_STOP, "cannot read %s/%.*s: %s", archive->folder,
                                       EV_STR_ARG(stream->file->path), strerror(errno));
                if (n == 0)
                        break;
                bytes->size += (size_t)n;
        }
        return 0;
}

/* Valid until the next fill(), which may move the bytes. */
static struct archive_bytes rest_of(const struct stream *stream)
{
        assert(stream->bytes.data);

        return (struct archive_bytes){ stream->bytes.data + stream->at,
                                       stream->bytes.data + stream->bytes.size };
}

/* Behind what was taken; the rest stays where it is. */
static void move_to(struct stream *stream, const uint8_t *at)
{
        stream->at = (size_t)(at - stream->bytes.data);
        assert(stream->at <= stream->bytes.size);
}

/* Piece by piece through the same buffer that rows are read by afterwards, so that it costs time
 * and no memory. It stops behind the size that was promised: a file that somebody has made endless
 * is not read to its end. */
static int check_hash(struct ev_archive *archive, struct stream *stream)
{
        uint8_t hash[EV_DIGEST_BYTES];
        int64_t size = 0;
        int r = 0;

        ev_digest_begin(archive->digest);
        do {
                stream->at = stream->bytes.size; /* all of it is taken */
                r = fill(archive, stream, 1);
                ev_digest_add(archive->digest, stream->bytes.data, stream->bytes.size);
                size += (int64_t)stream->bytes.size;
        } while (r == 0 && stream->bytes.size > 0 && size <= stream->file->bytes);
        if (r == 0)
                r = ev_digest_end(archive->digest, hash);
        if (r < 0)
                return ev_trace(r);
        if (size != stream->file->bytes || memcmp(hash, stream->file->hash, sizeof(hash)) != 0) {
                if (!archive->forgiven)
                        return fail(archive, stream->file,
                                    size != stream->file->bytes
                                            ? "its size is not that of the manifest"
                                            : "its SHA-256 is not that of the manifest");
                assert(archive->forgiven_count < archive->manifest.files_count);
                archive->forgiven[archive->forgiven_count++] = stream->file;
        }
        stream->bytes.size = stream->at = 0;
        if (lseek(stream->fd, 0, SEEK_SET) != 0)
                return fail(archive, stream->file, strerror(errno));
        return 0;
}

/* Keys in the order in which they are written; another order is another file. */
static bool is_pair(struct archive_bytes *bytes, const char *key, struct ev_bytes *ret_value)
{
        struct ev_bytes name;

        assert(key);

        return ev_archive_take_bytes(bytes, EV_ARCHIVE_TEXT_MAX, &name) &&
               name.size == strlen(key) && memcmp(name.data, key, name.size) == 0 &&
               ev_archive_take_bytes(bytes, ARCHIVE_HEADER_BYTES_MAX, ret_value);
}

/* The schema is for other readers: what the rows are is known from the manifest and their envelopes. */
static bool take_header(struct archive_bytes *bytes, const uint8_t sync[ARCHIVE_SYNC_BYTES])
{
        struct ev_bytes codec, schema;
        int64_t number;

        assert(bytes->at <= bytes->end);

        if (bytes->end - bytes->at < ARCHIVE_MAGIC_BYTES ||
            memcmp(bytes->at, ev_archive_magic, ARCHIVE_MAGIC_BYTES) != 0)
                return false;
        bytes->at += ARCHIVE_MAGIC_BYTES;
        if (!ev_archive_take_long(bytes, &number) || number != 2 ||
            !is_pair(bytes, "avro.codec", &codec) || codec.size != 4 ||
            memcmp(codec.data, "null", 4) != 0 || !is_pair(bytes, "avro.schema", &schema) ||
            !ev_archive_take_long(bytes, &number) || number != 0 ||
            bytes->end - bytes->at < ARCHIVE_SYNC_BYTES ||
            memcmp(bytes->at, sync, ARCHIVE_SYNC_BYTES) != 0)
                return false;
        bytes->at += ARCHIVE_SYNC_BYTES;
        return true;
}

/* How long it is stands nowhere: more is read until it is whole. Usually the first piece has all of it,
 * and rows behind it, which stay in the buffer for the first block. */
static int read_header(struct ev_archive *archive, struct stream *stream)
{
        size_t size = CHUNK_BYTES;

        for (;; size *= 2) {
                struct archive_bytes bytes;
                int r = fill(archive, stream, size);

                if (r < 0)
                        return ev_trace(r);
                bytes = rest_of(stream);
                if (take_header(&bytes, stream->sync)) {
                        move_to(stream, bytes.at);
                        return 0;
                }
                assert(stream->at == 0);
                if (stream->bytes.size < size || size >= ARCHIVE_HEADER_BYTES_MAX)
                        return fail(archive, stream->file, "its header is none of an archive");
        }
}

/* Whether there is a further block: its rows are in memory then. */
static int read_block(struct ev_archive *archive, struct stream *stream, bool *ret_any)
{
        struct archive_bytes bytes;
        int64_t count, size;
        int r = fill(archive, stream, BLOCK_HEAD_MAX);

        assert(stream->left == 0);

        if (r < 0)
                return ev_trace(r);
        bytes = rest_of(stream);
        *ret_any = bytes.at < bytes.end;
        if (!*ret_any)
                return 0;
        if (!ev_archive_take_long(&bytes, &count) || count < 1 || count > ARCHIVE_BLOCK_ROWS ||
            !ev_archive_take_long(&bytes, &size) || size < 1 || size > ARCHIVE_BLOCK_BYTES_MAX)
                return fail(archive, stream->file, "a block begins as none can");
        move_to(stream, bytes.at);
        r = fill(archive, stream, (size_t)size + ARCHIVE_SYNC_BYTES);
        if (r < 0)
                return ev_trace(r);
        bytes = rest_of(stream);
        if (bytes.end - bytes.at < size + ARCHIVE_SYNC_BYTES)
                return fail(archive, stream->file, "it ends within a block");
        if (memcmp(bytes.at + size, stream->sync, ARCHIVE_SYNC_BYTES) != 0)
                return fail(archive, stream->file, "a block has another sync marker");
        stream->block = (struct archive_bytes){ bytes.at, bytes.at + size };
        stream->left = (size_t)count;
        move_to(stream, bytes.at + size + ARCHIVE_SYNC_BYTES);
        return 0;
}

/* ---- Rows of one file ---- */

/* Nearly always the one of the row before: a new source begins with a failover or a restore. */
static bool find_source(struct ev_archive *archive, struct ev_str source)
{
        const struct ev_archive_manifest *manifest = &archive->manifest;

        assert(archive->source <= manifest->sources_count);

        if (archive->source < manifest->sources_count &&
            ev_str_equal(manifest->sources[archive->source], source))
                return true;
        for (archive->source = 0; archive->source < manifest->sources_count; ++archive->source)
                if (ev_str_equal(manifest->sources[archive->source], source))
                        return true;
        return false;
}

/* What is wrong with a row where it stands; NULL: nothing. */
static const char *judge_row(struct ev_archive *archive, struct stream *stream, size_t branch)
{
        const struct ev_archive_file *file = stream->file;
        struct ev_feed_fact *fact = &stream->row.fact;

        assert(stream->count <= file->count);

        if (stream->count == 0 ? fact->seq != file->first_seq : fact->seq <= stream->last_seq)
                return "its rows are not in order";
        if (fact->seq > file->last_seq || stream->count == file->count)
                return "it has more rows than the manifest says";
        if (branch >= file->schema_ids_count || file->schema_ids[branch] != fact->schema_id)
                return "a row has a schema that the manifest does not name";
        if (ev_instant_day(fact->recorded_at) != file->day)
                return "a row is of another day";
        if (!find_source(archive, stream->row.source))
                return "a row has a source that the manifest does not name";
        return NULL;
}

/* The next row of a file, or that there is none, which is the case behind the last that was promised
 * only. A block ends with its last row, byte for byte: what lies between the two would be read by nobody
 * and could say anything. */
static int read_row(struct ev_archive *archive, struct stream *stream, bool *ret_any)
{
        const char *wrong;
        size_t branch;
        int r;

        *ret_any = true;
        if (stream->left == 0) {
                if (stream->block.at != stream->block.end)
                        return fail(archive, stream->file, "a block has bytes behind its rows");
                r = read_block(archive, stream, ret_any);
                if (r < 0)
                        return ev_trace(r);
                if (!*ret_any)
                        return stream->count == stream->file->count &&
                                               stream->last_seq == stream->file->last_seq
                                       ? 0
                                       : fail(archive, stream->file,
                                              "it has fewer rows than the manifest says");
        }
        assert(stream->left > 0);
        if (!ev_archive_take_row(&stream->block, &stream->row, &branch))
                return fail(archive, stream->file, "a row is none");
        wrong = judge_row(archive, stream, branch);
        if (wrong)
                return fail(archive, stream->file, wrong);
        stream->row.topic = stream->file->topic;
        stream->row.fact.source_id = (int16_t)(archive->source + 1);
        stream->last_seq = stream->row.fact.seq;
        ++stream->count;
        --stream->left;
        return 0;
}

/* ---- All files ---- */

/* Everything that can be wrong with a file as a whole is found before it takes part in the merge.
 * Not waiting for one that is no file at all (O_NONBLOCK) costs nothing for one that is. */
static int open_stream(struct ev_archive *archive, const struct ev_archive_file *file)
{
        _cleanup_(stream_free_p) struct stream *stream = calloc(1, sizeof(*stream));
        char path[EV_ARCHIVE_PATH_MAX];
        bool any;
        int r;

        assert(file->count > 0);

        if (!stream)
                return ev_fail_memory("a file of an archive");
        *stream = (struct stream){
                .file = file,
                .fd = -1,
                .bytes = EV_BUFFER_INIT(2 * ARCHIVE_HEADER_BYTES_MAX + CHUNK_BYTES),
        };
        if (archive->streams_count == EV_ARCHIVE_OPEN_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: more than %d files of one time",
                               archive->folder, EV_ARCHIVE_OPEN_MAX);
        r = ev_archive_join(archive->folder, file->path, path);
        if (r < 0)
                return ev_trace(r);
        stream->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (stream->fd < 0)
                return fail(archive, file, strerror(errno));
        r = ev_archive_make_sync(archive->manifest.database, file->topic, file->day, file->part,
                                 stream->sync);
        if (r == 0)
                r = check_hash(archive, stream);
        if (r == 0)
                r = read_header(archive, stream);
        if (r == 0)
                r = read_row(archive, stream, &any);
        if (r < 0)
                return ev_trace(r);
        if (!any)
                return fail(archive, file, "it has no rows");
        archive->streams[archive->streams_count++] = stream;
        stream = NULL;
        return 0;
}

/* Behind the row that was given out: its slices are void from here on. Of a file that ends here nothing
 * is left; its place among the open ones is taken by the last of them. */
static int move_on(struct ev_archive *archive)
{
        struct stream *stream = archive->given;
        bool any;
        int r;

        if (!stream)
                return 0;
        archive->given = NULL;
        r = read_row(archive, stream, &any);
        if (r < 0 || any)
                return ev_trace(r);
        assert(archive->streams_count > 0);
        for (size_t i = 0; i < archive->streams_count; ++i)
                if (archive->streams[i] == stream)
                        archive->streams[i] = archive->streams[archive->streams_count - 1];
        --archive->streams_count;
        stream_free(stream);
        return 0;
}

/* A walk over some streams: as many as there are topics at a time, which is two, and a few more
 * around midnight. A heap would be slower. */
static struct stream *find_first(const struct ev_archive *archive)
{
        struct stream *first = NULL;

        assert(archive->streams_count <= EV_ARCHIVE_OPEN_MAX);

        for (size_t i = 0; i < archive->streams_count; ++i)
                if (!first || archive->streams[i]->row.fact.seq < first->row.fact.seq)
                        first = archive->streams[i];
        return first;
}

/* Passes over gaps: the number that has to come behind them. Gaps do not touch each other, so there is at
 * most one in front of each number, but the loop need not know that. */
static int64_t expected(struct ev_archive *archive)
{
        const struct ev_archive_manifest *manifest = &archive->manifest;

        assert(archive->gaps_next <= manifest->gaps_count);

        while (archive->gaps_next < manifest->gaps_count &&
               manifest->gaps[archive->gaps_next].from_seq == archive->next_seq)
                archive->next_seq = manifest->gaps[archive->gaps_next++].to_seq + 1;
        return archive->next_seq;
}

/* Counts were compared with the range when the manifest was read, but not the numbers in the files. */
static int check_place(struct ev_archive *archive, int64_t seq)
{
        int64_t expects = expected(archive);

        assert(seq > 0);

        archive->next_seq = seq + 1;
        if (seq == expects || (archive->is_selected && seq > expects))
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "%s: behind its rows and gaps comes number %" PRId64
                       ", and there is %" PRId64 ": it is not what was exported",
                       archive->folder, expects, seq);
}

/* Files that begin before the smallest number at hand have to be opened first, since their facts
 * come before it. The slices of the row that was given out last are void from the first line on. */
int ev_archive_next(struct ev_archive *archive, struct ev_archive_row *ret_row)
{
        struct stream *first;
        int r = move_on(archive);

        assert(ret_row);

        first = find_first(archive);
        while (r == 0 && archive->files_next < archive->files_count &&
               (!first || archive->files[archive->files_next]->first_seq < first->row.fact.seq)) {
                r = open_stream(archive, archive->files[archive->files_next++]);
                first = find_first(archive);
        }
        if (r == 0 && !first)
                return archive->is_selected || expected(archive) == archive->manifest.last_seq + 1
                               ? EV_ARCHIVE_END
                               : check_place(archive, archive->manifest.last_seq + 1);
        if (r == 0)
                r = check_place(archive, first->row.fact.seq);
        if (r < 0)
                return ev_trace(r);
        archive->given = first;
        *ret_row = first->row;
        return 0;
}

/* No two files begin with the same number in an archive that adds up; of those that do, the merge
 * finds one out of place. */
static int compare_firsts(const void *a, const void *b, void *context)
{
        const struct ev_archive_file *left = *(const struct ev_archive_file *const *)a;
        const struct ev_archive_file *right = *(const struct ev_archive_file *const *)b;

        assert(!context);

        return (left->first_seq > right->first_seq) - (left->first_seq < right->first_seq);
}

/* Another database's facts have numbers of their own: folded together they would look like one
 * history. */
static int begin(struct ev_archive *archive, const char *database)
{
        const struct ev_archive_manifest *manifest = &archive->manifest;

        assert(archive->arena);

        if (database && !ev_str_equal(manifest->database, ev_str_of(database)))
                return ev_fail(EV_VERDICT_STOP, "%s holds facts of %.*s, not of %s",
                               archive->folder, EV_STR_ARG(manifest->database), database);
        archive->next_seq = manifest->first_seq;
        archive->files_count = manifest->files_count;
        archive->files = ev_arena_take_array(archive->arena, manifest->files_count + 1,
                                             sizeof(struct ev_archive_file *));
        if (!archive->files)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < manifest->files_count; ++i)
                archive->files[i] = &manifest->files[i];
        return ev_trace(ev_sort(archive->arena, archive->files, archive->files_count,
                                sizeof(struct ev_archive_file *), compare_firsts, NULL));
}

/* An archive in the middle of being renamed is told from one that is broken, because what to do
 * about it is different: the export has to be called again, and nothing is lost. */
int ev_archive_open(struct ev_archive **ret_archive, const char *path, const char *database)
{
        _cleanup_(ev_archive_free_p) struct ev_archive *archive = calloc(1, sizeof(*archive));
        char next[EV_ARCHIVE_PATH_MAX];
        int r;

        assert(ret_archive && path);

        if (!archive)
                return ev_fail_memory("an archive");
        if (!ev_str_copy(ev_str_of(path), archive->folder, sizeof(archive->folder)))
                return ev_fail(EV_VERDICT_STOP, "the path of an archive is too long");
        r = ev_archive_join(path, EV_STR(ARCHIVE_NEXT), next);
        if (r == 0 && access(next, F_OK) == 0)
                r = ev_fail(EV_VERDICT_STOP,
                            "%s: an export was interrupted here: call \"eventctl export\" again",
                            path);
        if (r == 0)
                r = ev_archive_load(path, ARCHIVE_MANIFEST, &archive->arena, &archive->manifest);
        if (r == ARCHIVE_ABSENT)
                r = ev_fail(EV_VERDICT_STOP,
                            "%s/%s is not there: no export has come to its end here", path,
                            ARCHIVE_MANIFEST);
        if (r == 0)
                r = begin(archive, database);
        if (r == 0)
                r = ev_digest_new(&archive->digest);
        if (r < 0)
                return ev_trace(r);
        *ret_archive = archive;
        archive = NULL;
        return 0;
}

/* The arena goes last: streams point to files of the manifest in it. */
struct ev_archive *ev_archive_free(struct ev_archive *archive)
{
        if (!archive)
                return NULL;
        for (size_t i = 0; i < archive->streams_count; ++i)
                stream_free(archive->streams[i]);
        ev_digest_free(archive->digest);
        ev_arena_free(archive->arena);
        free(archive);
        return NULL;
}

/* For those who want to know the range before they read: what they expect can be compared with it.
 */
const struct ev_archive_manifest *ev_archive_manifest(const struct ev_archive *archive)
{
        assert(archive && archive->arena);

        return &archive->manifest;
}

/* Room for all of them, so that a walk through the archive cannot fail for want of it. */
int ev_archive_forgive(struct ev_archive *archive)
{
        assert(archive->files_next == 0);

        archive->forgiven = ev_arena_take_array(archive->arena, archive->manifest.files_count + 1,
                                                sizeof(struct ev_archive_file *));
        return archive->forgiven ? 0 : ev_trace(EV_FAILED);
}

const struct ev_archive_file *ev_archive_forgiven(const struct ev_archive *archive, size_t index)
{
        assert(archive);

        return index < archive->forgiven_count ? archive->forgiven[index] : NULL;
}

/* Order is kept, so what is left is still sorted by first numbers. Holes between what is read mean
 * nothing from here on, so they are not looked for. */
void ev_archive_select(struct ev_archive *archive,
                       bool (*wants)(void *context, const struct ev_archive_file *file),
                       void *context)
{
        size_t count = 0;

        assert(archive->files_next == 0 && wants);

        for (size_t i = 0; i < archive->files_count; ++i)
                if (wants(context, archive->files[i]))
                        archive->files[count++] = archive->files[i];
        archive->is_selected = true;
        archive->files_count = count;
}
