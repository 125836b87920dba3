/* Checkpoints as C2SP's "tlog-checkpoint" has them. Pure: nothing is stored.
 *
 * The text is what is signed, so it is written in one way only, and what was read and is written again is the
 * same bytes unless there were extensions of others in it. */

#include "flow/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

#define LAST_SEQ "last-seq "

/* The last row's number is not needed to verify anything. It says to people which rows are meant,
 * and to those who read the outbox again where to stop, and being signed it can be relied on. */
int ev_checkpoint_write(const struct ev_checkpoint *checkpoint, struct ev_buffer *text)
{
        char root[EV_BASE64_CHARS(EV_DIGEST_BYTES) + 1];

        int r;

        assert(checkpoint->origin[0] && checkpoint->size <= INT64_MAX);

        ev_base64_encode(checkpoint->root.bytes, sizeof(checkpoint->root.bytes), root);
        r = ev_buffer_printf(text, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->size,
                             root);
        if (r == 0 && checkpoint->last_seq)
                r = ev_buffer_printf(text, LAST_SEQ "%" PRId64 "\n", checkpoint->last_seq);
        return ev_trace(r);
}

static int fail(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_RECORD, "not a checkpoint: %s", what);
}

/* A number has one spelling: none but 0 begins with a zero. */
static bool parse_number(struct ev_str text, int64_t *ret_number)
{
        int64_t number;

        assert(ret_number);

        if (!ev_str_to_int64(text, &number) || (text.data[0] == '0' && text.size > 1))
                return false;
        *ret_number = number;
        return true;
}

static bool parse_root(struct ev_str line, struct ev_merkle_hash *ret_root)
{
        uint8_t bytes[EV_BASE64_BYTES(EV_BASE64_CHARS(EV_DIGEST_BYTES))];
        size_t size;

        assert(ret_root);

        if (line.size != EV_BASE64_CHARS(EV_DIGEST_BYTES) ||
            !ev_base64_decode(line, bytes, &size) || size != EV_DIGEST_BYTES)
                return false;
        memcpy(ret_root->bytes, bytes, EV_DIGEST_BYTES);
        return true;
}

/* Of the extensions only ours is looked at. */
static bool parse_extensions(struct ev_str text, int64_t *ret_last_seq)
{
        const struct ev_str name = EV_STR(LAST_SEQ);

        assert(ret_last_seq);

        while (text.size > 0) {
                struct ev_str line = ev_str_take(&text, '\n');

                if (line.size == 0)
                        return false;
                if (!ev_str_starts_with(line, name))
                        continue;
                line = (struct ev_str){ line.data + name.size, line.size - name.size };
                if (*ret_last_seq || !parse_number(line, ret_last_seq) || !*ret_last_seq)
                        return false;
        }
        return true;
}

int ev_checkpoint_parse(struct ev_checkpoint *ret_checkpoint, struct ev_str text)
{
        struct ev_checkpoint checkpoint = { 0 };
        struct ev_str origin, size, root;
        int64_t entries;

        assert(ret_checkpoint);

        if (text.size == 0 || text.data[text.size - 1] != '\n')
                return fail("its last line does not end");
        origin = ev_str_take(&text, '\n');
        size = ev_str_take(&text, '\n');
        root = ev_str_take(&text, '\n');
        if (origin.size == 0 || !ev_str_copy(origin, checkpoint.origin, sizeof(checkpoint.origin)))
                return fail("its first line is no name of a log");
        if (ev_str_is_null(size) || !parse_number(size, &entries))
                return fail("its second line is no number of entries");
        if (ev_str_is_null(root) || !parse_root(root, &checkpoint.root))
                return fail("its third line is no hash");
        if (!parse_extensions(text, &checkpoint.last_seq))
                return fail("a line behind the third is empty, or no number of an entry");
        checkpoint.size = (uint64_t)entries;
        *ret_checkpoint = checkpoint;
        return 0;
}
