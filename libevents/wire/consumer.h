#ifndef EV_WIRE_CONSUMER_H
#define EV_WIRE_CONSUMER_H

/* Records of a group's topics, read at offsets that somebody else keeps.
 *
 * A *lane* is one partition of one topic that this member owns. Kafka deals the lanes out (eager,
 * `range`), the hooks say where each begins and hear when they go; everything runs inside the
 * calls below, on the caller's thread. One batch of messages is in hand at a time.
 *
 * The *generation* is a number that changes with every assignment and revocation. Messages belong
 * to the generation they were collected in: when it has changed, they are void, because their lane
 * may be another process's by now, and if it is still ours it has begun anew from the kept offset.
 *
 * Static membership (group.instance.id) is not used: a member that dies must lose its lanes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/kafka.h"
#include "wire/message.h"

enum {
        EV_CONSUMER_TOPICS_MAX = 16,
        EV_CONSUMER_LANES_MAX = 4096,
        EV_CONSUMER_EVENT_TEXT_MAX = 256, /* bytes with the NUL */
};

enum {
        EV_CONSUMER_REASSIGNED = 1, /* the generation has changed: what was in hand is void */
        EV_CONSUMER_UNFINISHED = 2, /* ev_consumer_close(): the group will find out by itself */
};

/* Offsets that are none. */
enum {
        EV_OFFSET_BEGINNING = -2, /* wherever the log begins (RD_KAFKA_OFFSET_BEGINNING) */
        EV_OFFSET_HALTED = -9,    /* the lane is not to be read */
};

struct ev_consumer_lane {
        const char *topic;  /* one pointer for all lanes and messages of a topic; as long as the
                               consumer lives */
        size_t topic_index; /* in the options' topics */
        int32_t partition;
        int64_t begin;      /* set by the `assigned` hook: ≥ 0, BEGINNING or HALTED */
        bool has_last;      /* so is this: `is_last` knows the record before `begin` */
        bool looks_back;    /* that record is still to come */
        int64_t position;   /* behind the last message handed out; `begin` before the first */
        int64_t applied;    /* by ev_consumer_note_applied(); `begin` before that */
        bool is_paused;     /* by ev_consumer_pause() */
        unsigned told;      /* bits of ev_consumer_event_kind: told since the assignment … */
        unsigned pending;   /* … and still to be taken */
        int code;           /* of a pending EV_CONSUMER_TROUBLE or EV_CONSUMER_UNREADABLE */
        int64_t unreadable; /* of the latter: where it begins */
        /* Of OUT_OF_RANGE: what the log holds, from the first offset to the one behind the last; -1
         * where no broker could say. */
        int64_t log_begin, log_end;
        int64_t silent_at, silent_since; /* nothing has come behind this position; monotonic µs */
};

struct ev_consumer_hooks {
        /* Fills in `begin` of every lane; they are sorted by topic name (bytes) and partition.
         * Called inside the poll functions. With verdict RETRY it is called again, until it works
         * or three quarters of max.poll.interval.ms have passed; with another verdict not again.
         * Nothing is assigned then, and the poll function fails with the hook's error. */
        int (*assigned)(void *context, struct ev_consumer_lane *lanes, size_t count);
        /* These lanes go, whether they were lost already or are given up now; no message of them
         * will be handed out. A failure in here is the hook's own to report: it costs the next
         * owner nothing but the suspicion that we died. */
        void (*revoked)(void *context, const struct ev_consumer_lane *lanes, size_t count);
        void *context;
        /* Whether this record, which stands before `begin`, is the one that was applied last. Asked
         * once an assignment of each lane that `has_last`, if the record is still there. Fails like
         * `assigned`. May be NULL where no lane has one. */
        int (*is_last)(void *context, const struct ev_consumer_lane *lane, struct ev_bytes key,
                       struct ev_bytes value, bool *ret_is_last);
        /* Whether a partition that was dealt is read at all. What is not is never a lane: nobody
         * asks where it begins, and nothing is told of it. The same answer each time; NULL: all
         * are. */
        bool (*is_wanted)(void *context, const char *topic, int32_t partition);
};

struct ev_consumer_options {
        const char *group;
        const char *const *topics; /* names, no patterns */
        size_t topics_count;
        const struct ev_kafka_setting *settings; /* the operator's */
        size_t settings_count;
        size_t batch_bytes_max; /* a batch is full with this much of keys and values; > 0 */
        int commit_interval_ms; /* how often Kafka is told what was applied; > 0 */
        bool tells_ends;        /* EV_CONSUMER_END events */
        struct ev_consumer_hooks hooks;
        ev_kafka_log_fn *log; /* NULL: dropped */
        void *log_context;
};

struct ev_consumer;

/* Makes a client that has not joined its group: what a program has to know of the topics it asks
 * first (ev_consumer_kafka()), for a member that ends again at once disturbs all others. Fails with
 * STOP for settings that are refused (cooperative assignors, automatic commits, a group.id beside
 * `group`). Options are copied, except what contexts point to. The caller owns *ret_consumer: close,
 * then free. */
int ev_consumer_new(struct ev_consumer **ret_consumer,
                    const struct ev_consumer_options *options) _must_check_;

/* Joins the group, once; does not wait. */
int ev_consumer_join(struct ev_consumer *consumer) _must_check_;

/* Leaves the group, with the `revoked` hook; polls for at most wait_ms. 0, or
 * EV_CONSUMER_UNFINISHED: the hook was called all the same, and the brokers notice by the session
 * timeout. Messages must have been released. Only ev_consumer_free() may follow. */
int ev_consumer_close(struct ev_consumer *consumer, int wait_ms) _must_check_;

/* Without a close before it, hooks are not called. Accepts NULL; returns NULL. */
struct ev_consumer *ev_consumer_free(struct ev_consumer *consumer);
EV_DEFINE_CLEANUP(struct ev_consumer *, ev_consumer_free)

/* Borrowed, for ev_kafka_state() and ev_kafka_load_partitions(). */
struct ev_kafka *ev_consumer_kafka(struct ev_consumer *consumer);

uint64_t ev_consumer_generation(const struct ev_consumer *consumer);

/* The lanes of this generation, sorted by topic name and partition. */
const struct ev_consumer_lane *ev_consumer_lanes(const struct ev_consumer *consumer,
                                                 size_t *ret_count);

/* Polling. One of these must be called more often than max.poll.interval.ms, or the group takes the
 * lanes away. */

/* Collects up to `max` messages into `messages` (which must be released): waits at most wait_ms
 * for the first, then takes only what is there. Order of a lane is the order of its offsets. Ends a
 * rest. 0, also with nothing or with an event; EV_CONSUMER_REASSIGNED, and `messages` is empty; or
 * EV_FAILED, with the verdict of the hook or of a fatal error, and `messages` is empty. */
int ev_consumer_collect(struct ev_consumer *consumer, struct ev_messages *messages, size_t max,
                        int wait_ms) _must_check_;

/* Keeps the membership while a batch in hand has to wait: all lanes are paused, polled for wait_ms,
 * and begin again behind the batch with the next collect. Results as above; messages in hand are
 * not touched, but void when the generation has changed. */
int ev_consumer_rest(struct ev_consumer *consumer, int wait_ms) _must_check_;

/* Stops and continues one lane; it goes on behind the last message handed out. */
int ev_consumer_pause(struct ev_consumer *consumer, size_t lane) _must_check_;
int ev_consumer_resume(struct ev_consumer *consumer, size_t lane) _must_check_;

/* Leaves the group and joins it again, so that every lane begins anew from its kept offset: after
 * this process was fenced, after a failed `assigned` hook, and for a lane that was halted and is no
 * more. Messages in hand are void. */
int ev_consumer_rejoin(struct ev_consumer *consumer) _must_check_;

/* The offset behind the last record applied, for Kafka's lag tools. It is sent now and then and
 * without waiting; nothing is ever read from there. */
void ev_consumer_note_applied(struct ev_consumer *consumer, size_t lane, int64_t next_offset);

/* Records behind `applied`, by the end of the log that the last fetch told (for BEGINNING: all
 * there are); -1 while nothing was fetched. */
int64_t ev_consumer_lag(const struct ev_consumer *consumer, size_t index);

/* What happened to a lane, or to the membership. The other lanes go on. */

enum ev_consumer_event_kind {
        EV_CONSUMER_END = 1,          /* the end of the log is reached; told once an assignment */
        EV_CONSUMER_OUT_OF_RANGE = 2, /* `position` lies outside the log: records are gone, or the
                                         topic is another one. The lane stands still. */
        EV_CONSUMER_TROUBLE = 4,      /* anything else that Kafka complains of */
        EV_CONSUMER_UNREADABLE = 8,   /* what stands at `unreadable` cannot be made into records;
                                         no message of the lane is handed out any more */
        EV_CONSUMER_OTHER_LOG = 16,   /* the record before `begin` is not the one that was applied
                                         last: what follows is not what followed it. No message of
                                         the lane is handed out */
        EV_CONSUMER_SILENT = 32,      /* the broker has more, and nothing has come for long; told
                                         once an assignment, and no proof that anything is wrong */
};

struct ev_consumer_event {
        enum ev_consumer_event_kind kind;
        const struct ev_consumer_lane *lane; /* NULL: the membership or a whole topic */
        int code;                            /* rd_kafka_resp_err_t */
        enum ev_verdict verdict;             /* of the code */
        char text[EV_CONSUMER_EVENT_TEXT_MAX];
};

/* Takes one event: true, or false if there is none. Events go with their generation. Of equal
 * events that nobody took the last one stays. */
bool ev_consumer_take_event(struct ev_consumer *consumer, struct ev_consumer_event *ret_event);

/* Checks the lanes, for asserts. */
bool ev_consumer_check(const struct ev_consumer *consumer);

#endif
