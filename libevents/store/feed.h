#ifndef EV_STORE_FEED_H
#define EV_STORE_FEED_H

/* What a relay asks of its database: positions, pages of numbered rows, who is still writing, and
 * numbers that will never come. Each call is one round trip, and each statement is a transaction of
 * its own with a snapshot of its own (READ COMMITTED), which flow/relay.c depends on.
 *
 * There are two feeds of numbered rows: the outbox and the dead letters. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/params.h"

enum ev_feed_name { EV_FEED_OUTBOX, EV_FEED_DEAD_LETTER, EV_FEEDS };

enum {
        EV_FEED_PARAMS_BYTES_MAX = 1024 * 1024,
        EV_FEED_WRITERS_MAX = 4096, /* sessions that write at one time */
        EV_FEED_HOLDER_MAX = 24,    /* "backend/transaction" with the NUL */
        EV_FEED_GAPS_MAX = 4096,    /* in one call */
        EV_FEED_URI_MAX = 512,      /* bytes of a ce_source with the NUL */
};

/* One lock a database: locks of this kind belong to it. The bytes spell "quentyrl". Advisory locks
 * with one bigint key show in pg_locks as classid (its upper half), objid (its lower half) and
 * objsubid 1; relay_unseat.sql finds the holder by that. */
#define EV_FEED_LEADER_LOCK INT64_C(0x7175656e7479726c)

/* The page that is read while the one before it is published: asked for, or here. */
struct ev_feed_ahead {
        bool is_asked; /* the next results of the session are its */
        enum ev_feed_name name;
        int64_t after;
        struct ev_result *rows; /* NULL: not here */
};

/* The session is the caller's and connected by him; ends with ev_feed_done(). */
struct ev_feed {
        struct ev_db *db;
        struct ev_params params;
        struct ev_feed_ahead ahead;
};

#define EV_FEED_INIT(session) \
        ((struct ev_feed){ .db = (session), .params = EV_PARAMS_INIT(EV_FEED_PARAMS_BYTES_MAX) })

/* Frees what belongs to it; the session may be gone. */
void ev_feed_done(struct ev_feed *feed);

/* "outbox", "dead_letter": as in ev.relay_position. */
const char *ev_feed_text(enum ev_feed_name name);

/* Fails (stop) when the database is such that a hole in the numbers would not mean what it should:
 * prepared transactions, other identity columns, synchronous_commit off. */
int ev_feed_check_contract(struct ev_feed *feed) _must_check_;

/* Tries to become the leader of this database; lasts as long as the session. */
int ev_feed_lead(struct ev_feed *feed, bool *ret_leads) _must_check_;

/* Ends the session of a leader to which the server has been writing for after_ms, in vain.
 * *ret_pid is its process, or 0 if there was none. */
int ev_feed_unseat(struct ev_feed *feed, int32_t after_ms, int32_t *ret_pid) _must_check_;

/* Takes the position over under a new epoch. */
int ev_feed_begin(struct ev_feed *feed, enum ev_feed_name name, int64_t *ret_seq,
                  int64_t *ret_epoch) _must_check_;

enum { EV_FEED_FENCED = 1 }; /* somebody has begun after us */

/* Saves the position; `last` is a JSON object {"<source_id>": {"<topic>": [seq or null, …]}} with
 * the last seq of each partition. EV_FEED_FENCED, and nothing is saved, if the epoch is not ours.
 */
int ev_feed_save(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch, int64_t seq,
                 struct ev_str last) _must_check_;

/* 0, or EV_FEED_FENCED: asks, which also keeps the session from being idle. */
int ev_feed_check_epoch(struct ev_feed *feed, enum ev_feed_name name, int64_t epoch) _must_check_;

/* What was saved as `last`: rows (source_id int2, topic text, partition int4, seq int8). Results
 * are the caller's (ev_result_free). */
int ev_feed_load_chain(struct ev_feed *feed, enum ev_feed_name name,
                       struct ev_result **ret_rows) _must_check_;

/* Rows (id int2, name text) of the dictionary, (source_id int2, uri text) of the sources, and (uri
 * text) of the sources whose lost facts a person has accepted. */
int ev_feed_load_names(struct ev_feed *feed, struct ev_result **ret_rows) _must_check_;
int ev_feed_load_sources(struct ev_feed *feed, struct ev_result **ret_rows) _must_check_;
int ev_feed_load_void(struct ev_feed *feed, struct ev_result **ret_rows) _must_check_;
int ev_feed_accept_void(struct ev_feed *feed, const struct ev_str *uris,
                        size_t uris_count) _must_check_;

/* ce_source of what would be recorded now, into EV_FEED_URI_MAX bytes. */
int ev_feed_load_source_now(struct ev_feed *feed, char *uri) _must_check_;

/* Rows (seq int8, source_id int2, event_id uuid) of the facts at these numbers, in any order. */
int ev_feed_load_rows_at(struct ev_feed *feed, const int64_t *seqs, size_t seqs_count,
                         struct ev_result **ret_rows) _must_check_;

/* Rows with seq > `after` in order of seq: at most rows_max, and none behind the row that reaches
 * bytes_max. Read them with ev_feed_fact() or ev_feed_letter(). */
int ev_feed_page(struct ev_feed *feed, enum ev_feed_name name, int64_t after, int32_t rows_max,
                 int64_t bytes_max, struct ev_result **ret_rows) _must_check_;

/* Asks for a page without waiting for it: the server makes it while the caller does something else,
 * and the ev_feed_page() that wants it gets it as it was at this moment. One at a time. Whatever is
 * asked of the session meanwhile takes it in first; the session itself may be used by nobody else
 * until then. */
int ev_feed_ask_ahead(struct ev_feed *feed, enum ev_feed_name name, int64_t after, int32_t rows_max,
                      int64_t bytes_max) _must_check_;

/* Takes in what was asked for, so that the session is free. */
int ev_feed_take_ahead(struct ev_feed *feed) _must_check_;

/* Whether a page of the feed was read or asked for, and not handed out yet. */
bool ev_feed_is_ahead(const struct ev_feed *feed, enum ev_feed_name name);

int64_t ev_feed_seq(const struct ev_result *rows, size_t row);

/* One fact; slices live as long as the result, null where the column is NULL. */
struct ev_feed_fact {
        int64_t seq;
        int16_t source_id;
        struct ev_uuid event_id;
        int16_t topic, type; /* of the dictionary */
        struct ev_str key, subject;
        int32_t schema_id;
        struct ev_bytes payload; /* Avro, unframed */
        struct ev_str correlation_id, causation_id, causation_source;
        int16_t outcome; /* 0: none; 1 accepted, 2 refused, 3 repeated */
        struct ev_str traceparent, tracestate;
        int64_t recorded_at; /* an instant */
};
void ev_feed_fact(const struct ev_result *rows, size_t row, struct ev_feed_fact *ret_fact);

/* One dead letter, likewise. */
struct ev_feed_letter {
        int64_t seq;
        int64_t created_at; /* an instant */
        int64_t offset;
        int32_t partition;
        struct ev_str group_name, topic, reason, detail;
        struct ev_bytes key, headers, value; /* headers: see ev.headers() in the migrations */
};
void ev_feed_letter(const struct ev_result *rows, size_t row, struct ev_feed_letter *ret_letter);

/* Transactions that may have drawn a number and not ended. */
struct ev_feed_writers {
        size_t count;
        char holders[EV_FEED_WRITERS_MAX][EV_FEED_HOLDER_MAX];
};

/* *ret_top is the largest number seen *before* the writers were listed. */
int ev_feed_list_writers(struct ev_feed *feed, enum ev_feed_name name, int64_t *ret_top,
                         struct ev_feed_writers *writers) _must_check_;

/* Takes from the list who has ended since. */
int ev_feed_look_again(struct ev_feed *feed, enum ev_feed_name name,
                       struct ev_feed_writers *writers) _must_check_;

/* Rows (pid int4, application text, state text, open_ms int8), the longest open first. */
int ev_feed_name_writers(struct ev_feed *feed, enum ev_feed_name name,
                         const struct ev_feed_writers *writers,
                         struct ev_result **ret_rows) _must_check_;

/* Ends their sessions; *ret_count says how many. */
int ev_feed_end_writers(struct ev_feed *feed, enum ev_feed_name name,
                        const struct ev_feed_writers *writers, size_t *ret_count) _must_check_;

struct ev_feed_gap {
        int64_t from_seq, to_seq; /* both included */
};

/* Commits gaps (up to EV_FEED_GAPS_MAX) to ev.outbox_gap. */
int ev_feed_add_gaps(struct ev_feed *feed, enum ev_feed_name name, const struct ev_feed_gap *gaps,
                     size_t gaps_count) _must_check_;

/* What an audit of the outbox covers, of numbers from `since_seq` (≥ 1) on, and of facts since an
 * instant (NULL: of any time). */
struct ev_feed_span {
        int64_t lower; /* below it partitions were dropped */
        int64_t begin; /* the first number of it */
        int64_t end;   /* the last one: the relay's position */
        bool has_rows;
        int64_t begin_at; /* when its first fact was recorded; with has_rows */
};
int ev_feed_load_span(struct ev_feed *feed, int64_t since_seq, const int64_t *since_time,
                      struct ev_feed_span *ret_span) _must_check_;

/* Rows (from_seq int8, to_seq int8) of the gaps on record, in order of from_seq, from the last one
 * that begins at or before `from`; at most rows_max. */
int ev_feed_load_gaps(struct ev_feed *feed, enum ev_feed_name name, int64_t from, int32_t rows_max,
                      struct ev_result **ret_rows) _must_check_;

/* Listens for commits that announce themselves (NOTIFY ev_outbox); see ev_db_take_notification().
 */
int ev_feed_listen(struct ev_feed *feed) _must_check_;

#endif
