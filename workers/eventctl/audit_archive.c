/* eventctl audit verify DIR/DATABASE: exported facts, without a server and without us.
 *
 * Each row of an archive has the hash of its leaf beside it. A row that does not come to this hash was
 * changed, and is named. That the hashes themselves are those of the seal is what the checkpoint's root
 * says: together they come to it, or some were changed with their rows, and then nobody can say which. Rows
 * that are missing or too many are told by the archive's reader, since numbers have no holes that its
 * manifest does not explain.
 *
 * Nothing is written. Files come from strangers: the reader takes nothing for granted but lengths that it has
 * checked itself. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit_verify.h"
#include "base/error.h"
#include "flow/archive.h"
#include "progress.h"

enum { DETAIL_MAX = 2 * EV_ERROR_TEXT_MAX, SHOWN_MAX = 1000 };

/* One archive. */
struct walk {
        struct verifier *verifier;
        const char *path;
        struct ev_archive *archive;
        struct ev_checkpoint checkpoint;
        const struct ev_note_key *key;
        struct ev_merkle tree; /* of the hashes beside the rows, up to the checkpoint's size */
        int64_t sealed_seq;    /* the last of these */
        uint64_t rows, changed;
        char problem[DETAIL_MAX]; /* "": none */
};

/* A line for the archive: the last one, with what it all comes to. */
static void tell_end(struct walk *walk)
{
        bool holds = walk->changed == 0 && !walk->problem[0];
        struct ev_str values[VERIFY_COLUMNS] = { ev_str_of(walk->path),
                                                 ev_str_of(holds ? "holds" : "fails") };
        struct verify_texts texts;
        char detail[DETAIL_MAX];

        assert(walk->rows >= walk->changed);

        if (walk->key)
                verify_show_checkpoint(&walk->checkpoint, walk->key, &texts, values);
        if (walk->problem[0])
                snprintf(detail, sizeof(detail), "%s", walk->problem);
        else if (walk->changed > 0)
                snprintf(detail, sizeof(detail), "%" PRIu64 " facts are not what was sealed",
                         walk->changed);
        else
                snprintf(detail, sizeof(detail),
                         "%" PRIu64 " facts, and %" PRIu64 " behind the checkpoint",
                         walk->tree.size, walk->rows - walk->tree.size);
        values[VERIFY_DETAIL] = ev_str_of(detail);
        output_row(&walk->verifier->output, values, !holds);
}

static void tell_changed(struct walk *walk, const struct ev_archive_row *row)
{
        struct ev_str values[VERIFY_COLUMNS] = { ev_str_of(walk->path), EV_STR("changed") };
        struct verify_texts texts;

        assert(row->fact.seq > 0);

        if (++walk->changed > SHOWN_MAX)
                return;
        verify_show_fact(&row->fact, row->type, &texts, values);
        values[VERIFY_DETAIL] = walk->changed == SHOWN_MAX
                                        ? EV_STR("further ones are counted and not shown")
                                        : EV_STR("it is not what was exported");
        output_row(&walk->verifier->output, values, true);
}

static int add_row(struct walk *walk, const struct ev_archive_row *row)
{
        const struct ev_leaf leaf = { row->fact, row->source, row->topic, row->type };
        struct ev_merkle_hash hash;
        int r = ev_leaf_hash(&leaf, walk->verifier->digest, &walk->verifier->leaf, &hash);

        assert(walk->tree.size <= walk->checkpoint.size);

        if (r < 0)
                return ev_trace(r);
        ++walk->rows;
        if (!ev_merkle_equal(&hash, &row->leaf))
                tell_changed(walk, row);
        if (walk->tree.size == walk->checkpoint.size)
                return 0;
        walk->sealed_seq = row->fact.seq;
        return ev_trace(ev_merkle_add(&walk->tree, &row->leaf));
}

/* Whose checkpoint it is: "quenty/order_db", or that of a shard of it. */
static bool is_origin_of(const char *origin, struct ev_str database)
{
        static const struct ev_str before = EV_STR_INIT("quenty/");
        struct ev_str rest = ev_str_of(origin);

        assert(database.size > 0);

        if (!ev_str_starts_with(rest, before))
                return false;
        rest.data += before.size;
        rest.size -= before.size;
        return ev_str_starts_with(rest, database) &&
               (rest.size == database.size || rest.data[database.size] == '/');
}

/* Whether there is something that the rows can be held against; the problem if not. */
static int open_checkpoint(struct walk *walk)
{
        const struct ev_archive_manifest *manifest = ev_archive_manifest(walk->archive);
        enum audit_note found;
        int r;

        assert(!walk->problem[0]);

        if (ev_str_is_null(manifest->checkpoint)) {
                snprintf(walk->problem, sizeof(walk->problem), "%s",
                         manifest->last_seq < manifest->first_seq
                                 ? "it is empty, and nobody has signed that there were no facts"
                                 : "it has no checkpoint: nothing of it was sealed when it was "
                                   "exported");
                return 0;
        }
        r = audit_open_note(&walk->verifier->keys, manifest->checkpoint, &found, &walk->checkpoint,
                            &walk->key);
        if (r < 0)
                return ev_trace(r);
        if (found != AUDIT_NOTE_SIGNED)
                snprintf(walk->problem, sizeof(walk->problem), "its checkpoint is %s",
                         audit_note_text(found));
        else if (!is_origin_of(walk->checkpoint.origin, manifest->database))
                snprintf(walk->problem, sizeof(walk->problem), "its checkpoint is of another log");
        else if (manifest->first_seq > 1)
                snprintf(walk->problem, sizeof(walk->problem),
                         "it begins at fact %" PRId64 ", and a tree at the first",
                         manifest->first_seq);
        return 0;
}

static void compare_root(struct walk *walk, const struct ev_merkle_hash *root)
{
        assert(!walk->problem[0]);

        if (walk->tree.size < walk->checkpoint.size)
                snprintf(walk->problem, sizeof(walk->problem),
                         "it has %" PRIu64 " of the facts that were sealed", walk->tree.size);
        else if (!ev_merkle_equal(root, &walk->checkpoint.root))
                snprintf(walk->problem, sizeof(walk->problem),
                         "the facts up to %" PRId64
                         " are not those that were sealed: some were changed together with their "
                         "hashes",
                         walk->sealed_seq);
}

/* What the reader refuses is the finding itself, and not a failure of ours. */
static int walk_rows(struct walk *walk)
{
        struct ev_archive_row row;
        struct ev_merkle_hash root;
        struct progress_bar bar;
        int r = 0, next;

        assert(walk->archive);

        progress_begin(&bar, "facts", -1);
        while (r == 0 && (next = ev_archive_next(walk->archive, &row)) == 0) {
                r = add_row(walk, &row);
                progress_show(&bar, walk->rows, walk->rows);
        }
        progress_end(&bar);
        if (r < 0)
                return ev_trace(r);
        if (next < 0) {
                snprintf(walk->problem, sizeof(walk->problem), "%s", ev_error_last()->text);
                return 0;
        }
        r = ev_merkle_root(&walk->tree, &root);
        if (r == 0)
                compare_root(walk, &root);
        return ev_trace(r);
}

/* A file that is not what its manifest says, though each of its rows is: its header, or what a reader
 * passes over. */
static void find_forgiven(struct walk *walk)
{
        const struct ev_archive_file *file = ev_archive_forgiven(walk->archive, 0);

        assert(walk->archive);

        if (file && walk->changed == 0 && !walk->problem[0])
                snprintf(walk->problem, sizeof(walk->problem),
                         "%.*s is not the file of the manifest, and its facts are",
                         EV_STR_ARG(file->path));
}

enum command_exit verify_archive(struct verifier *verifier, const char *path)
{
        struct walk walk = { .verifier = verifier,
                             .path = path,
                             .tree = EV_MERKLE_INIT(verifier->digest) };
        int r = ev_archive_open(&walk.archive, path, NULL);

        assert(path);

        if (r < 0) {
                snprintf(walk.problem, sizeof(walk.problem), "%s", ev_error_last()->text);
                tell_end(&walk);
                return COMMAND_DIFFERENCES;
        }
        r = ev_archive_forgive(walk.archive);
        if (r == 0)
                r = open_checkpoint(&walk);
        if (r == 0 && !walk.problem[0])
                r = walk_rows(&walk);
        if (r == 0) {
                find_forgiven(&walk);
                tell_end(&walk);
        }
        ev_archive_free(walk.archive);
        if (r < 0)
                return command_fail();
        return walk.changed > 0 || walk.problem[0] ? COMMAND_DIFFERENCES : COMMAND_DONE;
}
