/* The manifest of an archive, both ways.
 *
 * What is read is what is written, byte for byte: the text is parsed, checked against itself (numbers
 * that add up, files in order, paths that lie in the folder), and written again, and both texts must
 * be equal. So a manifest has one spelling, and its hash stands for what it says.
 *
 * One of an archive of three facts, numbers 5, 6 and 8 of a database whose first four were dropped before
 * anybody exported them, and whose number 7 was rolled back (the breaks are not there):
 *
 *      {"checkpoint":null,"database":"order_db","files":[{"bytes":4711,"count":3,"first_seq":5,
 *      "last_seq":8,"path":"quenty.order.events.v1/2026-11-29.avro","schema_ids":[700025,700030],
 *      "sha256":"5be3…"}],"first_seq":5,"format":1,"gaps":[[7,7]],"head":{"event_id":"01970a3e-…",
 *      "seq":8},"last_seq":8,"sources":["/quenty/order_db/7300000000000000000/1"]}
 *
 * Pure but for reading one file; nothing depends on where the process dies. */

#include "flow/archive_private.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

/* ---- Out ---- */

/* Names are constants of this file; the writer takes slices. */
static void write_name(struct ev_json_writer *writer, const char *name)
{
        assert(name);

        ev_json_write_name(writer, ev_str_of(name));
}

/* Members are written one by one and in the order of their names, which is what makes the text
 * canonical; a table of them would be longer than the code. */
static void write_int(struct ev_json_writer *writer, const char *name, int64_t value)
{
        write_name(writer, name);
        ev_json_write_int(writer, value);
        assert(writer->depth > 0 || writer->result);
}

/* A null slice becomes null, which only the checkpoint may be; reading refuses it anywhere else. */
static void write_text(struct ev_json_writer *writer, const char *name, struct ev_str value)
{
        write_name(writer, name);
        ev_json_write_string(writer, value);
        assert(writer->depth > 0 || writer->result);
}

/* Count and range of a file stand here although its rows tell them: a reader opens a file when its
 * first number comes up, and knows before the end that one was cut off. */
static void write_file(struct ev_json_writer *writer, const struct ev_archive_file *file)
{
        char hash[EV_DIGEST_TEXT_MAX];

        assert(file->count > 0);

        ev_json_object_begin(writer);
        write_int(writer, "bytes", file->bytes);
        write_int(writer, "count", file->count);
        write_int(writer, "first_seq", file->first_seq);
        write_int(writer, "last_seq", file->last_seq);
        write_text(writer, "path", file->path);
        write_name(writer, "schema_ids");
        ev_json_array_begin(writer);
        for (size_t i = 0; i < file->schema_ids_count; ++i)
                ev_json_write_int(writer, file->schema_ids[i]);
        ev_json_array_end(writer);
        write_text(writer, "sha256", (struct ev_str){ hash, ev_digest_format(file->hash, hash) });
        ev_json_object_end(writer);
}

/* Pairs and not objects: after a night of failed transactions there may be tens of thousands. */
static void write_gaps(struct ev_json_writer *writer, const struct ev_archive_manifest *manifest)
{
        assert(manifest->gaps || manifest->gaps_count == 0);

        write_name(writer, "gaps");
        ev_json_array_begin(writer);
        for (size_t i = 0; i < manifest->gaps_count; ++i) {
                ev_json_array_begin(writer);
                ev_json_write_int(writer, manifest->gaps[i].from_seq);
                ev_json_write_int(writer, manifest->gaps[i].to_seq);
                ev_json_array_end(writer);
        }
        ev_json_array_end(writer);
}

/* The last fact tells a restored database from the one that was exported: numbers are given anew
 * there, ids never. */
static void write_head(struct ev_json_writer *writer, const struct ev_archive_manifest *manifest)
{
        char id[EV_UUID_TEXT_MAX];

        assert(manifest->head_seq >= 0);

        write_name(writer, "head");
        if (manifest->head_seq == 0) {
                ev_json_write_null(writer);
                return;
        }
        ev_json_object_begin(writer);
        write_text(writer, "event_id",
                   (struct ev_str){ id, ev_uuid_format(&manifest->head_id, id) });
        write_int(writer, "seq", manifest->head_seq);
        ev_json_object_end(writer);
}

/* The newline at the end is for those who look at it with the tools of a shell. */
int ev_archive_manifest_write(const struct ev_archive_manifest *manifest, struct ev_buffer *text)
{
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(text);
        int r;

        assert(manifest->first_seq > 0 && manifest->last_seq >= manifest->first_seq - 1);

        ev_json_object_begin(&writer);
        write_text(&writer, "checkpoint", manifest->checkpoint);
        write_text(&writer, "database", manifest->database);
        write_name(&writer, "files");
        ev_json_array_begin(&writer);
        for (size_t i = 0; i < manifest->files_count; ++i)
                write_file(&writer, &manifest->files[i]);
        ev_json_array_end(&writer);
        write_int(&writer, "first_seq", manifest->first_seq);
        write_int(&writer, "format", EV_ARCHIVE_FORMAT);
        write_gaps(&writer, manifest);
        write_head(&writer, manifest);
        write_int(&writer, "last_seq", manifest->last_seq);
        write_name(&writer, "sources");
        ev_json_array_begin(&writer);
        for (size_t i = 0; i < manifest->sources_count; ++i)
                ev_json_write_string(&writer, manifest->sources[i]);
        ev_json_array_end(&writer);
        ev_json_object_end(&writer);
        r = ev_json_writer_end(&writer);
        if (r == 0)
                r = ev_buffer_append_str(text, EV_STR("\n"));
        return ev_trace(r);
}

/* ---- In ---- */

/* Every complaint begins in the same way, so that the caller has to add the path only. The verdict
 * says that it is the input's fault: no other try would read it better. */
static int fail(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_RECORD, "no manifest of an archive: %s", what);
}

/* NULL for a member that is not there, which every function below takes for one of the wrong type.
 */
static const struct ev_json *member(const struct ev_json *object, const char *name)
{
        assert(name);

        return ev_json_get(object, ev_str_of(name));
}

/* All numbers of a manifest have a least value; checking it here keeps sums from being made of
 * negative ones. */
static bool read_int(const struct ev_json *object, const char *name, int64_t min,
                     int64_t *ret_value)
{
        assert(ret_value);

        return ev_json_int(member(object, name), ret_value) && *ret_value >= min;
}

/* NULL, without an error, for what is no list or longer than `max`. One item more than there are, so
 * that an empty list is not NULL. */
static int make_list(const struct ev_json *list, size_t max, size_t size, struct ev_arena *arena,
                     void **ret_items, size_t *ret_count)
{
        size_t count = ev_json_count(list);

        assert(ret_items && ret_count);

        if (ev_json_type(list) != EV_JSON_ARRAY || count > max)
                return fail("a list is missing or too long");
        *ret_items = ev_arena_take_array(arena, count + 1, size);
        *ret_count = count;
        return *ret_items ? 0 : ev_trace(EV_FAILED);
}

/* By a table and not by a library: only lower case is written, so only that is read. */
static bool parse_hex(struct ev_str text, uint8_t hash[EV_DIGEST_BYTES])
{
        static const char digits[] = "0123456789abcdef";

        assert(hash);

        if (text.size != EV_DIGEST_TEXT_MAX - 1)
                return false;
        for (size_t i = 0; i < EV_DIGEST_BYTES; ++i) {
                const char *high = memchr(digits, text.data[2 * i], sizeof(digits) - 1);
                const char *low = memchr(digits, text.data[2 * i + 1], sizeof(digits) - 1);

                if (!high || !low)
                        return false;
                hash[i] = (uint8_t)((high - digits) << 4 | (low - digits));
        }
        return true;
}

/* They rise, since they are the branches of a union in the order in which they were put there; a
 * reader finds the branch of a row by them. */
static int parse_schema_ids(const struct ev_json *list, struct ev_archive_file *file,
                            struct ev_arena *arena)
{
        int64_t id, before = 0;
        int32_t *ids;
        void *items;
        int r = make_list(list, EV_ARCHIVE_SCHEMAS_MAX, sizeof(*ids), arena, &items,
                          &file->schema_ids_count);

        if (r < 0)
                return ev_trace(r);
        ids = items;
        for (size_t i = 0; i < file->schema_ids_count; ++i) {
                if (!ev_json_int(ev_json_item(list, i), &id) || id <= before || id > INT32_MAX)
                        return fail("ids of schemas do not rise");
                ids[i] = (int32_t)(before = id);
        }
        assert(arena);
        file->schema_ids = ids;
        return file->schema_ids_count > 0 ? 0 : fail("a file without schemas");
}

/* The path is read first because topic, day and part follow from it; it is the one thing here that
 * could lead out of the folder. */
static int parse_file(const struct ev_json *node, struct ev_archive_file *file,
                      struct ev_arena *arena)
{
        struct ev_str path;

        assert(file);

        if (ev_arena_copy(arena, ev_json_string(member(node, "path")), &path) < 0)
                return ev_trace(EV_FAILED);
        if (ev_str_is_null(path) || !ev_archive_parse_path(path, file))
                return fail("a file is not at TOPIC/YYYY-MM-DD.avro");
        if (!read_int(node, "bytes", 1, &file->bytes) ||
            !read_int(node, "count", 1, &file->count) ||
            !read_int(node, "first_seq", 1, &file->first_seq) ||
            !read_int(node, "last_seq", file->first_seq, &file->last_seq) ||
            file->count - 1 > file->last_seq - file->first_seq ||
            !parse_hex(ev_json_string(member(node, "sha256")), file->hash))
                return fail("a file's numbers cannot be true");
        return ev_trace(parse_schema_ids(member(node, "schema_ids"), file, arena));
}

/* In strictly rising order, so that no file is named twice and a part can be found by halving. */
static int parse_files(const struct ev_json *list, struct ev_archive_manifest *manifest,
                       struct ev_arena *arena)
{
        struct ev_archive_file *files;
        void *items;
        int r = make_list(list, EV_ARCHIVE_FILES_MAX, sizeof(*files), arena, &items,
                          &manifest->files_count);

        assert(manifest);

        if (r < 0)
                return ev_trace(r);
        manifest->files = files = items;
        for (size_t i = 0; r == 0 && i < manifest->files_count; ++i) {
                r = parse_file(ev_json_item(list, i), &files[i], arena);
                if (r == 0 && i > 0 && ev_archive_compare_files(&files[i - 1], &files[i]) >= 0)
                        r = fail("files are not in order");
        }
        return ev_trace(r);
}

/* They must not touch: two gaps that do are one, and a range would have several manifests
 * otherwise. */
static int parse_gaps(const struct ev_json *list, struct ev_archive_manifest *manifest,
                      struct ev_arena *arena)
{
        struct ev_feed_gap *gaps;
        int64_t before = manifest->first_seq - 2;
        void *items;
        int r = make_list(list, ARCHIVE_MANIFEST_BYTES_MAX, sizeof(*gaps), arena, &items,
                          &manifest->gaps_count);

        assert(manifest->first_seq > 0);

        if (r < 0)
                return ev_trace(r);
        manifest->gaps = gaps = items;
        for (size_t i = 0; i < manifest->gaps_count; ++i) {
                const struct ev_json *pair = ev_json_item(list, i);

                if (ev_json_type(pair) != EV_JSON_ARRAY || ev_json_count(pair) != 2 ||
                    !ev_json_int(ev_json_item(pair, 0), &gaps[i].from_seq) ||
                    !ev_json_int(ev_json_item(pair, 1), &gaps[i].to_seq) ||
                    gaps[i].from_seq <= before + 1 || gaps[i].to_seq < gaps[i].from_seq ||
                    gaps[i].to_seq > manifest->last_seq)
                        return fail("gaps are not in order, or out of the range");
                before = gaps[i].to_seq;
        }
        return 0;
}

/* In the order of bytes and each once, for the same reason; rows name them by their text. */
static int parse_sources(const struct ev_json *list, struct ev_archive_manifest *manifest,
                         struct ev_arena *arena)
{
        struct ev_str *sources;
        void *items;
        int r = make_list(list, EV_ARCHIVE_SOURCES_MAX, sizeof(*sources), arena, &items,
                          &manifest->sources_count);

        assert(manifest);

        if (r < 0)
                return ev_trace(r);
        manifest->sources = sources = items;
        for (size_t i = 0; i < manifest->sources_count; ++i) {
                if (ev_arena_copy(arena, ev_json_string(ev_json_item(list, i)), &sources[i]) < 0)
                        return ev_trace(EV_FAILED);
                if (sources[i].size == 0 || sources[i].size > EV_ARCHIVE_TEXT_MAX ||
                    (i > 0 && ev_str_compare(sources[i - 1], sources[i]) >= 0))
                        return fail("sources are not in order");
        }
        return 0;
}

/* Whether the file really ends with this fact is seen when it is read; here it has to lie in the
 * range. */
static int parse_head(const struct ev_json *node, struct ev_archive_manifest *manifest)
{
        assert(manifest);

        manifest->head_seq = 0;
        if (ev_json_type(node) == EV_JSON_NULL)
                return 0;
        if (!read_int(node, "seq", manifest->first_seq, &manifest->head_seq) ||
            manifest->head_seq > manifest->last_seq ||
            !ev_uuid_parse(ev_json_string(member(node, "event_id")), &manifest->head_id))
                return fail("head is no fact of the range");
        return 0;
}

/* Every number of the range is a fact or lies in a gap, and the last fact is where head says. Sums
 * are of counts that are each within the range, and stop as soon as they are beyond it. */
static int check_sums(const struct ev_archive_manifest *manifest)
{
        int64_t left = manifest->last_seq - manifest->first_seq + 1, last = 0;

        for (size_t i = 0; i < manifest->gaps_count; ++i)
                left -= manifest->gaps[i].to_seq - manifest->gaps[i].from_seq + 1;
        assert(left >= 0); /* they do not overlap */
        for (size_t i = 0; i < manifest->files_count; ++i) {
                const struct ev_archive_file *file = &manifest->files[i];

                if (file->first_seq < manifest->first_seq || file->last_seq > manifest->last_seq ||
                    file->count > left)
                        return fail("files hold more than the range");
                left -= file->count;
                last = file->last_seq > last ? file->last_seq : last;
        }
        if (left != 0)
                return fail("numbers of the range are neither in a file nor in a gap");
        return last == manifest->head_seq ? 0 : fail("head is not the last fact");
}

/* The range comes first: gaps, head and files are checked against it. The format is looked at
 * before all else, so that an archive of tomorrow is told as such and not as one that is broken. */
static int parse_members(const struct ev_json *root, struct ev_archive_manifest *manifest,
                         struct ev_arena *arena)
{
        int64_t format;
        int r;

        assert(manifest && arena);

        if (!read_int(root, "format", 1, &format))
                return fail("it has no format");
        if (format != EV_ARCHIVE_FORMAT)
                return ev_fail(EV_VERDICT_RECORD,
                               "an archive of format %" PRId64 ", and this program knows %d",
                               format, EV_ARCHIVE_FORMAT);
        if (!read_int(root, "first_seq", 1, &manifest->first_seq) ||
            !read_int(root, "last_seq", manifest->first_seq - 1, &manifest->last_seq) ||
            manifest->last_seq == INT64_MAX)
                return fail("it has no range");
        r = ev_arena_copy(arena, ev_json_string(member(root, "database")), &manifest->database);
        if (r == 0)
                r = ev_arena_copy(arena, ev_json_string(member(root, "checkpoint")),
                                  &manifest->checkpoint);
        if (r == 0 &&
            (manifest->database.size == 0 || manifest->checkpoint.size > EV_ARCHIVE_CHECKPOINT_MAX))
                r = fail("it names no database");
        if (r == 0)
                r = parse_gaps(member(root, "gaps"), manifest, arena);
        if (r == 0)
                r = parse_head(member(root, "head"), manifest);
        if (r == 0)
                r = parse_sources(member(root, "sources"), manifest, arena);
        if (r == 0)
                r = parse_files(member(root, "files"), manifest, arena);
        return r == 0 ? check_sums(manifest) : ev_trace(r);
}

/* Written again and compared, in place of a check for each member that should not be there, each
 * blank and each other spelling of a number. What is returned is set only when all of it holds. */
int ev_archive_manifest_parse(struct ev_archive_manifest *manifest, struct ev_str text,
                              struct ev_arena *arena)
{
        _cleanup_buffer_ struct ev_buffer again = EV_BUFFER_INIT(ARCHIVE_MANIFEST_BYTES_MAX);
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        struct ev_archive_manifest read = { 0 };
        int r = ev_json_parse(text, ARCHIVE_MANIFEST_BYTES_MAX, &root);

        assert(manifest && arena);

        if (r == 0)
                r = parse_members(root, &read, arena);
        if (r == 0)
                r = ev_archive_manifest_write(&read, &again);
        if (r == 0 && !ev_str_equal(ev_buffer_str(&again), text))
                r = fail("it has members or a spelling of its own");
        if (r == 0)
                r = ev_digest_once(text.data, text.size, read.hash);
        if (r < 0)
                return ev_trace(r);
        *manifest = read;
        return 0;
}

/* An absent manifest is a condition, since a folder begins without one; one that cannot be read is
 * a failure like any other, for what it says may be all that is left. */
int ev_archive_load(const char *folder, const char *name, struct ev_arena **ret_arena,
                    struct ev_archive_manifest *manifest)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(ARCHIVE_MANIFEST_BYTES_MAX);
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        char path[EV_ARCHIVE_PATH_MAX];
        int r = ev_archive_join(folder, ev_str_of(name), path);

        assert(ret_arena && manifest);

        if (r < 0)
                return ev_trace(r);
        if (access(path, F_OK) && errno == ENOENT)
                return ARCHIVE_ABSENT;
        r = ev_buffer_read_file(&text, path);
        if (r == 0)
                r = ev_arena_new(&arena, ARCHIVE_MEMORY_MAX);
        if (r == 0)
                r = ev_archive_manifest_parse(manifest, ev_buffer_str(&text), arena);
        if (r < 0)
                return ev_trace(ev_fail_while("%s", path));
        *ret_arena = arena;
        arena = NULL;
        return 0;
}
