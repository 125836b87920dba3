/* Sending dead letters again.
 *
 * An ingress record goes to the end of the partition that it came from, with key, value and headers
 * as they came and one more that says which dead letter it is. Others that were set aside for the
 * same reason come behind it in the order of their numbers, each acknowledged before the next.
 *
 * A fact is a relay's to publish, and its readers' marks have passed it: it goes back into
 * ev.parked, where the lane's owner tries it. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "cluster.h"
#include "dlq.h"
#include "eventctl_sql.h"
#include "flow/headers.h"
#include "flow/settings.h"
#include "send.h"

enum { NAME_MAX_BYTES = 64 };

/* Sessions of this tool that send dead letters of a database. */
static const int64_t redrive_lock = INT64_C(0x7175656e74796471);

#define REDRIVE_HEADER "dlq-redrive"

void dlq_done(struct dlq *dlq)
{
        assert(dlq);

        ev_producer_free(dlq->producer);
}

static int open_producer(struct dlq *dlq)
{
        int r;

        assert(!dlq->producer);

        r = ev_settings_stop_fd(&dlq->stop_fd);
        return r < 0 ? ev_trace(r) : ev_trace(send_open(dlq->aside.input->config, &dlq->producer));
}

/* Two that send the same letters at once would note them twice; the session's end unlocks. */
static int lock(struct dlq *dlq)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &dlq->aside.params;
        int r;

        assert(dlq->aside.db);

        if (dlq->locked == dlq->aside.database)
                return 0;
        ev_params_begin(params, &eventctl_sql_dlq_lock);
        ev_params_int8(params, redrive_lock);
        r = ev_db_run(dlq->aside.db, &eventctl_sql_dlq_lock, params, &result);
        if (r < 0)
                return ev_trace(r);
        if (!ev_result_bool(result, 0, 0))
                return ev_fail(EV_VERDICT_STOP, "somebody else is sending dead letters of %s again",
                               dlq->aside.database);
        dlq->locked = dlq->aside.database;
        return 0;
}

/* All headers as they came; a mark of an earlier time gives way to the new one. */
static int make_headers(struct ev_bytes stored, struct ev_str mark,
                        struct ev_header headers[EV_PRODUCER_HEADERS_MAX], size_t *ret_count)
{
        struct ev_header header;
        size_t count = 0;

        assert(mark.size > 0);

        while (stored.size > 0) {
                if (count == EV_PRODUCER_HEADERS_MAX - 1 || !ev_headers_next(&stored, &header))
                        return ev_fail(EV_VERDICT_RECORD,
                                       "it has more than %d headers, or they "
                                       "are not in the form of ev.headers()",
                                       EV_PRODUCER_HEADERS_MAX - 1);
                if (!ev_str_equal(header.name, EV_STR(REDRIVE_HEADER)))
                        headers[count++] = header;
        }
        headers[count++] = (struct ev_header){ EV_STR(REDRIVE_HEADER),
                                               { (const uint8_t *)mark.data, mark.size } };
        *ret_count = count;
        return 0;
}

/* The topic as the cluster has it, so that its limit is known before anything is noted. */
static int add_topic(struct dlq *dlq, const char *name, size_t *ret_topic)
{
        int32_t partitions;

        assert(ret_topic);

        return ev_trace(cluster_add_topic(dlq->aside.input->config, dlq->producer, name,
                                          &partitions, ret_topic));
}

/* Noted, sent, noted. */
static int send_record(struct dlq *dlq, const struct ev_result *page, size_t row, const char *topic)
{
        struct ev_header headers[EV_PRODUCER_HEADERS_MAX];
        _cleanup_result_ struct ev_result *whole = NULL;
        int64_t seq = ev_result_int8(page, row, DLQ_SEQ);
        char mark[NAME_MAX_BYTES];
        struct ev_outgoing record = {
                .sequence = seq,
                .partition = ev_result_int4(page, row, DLQ_PARTITION),
                .timestamp_ms = ev_clock_real_micros() / EV_MICROS_PER_MS,
                .headers = headers,
        };
        struct ev_bytes key;
        bool is_noted = false;
        int r = dlq_load(dlq, seq, &whole);

        assert(topic);

        snprintf(mark, sizeof(mark), "%s/%lld", dlq->aside.database, (long long)seq);
        if (r == 0)
                r = add_topic(dlq, topic, &record.topic);
        if (r == 0)
                r = make_headers(ev_result_bytea(whole, 0, 1), ev_str_of(mark), headers,
                                 &record.headers_count);
        if (r == 0)
                r = dlq_note(dlq, seq, "dlq redrive", mark, &is_noted);
        if (r < 0)
                return ev_trace(r);
        key = ev_result_bytea(whole, 0, 0);
        record.key = (struct ev_str){ (const char *)key.data, key.size };
        record.value = ev_result_bytea(whole, 0, 2);
        r = send_and_wait(dlq->producer, dlq->stop_fd, &record);
        if (r == 0)
                r = dlq_note(dlq, seq, "dlq redriven", mark, &is_noted);
        return ev_trace(r);
}

static int put_back(struct dlq *dlq, int64_t seq, bool *ret_done)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &dlq->aside.params;
        int r;

        assert(seq > 0);

        ev_params_begin(params, &eventctl_sql_dlq_repark);
        ev_params_int8(params, seq);
        ev_params_text(params, aside_client());
        ev_params_text(params, dlq->aside.choice.reason);
        r = ev_db_run(dlq->aside.db, &eventctl_sql_dlq_repark, params, &result);
        if (r < 0)
                return ev_trace(r);
        *ret_done = ev_result_rows(result) == 1;
        return 0;
}

/* Topics that are not the system's nobody sent to us on purpose. */
int dlq_send(struct dlq *dlq, const struct ev_result *page, size_t row, const char **ret_said)
{
        static struct topic_list list; /* large */
        int64_t seq = ev_result_int8(page, row, DLQ_SEQ);
        char name[TOPIC_NAME_MAX] = "";
        const struct topic *topic = NULL;
        bool is_done = true;
        int r = lock(dlq);

        assert(ret_said);

        topic_list_make(&list);
        if (ev_str_copy(ev_result_text(page, row, DLQ_TOPIC), name, sizeof(name)))
                topic = topic_list_find(&list, name);
        if (r < 0)
                return ev_trace(r);
        /* A value over the limit that is null was too large to be put aside: it is not there. */
        if (!topic || topic->kind == TOPIC_DEAD_LETTERS || topic->kind == TOPIC_CHECKPOINTS ||
            (ev_result_is_null(page, row, DLQ_VALUE_BYTES) &&
             ev_str_equal(ev_result_text(page, row, DLQ_REASON), EV_STR("over_limit")))) {
                *ret_said =
                        topic && topic->kind == TOPIC_INGRESS ? "too large" : "not ours to send";
                dlq->aside.was_refused = true;
                return 0;
        }
        if (topic->kind == TOPIC_FACTS) {
                r = put_back(dlq, seq, &is_done);
                *ret_said = is_done ? "back in ev.parked" : "lies there already";
        } else {
                if (!dlq->producer)
                        r = open_producer(dlq);
                if (r == 0)
                        r = send_record(dlq, page, row, topic->name);
                *ret_said = "sent again";
        }
        dlq->aside.done += r == 0 && is_done;
        return r < 0 ? ev_fail_while("dead letter %lld", (long long)seq) : 0;
}
