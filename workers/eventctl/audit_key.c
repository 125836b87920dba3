/* eventctl audit key: a new pair of keys for checkpoints.
 *
 * The private key is on the disk before the public one is shown. If the process dies between, the file is
 * there and its public key is not known: it is removed, and the command called again.
 *
 * Keys have the form of Go's golang.org/x/mod/sumdb/note, so that tools of others take the public one as it
 * is. The name is part of a key: of two keys of one name the hash tells which has signed. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/error.h"
#include "file.h"

/* What stays in memory of the private key is overwritten before anything else can fail. */
enum command_exit audit_key(const struct command_input *input)
{
        const char *path = command_value(input, "to");
        char text[EV_NOTE_KEY_TEXT_MAX + 1]; /* and a newline */
        struct ev_note_key key;
        int r;

        assert(input->operand);

        if (!path) {
                fputs("eventctl audit key: --to FILE says where the private key is put\n", stderr);
                return COMMAND_USAGE;
        }
        if (ev_note_key_new(&key, ev_str_of(input->operand)) < 0) {
                command_complain();
                return COMMAND_USAGE;
        }
        ev_note_key_private_text(&key, text);
        text[strlen(text) + 1] = '\0';
        text[strlen(text)] = '\n';
        r = file_make_secret(path, ev_str_of(text));
        explicit_bzero(text, sizeof(text));
        explicit_bzero(key.private_key, sizeof(key.private_key));
        if (r < 0)
                return command_fail();
        ev_note_key_public_text(&key, text);
        if (puts(text) < 0 || fflush(stdout) != 0) {
                fprintf(stderr, "eventctl: the public key could not be written; remove %s\n", path);
                return COMMAND_FAILED;
        }
        fprintf(stderr,
                "eventctl: the private key is in %s; keep it where the database's "
                "administrators have no access\n",
                path);
        return COMMAND_DONE;
}
