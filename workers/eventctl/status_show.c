/* How the status looks: what a person has to do something about first, with the command that does
 * it, then each database. Pure: answers in, text out. */

#include "status.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "output.h"

/* Columns, in the order of sql/status_….sql. */
enum { LANE_GROUP, LANE_TOPIC, LANE_PARTITION, LANE_NEXT, LANE_REASON, LANE_AT };
enum {
        PARKED_GROUP,
        PARKED_TOPIC,
        PARKED_PARTITION,
        PARKED_AGGREGATE,
        PARKED_OFFSET,
        PARKED_RECORDS,
        PARKED_REASON,
        PARKED_DETAIL,
        PARKED_AT,
        PARKED_REDRIVE,
};
enum { COUNT_PARKED, COUNT_WAITING, COUNT_DEADLINE, COUNT_DEAD, COUNT_NEWEST_DEAD, COUNT_OPEN };
enum { FEED_NAME, FEED_SEQ, FEED_BACKLOG, FEED_OLDEST, FEED_MOVED };
enum { LEADER_PID, LEADER_APPLICATION, LEADER_SINCE };

/* An instant that may be NULL. */
static void name_instant(struct ev_json_writer *writer, const char *name,
                         const struct ev_result *rows, size_t row, size_t column)
{
        char text[EV_INSTANT_TEXT_MAX];

        assert(name && rows);

        if (ev_result_is_null(rows, row, column))
                output_name_text(writer, name, EV_STR_NULL);
        else
                output_name_text(writer, name,
                                 (struct ev_str){
                                         text,
                                         ev_instant_format(ev_result_timestamptz(rows, row, column),
                                                           text) });
}

static void write_lane(const struct status_database *database, size_t row,
                       struct ev_json_writer *writer)
{
        const struct ev_result *lanes = database->lanes;
        int64_t next = ev_result_int8(lanes, row, LANE_NEXT);

        assert(row < ev_result_rows(lanes));

        ev_json_object_begin(writer);
        output_name_text(writer, "group", ev_result_text(lanes, row, LANE_GROUP));
        output_name_text(writer, "topic", ev_result_text(lanes, row, LANE_TOPIC));
        output_name_int(writer, "partition", ev_result_int4(lanes, row, LANE_PARTITION));
        /* Below 0 nothing was read yet. */
        ev_json_write_name(writer, EV_STR("next_offset"));
        next < 0 ? ev_json_write_null(writer) : ev_json_write_int(writer, next);
        ev_json_write_name(writer, EV_STR("end_offset"));
        database->ends[row] < 0 ? ev_json_write_null(writer)
                                : ev_json_write_int(writer, database->ends[row]);
        ev_json_write_name(writer, EV_STR("lag"));
        database->lags[row] < 0 ? ev_json_write_null(writer)
                                : ev_json_write_int(writer, database->lags[row]);
        output_name_text(writer, "halted_reason", ev_result_text(lanes, row, LANE_REASON));
        name_instant(writer, "halted_at", lanes, row, LANE_AT);
        ev_json_object_end(writer);
}

static void write_parked(const struct ev_result *parked, size_t row, struct ev_json_writer *writer)
{
        assert(row < ev_result_rows(parked));

        ev_json_object_begin(writer);
        output_name_text(writer, "group", ev_result_text(parked, row, PARKED_GROUP));
        output_name_text(writer, "topic", ev_result_text(parked, row, PARKED_TOPIC));
        output_name_int(writer, "partition", ev_result_int4(parked, row, PARKED_PARTITION));
        output_name_text(writer, "aggregate", ev_result_text(parked, row, PARKED_AGGREGATE));
        output_name_int(writer, "first_offset", ev_result_int8(parked, row, PARKED_OFFSET));
        output_name_int(writer, "records", ev_result_int8(parked, row, PARKED_RECORDS));
        output_name_text(writer, "reason", ev_result_text(parked, row, PARKED_REASON));
        output_name_text(writer, "detail", ev_result_text(parked, row, PARKED_DETAIL));
        name_instant(writer, "parked_at", parked, row, PARKED_AT);
        ev_json_write_name(writer, EV_STR("redrive"));
        ev_json_write_bool(writer, ev_result_bool(parked, row, PARKED_REDRIVE));
        ev_json_object_end(writer);
}

static void write_relay(const struct status_database *database, struct ev_json_writer *writer)
{
        assert(database->is_answered);

        ev_json_write_name(writer, EV_STR("relay"));
        ev_json_object_begin(writer);
        for (size_t i = 0; i < ev_result_rows(database->feeds); ++i) {
                ev_json_write_name(writer, ev_result_text(database->feeds, i, FEED_NAME));
                ev_json_object_begin(writer);
                output_name_int(writer, "published_seq",
                                ev_result_int8(database->feeds, i, FEED_SEQ));
                output_name_int(writer, "backlog",
                                ev_result_int8(database->feeds, i, FEED_BACKLOG));
                name_instant(writer, "oldest_unpublished_at", database->feeds, i, FEED_OLDEST);
                name_instant(writer, "moved_at", database->feeds, i, FEED_MOVED);
                ev_json_object_end(writer);
        }
        ev_json_write_name(writer, EV_STR("stalled"));
        ev_json_write_bool(writer, database->is_stalled);
        ev_json_write_name(writer, EV_STR("leader"));
        if (ev_result_rows(database->leader) == 0) {
                ev_json_write_null(writer);
        } else {
                ev_json_object_begin(writer);
                output_name_int(writer, "pid", ev_result_int4(database->leader, 0, LEADER_PID));
                output_name_text(writer, "application",
                                 ev_result_text(database->leader, 0, LEADER_APPLICATION));
                name_instant(writer, "since", database->leader, 0, LEADER_SINCE);
                ev_json_object_end(writer);
        }
        ev_json_object_end(writer);
}

static void write_database(const struct status_database *database, struct ev_json_writer *writer)
{
        assert(database->is_asked);

        ev_json_object_begin(writer);
        output_name_text(writer, "database", ev_str_of(database->name));
        output_name_text(writer, "error",
                         database->is_answered ? EV_STR_NULL : ev_str_of(database->error));
        if (database->is_answered) {
                ev_json_write_name(writer, EV_STR("lanes"));
                ev_json_array_begin(writer);
                for (size_t i = 0; i < ev_result_rows(database->lanes); ++i)
                        write_lane(database, i, writer);
                ev_json_array_end(writer);
                ev_json_write_name(writer, EV_STR("parked"));
                ev_json_array_begin(writer);
                for (size_t i = 0; i < ev_result_rows(database->parked); ++i)
                        write_parked(database->parked, i, writer);
                ev_json_array_end(writer);
                output_name_int(writer, "parked_records",
                                ev_result_int8(database->counts, 0, COUNT_PARKED));
                output_name_int(writer, "waiting_records",
                                ev_result_int8(database->counts, 0, COUNT_WAITING));
                name_instant(writer, "next_deadline", database->counts, 0, COUNT_DEADLINE);
                output_name_int(writer, "dead_letters",
                                ev_result_int8(database->counts, 0, COUNT_DEAD));
                output_name_int(writer, "open_dead_letters",
                                ev_result_int8(database->counts, 0, COUNT_OPEN));
                name_instant(writer, "newest_dead_letter", database->counts, 0, COUNT_NEWEST_DEAD);
                write_relay(database, writer);
        }
        ev_json_object_end(writer);
}

int status_write_json(const struct status *status, struct ev_buffer *out)
{
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);

        assert(status && out);

        ev_json_object_begin(&writer);
        ev_json_write_name(&writer, EV_STR("alarming"));
        ev_json_write_bool(&writer, status_is_alarming(status));
        output_name_text(&writer, "kafka_error",
                         status->kafka_is_answered ? EV_STR_NULL : ev_str_of(status->kafka_error));
        ev_json_write_name(&writer, EV_STR("databases"));
        ev_json_array_begin(&writer);
        for (size_t i = 0; i < DATABASES; ++i)
                if (status->databases[i].is_asked)
                        write_database(&status->databases[i], &writer);
        ev_json_array_end(&writer);
        ev_json_object_end(&writer);
        if (ev_json_writer_end(&writer) < 0)
                return ev_trace(EV_FAILED);
        return ev_trace(ev_buffer_append(out, "\n", 1));
}

/* A text that may be a stranger's, harmless on a terminal and between quotes: `quote` is how a
 * quotation mark is written there. */
static int put_quoted(struct ev_buffer *out, struct ev_str text, const char *quote)
{
        int r = ev_buffer_append(out, "'", 1);

        assert(text.data || text.size == 0);

        for (size_t i = 0; r == 0 && i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                r = c == '\''
                            ? ev_buffer_append(out, quote, strlen(quote))
                            : ev_buffer_append(out, c < 0x20 || c == 0x7f ? "?" : &text.data[i], 1);
        }
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "'", 1));
}

/* An aggregate's name is typed into psql as it stands here … */
static int put_literal(struct ev_buffer *out, struct ev_str text)
{
        assert(out);

        return ev_trace(put_quoted(out, text, "''"));
}

/* … or into a shell. */
static int put_word(struct ev_buffer *out, struct ev_str text)
{
        assert(out);

        return ev_trace(put_quoted(out, text, "'\\''"));
}

/* "eventctl COMMAND --database … --group … --topic … --partition …": the selection of a lane. */
static int put_command(struct ev_buffer *out, const char *command, const char *database,
                       struct ev_str group, struct ev_str topic, int32_t partition)
{
        int r = ev_buffer_printf(out, "eventctl %s --database %s --group ", command, database);

        assert(partition >= 0);

        if (r == 0)
                r = put_word(out, group);
        if (r == 0)
                r = ev_buffer_printf(out, " --topic ");
        if (r == 0)
                r = put_word(out, topic);
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_printf(out, " --partition %d", partition));
}

/* " WHERE group_name = … AND topic = … AND partition = …" */
static int put_place(struct ev_buffer *out, struct ev_str group, struct ev_str topic,
                     int32_t partition)
{
        int r = ev_buffer_printf(out, " WHERE group_name = ");

        assert(partition >= 0);

        if (r == 0)
                r = put_literal(out, group);
        if (r == 0)
                r = ev_buffer_printf(out, " AND topic = ");
        if (r == 0)
                r = put_literal(out, topic);
        return r < 0 ? ev_trace(r)
                     : ev_trace(ev_buffer_printf(out, " AND partition = %d", partition));
}

/* Which record to go on with is a person's decision, so the number is left to him. */
static int put_halted(struct ev_buffer *out, const struct status_database *database, size_t row)
{
        const struct ev_result *lanes = database->lanes;
        int r = ev_buffer_printf(out, "HALTED  %s: %.*s\n        to go on: ", database->name,
                                 EV_STR_ARG(ev_result_text(lanes, row, LANE_REASON)));

        assert(!ev_result_is_null(lanes, row, LANE_REASON));

        if (r == 0)
                r = put_command(out, "lane resume", database->name,
                                ev_result_text(lanes, row, LANE_GROUP),
                                ev_result_text(lanes, row, LANE_TOPIC),
                                ev_result_int4(lanes, row, LANE_PARTITION));
        if (r == 0)
                r = ev_buffer_printf(out,
                                     " [--from OFFSET] --reason TEXT --yes\n        or, in %s: "
                                     "UPDATE ev.consumer_offset SET next_offset = <offset>, "
                                     "halted_reason = NULL, halted_at = NULL, fingerprint = NULL",
                                     database->name);
        if (r == 0)
                r = put_place(out, ev_result_text(lanes, row, LANE_GROUP),
                              ev_result_text(lanes, row, LANE_TOPIC),
                              ev_result_int4(lanes, row, LANE_PARTITION));
        if (r == 0)
                r = ev_buffer_append(out, "\n", 1);
        return ev_trace(r);
}

static int put_parked(struct ev_buffer *out, const struct status_database *database, size_t row)
{
        const struct ev_result *parked = database->parked;
        int r = ev_buffer_printf(out, "PARKED  %s: ", database->name);

        assert(row < ev_result_rows(parked));

        if (r == 0)
                r = put_literal(out, ev_result_text(parked, row, PARKED_AGGREGATE));
        if (r == 0)
                r = ev_buffer_printf(out,
                                     ", %" PRId64 " records of %.*s[%d] from @%" PRId64
                                     " on: %.*s: %.*s%s\n"
                                     "        to try again: ",
                                     ev_result_int8(parked, row, PARKED_RECORDS),
                                     EV_STR_ARG(ev_result_text(parked, row, PARKED_TOPIC)),
                                     ev_result_int4(parked, row, PARKED_PARTITION),
                                     ev_result_int8(parked, row, PARKED_OFFSET),
                                     EV_STR_ARG(ev_result_text(parked, row, PARKED_REASON)),
                                     EV_STR_ARG(ev_result_text(parked, row, PARKED_DETAIL)),
                                     ev_result_bool(parked, row, PARKED_REDRIVE)
                                             ? " (asked for already)"
                                             : "");
        if (r == 0)
                r = put_command(out, "park retry", database->name,
                                ev_result_text(parked, row, PARKED_GROUP),
                                ev_result_text(parked, row, PARKED_TOPIC),
                                ev_result_int4(parked, row, PARKED_PARTITION));
        if (r == 0)
                r = ev_buffer_printf(out, " --aggregate ");
        if (r == 0)
                r = put_word(out, ev_result_text(parked, row, PARKED_AGGREGATE));
        if (r == 0)
                r = ev_buffer_printf(
                        out,
                        " --reason TEXT --yes\n        or, in %s: UPDATE ev.parked SET "
                        "redrive = true",
                        database->name);
        if (r == 0)
                r = put_place(out, ev_result_text(parked, row, PARKED_GROUP),
                              ev_result_text(parked, row, PARKED_TOPIC),
                              ev_result_int4(parked, row, PARKED_PARTITION));
        if (r == 0)
                r = ev_buffer_printf(out, " AND aggregate = ");
        if (r == 0)
                r = put_literal(out, ev_result_text(parked, row, PARKED_AGGREGATE));
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "\n", 1));
}

/* Why is what the log of the relay that ended says: a database does not know it. */
static int put_stalled(struct ev_buffer *out, const struct status_database *database)
{
        assert(database->is_stalled);

        return ev_trace(
                ev_buffer_printf(out,
                                 "STALLED %s: facts or dead letters wait, and no relay leads\n"
                                 "        to go on: quenty-relay %s; one that was running ended "
                                 "with the reason in its log\n",
                                 database->name, database->name));
}

/* All databases' halted lanes, then those without a relay, then all that is parked. */
static int put_alarms(struct ev_buffer *out, const struct status *status)
{
        int r = 0;

        assert(status_is_alarming(status));

        for (size_t i = 0; i < DATABASES; ++i) {
                const struct status_database *database = &status->databases[i];
                size_t lanes = database->is_answered ? ev_result_rows(database->lanes) : 0;

                for (size_t k = 0; r == 0 && k < lanes; ++k)
                        if (!ev_result_is_null(database->lanes, k, LANE_REASON))
                                r = put_halted(out, database, k);
        }
        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (status->databases[i].is_stalled)
                        r = put_stalled(out, &status->databases[i]);
        for (size_t i = 0; i < DATABASES; ++i) {
                const struct status_database *database = &status->databases[i];
                size_t parked = database->is_answered ? ev_result_rows(database->parked) : 0;

                for (size_t k = 0; r == 0 && k < parked; ++k)
                        r = put_parked(out, database, k);
        }
        return ev_trace(r);
}

/* How long ago, in the largest unit that is not 0. */
static int put_age(struct ev_buffer *out, int64_t micros)
{
        int64_t seconds = micros > 0 ? micros / EV_MICROS_PER_SECOND : 0;

        assert(seconds >= 0);

        if (seconds < 60)
                return ev_trace(ev_buffer_printf(out, "%" PRId64 " s", seconds));
        if (seconds < 60 * 60)
                return ev_trace(ev_buffer_printf(out, "%" PRId64 " min", seconds / 60));
        return ev_trace(ev_buffer_printf(out, "%" PRId64 " h", seconds / 60 / 60));
}

/* Whether two lanes are of one group and topic; rows are sorted by them. */
static bool is_same(const struct ev_result *lanes, size_t a, size_t b)
{
        assert(a < ev_result_rows(lanes) && b < ev_result_rows(lanes));

        return ev_str_equal(ev_result_text(lanes, a, LANE_GROUP),
                            ev_result_text(lanes, b, LANE_GROUP)) &&
               ev_str_equal(ev_result_text(lanes, a, LANE_TOPIC),
                            ev_result_text(lanes, b, LANE_TOPIC));
}

/* A line for each group and topic: the sum, and the partitions that have a part in it. */
static int put_lags(struct ev_buffer *out, const struct status_database *database)
{
        size_t rows = ev_result_rows(database->lanes);
        int r = 0;

        assert(database->lags);

        for (size_t i = 0, next; r == 0 && i < rows; i = next) {
                int64_t sum = 0;

                for (next = i; next < rows && is_same(database->lanes, i, next); ++next)
                        sum = sum < 0 || database->lags[next] < 0 ? STATUS_LAG_UNKNOWN
                                                                  : sum + database->lags[next];
                r = ev_buffer_printf(out, "  %-34.*s  %zu lanes of %.*s",
                                     EV_STR_ARG(ev_result_text(database->lanes, i, LANE_TOPIC)),
                                     next - i,
                                     EV_STR_ARG(ev_result_text(database->lanes, i, LANE_GROUP)));
                if (r == 0)
                        r = sum < 0 ? ev_buffer_printf(out, ", lag unknown")
                                    : ev_buffer_printf(out, ", lag %" PRId64, sum);
                for (size_t k = i; r == 0 && sum > 0 && k < next; ++k)
                        if (database->lags[k] > 0)
                                r = ev_buffer_printf(out, " [%d]:%" PRId64,
                                                     ev_result_int4(database->lanes, k,
                                                                    LANE_PARTITION),
                                                     database->lags[k]);
                if (r == 0)
                        r = ev_buffer_append(out, "\n", 1);
        }
        return ev_trace(r);
}

/* "  outbox  3 unpublished, the oldest for 2 s" */
static int put_feeds(struct ev_buffer *out, const struct status_database *database, int64_t now)
{
        int r = 0;

        assert(now > 0);

        for (size_t i = 0; r == 0 && i < ev_result_rows(database->feeds); ++i) {
                r = ev_buffer_printf(out,
                                     "  %-34.*s  published to %" PRId64 ", %" PRId64 " behind it",
                                     EV_STR_ARG(ev_result_text(database->feeds, i, FEED_NAME)),
                                     ev_result_int8(database->feeds, i, FEED_SEQ),
                                     ev_result_int8(database->feeds, i, FEED_BACKLOG));
                if (r == 0 && !ev_result_is_null(database->feeds, i, FEED_OLDEST)) {
                        r = ev_buffer_printf(out, ", the oldest for ");
                        if (r == 0)
                                r = put_age(out, now - ev_result_timestamptz(database->feeds, i,
                                                                             FEED_OLDEST));
                }
                if (r == 0)
                        r = ev_buffer_append(out, "\n", 1);
        }
        return ev_trace(r);
}

static int put_database(struct ev_buffer *out, const struct status_database *database, int64_t now)
{
        int r;

        assert(database->is_asked);

        if (!database->is_answered)
                return ev_trace(ev_buffer_printf(out, "%s: not reached: %s\n", database->name,
                                                 database->error));
        r = ev_buffer_printf(out,
                             "%s: %zu lanes halted, %" PRId64 " records parked, %" PRId64
                             " waiting, %" PRId64 " dead letters, ",
                             database->name, database->halted,
                             ev_result_int8(database->counts, 0, COUNT_PARKED),
                             ev_result_int8(database->counts, 0, COUNT_WAITING),
                             ev_result_int8(database->counts, 0, COUNT_DEAD));
        if (r == 0 && ev_result_rows(database->leader) > 0)
                r = ev_buffer_printf(out, "a relay leads (session %d)\n",
                                     ev_result_int4(database->leader, 0, LEADER_PID));
        else if (r == 0)
                r = ev_buffer_printf(out, "no relay leads\n");
        if (r == 0 && ev_result_int8(database->counts, 0, COUNT_OPEN) > 0)
                r = ev_buffer_printf(out,
                                     "  %" PRId64 " dead letters are open: eventctl dlq ls "
                                     "--database %s\n",
                                     ev_result_int8(database->counts, 0, COUNT_OPEN),
                                     database->name);
        if (r == 0)
                r = put_lags(out, database);
        return r < 0 ? ev_trace(r) : ev_trace(put_feeds(out, database, now));
}

int status_write_text(const struct status *status, bool is_coloured, struct ev_buffer *out)
{
        bool is_alarming = status_is_alarming(status);
        int r = 0;

        assert(status->now > 0);

        if (is_alarming && is_coloured)
                r = ev_buffer_printf(out, "\033[31m");
        if (r == 0 && is_alarming)
                r = put_alarms(out, status);
        if (r == 0 && is_alarming)
                r = ev_buffer_printf(out, is_coloured ? "\033[m\n" : "\n");
        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (status->databases[i].is_asked)
                        r = put_database(out, &status->databases[i], status->now);
        if (r == 0 && !status->kafka_is_answered)
                r = ev_buffer_printf(out, "Kafka: not reached, so lags are unknown: %s\n",
                                     status->kafka_error);
        return ev_trace(r);
}
