#ifndef EV_FLOW_ARCHIVE_H
#define EV_FLOW_ARCHIVE_H

/* Facts of an outbox as files: what is left of its partitions when they are dropped.
 *
 * An archive is a folder that holds one contiguous range of numbers of one database:
 *
 *      manifest.json                                   what is here, and the hash of each file
 *      quenty.order.events.v1/2026-11-29.avro          a topic's facts recorded on that day (UTC)
 *      quenty.order.events.v1/2026-11-29.2.avro        those that cannot stand in one file with them
 *
 * Each file is an Avro object container file (Avro 1.11 specification) that every implementation
 * reads: the envelope's fields and `data`, a union of the schemas that the facts of this file were
 * written by, whose bytes are those of the outbox. Two versions of an event cannot stand in one
 * union; the later one gets a part of its own.
 *
 * Where the rows of a topic and day are: a transaction may begin before midnight and get its numbers
 * behind another that began later, so the files of two days overlap in their numbers. A reader merges
 * them; the manifest tells with which number a file begins and ends.
 *
 * A file is not compressed. What deflate makes of the same bytes depends on the version of zlib, and
 * two exports of one range would differ. An archive that is moved elsewhere may be compressed there.
 *
 * What is not in a file: the number of the fact before it on its partition. It follows from the facts
 * and the partition of their keys, but for those at the beginning of a range; what a reader needs it
 * for, that none is missing, is told by the range and its gaps.
 *
 * Everything follows from the rows: no clock, process, host or version of a library goes in, so the
 * same range exported again has the same bytes, and so has one that was exported in several steps.
 *
 * Who reads an archive without this code:
 *
 *      1. compare the SHA-256 of manifest.json with the one that was kept, if one was;
 *      2. compare the SHA-256 of each file with the manifest;
 *      3. read the files, and sort their rows by seq;
 *      4. see that the numbers from first_seq to last_seq are all there, but for the gaps.
 *
 * Then it is the outbox of that database between these numbers, as far as whoever made the manifest is
 * believed. A checkpoint that was signed over the same facts takes even that out of his hands.
 *
 * The manifest is one JSON object in one line, its members in the order of their names:
 *
 *      checkpoint      text of a signed note about the log that these facts are entries of, or null
 *      database        "order_db"
 *      files           bytes, count, first_seq, last_seq, path, schema_ids, sha256; in the order of
 *                      topic, day and part
 *      first_seq       the range: each number from here …
 *      format          1
 *      gaps            [from, to] of numbers in the range that belong to no fact and never will
 *      head            seq and event_id of the last fact, or null: there is none
 *      last_seq        … to here is a fact in one file or lies in a gap; first_seq − 1: no number was
 *                      given yet, and the archive says so
 *      sources         every ce_source that occurs, in the order of bytes
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/merkle.h"
#include "base/macro.h"
#include "base/str.h"
#include "flow/schemas.h"
#include "store/feed.h"

enum {
        EV_ARCHIVE_FORMAT = 1,
        EV_ARCHIVE_PATH_MAX = 1024,      /* bytes of a path with the NUL */
        EV_ARCHIVE_FILES_MAX = 65536,    /* of one archive: at two topics, ninety years */
        EV_ARCHIVE_SOURCES_MAX = 1024,   /* failovers and restores */
        EV_ARCHIVE_SCHEMAS_MAX = 256,    /* of one file */
        EV_ARCHIVE_TEXT_MAX = 4096,      /* bytes of one text of the envelope */
        EV_ARCHIVE_OPEN_MAX = 128,       /* files that are read or written at one time */
        EV_ARCHIVE_PARTS_MAX = 1000,     /* files of one topic and day */
        EV_ARCHIVE_CHECKPOINT_MAX = 4096 /* bytes */
};

/* A fact, and what it has as numbers. `fact.topic` and `fact.type` are not looked at, and 0 where it
 * was read; `fact.source_id` is then the place among the manifest's sources, counted from 1. */
struct ev_archive_row {
        struct ev_feed_fact fact;
        struct ev_str source, topic, type;
        /* Of its leaf (flow/leaf.h). The writer makes it; the reader gives what the file has and compares
         * nothing: who knows a signed root can tell by these which rows were changed. */
        struct ev_merkle_hash leaf;
};

struct ev_archive_file {
        struct ev_str path; /* relative to the archive; made of the three below */
        struct ev_str topic;
        int64_t day;   /* base/clock.h */
        uint32_t part; /* from 1 */
        int64_t count, first_seq, last_seq, bytes;
        uint8_t hash[EV_DIGEST_BYTES]; /* SHA-256 */
        const int32_t *schema_ids;     /* rising: the branches of the union, in their order */
        size_t schema_ids_count;
};

struct ev_archive_manifest {
        struct ev_str database;
        int64_t first_seq, last_seq; /* both ends included; first_seq − 1: the range is empty */
        int64_t head_seq;            /* 0: no fact */
        struct ev_uuid head_id;
        const struct ev_str *sources;
        size_t sources_count;
        const struct ev_feed_gap *gaps; /* rising, not touching each other */
        size_t gaps_count;
        const struct ev_archive_file *files;
        size_t files_count;
        struct ev_str checkpoint;      /* null: none */
        uint8_t hash[EV_DIGEST_BYTES]; /* of its text; set by reading */
};

/* Appends the text, with a newline. */
int ev_archive_manifest_write(const struct ev_archive_manifest *manifest,
                              struct ev_buffer *text) _must_check_;

/* Reads it into the arena. Fails (verdict: record) on what ev_archive_manifest_write() does not write,
 * and on what cannot be true: holes, ranges that do not add up, paths that lead elsewhere. */
int ev_archive_manifest_parse(struct ev_archive_manifest *manifest, struct ev_str text,
                              struct ev_arena *arena) _must_check_;

/* ---- Reading ---- */

struct ev_archive;

/* Opens the archive at `path` and reads its manifest. Fails when there is none or it cannot be true, an
 * export was interrupted, or it is another database's; `database` NULL: whichever it is. The caller
 * owns *ret_archive (ev_archive_free). */
int ev_archive_open(struct ev_archive **ret_archive, const char *path,
                    const char *database) _must_check_;
struct ev_archive *ev_archive_free(struct ev_archive *archive);
EV_DEFINE_CLEANUP(struct ev_archive *, ev_archive_free)

/* Lives as long as the archive. */
const struct ev_archive_manifest *ev_archive_manifest(const struct ev_archive *archive);

/* Before the first row: leaves out the files that `wants` says no to, and the facts in them. */
void ev_archive_select(struct ev_archive *archive,
                       bool (*wants)(void *context, const struct ev_archive_file *file),
                       void *context);

/* Before the first row, for those who look for what was changed: a file that is not of the size or hash
 * in the manifest is read all the same, as far as it can be. */
int ev_archive_forgive(struct ev_archive *archive) _must_check_;

/* Files that were forgiven so far; NULL behind the last. */
const struct ev_archive_file *ev_archive_forgiven(const struct ev_archive *archive, size_t index);

enum { EV_ARCHIVE_END = 1 };

/* The next fact, in the order of seq over all files; its slices are valid until the next call. A file
 * is hashed before its first row is given out, so none comes of a file that was changed. Memory is
 * that of a block for each file of the same time. EV_ARCHIVE_END behind the last; or EV_FAILED
 * (verdict: stop), naming the file and what is wrong in it. Payloads are not looked into: who decodes
 * one must take its whole size. */
int ev_archive_next(struct ev_archive *archive, struct ev_archive_row *ret_row) _must_check_;

/* Copies what the slices of a row point to into the arena. */
int ev_archive_row_keep(struct ev_archive_row *row, struct ev_arena *arena) _must_check_;

/* ---- Writing ---- */

/* Makes an archive, or adds to the one that is there. Until it ends, the archive is what it was.
 *
 *      ev_archive_writer_new(&writer, path, "order_db", schemas);
 *      ev_archive_writer_expect(writer, &kind) …       all that will come
 *      ev_archive_writer_add(writer, &row) …           in the order of seq
 *      ev_archive_writer_end(writer, &range);
 */
struct ev_archive_writer;

/* Makes the folders of `path` as needed, shuts out other writers, and finishes or takes back what one
 * that died has left. `schemas` is borrowed. The caller owns *ret_writer (ev_archive_writer_free). */
int ev_archive_writer_new(struct ev_archive_writer **ret_writer, const char *path,
                          const char *database, struct ev_schemas *schemas) _must_check_;
struct ev_archive_writer *ev_archive_writer_free(struct ev_archive_writer *writer);
EV_DEFINE_CLEANUP(struct ev_archive_writer *, ev_archive_writer_free)

/* What is there already; NULL: nothing. */
const struct ev_archive_manifest *
ev_archive_writer_manifest(const struct ev_archive_writer *writer);

/* Facts that will come: files begin with their schemas, so these have to be known first. */
struct ev_archive_kind {
        struct ev_str topic, type; /* borrowed until the end */
        int32_t schema_id;
        int64_t day;
        int64_t last_seq; /* of the last of them */
};
int ev_archive_writer_expect(struct ev_archive_writer *writer,
                             const struct ev_archive_kind *kind) _must_check_;

/* Adds a fact of a kind that was expected, above all that are there. */
int ev_archive_writer_add(struct ev_archive_writer *writer,
                          const struct ev_archive_row *row) _must_check_;

/* What the facts do not tell. Gaps are those of the new part of the range. */
struct ev_archive_range {
        int64_t first_seq; /* of a new archive; one that is there has its own */
        int64_t last_seq;  /* behind that of the archive; of a new one first_seq − 1 at least */
        const struct ev_feed_gap *gaps;
        size_t gaps_count;
        struct ev_str checkpoint;
};

/* Everything that was expected has come. The archive is the new one when this returns 0; if the
 * process dies in it, it is the old one or becomes the new one by the next writer. */
int ev_archive_writer_end(struct ev_archive_writer *writer, const struct ev_archive_range *range,
                          uint8_t ret_hash[EV_DIGEST_BYTES]) _must_check_;

#endif
