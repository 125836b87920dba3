/* eventctl outbox: partitions of the outbox whose facts are no longer wanted in the database.
 *
 * Three things have to hold: the relay has published all of it, it was exported (or nobody wants that), and
 * its last fact is past retention. All three are the database's to know, and one view has them.
 *
 * What may go is the database's word (ops.outbox_drop), and it is asked again before each. A partition
 * is detached CONCURRENTLY and then dropped: a plain DROP would stop every commit for as long as any
 * reader's transaction is open. Both are statements of their own, so between any two of them the
 * process may die: a partition that is half detached or a table of its own is still in the view, and
 * the next call goes on with it. Until it is detached it can be read as before; from then on its facts
 * are on the topics and in the archive. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fault.h"
#include "command.h"
#include "database.h"
#include "eventctl_sql.h"
#include "output.h"

enum { STATEMENT_MAX = 256, DROPS_MAX = 4096 };

/* Columns of outbox_partitions.sql. */
enum { PARTITION, LOWER_SEQ, UPPER_SEQ, STATE, REFUSAL };

/* One row for each partition that was dropped, in the order in which that was done, and then one for
 * each that is there. The upper number is the first that is not in it, as PostgreSQL writes bounds. */
static const struct output_column columns[] = {
        { "partition", 24, false }, { "lower_seq", 12, true }, { "upper_seq", 12, true },
        { "state", 10, false },     { "refusal", 0, false },
};

/* One call. Dropping needs the owner of the tables: a statement that detaches CONCURRENTLY cannot run
 * in a function, so there is none that could do it for others. */
struct drop {
        const struct command_input *input;
        bool is_meant;
        struct output output;
        struct ev_db *db;
        int64_t dropped, would;
};

/* The session is all that there is. */
static void drop_done(struct drop *drop)
{
        assert(drop);

        ev_db_free(drop->db);
}

/* A refusal that is null says that there is none: nothing speaks against it, or it is gone
 * already. */
static void write_row(struct drop *drop, const struct ev_result *page, size_t row,
                      const char *state)
{
        char texts[2][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                ev_result_text(page, row, PARTITION),
                output_number(ev_result_int8(page, row, LOWER_SEQ), texts[0]),
                output_number(ev_result_int8(page, row, UPPER_SEQ), texts[1]),
                ev_str_of(state),
                ev_result_text(page, row, REFUSAL),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(state);

        output_row(&drop->output, values, false);
}

/* The name is the server's own, quoted by it. */
static int run(struct drop *drop, const char *before, struct ev_str partition, const char *behind)
{
        char text[STATEMENT_MAX];
        int size = snprintf(text, sizeof(text), "%s%.*s%s", before, EV_STR_ARG(partition), behind);

        assert(size > 0);

        if ((size_t)size >= sizeof(text))
                return ev_fail(EV_VERDICT_STOP, "the name of a partition is too long");
        return ev_trace(ev_db_script(drop->db, text, NULL, NULL));
}

/* From wherever an earlier call has come to. FINALIZE ends a detaching that has been waiting for others
 * when its session was lost; until then the partition is out of sight already, and writers go on. */
static int drop_partition(struct drop *drop, const struct ev_result *page, size_t row)
{
        struct ev_str partition = ev_result_text(page, row, PARTITION);
        struct ev_str state = ev_result_text(page, row, STATE);
        int r = 0;

        assert(ev_result_is_null(page, row, REFUSAL));

        if (ev_str_equal(state, EV_STR("attached")))
                r = run(drop, "ALTER TABLE ev.outbox DETACH PARTITION ", partition,
                        " CONCURRENTLY");
        else if (ev_str_equal(state, EV_STR("detaching")))
                r = run(drop, "ALTER TABLE ev.outbox DETACH PARTITION ", partition, " FINALIZE");
        if (r == 0)
                r = EV_FAULT(outbox_detached);
        if (r == 0)
                r = run(drop, "DROP TABLE ", partition, "");
        return r < 0 ? ev_trace(ev_fail_while("%.*s", EV_STR_ARG(partition))) : 0;
}

/* The judgement is one statement, so that all of it is of one moment. */
static int ask(struct drop *drop, struct ev_result **ret_page)
{
        assert(ret_page);

        return ev_trace(ev_db_run(drop->db, &eventctl_sql_outbox_partitions, NULL, ret_page));
}

/* The lowest one goes; what may be done about the others is asked anew. False where none may. */
static int drop_lowest(struct drop *drop, bool *ret_any)
{
        _cleanup_result_ struct ev_result *page = NULL;
        int r = ask(drop, &page);

        assert(drop->is_meant);

        *ret_any = r == 0 && ev_result_rows(page) > 0 && ev_result_is_null(page, 0, REFUSAL);
        if (r < 0 || !*ret_any)
                return ev_trace(r);
        r = drop_partition(drop, page, 0);
        if (r < 0)
                return ev_trace(r);
        write_row(drop, page, 0, "dropped");
        ++drop->dropped;
        return 0;
}

/* What stays, and why; without --yes also what would go. */
static int show_rest(struct drop *drop)
{
        _cleanup_result_ struct ev_result *page = NULL;
        int r = ask(drop, &page);

        assert(drop->db);

        for (size_t i = 0; r == 0 && i < ev_result_rows(page); ++i) {
                bool stays = !ev_result_is_null(page, i, REFUSAL);

                drop->would += !stays;
                write_row(drop, page, i, stays ? "stays" : "would go");
        }
        return ev_trace(r);
}

/* Those that may go are dropped one after the other, each judged anew; what is left is shown with
 * its reasons, so that one call tells all there is to know. */
static enum command_exit work(struct drop *drop)
{
        bool any = drop->is_meant;
        int r = 0;

        assert(drop->db);

        output_begin(&drop->output, NULL, 0, NULL);
        for (int i = 0; r == 0 && any && i < DROPS_MAX; ++i)
                r = drop_lowest(drop, &any);
        if (r == 0)
                r = show_rest(drop);
        if (!output_end(&drop->output))
                return COMMAND_FAILED;
        if (r < 0) {
                command_complain();
                fputs("eventctl: the same command goes on from there\n", stderr);
                return COMMAND_FAILED;
        }
        if (drop->is_meant)
                fprintf(stderr, "%d partitions dropped\n", (int)drop->dropped);
        else
                fprintf(stderr, "%d partitions would go; with --yes they do\n", (int)drop->would);
        return COMMAND_DONE;
}

/* Without --yes in a session that cannot write: looking needs no more rights than any operator
 * has. */
enum command_exit outbox_drop(const struct command_input *input)
{
        _cleanup_(drop_done) struct drop drop = {
                .input = input,
                .is_meant = command_value(input, "yes") != NULL,
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
        };
        int at, r;

        assert(input->operand);

        if (!output_format_of(input, &drop.output.format))
                return COMMAND_USAGE;
        at = database_find(input->operand);
        if (at < 0)
                return COMMAND_USAGE;
        r = drop.is_meant ? database_open_to_change(input->config, database_names[at], &drop.db)
                          : database_open(input->config, database_names[at], &drop.db);
        /* Whoever has a transaction open is waited for; nobody waits for us. */
        if (r == 0)
                r = ev_db_script(drop.db, "SET lock_timeout = '30s'", NULL, NULL);
        if (r < 0)
                return command_fail();
        return work(&drop);
}
