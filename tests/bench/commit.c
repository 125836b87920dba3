/* bench-commit: from a commit in the outbox until a subscriber has the fact.
 *
 *      bench-commit --brokers HOST:PORT --conninfo "dbname=order_db" --count 2000
 *
 * One fact at a time, as a worker writes it when there is little to do: a row of the outbox and a
 * notification in one transaction; with --silent 1 without it, as in a large batch. What is written
 * is a copy of a StockReserved that the table has already, so that there has to be one, with an id of
 * its own in ce_correlationid. The time runs from
 * when COMMIT was answered; a fact that has been read by then took no time. A relay has to run.
 * Whoever reads these facts as what they seem to be will see orders reserved again and again: the
 * database is for nothing else afterwards. */

#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bench/histogram.h"
#include "bench/sink.h"
#include "bench/tool.h"

enum {
        PATIENCE_S = 10,
        POLL_MS = 20,
        COUNT_MAX = 1000000,
        PAUSE_US_MAX = 1000000,
        NANOS_PER_MICRO = 1000,
        ID_MAX = 40,
};

/* The last row of the type is there as long as its partition is. */
static const char insert[] =
        "WITH fact AS ("
        "    INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, "
        "subject,"
        "                           correlation_id, causation_id, causation_source, payload)"
        "    SELECT gen_random_uuid(), o.schema_id, o.source_id, o.topic, o.type, o.outcome, o.key,"
        "           o.subject, $1, o.causation_id, o.causation_source, o.payload"
        "    FROM ev.outbox o WHERE o.type = (SELECT d.id FROM ev.dictionary d"
        "                                     WHERE d.name = 'quenty.stock.StockReserved')"
        "    ORDER BY o.seq LIMIT 1"
        "    RETURNING seq)"
        "SELECT CASE WHEN $2::int = 0 THEN pg_notify('ev_outbox', '') END FROM fact";

struct wait {
        char id[ID_MAX];
        int64_t arrived; /* 0: not yet */
};

static void take(void *context, struct ev_str correlation_id, int64_t arrived)
{
        struct wait *wait = context;

        assert(arrived > 0);

        if (ev_str_equal(correlation_id, ev_str_of(wait->id)))
                wait->arrived = arrived;
}

static void commit(PGconn *pg, const char *id, bool is_silent)
{
        const char *const values[] = { id, is_silent ? "1" : "0" };
        PGresult *result =
                PQexecParams(pg, insert, EV_ARRAY_SIZE(values), NULL, values, NULL, NULL, 0);

        assert(id);

        if (PQresultStatus(result) != PGRES_TUPLES_OK)
                tool_die("%s", PQresultErrorMessage(result));
        if (PQntuples(result) != 1)
                tool_die("the outbox has no StockReserved to copy");
        PQclear(result);
}

static void one(PGconn *pg, struct sink *sink, int64_t n, bool is_silent, struct histogram *latency)
{
        struct wait wait = { .arrived = 0 };
        int64_t committed, end;

        assert(n >= 0);

        snprintf(wait.id, sizeof(wait.id), "bench-commit-%d-%" PRId64, PQbackendPID(pg), n);
        commit(pg, wait.id, is_silent);
        committed = ev_clock_monotonic_micros();
        end = committed + PATIENCE_S * EV_MICROS_PER_SECOND;
        while (!wait.arrived && ev_clock_monotonic_micros() < end)
                sink_poll(sink, POLL_MS, take, &wait);
        if (!wait.arrived)
                tool_die("no fact within %d s of its commit: is a relay running?", PATIENCE_S);
        histogram_record(latency,
                         wait.arrived > committed ? (uint64_t)(wait.arrived - committed) : 0);
}

static void print(const struct histogram *latency)
{
        assert(latency->count > 0);

        tool_print("count", (int64_t)latency->count);
        tool_print("p50_us", (int64_t)histogram_at(latency, 500000));
        tool_print("p90_us", (int64_t)histogram_at(latency, 900000));
        tool_print("p99_us", (int64_t)histogram_at(latency, 990000));
        tool_print("max_us", (int64_t)latency->max);
}

int main(int argc, char **argv)
{
        static struct histogram latency;
        const char *brokers = NULL, *conninfo = NULL;
        int64_t count = 2000, pause_us = 5000, silent = 0;
        const struct tool_option options[] = {
                { "--brokers", "LIST", "where Kafka is", .text = &brokers },
                { "--conninfo", "TEXT", "where the database is", .text = &conninfo },
                { "--count", "N", "commits", .number = &count, 1, COUNT_MAX },
                { "--pause", "US", "between a fact and the next commit", .number = &pause_us, 0,
                  PAUSE_US_MAX },
                { "--silent", "0|1", "tell the relay of no commit", .number = &silent, 0, 1 },
        };
        const struct tool tool = { "bench-commit", "From a commit until a subscriber has the fact.",
                                   options, EV_ARRAY_SIZE(options) };
        _cleanup_(sink_free_p) struct sink *sink = NULL;
        PGconn *pg;

        tool_options(&tool, argc, argv);
        if (!brokers || !conninfo)
                tool_die("--brokers and --conninfo are missing");
        pg = PQconnectdb(conninfo);
        if (PQstatus(pg) != CONNECTION_OK)
                tool_die("%s", PQerrorMessage(pg));
        sink = sink_new(brokers, "StockReserved", false);
        for (int64_t n = 0; n < count; ++n) {
                const struct timespec pause = { .tv_nsec = pause_us * NANOS_PER_MICRO };

                one(pg, sink, n, silent, &latency);
                nanosleep(&pause, NULL);
        }
        print(&latency);
        PQfinish(pg);
        return EXIT_SUCCESS;
}
