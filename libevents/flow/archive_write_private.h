#ifndef EV_FLOW_ARCHIVE_WRITE_PRIVATE_H
#define EV_FLOW_ARCHIVE_WRITE_PRIVATE_H

/* What the files share that write archives: archive_write.c takes rows, archive_parts.c makes files of them,
 * and archive_end.c makes the files an archive. */

#include "flow/archive_private.h"
#include "wire/schema.h"

enum {
        ARCHIVE_SCHEMAS_KNOWN_MAX = 1024, /* different ones in one archive's new part */
        ARCHIVE_FILE_MODE = 0640,         /* facts are not for everybody */
};

/* A version of an event that occurs. Its schema is parsed once and shared by all files that have it;
 * the type is the registry's, to which those of the rows are compared. */
struct archive_version {
        int32_t id;
        struct ev_str type;
        struct ev_schema *schema;
};

/* A file that is to be written. It goes from expected over open to done, and never back: rows come in
 * the order of their numbers, and the last one is known. While it is open there is one block of it in
 * memory, which grows to what a block may have at most. */
struct archive_part {
        struct ev_archive_file file; /* its numbers grow as rows come */
        const struct archive_version *versions[EV_ARCHIVE_SCHEMAS_MAX];
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
struct archive_kind {
        struct ev_str topic;
        int64_t day;
        const struct archive_version *version;
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
        struct archive_version versions[ARCHIVE_SCHEMAS_KNOWN_MAX];
        size_t versions_count;
        struct archive_kind *kinds;
        size_t kinds_count, kinds_capacity;
        struct archive_part **parts; /* in the order of topic, day and part */
        size_t parts_count;
        struct archive_part *open[EV_ARCHIVE_OPEN_MAX];
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

/* ---- archive_parts.c ---- */

/* The version with that id, parsed once; `type` is for what is said when it is not known. Lives as long as
 * the writer. */
int ev_archive_find_version(struct ev_archive_writer *writer, int32_t id, struct ev_str type,
                            const struct archive_version **ret_version) _must_check_;

/* Expects what `kind` says; copied, but for its topic, which the caller keeps. Before the first row. */
int ev_archive_add_kind(struct ev_archive_writer *writer,
                        const struct archive_kind *kind) _must_check_;

/* Makes of all kinds the parts that they need, none of which is opened. Once. */
int ev_archive_make_parts(struct ev_archive_writer *writer) _must_check_;

/* Begins the file of a part that is not done, under its new name, with its header. Fails where too
 * many are open. */
int ev_archive_open_part(struct ev_archive_writer *writer, struct archive_part *part) _must_check_;

/* Writes the rows that are in memory, of which there is one at least, as a block. */
int ev_archive_flush_block(struct ev_archive_writer *writer,
                           struct archive_part *part) _must_check_;

/* Ends the file of an open part whose last row has come; it is on the disk when this returns. */
int ev_archive_close_part(struct ev_archive_writer *writer, struct archive_part *part) _must_check_;

/* Frees what an open part holds. */
void ev_archive_part_done(struct archive_part *part);

/* ---- archive_write.c ---- */

/* Makes the parts, and puts in what the archive had of their days. Once, with the first row or at the
 * end. */
int ev_archive_begin(struct ev_archive_writer *writer) _must_check_;

/* Whether a file of the old archive is written anew; `context` is the writer, as ev_archive_select()
 * wants it. */
bool ev_archive_is_rewritten(void *context, const struct ev_archive_file *file);

#endif
