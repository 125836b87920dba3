/* Files written by way of another one: written, synchronised, and then given the name. If the process dies
 * before that, the old file stands as it stood, and PATH.new-PID lies beside it and may be removed. The
 * number keeps two writers apart, who then replace each other's files whole.
 *
 * A file is synchronised before it gets its name, and the folder behind it: after a crash the name is that of a
 * file that has its bytes. */

#include "file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

enum { READABLE = 0644, SECRET = 0600 };

static void close_p(const int *fd)
{
        assert(fd);

        if (*fd >= 0)
                close(*fd);
}

/* The path, and what the kernel says of it; to be called before anything else can change errno. */
static int fail(const char *what, const char *path)
{
        assert(what && path);

        return ev_fail(EV_VERDICT_STOP, "cannot %s %s: %s", what, path, strerror(errno));
}

/* On the disk when it returns. A write may be cut short by a signal or a full disk, hence the
 * loop. */
static int write_all(const char *path, int flags, mode_t mode, struct ev_str text)
{
        _cleanup_(close_p) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);

        assert(text.data);

        if (fd < 0)
                return fail("make", path);
        while (text.size > 0) {
                ssize_t size = write(fd, text.data, text.size);

                if (size < 0 && errno == EINTR)
                        continue;
                if (size <= 0)
                        return fail("write", path);
                text = (struct ev_str){ text.data + size, text.size - (size_t)size };
        }
        return fsync(fd) < 0 ? fail("synchronise", path) : 0;
}

/* A folder is opened for reading, which is all that fsync(2) asks for, and synchronised like a
 * file. */
static int synchronise(const char *folder)
{
        _cleanup_(close_p) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert(folder);

        return fd < 0 || fsync(fd) < 0 ? fail("synchronise", folder) : 0;
}

/* A name lasts when its folder is on the disk. */
static int synchronise_folder(const char *path)
{
        const char *slash = strrchr(path, '/');
        struct ev_str name =
                slash ? (struct ev_str){ path, (size_t)(slash - path) + 1 } : EV_STR(".");
        char folder[PATH_MAX];

        assert(path);

        if (!ev_str_copy(name, folder, sizeof(folder)))
                return ev_fail(EV_VERDICT_STOP, "the path %s is too long", path);
        return ev_trace(synchronise(folder));
}

/* The other file lies in the same folder, and so on the same disk, or it could not be renamed. rename(2)
 * is what makes it whole: the name stands for the old file or for the new one at any
 * moment. */
int file_replace(const char *path, struct ev_str text)
{
        char other[PATH_MAX];
        int r;

        assert(path);

        if (snprintf(other, sizeof(other), "%s.new-%d", path, (int)getpid()) >= (int)sizeof(other))
                return ev_fail(EV_VERDICT_STOP, "the path %s is too long", path);
        r = write_all(other, O_TRUNC, READABLE, text);
        if (r == 0)
                r = EV_FAULT(file_written);
        if (r < 0)
                return ev_trace(r);
        /* From here on the new text is the one that is found, whatever happens. */
        if (rename(other, path) < 0)
                return fail("replace", path);
        return ev_trace(synchronise_folder(path));
}

/* Never one that is there already: what is lost with a key is every signature to come. The mode is
 * given when it is made, so that there is no moment in which others could read it. */
int file_make_secret(const char *path, struct ev_str text)
{
        int r = write_all(path, O_EXCL, SECRET, text);

        assert(path);

        return r < 0 ? ev_trace(r) : ev_trace(synchronise_folder(path));
}
