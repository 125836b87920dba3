#ifndef EV_FLOW_ARCHIVE_PRIVATE_H
#define EV_FLOW_ARCHIVE_PRIVATE_H

/* What the writer and the reader of archives share. */

#include "base/buffer.h"
#include "flow/archive.h"
#include "wire/record.h"

#define ARCHIVE_MANIFEST "manifest.json"
/* One that is written whole while files are still to be renamed: what it says becomes true. */
#define ARCHIVE_NEXT "manifest.next.json"
/* Behind the names of files that count for nothing yet. */
#define ARCHIVE_NEW ".new"

/* Limits of what is read from outside, and where blocks end. A row is the payload of the largest fact and
 * the longest texts that its envelope may have; a block is as much as it may have before its last row,
 * and that row. The header of a file has the schemas of all its types. */
enum {
        ARCHIVE_SYNC_BYTES = 16,
        ARCHIVE_MAGIC_BYTES = 4,
        ARCHIVE_MANIFEST_BYTES_MAX = 16 * 1024 * 1024,
        ARCHIVE_MEMORY_MAX = 64 * 1024 * 1024, /* of a manifest that was read */
        /* A block ends with the row that reaches either; files depend on both, so they never change. */
        ARCHIVE_BLOCK_BYTES = 64 * 1024,
        ARCHIVE_BLOCK_ROWS = 1000,
        ARCHIVE_HEADER_BYTES_MAX = 4 * 1024 * 1024, /* of a file: its schema */
        ARCHIVE_ROW_BYTES_MAX = EV_FACT_BYTES_MAX + 16 * EV_ARCHIVE_TEXT_MAX,
        ARCHIVE_BLOCK_BYTES_MAX = ARCHIVE_BLOCK_BYTES + ARCHIVE_ROW_BYTES_MAX,
        ARCHIVE_NAME_MAX = 64, /* of a file in its topic's folder */
};

extern const uint8_t ev_archive_magic[ARCHIVE_MAGIC_BYTES];

/* Bytes that come in: what is taken moves `at`, and nothing reads at or behind `end`. A function that
 * says false has taken something or nothing; nobody goes on behind it. */
struct archive_bytes {
        const uint8_t *at, *end;
};

/* A long in Avro's zigzag; false where the bytes end or hold none of 64 bits. */
bool ev_archive_take_long(struct archive_bytes *bytes, int64_t *ret_value);

/* A length and as many bytes, at most `max`. */
bool ev_archive_take_bytes(struct archive_bytes *bytes, size_t max, struct ev_bytes *ret_bytes);

int ev_archive_put_long(struct ev_buffer *buffer, int64_t value) _must_check_;
int ev_archive_put_bytes(struct ev_buffer *buffer, const void *data, size_t size) _must_check_;

/* Appends a row; its schema is that of the branch-th of the file. */
int ev_archive_put_row(struct ev_buffer *buffer, const struct ev_archive_row *row,
                       size_t branch) _must_check_;

/* Reads a row; false for what ev_archive_put_row() does not write. Slices are of the bytes; source_id is
 * left to the caller. */
bool ev_archive_take_row(struct archive_bytes *bytes, struct ev_archive_row *ret_row,
                         size_t *ret_branch);

/* Appends what a file begins with, up to and with its first sync marker. */
int ev_archive_put_header(struct ev_buffer *buffer, struct ev_str schema,
                          const uint8_t sync[ARCHIVE_SYNC_BYTES]) _must_check_;

/* Appends the schema of files whose data is this union. */
int ev_archive_put_schema(struct ev_buffer *buffer, struct ev_str data) _must_check_;

/* Between blocks stands what follows from the place of the file, and from nothing else. */
int ev_archive_make_sync(struct ev_str database, struct ev_str topic, int64_t day, uint32_t part,
                         uint8_t ret_sync[ARCHIVE_SYNC_BYTES]) _must_check_;

/* "2026-11-29.avro", "2026-11-29.2.avro". */
void ev_archive_name(int64_t day, uint32_t part, char name[ARCHIVE_NAME_MAX]);

/* Reads topic, day and part of a relative path that is made of them. The topic is a slice of it. */
bool ev_archive_parse_path(struct ev_str path, struct ev_archive_file *file);

/* By topic, day and part. */
int ev_archive_compare_files(const struct ev_archive_file *a, const struct ev_archive_file *b);

/* "<folder>/<name>"; fails (verdict: stop) when it is too long. */
int ev_archive_join(const char *folder, struct ev_str name,
                    char path[EV_ARCHIVE_PATH_MAX]) _must_check_;

/* The same with an ending. */
int ev_archive_path(const char *folder, struct ev_str name, const char *suffix,
                    char path[EV_ARCHIVE_PATH_MAX]) _must_check_;

/* The topic of a relative path: its folder. A slice of it. */
struct ev_str ev_archive_topic_of(struct ev_str path);

/* Fails (verdict: stop) with the present errno: "cannot <what> <path>: …". */
int ev_archive_fail_errno(const char *what, const char *path);

/* For _cleanup_() of a descriptor; −1 is none. */
void ev_archive_close_p(int *fd);

/* Makes a folder, or all of a path, where they are not there already. */
int ev_archive_make_folder(const char *path) _must_check_;
int ev_archive_make_folders(const char *path) _must_check_;

/* Has the names in a folder on the disk when it returns. */
int ev_archive_sync_folder(const char *path) _must_check_;

/* Writes all of it, or fails; `path` names the file in what is said then. */
int ev_archive_write_all(int fd, const void *data, size_t size, const char *path) _must_check_;

/* Shuts out other writers as long as *ret_fd is open; fails at once where there is one. */
int ev_archive_lock(const char *folder, int *ret_fd) _must_check_;

/* Makes what the promise in manifest.next.json says true, of an archive that was `old` (all zeros: there
 * was none). */
int ev_archive_keep_promise(const char *folder, const struct ev_archive_manifest *old,
                            const struct ev_archive_manifest *next) _must_check_;

/* Settles what a writer that died has left: keeps its promise, or takes back what it had begun. */
int ev_archive_recover(const char *folder, const struct ev_archive_manifest *old) _must_check_;

/* Reads a manifest of the folder into the arena, which it makes. 0, or ARCHIVE_ABSENT. */
enum { ARCHIVE_ABSENT = 1 };
int ev_archive_load(const char *folder, const char *name, struct ev_arena **ret_arena,
                    struct ev_archive_manifest *manifest) _must_check_;

#endif
