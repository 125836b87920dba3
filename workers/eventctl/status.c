/* eventctl status: how the databases' workers and relays are doing.
 *
 * Each database is asked by itself, so one that is away does not hide the others, and so is Kafka,
 * of which only the ends of topics are needed. The answers are of slightly different moments: a lag
 * may be a few records off while work goes on. Nothing is changed anywhere. */

#include "status.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cluster.h"
#include "command.h"
#include "eventctl_sql.h"
#include "output.h"
#include "store/feed.h"
#include "store/params.h"
#include "wire/ends.h"

enum {
        PARAMS_BYTES_MAX = 4096,
        OUT_BYTES_MAX = 64 * 1024 * 1024,
        /* Columns of status_lanes.sql. */
        LANE_TOPIC = 1,
        LANE_PARTITION = 2,
        LANE_NEXT_OFFSET = 3,
        LANE_HALTED_REASON = 4,
        FEED_OLDEST = 3,    /* of status_feeds.sql */
        STALLED_MS = 10000, /* from one leader to the next it takes a few seconds */
};

/* The ends of a topic, asked once for all lanes of all databases. */
struct topic_ends {
        char name[TOPIC_NAME_MAX];
        int32_t partitions;
        int64_t *begins, *ends;
};

struct ends_cache {
        struct ev_kafka *kafka;
        size_t count;
        struct topic_ends items[STATUS_TOPICS_MAX];
};

static void cache_done(struct ends_cache *cache)
{
        assert(cache->count <= STATUS_TOPICS_MAX);

        for (size_t i = 0; i < cache->count; ++i) {
                free(cache->items[i].begins);
                free(cache->items[i].ends);
        }
        ev_kafka_free(cache->kafka);
}

static void status_done(struct status *status)
{
        assert(status);

        for (size_t i = 0; i < DATABASES; ++i) {
                struct status_database *database = &status->databases[i];

                ev_result_free(database->lanes);
                ev_result_free(database->parked);
                ev_result_free(database->counts);
                ev_result_free(database->feeds);
                ev_result_free(database->leader);
                free(database->lags);
                free(database->ends);
        }
}

bool status_is_alarming(const struct status *status)
{
        assert(status);

        for (size_t i = 0; i < DATABASES; ++i)
                if (status->databases[i].is_answered &&
                    (status->databases[i].halted > 0 || status->databases[i].is_stalled ||
                     ev_result_rows(status->databases[i].parked) > 0))
                        return true;
        return false;
}

/* One statement with at most one parameter, an int4 or an int8 as it declares. */
static int ask(struct ev_db *db, const struct ev_statement *statement, int64_t parameter,
               struct ev_result **ret_result)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);

        assert(statement->params_count <= 1);

        if (statement->params_count == 0)
                return ev_trace(ev_db_run(db, statement, NULL, ret_result));
        ev_params_begin(&params, statement);
        if (statement == &eventctl_sql_status_leader)
                ev_params_int8(&params, parameter);
        else
                ev_params_int4(&params, (int32_t)parameter);
        return ev_trace(ev_db_run(db, statement, &params, ret_result));
}

/* Without lags, which are Kafka's to tell. */
static int init_lanes(struct status_database *database)
{
        size_t count = ev_result_rows(database->lanes);

        assert(!database->lags && !database->ends);

        database->lags = calloc(count + 1, sizeof(*database->lags));
        database->ends = calloc(count + 1, sizeof(*database->ends));
        if (!database->lags || !database->ends)
                return ev_fail_memory("the lags of lanes");
        for (size_t i = 0; i < count; ++i) {
                database->lags[i] = database->ends[i] = STATUS_LAG_UNKNOWN;
                database->halted += !ev_result_is_null(database->lanes, i, LANE_HALTED_REASON);
        }
        return 0;
}

/* A relay that halts ends, and says why in its log; what the database shows of it is that nobody leads
 * although something waits. */
static bool is_stalled(const struct status_database *database, int64_t now)
{
        int64_t since = now - STALLED_MS * EV_MICROS_PER_MS;

        assert(database->feeds && database->leader);

        if (ev_result_rows(database->leader) > 0)
                return false;
        for (size_t i = 0; i < ev_result_rows(database->feeds); ++i)
                if (!ev_result_is_null(database->feeds, i, FEED_OLDEST) &&
                    ev_result_timestamptz(database->feeds, i, FEED_OLDEST) < since)
                        return true;
        return false;
}

static int ask_database(const struct ev_config *config, struct status_database *database)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        int r = database_open(config, database->name, &db);

        assert(database->name);

        if (r == 0)
                r = ask(db, &eventctl_sql_status_lanes, 0, &database->lanes);
        if (r == 0)
                r = ask(db, &eventctl_sql_status_parked, STATUS_PARKED_MAX, &database->parked);
        if (r == 0)
                r = ask(db, &eventctl_sql_status_counts, 0, &database->counts);
        if (r == 0)
                r = ask(db, &eventctl_sql_status_feeds, 0, &database->feeds);
        if (r == 0)
                r = ask(db, &eventctl_sql_status_leader, EV_FEED_LEADER_LOCK, &database->leader);
        return r < 0 ? ev_trace(r) : ev_trace(init_lanes(database));
}

/* NULL, with an error, when Kafka does not say. */
static const struct topic_ends *ends_of(struct ends_cache *cache, struct ev_str name)
{
        struct topic_ends *topic = &cache->items[cache->count];
        struct ev_kafka_topic found = { 0 };

        assert(cache->kafka);

        for (size_t i = 0; i < cache->count; ++i)
                if (ev_str_equal(ev_str_of(cache->items[i].name), name))
                        return &cache->items[i];
        if (cache->count == STATUS_TOPICS_MAX ||
            !ev_str_copy(name, topic->name, sizeof(topic->name))) {
                (void)ev_fail(EV_VERDICT_STOP, "more than %d topics", STATUS_TOPICS_MAX);
                return NULL;
        }
        found.name = topic->name;
        if (ev_kafka_load_partitions(cache->kafka, &found, 1) < 0)
                return NULL;
        topic->partitions = found.partitions;
        topic->begins = calloc((size_t)found.partitions, sizeof(*topic->begins));
        topic->ends = calloc((size_t)found.partitions, sizeof(*topic->ends));
        ++cache->count;
        if (!topic->begins || !topic->ends ||
            ev_ends_load(cache->kafka, topic->name, topic->partitions, EV_ENDS_EARLIEST,
                         topic->begins) < 0 ||
            ev_ends_load(cache->kafka, topic->name, topic->partitions, EV_ENDS_LATEST,
                         topic->ends) < 0)
                return NULL;
        return topic;
}

/* Records between the lane's place and the end of its log; for a lane that has read nothing yet,
 * all there are. An offset behind the end is no lag but a halt that is to come. */
static int measure_lanes(struct ends_cache *cache, struct status_database *database)
{
        assert(database->is_answered);

        for (size_t i = 0; i < ev_result_rows(database->lanes); ++i) {
                const struct topic_ends *topic =
                        ends_of(cache, ev_result_text(database->lanes, i, LANE_TOPIC));
                int32_t partition = ev_result_int4(database->lanes, i, LANE_PARTITION);
                int64_t next = ev_result_int8(database->lanes, i, LANE_NEXT_OFFSET);

                if (!topic)
                        return ev_trace(EV_FAILED);
                if (partition >= topic->partitions)
                        continue;
                if (next < topic->begins[partition])
                        next = topic->begins[partition];
                database->ends[i] = topic->ends[partition];
                database->lags[i] =
                        topic->ends[partition] > next ? topic->ends[partition] - next : 0;
        }
        return 0;
}

/* A Kafka that is not configured is told like one that is away: lags are not known then. */
static void ask_kafka(const struct ev_config *config, struct status *status)
{
        _cleanup_(cache_done) struct ends_cache cache = { 0 };
        int r = 0;

        assert(!status->kafka_is_answered);

        if (!cluster_is_configured(config))
                r = ev_fail(EV_VERDICT_STOP, "kafka.bootstrap.servers is missing");
        if (r == 0)
                r = cluster_make(config, &cache.kafka);
        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (status->databases[i].is_answered)
                        r = measure_lanes(&cache, &status->databases[i]);
        status->kafka_is_answered = r == 0;
        if (r < 0)
                snprintf(status->kafka_error, sizeof(status->kafka_error), "%s",
                         ev_error_last()->text);
}

static void ask_all(const struct ev_config *config, struct status *status)
{
        assert(config);

        status->now = ev_clock_real_micros();
        for (size_t i = 0; i < DATABASES; ++i) {
                struct status_database *database = &status->databases[i];

                database->name = database_names[i];
                database->is_asked = database_is_configured(config, database->name);
                if (!database->is_asked)
                        continue;
                database->is_answered = ask_database(config, database) == 0;
                if (database->is_answered)
                        database->is_stalled = is_stalled(database, status->now);
                else
                        snprintf(database->error, sizeof(database->error), "%s",
                                 ev_error_last()->text);
        }
        ask_kafka(config, status);
}

/* An alarm goes before an answer that is not whole: a script that watches for the one must not miss
 * it because of the other. */
static enum command_exit exit_of(const struct status *status)
{
        bool is_whole = status->kafka_is_answered;

        assert(status->now > 0);

        for (size_t i = 0; i < DATABASES; ++i)
                is_whole = is_whole &&
                           (!status->databases[i].is_asked || status->databases[i].is_answered);
        if (status_is_alarming(status))
                return COMMAND_DIFFERENCES;
        return is_whole ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_exit status(const struct command_input *input)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(OUT_BYTES_MAX);
        _cleanup_(status_done) struct status found = { 0 };
        enum output_format format;
        int r;

        assert(input && !input->operand);

        if (!output_format_of(input, &format))
                return COMMAND_USAGE;
        ask_all(input->config, &found);
        r = format == OUTPUT_JSON ? status_write_json(&found, &out)
                                  : status_write_text(&found, output_is_coloured(), &out);
        if (r < 0)
                return command_fail();
        return output_text(ev_buffer_str(&out)) ? exit_of(&found) : COMMAND_FAILED;
}
