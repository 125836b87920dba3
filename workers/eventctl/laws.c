/* eventctl audit laws: asks databases whether what must hold does.
 *
 * Each database is seen as it was at one moment, in a session that cannot write. A law of two databases
 * is asked bucket by bucket, by the hash of what both sides know a row by: rows of the other database
 * travel as a parameter of the statement, so memory does not grow with the tables. If the process dies,
 * it is called again.
 *
 * The statements find all violations, count them, and hand over the first. They are materialized first:
 * for the sake of the LIMIT behind it the planner would join row by row, which is quick for a few rows and
 * takes minutes for the 100,000 orders that all of them have to be counted over. */

#include "laws.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "command.h"
#include "database.h"
#include "flow/shard.h"
#include "output.h"
#include "progress.h"
#include "store/params.h"

enum {
        SHOWN_MAX = 10000,
        SHOWN = 10,
        BUCKET_ROWS = 10000, /* of the other database, on the average */
        BUCKETS_MAX = 100000,
        PARAMS_BYTES_MAX = 256 * 1024 * 1024,
        TEXTS_BYTES_MAX = 64 * 1024 * 1024, /* of the violations of one law that are shown */
        NAME_MAX_BYTES = 64,
        ORDER_DATABASE = 1, /* the one that may be one of several */
};

/* Columns of a law's statement: how many violations there are in all, the same in each row, and one of
 * them as JSON. */
enum { LAW_VIOLATIONS, LAW_VIOLATION };

static const struct output_column columns[] = {
        { "database", 16, false },  { "law", 34, false },      { "holds", 6, false },
        { "violations", 10, true }, { "violation", 2, false }, { "meaning", 0, false },
};

struct audit {
        const struct command_input *input;
        struct output output;
        struct ev_db *sessions[DATABASES]; /* NULL: not asked */
        struct ev_shard shard;
        struct ev_params params;
        struct ev_result *companies; /* of the shard's: see choose_companies() */
        struct ev_buffer texts;      /* of violations, each with a NUL behind it */
        int shown_max;
        bool is_at_rest;
        struct progress_bar bar;
        uint64_t asked, left_out, broken;
};

/* What a law's statements have said so far; the texts stand in the audit, in the order in which they came
 * and no more than are shown. */
struct answer {
        uint64_t violations;
        int shown;
};

/* A part of a law of two databases; buckets 0: of one only. The rows are borrowed from the
 * result that they came with, and gone with it when the part was asked. */
struct part {
        int32_t buckets, bucket;
        struct ev_str rows;
};

/* Sessions end with their transactions, which have written nothing. */
static void audit_done(struct audit *audit)
{
        assert(audit);

        for (size_t i = 0; i < DATABASES; ++i)
                ev_db_free(audit->sessions[i]);
        ev_params_done(&audit->params);
        ev_result_free(audit->companies);
        ev_buffer_done(&audit->texts);
}

/* ---- Telling ---- */

/* A line for each violation that is shown, and one for a law that holds. In text its meaning
 * stands in the first line only, where a person's eye falls on it; programs find it in each. */
static void tell(struct audit *audit, const char *database, const struct law *law,
                 const struct answer *answer)
{
        struct ev_str texts = ev_buffer_str(&audit->texts);
        bool is_broken = answer->violations > 0;
        char number[OUTPUT_NUMBER_MAX];
        struct ev_str values[] = {
                ev_str_of(database),
                ev_str_of(law->name),
                is_broken ? EV_STR("no") : EV_STR("yes"),
                output_number((int64_t)answer->violations, number),
                EV_STR_NULL,
                ev_str_of(law->meaning),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(answer->violations < INT64_MAX);

        ++audit->asked;
        audit->broken += is_broken;
        do {
                values[4] = is_broken ? ev_str_take(&texts, '\0') : EV_STR_NULL;
                output_row(&audit->output, values, is_broken);
                if (audit->output.format == OUTPUT_TEXT)
                        values[5] = EV_STR_NULL; /* said once */
        } while (texts.size > 0);
}

/* ---- Asking ---- */

/* The number of all stands in each row; what is shown is bounded over all buckets together. */
static int take_answer(struct audit *audit, const struct ev_result *rows, struct answer *answer)
{
        int r = 0;

        assert(answer->shown <= audit->shown_max);

        if (ev_result_rows(rows) == 0)
                return 0;
        answer->violations += (uint64_t)ev_result_int8(rows, 0, LAW_VIOLATIONS);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows) && answer->shown < audit->shown_max;
             ++i, ++answer->shown) {
                r = ev_buffer_append_str(&audit->texts, ev_result_text(rows, i, LAW_VIOLATION));
                if (r == 0)
                        r = ev_buffer_append(&audit->texts, "", 1);
        }
        return ev_trace(r);
}

/* One violation is asked for at least, since without a row nothing is counted. */
static int ask(struct audit *audit, struct ev_db *session, const struct law *law,
               const struct part *part, struct answer *answer)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int left = audit->shown_max - answer->shown, r;

        assert(session && left >= 0);

        ev_params_begin(&audit->params, law->statement);
        ev_params_int4(&audit->params, left > 0 ? left : 1);
        if (part->buckets > 0) {
                ev_params_int4(&audit->params, part->buckets);
                ev_params_int4(&audit->params, part->bucket);
                ev_params_text(&audit->params, part->rows);
        }
        r = ev_db_run(session, law->statement, &audit->params, &rows);
        return r < 0 ? ev_trace(r) : ev_trace(take_answer(audit, rows, answer));
}

/* Of one database. Texts of the law before are gone: each is told as soon as it was asked, so that a
 * person sees what has been found while the rest is still being asked. */
static int ask_alone(struct audit *audit, int database, const struct law *law)
{
        const struct part whole = { 0 };
        struct answer answer = { 0 };
        int r = 0;

        ev_buffer_clear(&audit->texts);
        r = ask(audit, audit->sessions[database], law, &whole, &answer);
        if (r < 0)
                return ev_trace(r);
        assert(answer.shown == 0 || answer.violations > 0);
        tell(audit, database_names[database], law, &answer);
        return 0;
}

/* ---- Of two databases ---- */

/* As many that a bucket is neither large nor empty. Each costs both databases a walk through the tables
 * that the law looks at, so there are no more of them than memory asks for. */
static int count_buckets(struct audit *audit, const struct law_set *set, int32_t *ret_buckets)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int64_t buckets;
        int r = ev_db_run(audit->sessions[set->other], set->count, NULL, &row);

        assert(ret_buckets);

        if (r < 0)
                return ev_trace(r);
        buckets = ev_result_int8(row, 0, 0) / BUCKET_ROWS + 1;
        *ret_buckets = (int32_t)(buckets < BUCKETS_MAX ? buckets : BUCKETS_MAX);
        return 0;
}

/* A shard is asked about its own companies only; the other database has the rows of all. */
static int choose_companies(struct audit *audit, const struct law_set *set)
{
        assert(!audit->companies);

        if (!set->companies || set->database != ORDER_DATABASE || audit->shard.count == 1)
                return 0;
        return ev_trace(
                ev_db_run(audit->sessions[set->other], set->companies, NULL, &audit->companies));
}

/* By the hash that has put their events on the shard's partitions. NULL stands for all of
 * them. */
static void add_companies(struct audit *audit)
{
        assert(audit->params.statement);

        if (!audit->companies) {
                ev_params_null(&audit->params);
                return;
        }
        ev_params_array(&audit->params);
        for (size_t i = 0; i < ev_result_rows(audit->companies); ++i)
                if (ev_shard_has_key(&audit->shard, ev_result_text(audit->companies, i, 0)))
                        ev_params_text(&audit->params, ev_result_text(audit->companies, i, 0));
        ev_params_array_end(&audit->params);
}

/* The rows come as one JSON text, which the statement of the law takes as it is: nothing here
 * knows their columns. */
static int load_bucket(struct audit *audit, const struct law_set *set, const struct part *part,
                       struct ev_result **ret_row)
{
        assert(part->bucket < part->buckets);

        ev_params_begin(&audit->params, set->rows);
        ev_params_int4(&audit->params, part->buckets);
        ev_params_int4(&audit->params, part->bucket);
        if (set->companies)
                add_companies(audit);
        return ev_trace(ev_db_run(audit->sessions[set->other], set->rows, &audit->params, ret_row));
}

/* Both statements see their database at its one moment, so buckets fit together to a whole. */
static int ask_part(struct audit *audit, const struct law_set *set, const struct law *law,
                    struct part *part, struct answer *answer)
{
        _cleanup_result_ struct ev_result *row = NULL;
        int r = load_bucket(audit, set, part, &row);

        assert(part->buckets > 0);

        if (r < 0)
                return ev_trace(r);
        part->rows = ev_result_text(row, 0, 0);
        return ev_trace(ask(audit, audit->sessions[set->database], law, part, answer));
}

/* Bucket after bucket, and one line at the end. What does not fall into the same bucket on
 * both sides would be missing on each, so both compute it from the same text by the same hash. */
static int ask_beside(struct audit *audit, const struct law_set *set, const struct law *law)
{
        struct answer answer = { 0 };
        struct part part = { 0 };
        char name[NAME_MAX_BYTES];
        int r = count_buckets(audit, set, &part.buckets);

        ev_buffer_clear(&audit->texts);
        for (; r == 0 && part.bucket < part.buckets; ++part.bucket)
                r = ask_part(audit, set, law, &part, &answer);
        if (r < 0)
                return ev_trace(r);
        assert(answer.shown == 0 || answer.violations > 0);
        snprintf(name, sizeof(name), "%s+%s", database_names[set->database],
                 database_names[set->other]);
        tell(audit, name, law, &answer);
        return 0;
}

/* ---- The work ---- */

static int ask_set_of(struct audit *audit, const struct law_set *set, int database)
{
        int r = 0;

        assert(audit->sessions[database]);

        for (size_t i = 0; r == 0 && i < set->laws_count; ++i) {
                const struct law *law = &set->laws[i];

                progress_show(&audit->bar, audit->asked, audit->asked);
                if (law->is_of_rest && !audit->is_at_rest)
                        ++audit->left_out;
                else
                        r = set->rows ? ask_beside(audit, set, law)
                                      : ask_alone(audit, database, law);
        }
        return ev_trace(r);
}

/* Laws of two databases are asked where both were chosen, and otherwise left out without a
 * word: who names one database wants its own laws. */
static int ask_set(struct audit *audit, const struct law_set *set)
{
        int r = 0;

        assert(set->laws_count > 0);

        if (set->other != LAWS_ALONE && !audit->sessions[set->other])
                return 0;
        if (set->other != LAWS_ALONE && audit->sessions[set->database])
                r = choose_companies(audit, set);
        for (int i = 0; r == 0 && i < DATABASES; ++i)
                if (audit->sessions[i] && (set->database == LAWS_EACH || set->database == i))
                        r = ask_set_of(audit, set, i);
        audit->companies = ev_result_free(audit->companies);
        return ev_trace(r);
}

/* Those that were named; without a name those that the configuration knows, as status does it. */
static bool is_chosen(const struct command_input *input, int database)
{
        assert(database < DATABASES);

        if (input->operands_count == 0)
                return database_is_configured(input->config, database_names[database]);
        for (size_t i = 0; i < input->operands_count; ++i)
                if (strcmp(input->operands[i], database_names[database]) == 0)
                        return true;
        return false;
}

/* All sessions are opened before anything is asked: a report that ends in the middle because
 * the third database is not there is worth nothing. */
static enum command_exit begin(struct audit *audit)
{
        const struct command_input *input = audit->input;

        assert(input);

        if (!output_format_of(input, &audit->output.format) ||
            !command_number(input, "limit", SHOWN_MAX, SHOWN, &audit->shown_max))
                return COMMAND_USAGE;
        audit->is_at_rest = command_value(input, "at-rest");
        for (size_t i = 0; i < input->operands_count; ++i)
                if (database_find(input->operands[i]) < 0)
                        return COMMAND_USAGE;
        if (ev_shard_parse(ev_config_text(input->config, "shard"), &audit->shard) < 0)
                return command_fail();
        for (int i = 0; i < DATABASES; ++i)
                if (is_chosen(input, i) &&
                    (database_open_to_compare(input->config, database_names[i], NULL,
                                              &audit->sessions[i]) < 0 ||
                     ev_db_script(audit->sessions[i], "BEGIN", NULL, NULL) < 0))
                        return command_fail();
        return COMMAND_DONE;
}

/* That laws were left out is said each time. Who reads "0 are broken" must know of how many. */
static enum command_exit end(struct audit *audit)
{
        assert(audit->broken <= audit->asked);

        if (!output_end(&audit->output))
                return COMMAND_FAILED;
        if (audit->left_out > 0)
                fprintf(stderr,
                        "eventctl: %" PRIu64
                        " laws hold only when all is applied and published, and were not asked: "
                        "--at-rest asks them\n",
                        audit->left_out);
        fprintf(stderr, "eventctl: of %" PRIu64 " laws %" PRIu64 " are broken\n", audit->asked,
                audit->broken);
        return audit->broken > 0 ? COMMAND_DIFFERENCES : COMMAND_DONE;
}

/* A server that fails in the middle leaves a list that does not end, and exit status 1: what was said of the
 * laws before it is true, and it is no report. */
enum command_exit audit_laws(const struct command_input *input)
{
        _cleanup_(audit_done) struct audit audit = {
                .input = input,
                .output = { .columns = columns,
                            .columns_count = EV_ARRAY_SIZE(columns),
                            .is_bare = true },
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .texts = EV_BUFFER_INIT(TEXTS_BYTES_MAX),
        };
        enum command_exit exit = begin(&audit);
        int r = 0;

        assert(input);

        if (exit != COMMAND_DONE)
                return exit;
        output_begin(&audit.output, NULL, 0, NULL);
        progress_begin(&audit.bar, "laws", -1);
        for (size_t i = 0; r == 0 && i < law_sets_count; ++i)
                r = ask_set(&audit, &law_sets[i]);
        progress_end(&audit.bar);
        return r < 0 ? command_fail() : end(&audit);
}
