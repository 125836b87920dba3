/* eventctl audit check: the whole outbox, read again, beside every seal that was made of it.
 *
 * Between two seals that hold, every row is what it was when the second was made. What was changed, removed
 * or added shows at the first seal behind it, and from there on the rows are judged by themselves again: a
 * seal that is what was signed says what the tree must have been, so its frontier is gone on from.
 *
 * Which row it was no seal can say: between two of them a tree has one root. "audit reconcile" holds rows
 * against the records on their topics, and names them.
 *
 * Nothing is written; if the process dies, it is called again. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/error.h"
#include "eventctl_sql.h"
#include "output.h"
#include "progress.h"

/* A line for each range between two seals that is not what it was: both ends are included. */
static const struct output_column columns[] = {
        { "from_seq", 12, true }, { "to_seq", 12, true },  { "rows", 12, true },
        { "sealed", 12, true },   { "problem", 0, false },
};

/* One pass over rows and seals, side by side: both are read in pages, in their order. */
struct check {
        struct audit audit;
        struct audit_keys keys;
        struct output output;
        struct progress_bar bar;
        /* Of the rows so far; behind a seal that they contradict, of that seal and the rows since. */
        struct ev_merkle tree;
        int64_t size, last_seq; /* of the last seal that is what was signed; 0: none */
        int64_t seal;           /* size of the last one that was looked at */
        int64_t lowest;         /* number from which on there are partitions */
        int64_t gone_seq;       /* the last row of the last seal that has rows below; 0: none has */
        uint64_t rows, seals, problems;
};

/* Rows behind the last seal that can be gone by, up to this one. The bar gives way to the line, and comes
 * back below it. */
static void tell(struct check *check, const struct audit_seal *seal, int64_t rows,
                 const char *problem)
{
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                output_number(check->last_seq + 1, texts[0]),
                output_number(seal->last_seq, texts[1]),
                output_number(rows, texts[2]),
                output_number(seal->size - check->size, texts[3]),
                ev_str_of(problem),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(problem);

        progress_end(&check->bar);
        output_row(&check->output, values, true);
        ++check->problems;
}

/* Adds the rows up to the seal's last one. 0, AUDIT_STOPPED, or EV_FAILED.
 *
 * Rows with numbers below 1 are read with those of the first seal: nobody can have got such a number
 * by right, so one that is there shows as a row too many. */
static int add_rows(struct check *check, int64_t until)
{
        struct ev_merkle_hash hash;
        int64_t seq;
        int r;

        assert(check->audit.db);

        audit_rows(&check->audit, check->last_seq == 0 ? INT64_MIN : check->audit.after, until);
        while ((r = audit_next_row(&check->audit, &hash, &seq)) == 0) {
                r = ev_merkle_add(&check->tree, &hash);
                if (r < 0)
                        return ev_trace(r);
                ++check->rows;
                progress_show(&check->bar, check->rows, check->rows);
        }
        check->audit.after = until;
        return r == AUDIT_END ? 0 : ev_trace(r);
}

/* What the rows that are there come to, beside what was sealed. The count tells removed from added,
 * where both would only show as another root. Where as many were added as removed, rows were changed
 * to the eye of the tree, and are called that. */
static int compare(struct check *check, const struct audit_seal *seal, const char **ret_problem)
{
        struct ev_merkle_hash root;
        int r = ev_merkle_root(&check->tree, &root);

        assert(ret_problem);

        if (r < 0)
                return ev_trace(r);
        *ret_problem = NULL;
        if (check->tree.size < (uint64_t)seal->size)
                *ret_problem = "rows were removed";
        else if (check->tree.size > (uint64_t)seal->size)
                *ret_problem = "rows were added";
        else if (memcmp(root.bytes, seal->root.data, EV_DIGEST_BYTES) != 0)
                *ret_problem = "rows were changed";
        return 0;
}

/* Rows of dropped partitions cannot be looked at, and those beside them in one seal not judged. Their seal was
 * signed, so the tree goes on from it: what comes behind is held against what it should be. */
static bool is_gone(struct check *check, const struct audit_seal *seal)
{
        assert(check->lowest > 0);

        if (check->last_seq + 1 >= check->lowest)
                return false;
        check->gone_seq = seal->last_seq;
        check->audit.after = seal->last_seq;
        return true;
}

/* What is wrong is told with the rows that there are; from the seal on they are held against what was
 * sealed. */
static int judge_rows(struct check *check, const struct audit_seal *seal, const char **ret_problem)
{
        int r = add_rows(check, seal->last_seq);

        assert(ret_problem);

        ++check->seals;
        if (r == 0)
                r = compare(check, seal, ret_problem);
        if (r == 0 && *ret_problem)
                tell(check, seal, (int64_t)check->tree.size - check->size, *ret_problem);
        return ev_trace(r);
}

/* A seal that was not signed says nothing about rows: they count for the next one.
 *
 * One that is gone is told by the one behind it, which names the size that it went on from. That costs no
 * row: the tree of the next seal holds those of the missing one as well. */
static int check_seal(struct check *check, const struct audit_seal *seal)
{
        const char *problem = NULL;
        struct ev_merkle sealed;
        int r;

        assert(seal->size > check->seal);

        if (seal->previous_size != check->seal)
                tell(check, seal, 0, "seals between it and the one before it were removed");
        check->seal = seal->size;
        r = audit_check_seal(&check->audit, seal, &check->keys, &sealed, &problem);
        if (r == 0 && !problem && seal->last_seq <= check->last_seq)
                problem = "its last row stands before that of an older seal";
        if (r == 0 && problem)
                tell(check, seal, 0, problem);
        if (r < 0 || problem)
                return ev_trace(r);
        r = is_gone(check, seal) ? 0 : judge_rows(check, seal, &problem);
        if (r)
                return ev_trace(r);
        if (problem || check->gone_seq == seal->last_seq)
                check->tree = sealed;
        check->size = seal->size;
        check->last_seq = seal->last_seq;
        return 0;
}

/* Seals are read in pages, in between rows: a timer that has run hourly for ten years has left
 * 87,000. */
static int check_all(struct check *check)
{
        struct ev_params *params = &check->audit.params;
        size_t count;
        int r;

        assert(check->seal == 0);

        do {
                _cleanup_result_ struct ev_result *seals = NULL;
                struct audit_seal seal;

                ev_params_begin(params, &eventctl_sql_audit_seals);
                ev_params_int8(params, check->seal);
                ev_params_int4(params, AUDIT_SEALS_PAGE);
                r = ev_db_run(check->audit.db, &eventctl_sql_audit_seals, params, &seals);
                count = r == 0 ? ev_result_rows(seals) : 0;
                for (size_t i = 0; r == 0 && i < count; ++i) {
                        audit_seal_of(seals, i, &seal);
                        r = check_seal(check, &seal);
                }
        } while (r == 0 && count == AUDIT_SEALS_PAGE);
        return ev_trace(r);
}

/* Nothing sealed is no success: who has removed rows may have removed all seals with them. */
static enum command_exit end(struct check *check, int r)
{
        assert(check->problems < INT64_MAX);

        progress_end(&check->bar);
        if (r < 0)
                return command_fail();
        if (r == AUDIT_STOPPED) {
                fputs("eventctl: stopped before the end\n", stderr);
                return COMMAND_FAILED;
        }
        if (!output_end(&check->output))
                return COMMAND_FAILED;
        if (check->gone_seq > 0)
                fprintf(stderr,
                        "eventctl: rows up to %" PRId64 " are sealed, and partitions below %" PRId64
                        " were dropped: \"audit verify\" holds their archive against the seal\n",
                        check->gone_seq, check->lowest);
        if (check->seal == 0)
                fprintf(stderr, "eventctl: nothing of %s is sealed, so nothing can be compared\n",
                        check->audit.database);
        else if (check->problems == 0)
                fprintf(stderr,
                        "eventctl: %" PRIu64 " rows up to %" PRId64 " are what %" PRIu64
                        " seals say\n",
                        check->rows, check->last_seq, check->seals);
        return check->seal > 0 && check->problems == 0 ? COMMAND_DONE : COMMAND_DIFFERENCES;
}

/* The whole result is one list, begun before the first row is read, so that what is found early is
 * seen early; a list that does not end was broken off. */
enum command_exit audit_check(const struct command_input *input)
{
        static struct check check; /* large */
        enum command_exit exit;
        int r;

        check = (struct check){ .output = { .columns = columns,
                                            .columns_count = EV_ARRAY_SIZE(columns),
                                            .is_bare = true } };
        assert(input->operand);

        if (!output_format_of(input, &check.output.format))
                return COMMAND_USAGE;
        exit = audit_keys_of(input, &check.keys);
        if (exit == COMMAND_DONE)
                exit = audit_begin(&check.audit, input, false);
        if (exit == COMMAND_DONE) {
                check.tree = EV_MERKLE_INIT(check.audit.digest);
                progress_begin(&check.bar, "rows", -1);
                output_begin(&check.output, NULL, 0, NULL);
                r = audit_lowest(&check.audit, &check.lowest);
                if (r == 0)
                        r = check_all(&check);
                exit = end(&check, r);
        }
        audit_done(&check.audit);
        return exit;
}
