#ifndef EVENTCTL_FILE_H
#define EVENTCTL_FILE_H

/* Files that commands write: whole or not at all, and on the disk when it is told. What goes to the standard
 * output does not come here: whoever redirects that decides what becomes of it. */

#include "base/macro.h"
#include "base/str.h"

/* Replaces a file, or makes it, for everybody to read: who opens it sees the old text or the new one,
 * whole, also after a crash. Its folder must be there and be writable. Fails (verdict: stop) with the
 * path and what the kernel says; the old file stands then. */
int file_replace(const char *path, struct ev_str text) _must_check_;

/* Makes a file that only its owner may read (mode 0600). Fails (verdict: stop), also when there is one
 * already, which is left as it is. The text is not shown in the error. */
int file_make_secret(const char *path, struct ev_str text) _must_check_;

#endif
