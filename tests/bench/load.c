/* bench-load: orders at a fixed rate, and how long it takes until a fact tells of them.
 *
 *      bench-load --brokers HOST:PORT --rate 200 --seconds 30 --warm-up 5 --until StockReserved
 *      bench-load --brokers HOST:PORT --at-once 60000          loads a topic, waits for nothing
 *      bench-load --brokers HOST:PORT --sink-only 60000 --until StockReserved
 *      bench-load --brokers HOST:PORT --rate 2000 --mix 60,20,20
 *      bench-load --brokers HOST:PORT --country FR --until ManifestSubmitted
 *
 * The load is open: order n is due at start + n / rate, whatever became of those before it, and its
 * latency is the time from then on until its fact was read. A generator that waited for answers, or
 * that counted from when it came to send, would leave out just the orders that met a stop of the
 * system ("coordinated omission", as Gil Tene named it). An order without a fact by ten seconds
 * after the last one was sent is missing, and told. How late the generator itself began to send is
 * told, too: it is part of each latency.
 *
 * A warm-up is needed: the first orders wait for the producer's id and for all connections.
 *
 * What orders are about must be there (bench/traffic.h says what; tests/bench/system.py makes it).
 * Orders that stock is too small for have no StockReserved: they are missing.
 *
 * The correlation of every fact is the id of the order that it began with, and the id has the
 * order's number in it: nothing is kept of an order but one bit. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "bench/histogram.h"
#include "bench/sender.h"
#include "bench/sink.h"
#include "bench/tool.h"
#include "bench/traffic.h"

enum {
        PATIENCE_S = 10, /* for facts after the last order */
        SILENCE_S = 60,  /* without a fact, in --sink-only */
        SLACK_NS = 1000, /* by which the kernel may lengthen a sleep; 50 µs by default */
        POLL_MS = 20,
        FLUSH_MS = 60000,
        RATE_MAX = 1000000,
        SECONDS_MAX = 86400,
        START_MICROS = 100000, /* from when all is ready until order 0 is due */
        NANOS_PER_MICRO = 1000,
};

struct load {
        const char *brokers, *until, *mix, *file;
        int64_t rate, seconds, warm_up, linger_ms, at_once, sink_only, run;
        struct traffic_options options;

        struct traffic *traffic;
        int64_t start; /* when order 0 is due; monotonic, µs, as all times here */
        int64_t total; /* events of the schedule */
        int64_t begun; /* the first event behind the warm-up */

        /* The generator's. */
        struct sender *sender;
        struct histogram late; /* from due to sent, behind the warm-up */
        atomic_bool has_sent_all;

        /* The sink's. */
        uint8_t *seen; /* a bit for each event of the schedule */
        struct histogram latency;
        int64_t facts, facts_in_time; /* of distinct orders; … behind the warm-up */
        int64_t repeated;
        int64_t first_arrived, last_arrived;
};

static int64_t due(const struct load *load, int64_t n)
{
        assert(n >= 0);

        return load->start + n * EV_MICROS_PER_SECOND / load->rate;
}

/* ---- The generator: a thread of its own, which nothing that is read can hold up ---- */

static void sleep_until(int64_t micros)
{
        struct timespec at = {
                .tv_sec = micros / EV_MICROS_PER_SECOND,
                .tv_nsec = micros % EV_MICROS_PER_SECOND * NANOS_PER_MICRO,
        };

        assert(micros > 0);

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
                ;
}

/* What is overdue is sent without a pause; due times stay where they are. */
static void *generate(void *context)
{
        struct load *load = context;

        assert(load->total > 0);

        prctl(PR_SET_TIMERSLACK, SLACK_NS);
        for (int64_t n = 0; n < load->total; ++n) {
                struct traffic_event event;
                int64_t now = ev_clock_monotonic_micros();

                if (now < due(load, n)) {
                        sleep_until(due(load, n));
                        now = ev_clock_monotonic_micros();
                }
                if (n >= load->begun)
                        histogram_record(&load->late, (uint64_t)(now - due(load, n)));
                traffic_make(load->traffic, n, &event);
                sender_send(load->sender, &event);
        }
        sender_finish(load->sender, FLUSH_MS);
        atomic_store(&load->has_sent_all, true);
        return NULL;
}

/* ---- The sink ---- */

/* Facts of other runs, and of what is no order of ours, are passed over. */
static void take_fact(void *context, struct ev_str correlation_id, int64_t arrived)
{
        struct load *load = context;
        int64_t n;

        assert(load->seen);

        if (!correlation_id.data || !traffic_number_of(load->traffic, correlation_id, &n) ||
            n >= load->total || traffic_kind_of(load->traffic, n) != TRAFFIC_ORDER)
                return;
        if (load->seen[n / 8] & 1u << n % 8) {
                ++load->repeated;
                return;
        }
        load->seen[n / 8] |= (uint8_t)(1u << n % 8);
        ++load->facts;
        load->last_arrived = arrived;
        if (n < load->begun)
                return;
        ++load->facts_in_time;
        histogram_record(&load->latency, (uint64_t)(arrived - due(load, n)));
}

/* Until each order has its fact, or nothing may come any more. */
static void take_facts(struct load *load, struct sink *sink)
{
        int64_t orders = traffic_count(load->traffic, TRAFFIC_ORDER, load->total);
        int64_t end = 0;

        assert(orders > 0);

        while (load->facts < orders && (!end || ev_clock_monotonic_micros() < end)) {
                if (!end && atomic_load(&load->has_sent_all))
                        end = ev_clock_monotonic_micros() + PATIENCE_S * EV_MICROS_PER_SECOND;
                sink_poll(sink, POLL_MS, take_fact, load);
        }
}

/* ---- The modes ---- */

static void write_distribution(const struct load *load)
{
        FILE *file = fopen(load->file, "w");

        assert(load->file);

        if (!file)
                tool_die("%s cannot be written: %s", load->file, strerror(errno));
        fprintf(file,
                "{\"until\":\"%s\",\"rate_per_s\":%" PRId64 ",\"unit\":\"us\",\"count\":%" PRIu64
                ",\"max\":%" PRIu64 ",\"at_or_below\":",
                load->until, load->rate, load->latency.count, load->latency.max);
        histogram_print(&load->latency, file);
        fputs("}\n", file);
        if (fclose(file))
                tool_die("%s cannot be written: %s", load->file, strerror(errno));
}

static void print_load(const struct load *load)
{
        int64_t all = traffic_count(load->traffic, TRAFFIC_ORDER, load->total);
        int64_t warm_up = traffic_count(load->traffic, TRAFFIC_ORDER, load->begun);

        assert(load->facts <= all);

        tool_print("events", load->total);
        tool_print("orders", all - warm_up);
        tool_print("count", (int64_t)load->latency.count);
        tool_print("missing", all - warm_up - load->facts_in_time);
        tool_print("missing_of_warm_up", warm_up - (load->facts - load->facts_in_time));
        tool_print("repeated", load->repeated);
        tool_print("p50_us", (int64_t)histogram_at(&load->latency, 500000));
        tool_print("p90_us", (int64_t)histogram_at(&load->latency, 900000));
        tool_print("p99_us", (int64_t)histogram_at(&load->latency, 990000));
        tool_print("p99.9_us", (int64_t)histogram_at(&load->latency, 999000));
        tool_print("max_us", (int64_t)load->latency.max);
        tool_print("late_p99_us", (int64_t)histogram_at(&load->late, 990000));
        tool_print("late_max_us", (int64_t)load->late.max);
        tool_print("took_us", load->facts ? load->last_arrived - load->start : 0);
        tool_print("cpu_us", tool_cpu_micros());
}

/* The sink stands at the topic's end, and the sender is connected, before the first order is due. */
static void run_load(struct load *load)
{
        _cleanup_(sink_free_p) struct sink *sink = NULL;
        pthread_t generator;

        load->total = (load->warm_up + load->seconds) * load->rate;
        load->begun = load->warm_up * load->rate;
        load->seen = calloc((size_t)load->total / 8 + 1, 1);
        if (!load->seen)
                tool_die("no memory for %" PRId64 " events", load->total);
        assert(load->begun < load->total);
        sink = sink_new(load->brokers, load->until, false);
        load->sender = sender_new(load->brokers, load->linger_ms);
        load->start = ev_clock_monotonic_micros() + START_MICROS;
        if (pthread_create(&generator, NULL, generate, load))
                tool_die("no thread for the generator");
        take_facts(load, sink);
        pthread_join(generator, NULL);
        print_load(load);
        if (load->file)
                write_distribution(load);
        sender_free(load->sender);
        free(load->seen);
}

static void run_at_once(struct load *load)
{
        _cleanup_(sender_free_p) struct sender *sender = sender_new(load->brokers, load->linger_ms);
        int64_t begun = ev_clock_monotonic_micros(), took;

        assert(load->at_once > 0);

        for (int64_t n = 0; n < load->at_once; ++n) {
                struct traffic_event event;

                traffic_make(load->traffic, n, &event);
                sender_send(sender, &event);
        }
        sender_finish(sender, FLUSH_MS);
        took = ev_clock_monotonic_micros() - begun;
        tool_print("events", load->at_once);
        tool_print("took_us", took);
        tool_print("events_per_s", load->at_once * EV_MICROS_PER_SECOND / took);
        tool_print("cpu_us", tool_cpu_micros());
}

static void take_any(void *context, _unused_ struct ev_str correlation_id, int64_t arrived)
{
        struct load *load = context;

        assert(arrived > 0);

        if (!load->facts++)
                load->first_arrived = arrived;
        load->last_arrived = arrived;
}

/* The first fact begins the time and is not counted in the rate. */
static void run_sink_only(struct load *load)
{
        _cleanup_(sink_free_p) struct sink *sink = sink_new(load->brokers, load->until, true);
        int64_t took;

        assert(load->sink_only > 1);

        load->last_arrived = ev_clock_monotonic_micros();
        while (load->facts < load->sink_only) {
                sink_poll(sink, POLL_MS, take_any, load);
                if (ev_clock_monotonic_micros() - load->last_arrived >
                    SILENCE_S * EV_MICROS_PER_SECOND)
                        tool_die("%" PRId64 " facts %s, and no more within %d s", load->facts,
                                 load->until, SILENCE_S);
        }
        took = load->last_arrived - load->first_arrived;
        tool_print("facts", load->facts);
        tool_print("took_us", took);
        tool_print("facts_per_s", took ? (load->facts - 1) * EV_MICROS_PER_SECOND / took : 0);
        tool_print("cpu_us", tool_cpu_micros());
}

static void read_options(struct load *load, int argc, char **argv)
{
        struct traffic_options *options = &load->options;
        const struct tool_option table[] = {
                { "--brokers", "LIST", "where Kafka is", .text = &load->brokers },
                { "--rate", "N", "events a second", .number = &load->rate, 1, RATE_MAX },
                { "--seconds", "N", "how long", .number = &load->seconds, 1, SECONDS_MAX },
                { "--warm-up", "N", "seconds before, not recorded", .number = &load->warm_up, 0,
                  SECONDS_MAX },
                { "--until", "TYPE", "the fact that ends an order's time", .text = &load->until },
                { "--linger", "MS", "of the producer", .number = &load->linger_ms, 0, 1000 },
                { "--at-once", "N", "send N events, as fast as can be, and end",
                  .number = &load->at_once, 1, INT32_MAX },
                { "--sink-only", "N", "send nothing; read N facts from the topic's beginning",
                  .number = &load->sink_only, 2, INT32_MAX },
                { "--mix", "O,C,R", "shares of orders, cancellations, receipts",
                  .text = &load->mix },
                { "--companies", "N", "there are", .number = &options->companies, 1,
                  TRAFFIC_COMPANIES_MAX },
                { "--skus", "N", "of a company", .number = &options->skus, 1, TRAFFIC_SKUS_MAX },
                { "--lines", "N", "of an order", .number = &options->lines, 1, TRAFFIC_LINES_MAX },
                { "--hot", "N", "products that all orders are about; 0: all there are",
                  .number = &options->hot, 0, TRAFFIC_SKUS_MAX },
                { "--skew", "PERCENT", "Zipf's exponent of the companies' shares, times 100",
                  .number = &options->skew_percent, 0, 1000 },
                { "--country", "CC", "where orders go", .text = &options->country },
                { "--first", "N", "number of the first order", .number = &options->first, 0,
                  INT64_C(1) << 40 },
                { "--run", "N", "in each id; else a random one", .number = &load->run, 0,
                  UINT32_MAX },
                { "--file", "PATH", "the whole distribution, as JSON", .text = &load->file },
        };
        const struct tool tool = { "bench-load", "Orders at a fixed rate, and their latency.",
                                   table, EV_ARRAY_SIZE(table) };

        tool_options(&tool, argc, argv);
        if (!load->brokers)
                tool_die("--brokers is missing");
        if (!traffic_parse_shares(load->mix, options->shares))
                tool_die("--mix: \"%s\" is not three shares of up to %d", load->mix,
                         TRAFFIC_SHARE_MAX);
        options->run = (uint32_t)load->run;
        assert(options->companies > 0);
}

int main(int argc, char **argv)
{
        static struct load load = {
                .until = "StockReserved",
                .mix = "100,0,0",
                .rate = 200,
                .seconds = 10,
                .options = { .companies = 24, .skus = 20, .lines = 2, .country = TRAFFIC_HOME },
        };
        uint32_t run;

        if (getrandom(&run, sizeof(run), 0) != sizeof(run))
                tool_die("the kernel gives no random bytes");
        load.run = run;
        read_options(&load, argc, argv);
        load.traffic = traffic_new(&load.options);
        assert(load.traffic);
        if (load.at_once)
                run_at_once(&load);
        else if (load.sink_only)
                run_sink_only(&load);
        else
                run_load(&load);
        traffic_free(load.traffic);
        return EXIT_SUCCESS;
}
