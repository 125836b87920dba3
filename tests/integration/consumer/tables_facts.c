/* store/requests, store/outbox and store/deadletter against PostgreSQL. */

#include <stdio.h>
#include <unistd.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "report.h"
#include "sessions.h"
#include "store/deadletter.h"
#include "store/outbox.h"
#include "store/requests.h"

enum {
        FACTS = 500,
        RACERS = 8,
        NAMES = 20,
};

/* Requests. */

static struct ev_request request_of(const char *key, uint8_t hash, const char *event_id)
{
        struct ev_request request = {
                .natural_key = ev_str_of(key),
                .type = EV_STR("quenty.order.OrderPlaced"),
                .event_id = ev_str_of(event_id),
                .outcome_type = EV_STR("quenty.order.OrderAccepted"),
        };

        memset(request.content_hash, hash, sizeof(request.content_hash));
        memset(request.outcome_event_id.bytes, hash, sizeof(request.outcome_event_id.bytes));
        return request;
}

static void find(struct ev_session *session, struct ev_request *requests, size_t count,
                 struct ev_arena *arena)
{
        begin(session);
        require(ev_requests_queue_find(session, requests, count), "find");
        send_queued(session);
        skip_begin(session);
        require(ev_requests_receive_find(session, requests, count, arena), "find");
        require(ev_db_finish(session->db), "find");
}

static void check_requests(struct ev_arena *arena)
{
        struct ev_request requests[] = {
                request_of("o1", 1, "first"),
                request_of("o2", 2, "second"),
                request_of("o1", 1, "third"),
                request_of("o1", 3, "fourth"),
        };

        find(&a, requests, 4, arena);
        report(!requests[0].is_known && !requests[3].is_known, "nothing was accepted yet");
        require(ev_requests_queue_save(&a, requests, 2), "save");
        send_queued(&a);
        report(ev_requests_receive_save(&a, 2) == 0, "accepted requests are saved");
        commit(&a);

        requests[0].event_id = EV_STR_NULL;
        find(&b, requests, 4, arena);
        report(requests[0].is_known && requests[2].is_known && requests[1].is_known &&
                       ev_str_equal(requests[2].event_id, EV_STR("first")) &&
                       requests[2].outcome_event_id.bytes[15] == 1 &&
                       ev_str_equal(requests[1].outcome_type, EV_STR("quenty.order.OrderAccepted")),
               "the same again is known, with what it led to");
        report(!requests[3].is_known, "other content of the same key is another request");

        requests[1].event_id = EV_STR("later");
        requests[3].event_id = EV_STR("fourth");
        require(ev_requests_queue_save(&b, &requests[1], 1), "save");
        require(ev_requests_queue_save(&b, &requests[3], 1), "save");
        send_queued(&b);
        report(ev_requests_receive_save(&b, 1) == 0, "a known one is overwritten");
        report(ev_requests_receive_save(&b, 1) == 0, "a new one is inserted");
        commit(&b);
        report(shows("SELECT string_agg(event_id, ',' ORDER BY natural_key, content_hash) "
                     "FROM ev.request",
                     "first,fourth,later"),
               "both stand there");
}

static void check_concurrent_requests(struct ev_arena *arena)
{
        struct ev_request ours = request_of("o9", 9, "ours"),
                          theirs = request_of("o9", 9, "theirs");
        int r;

        find(&a, &ours, 1, arena);
        find(&b, &theirs, 1, arena);
        require(ev_requests_queue_save(&a, &ours, 1), "save");
        send_queued(&a);
        require(ev_requests_receive_save(&a, 1), "save");
        require(ev_requests_queue_save(&b, &theirs, 1), "save");
        require(ev_db_queue_commit(b.db), "commit");
        send_queued(&b);
        report(are_blocked("1"), "the same request accepted in another lane waits");
        commit(&a);
        r = ev_requests_receive_save(&b, 1);
        report(r < 0 && ev_error_last()->verdict == EV_VERDICT_AGAIN,
               "the second one fails with `again`, before its COMMIT");
        rollback(&b);
        report(shows("SELECT event_id FROM ev.request WHERE natural_key = 'o9'", "ours"),
               "only the first one stands");
        find(&b, &theirs, 1, arena);
        report(theirs.is_known && ev_str_equal(theirs.event_id, EV_STR("ours")),
               "run again, it finds the first one");
        rollback(&b);
}

/* Outbox. */

static struct ev_outbox_row fact_of(uint16_t number, int16_t source, const int16_t *names)
{
        struct ev_outbox_row row = {
                .source_id = source,
                .topic_id = names[0],
                .type_id = names[1],
                .schema_id = 700001,
                .key = EV_STR("company"),
                .subject = EV_STR("order"),
                .payload = { (const uint8_t *)"\x02\x00", 2 },
        };

        row.event_id.bytes[14] = (uint8_t)(number >> 8);
        row.event_id.bytes[15] = (uint8_t)number;
        return row;
}

static const struct ev_str fact_names[] = { EV_STR_INIT("quenty.order.events.v1"),
                                            EV_STR_INIT("quenty.order.OrderAccepted"),
                                            EV_STR_INIT("quenty.order.events.v1") };

static void check_ids(struct ev_arena *arena)
{
        int16_t ids[3], again[3], source = 0, source_again = 0;

        (void)arena;
        require(ev_outbox_name_ids(&a, fact_names, 3, ids), "names");
        require(ev_outbox_name_ids(&b, fact_names, 3, again), "names");
        report(ids[0] > 0 && ids[1] > 0 && ids[0] != ids[1] && ids[2] == ids[0] &&
                       memcmp(ids, again, sizeof(ids)) == 0,
               "a name has one id, in the order asked for");
        require(ev_outbox_source_id(&a, &source), "source");
        require(ev_outbox_source_id(&b, &source_again), "source");
        report(source > 0 && source == source_again &&
                       shows("SELECT count(*) FROM ev.source "
                             "WHERE uri ~ '^/quenty/order_db/[0-9]+/1$'",
                             "1"),
               "the source is database, system and timeline");
        require(ev_outbox_make_partitions(&a), "partitions");
        report(shows("SELECT count(*) >= 4 FROM ev.outbox_partition p "
                     "WHERE p.lower_seq > (SELECT coalesce(max(seq), 0) FROM ev.outbox)",
                     "t"),
               "four partitions lie ahead of the last number");
}

/* Rows whose ids fall as their places rise, so that no other order looks like theirs. */
static struct ev_outbox_row *make_facts(void)
{
        static struct ev_outbox_row rows[FACTS];
        int16_t ids[3], source;

        require(ev_outbox_name_ids(&a, fact_names, 3, ids), "names");
        require(ev_outbox_source_id(&a, &source), "source");
        for (size_t i = 0; i < FACTS; ++i)
                rows[i] = fact_of((uint16_t)(FACTS - i), source, ids);
        return rows;
}

static int write_facts(const struct ev_outbox_row *rows, size_t count, bool notify)
{
        begin(&a);
        require(ev_outbox_queue(&a, rows, count, notify), "facts");
        send_queued(&a);
        skip_begin(&a);
        return ev_outbox_receive(&a, count, notify);
}

static void check_facts(struct ev_arena *arena)
{
        struct ev_outbox_row *rows = make_facts();

        (void)arena;
        rows[0].outcome = 1;
        rows[0].correlation_id = EV_STR("correlation");
        rows[0].traceparent = EV_STR("00-1-2-01");
        report(write_facts(rows, FACTS, false) == 0, "the facts of a batch are one statement");
        commit(&a);
        report(shows("SELECT count(*) || ' ' || bool_and(is_behind) FROM (SELECT "
                     "event_id::text < lag(event_id::text, 1, 'g') OVER (ORDER BY seq) "
                     "AS is_behind FROM ev.outbox) o",
                     "500 true"),
               "seq follows the order in which facts were announced");
        report(shows("SELECT concat_ws(' ', topic, type, key, outcome, correlation_id, "
                     "causation_id IS NULL, traceparent, payload) "
                     "FROM ev.outbox_events ORDER BY seq LIMIT 1",
                     "quenty.order.events.v1 quenty.order.OrderAccepted company accepted "
                     "correlation t 00-1-2-01 \\x0200"),
               "a fact's columns are what was announced");
        report(shows("SELECT count(*) FROM ev.outbox WHERE outcome IS NULL", "499"),
               "no outcome is NULL");
}

static void check_wake(struct ev_arena *arena)
{
        const struct ev_outbox_row *rows = make_facts();
        struct ev_str channel, payload;

        (void)arena;
        require(ev_db_script(b.db, "LISTEN ev_outbox", NULL, NULL), "listen");
        require(write_facts(rows, 1, true), "facts");
        rollback(&a);
        report(write_facts(rows, 2, true) == 0, "a small batch can wake the relay");
        commit(&a);
        require(ev_db_wait(b.db, WAIT_MS), "a notification");
        report(ev_db_take_notification(b.db, &channel, &payload) &&
                       ev_str_equal(channel, EV_STR("ev_outbox")) &&
                       !ev_db_take_notification(b.db, &channel, &payload),
               "by one notification, sent at COMMIT, and none for what was rolled back");
        require(ev_db_script(b.db, "UNLISTEN *", NULL, NULL), "unlisten");
}

/* The exit status is a hash of the ids: all racers must get the same ones. */
static int child_names(struct ev_session *session)
{
        static char texts[NAMES][TEXT_MAX / 10];
        struct ev_str names[NAMES];
        int16_t ids[NAMES];
        unsigned sum = 0;
        pid_t self = getpid();

        for (size_t i = 0; i < NAMES; ++i) {
                /* Each racer begins elsewhere, so that the orders differ. */
                size_t name = (i + (size_t)self) % NAMES;

                snprintf(texts[i], sizeof(texts[i]), "race.name.%zu", name);
                names[i] = ev_str_of(texts[i]);
        }
        require(ev_db_script(session->db, "SELECT pg_advisory_lock_shared(1)", NULL, NULL), "gate");
        if (ev_outbox_name_ids(session, names, NAMES, ids))
                return 255;
        for (size_t i = 0; i < NAMES; ++i)
                sum += (unsigned)ids[i] * (unsigned)((i + (size_t)self) % NAMES + 1);
        return (int)(sum % 251);
}

static void check_dictionary_race(struct ev_arena *arena)
{
        pid_t children[RACERS];
        int first, same = 0;

        (void)arena;
        look("SELECT pg_advisory_lock(1)");
        for (size_t i = 0; i < RACERS; ++i)
                children[i] = in_child(child_names);
        require(!are_blocked("8"), "racers at the gate");
        look("SELECT pg_advisory_unlock(1)");
        first = child_status(children[0]);
        for (size_t i = 1; i < RACERS; ++i)
                same += child_status(children[i]) == first;
        report(first < 251 && same == RACERS - 1,
               "eight sessions that start at once get the same ids");
        report(shows("SELECT count(*) FROM ev.dictionary WHERE name LIKE 'race.%'", "20") &&
                       shows("SELECT max(id) = count(*) FROM ev.dictionary", "t"),
               "each name has one, and no number is burnt");
}

/* Dead letters. */

static void check_dead_letters(struct ev_arena *arena)
{
        const struct ev_dead_letter letters[] = {
                { .record = { { EV_STR("t1"), 3, 17 },
                              { NULL, 0 },
                              { (const uint8_t *)"\0\0\0\1h\377\377\377\377", 9 },
                              { (const uint8_t *)"", 0 } },
                  .reason = EV_STR("undecodable"),
                  .detail = EV_STR("field total_amount") },
                { .record = { { EV_STR("t1"), 3, 18 },
                              { (const uint8_t *)"", 0 },
                              { NULL, 0 },
                              { NULL, 0 } },
                  .reason = EV_STR("poison") },
        };

        (void)arena;
        begin(&a);
        require(ev_dead_letters_queue(&a, letters, 2), "letters");
        send_queued(&a);
        skip_begin(&a);
        report(ev_dead_letters_receive(&a, 2) == 0, "dead letters of a batch are one statement");
        commit(&a);
        report(shows("SELECT string_agg(concat_ws(' ', group_name, topic, partition, \"offset\", "
                     "key IS NULL, value IS NULL, octet_length(headers), reason, detail), ',' "
                     "ORDER BY seq) FROM ev.dead_letter",
                     "group t1 3 17 t f 9 undecodable field total_amount,"
                     "group t1 3 18 f t 0 poison "),
               "null and empty are kept apart, headers and place are kept");
        report(shows("SELECT (h).name || coalesce((h).value, '-') FROM "
                     "(SELECT ev.headers(headers) h FROM ev.dead_letter) x",
                     "h-"),
               "headers are read by ev.headers()");
}

check_fn *const facts_checks[] = {
        check_requests, check_concurrent_requests, check_ids,          check_facts,
        check_wake,     check_dictionary_race,     check_dead_letters, NULL,
};
