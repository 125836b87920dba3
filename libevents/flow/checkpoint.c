/* Checkpoints as C2SP's "tlog-checkpoint" has them. Pure: nothing is stored. */

#include "flow/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"

int ev_checkpoint_write(const struct ev_checkpoint *checkpoint, struct ev_buffer *text)
{
        char root[EV_BASE64_CHARS(EV_DIGEST_BYTES) + 1];

        assert(checkpoint->origin[0] && checkpoint->size <= INT64_MAX);

        ev_base64_encode(checkpoint->root.bytes, sizeof(checkpoint->root.bytes), root);
        return ev_trace(ev_buffer_printf(text, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin,
                                         checkpoint->size, root));
}

static int fail(const char *what)
{
        assert(what);

        return ev_fail(EV_VERDICT_RECORD, "not a checkpoint: %s", what);
}

/* A number has one spelling: none but 0 begins with a zero. */
static bool parse_size(struct ev_str line, uint64_t *ret_size)
{
        int64_t size;

        assert(ret_size);

        if (!ev_str_to_int64(line, &size) || (line.data[0] == '0' && line.size > 1))
                return false;
        *ret_size = (uint64_t)size;
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

int ev_checkpoint_parse(struct ev_checkpoint *ret_checkpoint, struct ev_str text)
{
        struct ev_checkpoint checkpoint = { 0 };
        struct ev_str origin, size, root;

        assert(ret_checkpoint);

        if (text.size == 0 || text.data[text.size - 1] != '\n')
                return fail("its last line does not end");
        origin = ev_str_take(&text, '\n');
        size = ev_str_take(&text, '\n');
        root = ev_str_take(&text, '\n');
        if (origin.size == 0 || !ev_str_copy(origin, checkpoint.origin, sizeof(checkpoint.origin)))
                return fail("its first line is no name of a log");
        if (ev_str_is_null(size) || !parse_size(size, &checkpoint.size))
                return fail("its second line is no number of entries");
        if (ev_str_is_null(root) || !parse_root(root, &checkpoint.root))
                return fail("its third line is no hash");
        *ret_checkpoint = checkpoint;
        return 0;
}
