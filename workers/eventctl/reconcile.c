/* eventctl audit reconcile: whether the facts of a database are on their topics, and nothing else.
 *
 * The comparison is flow/reconcile.c; here it is asked for and shown. Nothing is written; if the
 * process dies, it is called again. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "command.h"
#include "customer/customer.h"
#include "database.h"
#include "flow/reconcile.h"
#include "flow/settings.h"
#include "order/order.h"
#include "output.h"
#include "progress.h"
#include "shipping/shipping.h"

enum { SHOWN_MAX = 100000, SHOWN = 100 };

/* In the order of database_names. A worker knows the topics of its facts, which are those that the relay
 * of its database publishes to. */
static const struct ev_worker *const workers[DATABASES] = { &customer_worker, &order_worker,
                                                            &shipping_worker };

static const struct output_column columns[] = {
        { "kind", 15, false },  { "seq", 10, true },      { "event_id", 36, false },
        { "topic", 28, false }, { "partition", 9, true }, { "offset", 9, true },
        { "detail", 0, false },
};

/* The audit is freed before what it borrows. `shown` counts lines, also those beyond the limit;
 * `differences` what is one, shown or not. */
struct audit {
        const struct command_input *input;
        const struct ev_worker *worker;
        struct output output;
        struct ev_db *db;
        struct ev_kafka *kafka;
        struct ev_reconcile *reconcile;
        struct ev_shard shard;
        int shown_max, stop_fd;
        int64_t since_seq, since_time;
        bool has_since_time, shows_repeated;
        uint64_t shown, differences;
        int64_t started; /* monotonic, µs */
};

/* In the reverse order of making. Nothing has to be given back to the servers: no group was
 * joined, no row was locked. */
static void audit_done(struct audit *audit)
{
        assert(audit);

        ev_reconcile_free(audit->reconcile);
        ev_kafka_free(audit->kafka);
        ev_db_free(audit->db);
}

/* ---- What is asked for ---- */

/* A number is tried first, as no time is one. */
static bool read_since(struct audit *audit)
{
        const char *value = command_value(audit->input, "since");

        assert(audit->input);

        if (!value)
                return true;
        if (ev_str_to_int64(ev_str_of(value), &audit->since_seq) && audit->since_seq > 0)
                return true;
        audit->since_seq = 0;
        audit->has_since_time = command_time(value, &audit->since_time);
        if (!audit->has_since_time)
                fprintf(stderr,
                        "eventctl: --since: \"%s\" is neither a number of the outbox nor a time "
                        "such as 2025-01-31T12:00:00Z or 2025-01-31\n",
                        value);
        return audit->has_since_time;
}

/* Everything that can be mistyped is looked at before a server is asked. */
static enum command_exit read_words(struct audit *audit)
{
        int at;

        assert(audit->input->operand);

        if (!output_format_of(audit->input, &audit->output.format) || !read_since(audit) ||
            !command_number(audit->input, "limit", SHOWN_MAX, SHOWN, &audit->shown_max))
                return COMMAND_USAGE;
        audit->shows_repeated = command_value(audit->input, "repeated");
        at = database_find(audit->input->operand);
        if (at < 0)
                return COMMAND_USAGE;
        audit->worker = workers[at];
        return COMMAND_DONE;
}

/* ---- What is found ---- */

/* What a finding does not have is null in JSON and blank in text: an offset of -1 would be
 * taken for one. */
static struct ev_str number_or_null(int64_t number, bool is_null, char text[OUTPUT_NUMBER_MAX])
{
        assert(text);

        return is_null ? EV_STR_NULL : output_number(number, text);
}

/* Written as it comes: an audit of millions of rows shows what it has found so far. The limit
 * is one of lines, and differences are counted beyond it. */
static void take_finding(void *context, const struct ev_finding *finding)
{
        struct audit *audit = context;
        bool is_difference = ev_finding_is_difference(finding->kind);
        char texts[3][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                ev_str_of(ev_finding_name(finding->kind)),
                number_or_null(finding->seq, finding->seq == 0, texts[0]),
                finding->id,
                finding->topic,
                number_or_null(finding->partition, finding->partition < 0, texts[1]),
                number_or_null(finding->offset, finding->offset < 0, texts[2]),
                finding->detail,
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(audit->reconcile || audit->worker);

        audit->differences += is_difference;
        if (finding->kind == EV_FINDING_REPEATED && !audit->shows_repeated)
                return;
        if (audit->shown++ < (uint64_t)audit->shown_max)
                output_row(&audit->output, values, is_difference);
}

/* ---- The work ---- */

/* The worker that owns the database names the topics of its facts; shards exist of one that is
 * divisible only. */
static enum command_exit begin(struct audit *audit)
{
        struct ev_reconcile_options options = {
                .topics = audit->worker->facts_topics,
                .since_seq = audit->since_seq,
                .since_time = audit->has_since_time ? &audit->since_time : NULL,
                .found = take_finding,
                .context = audit,
        };
        enum command_exit exit = cluster_open(audit->input->config, &audit->kafka);

        assert(audit->worker);

        if (exit != COMMAND_DONE)
                return exit;
        if (ev_shard_parse(audit->worker->is_divisible
                                   ? ev_config_text(audit->input->config, "shard")
                                   : NULL,
                           &audit->shard) < 0 ||
            database_open(audit->input->config, audit->worker->database, &audit->db) < 0)
                return command_fail();
        options.db = audit->db;
        options.kafka = audit->kafka;
        options.shard = &audit->shard;
        return ev_reconcile_new(&audit->reconcile, &options) < 0 ? command_fail() : COMMAND_DONE;
}

/* An interrupt leaves a list that does not end, which no parser takes for a result, and an
 * exit status that says so. */
static enum command_exit work(struct audit *audit)
{
        const struct ev_reconcile_counts *counts = ev_reconcile_counts(audit->reconcile);
        struct progress_bar bar;
        int r = 0;

        assert(audit->reconcile);

        progress_begin(&bar, "facts", -1);
        bar.total = counts->to >= counts->from ? (uint64_t)(counts->to - counts->from + 1) : 0;
        while (r == 0 && !command_is_stopped(audit->stop_fd)) {
                progress_show(&bar, (uint64_t)(counts->at - counts->from), counts->rows);
                r = ev_reconcile_step(audit->reconcile);
        }
        progress_end(&bar);
        if (r < 0)
                return command_fail();
        if (r == EV_RECONCILE_END)
                return COMMAND_DONE;
        fputs("eventctl: stopped before the end: what was not compared yet is not known\n", stderr);
        return COMMAND_FAILED;
}

/* ---- The end ---- */

/* Over the whole time, start and end of reading included: it is for who plans how long the
 * next one takes. */
static uint64_t rate_of(const struct audit *audit, uint64_t rows)
{
        int64_t ms = (ev_clock_monotonic_micros() - audit->started) / EV_MICROS_PER_MS;

        assert(ms >= 0);

        return rows * 1000 / (uint64_t)(ms > 0 ? ms : 1);
}

/* What was not compared comes first: "no difference" is worth as much as what it is said of. */
static void say(const struct audit *audit, uint64_t rate)
{
        const struct ev_reconcile_counts *counts = ev_reconcile_counts(audit->reconcile);

        assert(audit->worker);

        if (counts->from > 1)
                fprintf(stderr,
                        "eventctl: what lies before number %" PRId64 " was not compared%s\n",
                        counts->from,
                        counts->lower == counts->from
                                ? ": those partitions of the outbox were dropped"
                                : "");
        fprintf(stderr,
                "eventctl: %" PRIu64 " facts of %s up to %" PRId64 ", and %" PRIu64
                " behind that, beside %" PRIu64 " records; %" PRIu64 " repeated, %" PRIu64
                " void, %" PRIu64 " numbers never came; %" PRIu64 " facts a second\n",
                counts->rows, audit->worker->database, counts->to, counts->later, counts->records,
                counts->found[EV_FINDING_REPEATED], counts->found[EV_FINDING_VOID],
                counts->never_came, rate);
        if (audit->shown > (uint64_t)audit->shown_max)
                fprintf(stderr, "eventctl: %" PRIu64 " lines; --limit shows more than %d\n",
                        audit->shown, audit->shown_max);
        if (audit->differences == 0)
                fputs("eventctl: no difference\n", stderr);
        else
                fprintf(stderr, "eventctl: %" PRIu64 " differences\n", audit->differences);
}

/* The numbers stand behind the findings because they are known at the end only. */
static enum command_exit end(struct audit *audit)
{
        const struct ev_reconcile_counts *counts = ev_reconcile_counts(audit->reconcile);
        uint64_t rate = rate_of(audit, counts->rows);
        const struct output_count numbers[] = {
                { "from_seq", counts->from },
                { "to_seq", counts->to },
                { "facts", (int64_t)counts->rows },
                { "later_facts", (int64_t)counts->later },
                { "records", (int64_t)counts->records },
                { "passed_over", (int64_t)counts->before },
                { "never_came", (int64_t)counts->never_came },
                { "repeated", (int64_t)counts->found[EV_FINDING_REPEATED] },
                { "void", (int64_t)counts->found[EV_FINDING_VOID] },
                { "differences", (int64_t)audit->differences },
                { "facts_a_second", (int64_t)rate },
        };

        assert(audit->reconcile);

        if (!output_end_with(&audit->output, numbers, EV_ARRAY_SIZE(numbers)))
                return COMMAND_FAILED;
        say(audit, rate);
        return audit->differences > 0 ? COMMAND_DIFFERENCES : COMMAND_DONE;
}

/* The result begins when everything that can be refused has been, so that a refusal leaves nothing on the
 * standard output. What was found before a server failed is shown and is true; that it is not all, the exit
 * status says. */
enum command_exit audit_reconcile(const struct command_input *input)
{
        _cleanup_(audit_done) struct audit audit = {
                .input = input,
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
                .started = ev_clock_monotonic_micros(),
        };
        const struct output_member database = { "database", input->operand };
        enum command_exit exit = read_words(&audit);

        assert(input->operand);

        if (exit != COMMAND_DONE)
                return exit;
        if (ev_settings_stop_fd(&audit.stop_fd) < 0)
                return command_fail();
        exit = begin(&audit);
        if (exit != COMMAND_DONE)
                return exit;
        output_begin(&audit.output, &database, 1, "findings");
        exit = work(&audit);
        return exit == COMMAND_DONE ? end(&audit) : exit;
}
