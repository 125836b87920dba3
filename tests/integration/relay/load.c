/* The load for the relay's test, and two ways to look at it.
 *
 *      load write WRITERS ROWS PAUSE_MS SEED   concurrent writers until ROWS rows are committed
 *      load naive                              a reader of "seq > cursor", until it is told to stop
 *      load latency SECONDS BROKERS TOPIC      from the end of COMMIT to the record's arrival
 *      load hog                                leads, asks for more than a socket holds, reads
 * nothing
 *
 * The database is that of libpq's environment variables. It promises the two things that the relay
 * asks of writers: the aggregate's row is locked before the insert, and the insert is the last
 * thing before COMMIT. Between the two lies a pause of 0 to PAUSE_MS, and one transaction of five
 * is rolled back. */

#include <inttypes.h>
#include <limits.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
        AGGREGATES = 200,
        KEYS = 50, /* companies: several aggregates share a key */
        ROWS_A_TRANSACTION_MAX = 9,
        ROLLBACK_PERCENT = 20,
        WRITERS_MAX = 64,
        SQL_MAX = 2048,
        SAMPLES_MAX = 100000,
        ARRIVAL_MS_MAX = 30000,
};

static _Noreturn void die(const char *what, const char *why)
{
        fprintf(stderr, "load: %s: %s\n", what, why);
        exit(1);
}

static PGconn *connect_db(void)
{
        PGconn *db = PQconnectdb("");

        if (PQstatus(db) != CONNECTION_OK)
                die("connecting", PQerrorMessage(db));
        return db;
}

static PGresult *query(PGconn *db, const char *sql)
{
        PGresult *result = PQexec(db, sql);
        ExecStatusType status = PQresultStatus(result);

        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
                die(sql, PQerrorMessage(db));
        return result;
}

static void run(PGconn *db, const char *sql)
{
        PQclear(query(db, sql));
}

static int64_t query_number(PGconn *db, const char *sql)
{
        PGresult *result = query(db, sql);
        int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);

        PQclear(result);
        return number;
}

static void nap_micros(long micros)
{
        struct timespec time = { micros / 1000000, micros % 1000000 * 1000 };

        nanosleep(&time, NULL);
}

static int64_t now_micros(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* What an outbox row needs beside its content. */
struct ids {
        int64_t topics[2], type, source;
};

static struct ids load_ids(PGconn *db)
{
        struct ids ids;
        static const char of_name[] = "SELECT id FROM ev.name_ids(ARRAY['%s'])";
        static const char *const topics[] = { "quenty.order.events.v1", "quenty.stock.events.v1" };
        char sql[SQL_MAX];

        for (size_t i = 0; i < 2; ++i) {
                snprintf(sql, sizeof(sql), of_name, topics[i]);
                ids.topics[i] = query_number(db, sql);
        }
        snprintf(sql, sizeof(sql), of_name, "quenty.test.Counted");
        ids.type = query_number(db, sql);
        ids.source = query_number(db, "SELECT ev.source_id(ev.current_source_uri())");
        return ids;
}

/* One statement: `rows` facts of an aggregate, whose version has been raised by as many before. */
static void insert(PGconn *db, const struct ids *ids, int aggregate, int64_t version, int rows)
{
        char sql[SQL_MAX];

        snprintf(
                sql, sizeof(sql),
                "INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, "
                "subject, correlation_id, causation_id, causation_source, traceparent, payload) "
                "SELECT gen_random_uuid(), 700001, %" PRId64 ", %" PRId64 ", %" PRId64
                ", CASE WHEN n = 1 THEN 1 END, 'company-%d', 'aggregate-%d', 'conversation', "
                "'cause', '/test', NULL, convert_to('%d:' || (%" PRId64
                " + n), 'UTF8') FROM generate_series(1, %d) n",
                ids->source, ids->topics[aggregate % 2], ids->type, aggregate % KEYS, aggregate,
                aggregate, version - rows, rows);
        run(db, sql);
}

/* One transaction; returns the rows that it committed. */
static int write_some(PGconn *db, const struct ids *ids, unsigned short seed[3], int pause_ms)
{
        int aggregate = (int)(nrand48(seed) % AGGREGATES);
        int rows = (int)(nrand48(seed) % ROWS_A_TRANSACTION_MAX) + 1;
        bool rolls_back = nrand48(seed) % 100 < ROLLBACK_PERCENT;
        char sql[SQL_MAX];

        run(db, "BEGIN");
        snprintf(sql, sizeof(sql),
                 "UPDATE test.aggregate SET version = version + %d WHERE id = %d "
                 "RETURNING version",
                 rows, aggregate);
        insert(db, ids, aggregate, query_number(db, sql), rows);
        if (pause_ms)
                nap_micros(nrand48(seed) % (pause_ms * 1000));
        run(db, rolls_back ? "ROLLBACK" : "COMMIT");
        return rolls_back ? 0 : rows;
}

static _Noreturn void write_as(int writer, int rows, int pause_ms, int seed)
{
        unsigned short state[3] = { (unsigned short)seed, (unsigned short)writer, 17 };
        PGconn *db = connect_db();
        struct ids ids = load_ids(db);
        int committed = 0;

        while (committed < rows)
                committed += write_some(db, &ids, state, pause_ms);
        PQfinish(db);
        _exit(0);
}

static int write_all(int writers, int rows, int pause_ms, int seed)
{
        int status, failed = 0;

        if (writers < 1 || writers > WRITERS_MAX)
                die("writers", "1 to 64");
        for (int i = 0; i < writers; ++i)
                if (fork() == 0)
                        write_as(i, (rows + writers - 1) / writers, pause_ms, seed);
        while (wait(&status) > 0)
                failed += status != 0;
        return failed != 0;
}

static volatile sig_atomic_t is_told_to_stop;

static void on_stop(int signal)
{
        (void)signal;
        is_told_to_stop = 1;
}

/* The reader that everybody writes first. It says how many rows it never saw. */
static int read_naively(void)
{
        PGconn *db = connect_db();
        int64_t cursor = 0, seen = 0, there;
        char sql[SQL_MAX];

        sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_stop }, NULL);
        for (bool last = false; !last;) {
                PGresult *rows;
                int count;

                last = is_told_to_stop;
                snprintf(sql, sizeof(sql),
                         "SELECT seq FROM ev.outbox WHERE seq > %" PRId64
                         " ORDER BY seq LIMIT 1000",
                         cursor);
                rows = query(db, sql);
                count = PQntuples(rows);
                seen += count;
                if (count)
                        cursor = strtoll(PQgetvalue(rows, count - 1, 0), NULL, 10);
                PQclear(rows);
                if (!count)
                        nap_micros(1000);
                else
                        last = false;
        }
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM ev.outbox WHERE seq <= %" PRId64, cursor);
        there = query_number(db, sql);
        printf("%" PRId64 " of %" PRId64 "\n", there - seen, there);
        PQfinish(db);
        return 0;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
        char text[200];

        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
                die(name, text);
}

/* Waits for the record with this payload behind its frame of five bytes. */
static void await(rd_kafka_queue_t *queue, const char *payload)
{
        size_t size = strlen(payload);

        for (;;) {
                rd_kafka_message_t *message = rd_kafka_consume_queue(queue, ARRIVAL_MS_MAX);
                bool is_it;

                if (!message)
                        die("the record did not arrive", payload);
                is_it = !message->err && message->len == size + 5 &&
                        memcmp((const char *)message->payload + 5, payload, size) == 0;
                rd_kafka_message_destroy(message);
                if (is_it)
                        return;
        }
}

static int compare(const void *a, const void *b)
{
        const int64_t *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

static void measure(PGconn *db, rd_kafka_queue_t *queue, int seconds)
{
        static int64_t samples[SAMPLES_MAX];
        struct ids ids = load_ids(db);
        int64_t end = now_micros() + (int64_t)seconds * 1000000;
        size_t count = 0;
        char sql[SQL_MAX], payload[64];

        while (now_micros() < end && count < SAMPLES_MAX) {
                int64_t version, committed;

                run(db, "BEGIN");
                version = query_number(db, "UPDATE test.aggregate SET version = version + 1 "
                                           "WHERE id = 0 RETURNING version");
                insert(db, &ids, 0, version, 1);
                snprintf(sql, sizeof(sql), "NOTIFY ev_outbox");
                run(db, sql);
                run(db, "COMMIT");
                committed = now_micros();
                snprintf(payload, sizeof(payload), "0:%" PRId64, version);
                await(queue, payload);
                samples[count++] = now_micros() - committed;
                nap_micros(3000);
        }
        qsort(samples, count, sizeof(samples[0]), compare);
        printf("%zu %" PRId64 " %" PRId64 "\n", count, samples[count / 2],
               samples[count * 99 / 100]);
}

static int measure_latency(int seconds, const char *brokers, const char *topic)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_queue_t *queue;
        rd_kafka_topic_t *handle;
        rd_kafka_t *client;
        PGconn *db;
        char text[200];

        set(conf, "bootstrap.servers", brokers);
        set(conf, "fetch.wait.max.ms", "500");
        client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
        if (!client)
                die("a consumer", text);
        queue = rd_kafka_queue_new(client);
        handle = rd_kafka_topic_new(client, topic, NULL);
        for (int32_t i = 0; i < 12; ++i) {
                int64_t begin, end;

                /* Asked for here and now: "end" as an offset would be found out later, behind the
                 * first records. */
                if (rd_kafka_query_watermark_offsets(client, topic, i, &begin, &end, 10000))
                        die("the end of a partition", topic);
                rd_kafka_consume_start_queue(handle, i, end, queue);
        }
        db = connect_db();
        measure(db, queue, seconds);
        PQfinish(db);
        for (int32_t i = 0; i < 12; ++i)
                rd_kafka_consume_stop(handle, i);
        rd_kafka_queue_destroy(queue);
        rd_kafka_topic_destroy(handle);
        rd_kafka_destroy(client);
        return 0;
}

/* A leader that was stopped in the middle of a page: its session is not idle, and takes nothing. */
static int hog(void)
{
        PGconn *db = connect_db();

        run(db, "SELECT pg_advisory_lock(x'7175656e7479726c'::bigint)");
        if (!PQsendQuery(db, "SELECT repeat('x', 1000000) FROM generate_series(1, 100)"))
                die("sending", PQerrorMessage(db));
        puts("leads");
        fflush(stdout);
        pause();
        return 0;
}

/* A whole number of the command line. */
static int number(const char *text)
{
        char *end;
        long value = strtol(text, &end, 10);

        if (*end || end == text || value < 0 || value > INT_MAX)
                die("a number", text);
        return (int)value;
}

int main(int argc, char **argv)
{
        if (argc == 6 && strcmp(argv[1], "write") == 0)
                return write_all(number(argv[2]), number(argv[3]), number(argv[4]),
                                 number(argv[5]));
        if (argc == 2 && strcmp(argv[1], "naive") == 0)
                return read_naively();
        if (argc == 2 && strcmp(argv[1], "hog") == 0)
                return hog();
        if (argc == 5 && strcmp(argv[1], "latency") == 0)
                return measure_latency(number(argv[2]), argv[3], argv[4]);
        fputs("usage: see the head of load.c\n", stderr);
        return 64;
}
