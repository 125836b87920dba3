/* The folder of an archive that is written: locks, names, and what becomes true when.
 *
 * New files have names of their own (".new" behind them) until they and manifest.next.json are on the
 * disk: that file is a promise, and the moment from which the new range counts. Keeping it is to rename
 * each file, to remove what is in the old archive only, and to rename the promise to manifest.json; each
 * of these can be done again.
 *
 * In the folder while the promise is kept, of which the first topic has its name already:
 *
 *      manifest.json                                   of the old archive
 *      manifest.next.json                              of the new one
 *      quenty.order.events.v1/2026-11-29.avro          new
 *      quenty.stock.events.v1/2026-11-29.avro          old
 *      quenty.stock.events.v1/2026-11-29.avro.new
 *
 * What is true if the process dies here: without a promise the archive is the old one, and
 * ev_archive_recover() removes what is new; with one it keeps it. In between, the promise lies beside the
 * old manifest, and readers leave the archive alone. */

#include "flow/archive_private.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

enum { FOLDER_MODE = 0750 }; /* facts are not for everybody */

/* ---- Files and folders ---- */

/* The call is named by what it was for: the person who reads it has to look at a disk or at
 * rights, not at this code. */
int ev_archive_fail_errno(const char *what, const char *path)
{
        assert(what && path);

        return ev_fail(EV_VERDICT_STOP, "cannot %s %s: %s", what, path, strerror(errno));
}

/* "<folder>/<name><suffix>". */
int ev_archive_path(const char *folder, struct ev_str name, const char *suffix,
                    char path[EV_ARCHIVE_PATH_MAX])
{
        int r = ev_archive_join(folder, name, path);
        size_t size = r == 0 ? strlen(path) : 0;

        assert(suffix);

        if (r == 0 && size + strlen(suffix) >= EV_ARCHIVE_PATH_MAX)
                r = ev_fail(EV_VERDICT_STOP, "%s: the path of its files is too long", folder);
        if (r == 0)
                memcpy(path + size, suffix, strlen(suffix) + 1);
        return ev_trace(r);
}

/* For _cleanup_(), and for files whose bytes were synced before: nothing is left that closing
 * could report. */
void ev_archive_close_p(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
        assert(*fd < 0);
}

/* A name in a folder is on the disk when the folder is. */
int ev_archive_sync_folder(const char *path)
{
        _cleanup_(ev_archive_close_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert(path);

        return fd < 0 || fsync(fd) ? ev_archive_fail_errno("write", path) : 0;
}

/* One that is there already may be another run's or an operator's; whether it can be written is
 * seen soon enough. */
int ev_archive_make_folder(const char *path)
{
        assert(path && path[0]);

        if (mkdir(path, FOLDER_MODE) && errno != EEXIST)
                return ev_archive_fail_errno("make the folder", path);
        return 0;
}

/* Each level by itself, from the top, since there is no call that makes several. The path is
 * changed in a copy, one separator at a time. */
int ev_archive_make_folders(const char *path)
{
        char part[EV_ARCHIVE_PATH_MAX];
        int r = 0;

        assert(strlen(path) < sizeof(part));

        memcpy(part, path, strlen(path) + 1);
        for (char *at = part + 1; r == 0 && *at; ++at) {
                if (*at != '/')
                        continue;
                *at = '\0';
                r = ev_archive_make_folder(part);
                *at = '/';
        }
        return r == 0 ? ev_trace(ev_archive_make_folder(path)) : ev_trace(r);
}

/* A write may take a part of the bytes only, on a disk that is nearly full or when a signal comes;
 * the rest is tried again until that says why it cannot be. */
int ev_archive_write_all(int fd, const void *data, size_t size, const char *path)
{
        const uint8_t *at = data;

        assert(fd >= 0);

        while (size > 0) {
                ssize_t n = write(fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return ev_archive_fail_errno("write", path);
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

/* The topic's folder of a relative path. */
struct ev_str ev_archive_topic_of(struct ev_str path)
{
        assert(memchr(path.data, '/', path.size));

        return ev_str_take(&path, '/');
}

/* ---- What a writer that died has left ---- */

/* Whether the file of an old manifest is in the new one. */
static bool is_kept(const struct ev_archive_manifest *manifest, const struct ev_archive_file *file)
{
        size_t from = 0, to = manifest->files_count;

        while (from < to) {
                size_t middle = from + (to - from) / 2;
                int order = ev_archive_compare_files(&manifest->files[middle], file);

                if (order == 0)
                        return true;
                if (order < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        assert(from == to);
        return false;
}

/* Each is renamed or was before; one that is neither is missed by the reader, which compares hashes. The
 * folder of a topic is written to the disk once, behind the last of its files: which of the names in it
 * survive a crash before that does not matter, as the promise is still there. */
static int rename_files(const char *folder, const struct ev_archive_manifest *next)
{
        char from[EV_ARCHIVE_PATH_MAX], to[EV_ARCHIVE_PATH_MAX];
        int r = 0;

        assert(next->files || next->files_count == 0);

        for (size_t i = 0; r == 0 && i < next->files_count; ++i) {
                struct ev_str path = next->files[i].path, topic = ev_archive_topic_of(path);

                r = ev_archive_path(folder, path, ARCHIVE_NEW, from);
                if (r == 0)
                        r = ev_archive_path(folder, path, "", to);
                if (r == 0 && rename(from, to)) {
                        if (errno != ENOENT)
                                return ev_archive_fail_errno("rename", from);
                } else if (r == 0) {
                        r = EV_FAULT(archive_renamed);
                }
                if (r == 0 &&
                    (i + 1 == next->files_count ||
                     !ev_str_equal(topic, ev_archive_topic_of(next->files[i + 1].path)))) {
                        r = ev_archive_path(folder, topic, "", to);
                        if (r == 0)
                                r = ev_archive_sync_folder(to);
                }
        }
        return ev_trace(r);
}

/* From the manifest that says what will be to what is. Files that only the old one names go before the
 * promise does, else nobody would remember them. */
int ev_archive_keep_promise(const char *folder, const struct ev_archive_manifest *old,
                            const struct ev_archive_manifest *next)
{
        char from[EV_ARCHIVE_PATH_MAX], to[EV_ARCHIVE_PATH_MAX];
        int r = rename_files(folder, next);

        for (size_t i = 0; r == 0 && i < old->files_count; ++i) {
                if (is_kept(next, &old->files[i]))
                        continue;
                r = ev_archive_path(folder, old->files[i].path, "", to);
                if (r == 0 && unlink(to) && errno != ENOENT)
                        r = ev_archive_fail_errno("remove", to);
        }
        if (r == 0)
                r = ev_archive_path(folder, EV_STR(ARCHIVE_NEXT), "", from);
        if (r == 0)
                r = ev_archive_path(folder, EV_STR(ARCHIVE_MANIFEST), "", to);
        if (r == 0 && rename(from, to))
                r = ev_archive_fail_errno("rename", from);
        assert(folder);
        return r == 0 ? ev_trace(ev_archive_sync_folder(folder)) : ev_trace(r);
}

/* For _cleanup_(). */
static void close_folder(DIR **folder)
{
        assert(folder);

        if (*folder)
                closedir(*folder);
}

/* By the ending alone: what is in the folder of an archive was put there by us, and nothing that
 * is finished ends like this. */
static bool is_new(const char *name)
{
        size_t size = strlen(name), suffix = strlen(ARCHIVE_NEW);

        assert(name);

        return size > suffix && strcmp(name + size - suffix, ARCHIVE_NEW) == 0;
}

/* Removes what is new in a folder and, on the first level, in the folders of topics in it. */
static int remove_new(const char *path, bool is_top)
{
        _cleanup_(close_folder) DIR *folder = opendir(path);
        const struct dirent *entry;
        int r = 0;

        assert(path);

        if (!folder)
                return errno == ENOTDIR ? 0 : ev_archive_fail_errno("read", path);
        while (r == 0 && (entry = readdir(folder))) {
                char name[EV_ARCHIVE_PATH_MAX];

                if (entry->d_name[0] == '.')
                        continue;
                r = ev_archive_join(path, ev_str_of(entry->d_name), name);
                if (r == 0 && is_new(entry->d_name) && unlink(name))
                        r = ev_archive_fail_errno("remove", name);
                else if (r == 0 && is_top && !is_new(entry->d_name))
                        r = remove_new(name, false);
        }
        return ev_trace(r);
}

/* Either the promise was written whole, and is kept; or it was not, and then nothing that is new
 * counts for anything. A promise that cannot be read is neither, and somebody has to look at it. */
int ev_archive_recover(const char *folder, const struct ev_archive_manifest *old)
{
        _cleanup_(ev_arena_free_p) struct ev_arena *arena = NULL;
        struct ev_archive_manifest next = { 0 };
        int r = ev_archive_load(folder, ARCHIVE_NEXT, &arena, &next);

        assert(folder);

        if (r == ARCHIVE_ABSENT)
                return ev_trace(remove_new(folder, true));
        return r == 0 ? ev_trace(ev_archive_keep_promise(folder, old, &next)) : ev_trace(r);
}

/* Not waited for: two exports of one archive at one time are a mistake in somebody's timetable, and
 * the second one would find nothing to do. The lock is on the folder itself, so that nothing in it
 * tells of it, and it goes with the process. */
int ev_archive_lock(const char *folder, int *ret_fd)
{
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert(ret_fd);

        if (fd < 0)
                return ev_archive_fail_errno("open", folder);
        if (flock(fd, LOCK_EX | LOCK_NB)) {
                close(fd);
                return ev_fail(EV_VERDICT_STOP, "%s: another export is writing here", folder);
        }
        *ret_fd = fd;
        return 0;
}
