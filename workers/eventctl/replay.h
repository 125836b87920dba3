#ifndef EVENTCTL_REPLAY_H
#define EVENTCTL_REPLAY_H

/* Records of a topic, sent once more to a topic that a new subscriber reads.
 *
 * A *run* is what one command means: which records, where to, and why. Its name is made of these,
 * so that the same command is the same run, and each copy carries it in a header. What stands on
 * the target already is found by that, and not sent again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"
#include "command.h"
#include "output.h"
#include "pace.h"
#include "place.h"
#include "progress.h"
#include "topic_list.h"
#include "wire/kafka.h"
#include "wire/message.h"
#include "wire/producer.h"

enum {
        REPLAY_TYPES_MAX = 64,  /* selected, and told apart in what is counted */
        REPLAY_TYPE_MAX = 256,  /* bytes of a type with the NUL */
        REPLAY_RUN_MAX = 17,    /* bytes of a run's name with the NUL */
        REPLAY_PLACE_MAX = 320, /* bytes of "topic[partition]@offset" with the NUL */
        REPLAY_HEADERS = 4,     /* of a copy that are ours, the last ones */
};

/* Headers of a copy, behind those that the record had. */
#define REPLAY_RUN_HEADER    "quenty-replay"
#define REPLAY_OF_HEADER     "replay-of"   /* topic[partition]@offset */
#define REPLAY_TIME_HEADER   "replay-time" /* of the record; the copy's is when it was sent */
#define REPLAY_REASON_HEADER "replay-reason"

/* ---- Choosing: pure, in replay_choice.c ---- */

enum replay_fate {
        REPLAY_TO_SEND,    /* chosen, and not sent */
        REPLAY_SENT,       /* and acknowledged */
        REPLAY_THERE,      /* this run has sent it before */
        REPLAY_SECRET,     /* holds a secret, or may: never copied */
        REPLAY_UNREADABLE, /* without a type, where types are chosen */
        REPLAY_OTHER,      /* not chosen; not counted */
        REPLAY_COUNTED = REPLAY_OTHER,
};

struct replay_choice {
        const struct topic_list *list;
        struct ev_str key;                     /* null: any */
        struct ev_str types[REPLAY_TYPES_MAX]; /* full names */
        size_t types_count;                    /* 0: any */
};

/* Reads "T1,T2". COMMAND_USAGE for a type that is not known, COMMAND_REFUSED for one that has a
 * secret; after a message. */
enum command_exit replay_read_types(const char *text, struct replay_choice *choice);

/* What is to become of a record: REPLAY_TO_SEND, SECRET, UNREADABLE or OTHER. *ret_type is its
 * type, which borrows; null where it has none. */
enum replay_fate replay_choose(const struct replay_choice *choice, const struct ev_message *message,
                               struct ev_str *ret_type);

/* A header of a record, as ev_message_header(), which has to walk to those that are far behind. */
bool replay_header(const struct ev_message *message, size_t index, struct ev_header *ret_header);

/* Where a copy goes: to the same partition where there are as many, else by its key; without a key,
 * all of a partition to one, so that their order stays. */
int32_t replay_partition(const struct ev_message *message, int32_t partitions,
                         int32_t target_partitions);

/* How many records there were of each partition, type and fate. Memory goes with the number of
 * partitions and not with that of records. */
struct replay_count {
        int64_t records, first, last; /* offsets */
};
struct replay_tally {
        int32_t partitions;
        size_t types_count;
        char types[REPLAY_TYPES_MAX][REPLAY_TYPE_MAX];
        struct replay_count *counts;  /* owned */
        int64_t sums[REPLAY_COUNTED]; /* records of each fate */
};
int replay_tally_init(struct replay_tally *tally, int32_t partitions) _must_check_;
void replay_tally_done(struct replay_tally *tally);

/* The number of a type, which is given one if it has none; beyond REPLAY_TYPES_MAX the last one,
 * which stands for all others. */
size_t replay_tally_type(struct replay_tally *tally, struct ev_str type);
struct replay_count *replay_tally_at(const struct replay_tally *tally, int32_t partition,
                                     size_t type, enum replay_fate fate);
void replay_tally_add(struct replay_tally *tally, int32_t partition, size_t type,
                      enum replay_fate fate, int64_t offset);

/* Which records of a run stand on the target: of one partition, those on one of the target's are
 * there up to the last one, as they were sent in order and without a gap. */
struct replay_there {
        int32_t partitions, target_partitions;
        int64_t *last; /* offsets; -1: none. Owned */
};
int replay_there_init(struct replay_there *there, int32_t partitions,
                      int32_t target_partitions) _must_check_;
void replay_there_done(struct replay_there *there);

/* Takes notice of a record of the target, which may be anybody's: what is not a copy of this run,
 * or does not say of which record, is passed over. */
void replay_there_note(struct replay_there *there, const char *source, const char *run,
                       const struct ev_message *copy);
bool replay_there_has(const struct replay_there *there, int32_t partition, int32_t target_partition,
                      int64_t offset);

/* ---- The command ---- */

struct replay {
        const struct command_input *input;
        struct topic_list list;
        struct output output;
        char source[TOPIC_NAME_MAX], target[TOPIC_NAME_MAX];
        const char *group;         /* where a group is to begin, in place of copies; NULL: none */
        struct place since, until; /* as typed; what they come to is in `begins` and `ends` */
        struct ev_str reason;
        int rate;
        bool is_meant; /* --yes */
        char run[REPLAY_RUN_MAX];
        struct ev_kafka *kafka;
        int32_t partitions, target_partitions;
        int64_t log_ends[EV_KAFKA_PARTITIONS_MAX];
        int64_t begins[EV_KAFKA_PARTITIONS_MAX]; /* what is read of each partition … */
        int64_t ends[EV_KAFKA_PARTITIONS_MAX];   /* … and up to where; equal: nothing */
        struct replay_choice choice;
        int stop_fd;

        /* Of the copying. Offsets are those of the source throughout. */
        struct replay_tally tally;
        struct replay_there there;
        struct ev_messages messages;
        struct ev_producer *producer; /* NULL in a dry run */
        size_t topic_index;
        struct pace pace;
        struct progress_bar bar;
        uint64_t looked;        /* offsets gone past */
        int64_t last_news;      /* monotonic, µs: of an acknowledgement */
        struct ev_arena *arena; /* of a record that is shown */
        int shown;
        int64_t handled[EV_KAFKA_PARTITIONS_MAX];      /* behind the last record looked at */
        int64_t acknowledged[EV_KAFKA_PARTITIONS_MAX]; /* behind the last one acknowledged */
        int64_t in_flight[EV_KAFKA_PARTITIONS_MAX];
};

/* Copies, or counts what would be copied, and tells. COMMAND_FAILED after a stop, too: not all that
 * was asked for is there. */
enum command_exit replay_copy(struct replay *replay);

/* Whether what was typed is meant for a group, and the name is one that may be given: COMMAND_DONE,
 * or after a message COMMAND_USAGE, or COMMAND_REFUSED for a group of the system's. No broker is
 * asked. */
enum command_exit replay_check_group(const struct replay *replay);

/* Lets a new group begin, or shows where it would. COMMAND_REFUSED for a group that Kafka knows. */
enum command_exit replay_begin_group(struct replay *replay);

/* Where to go on in each partition: PLACE_NOWHERE where all is done. Where copies are on their way,
 * behind the last one that was acknowledged: those on their way may then be sent once more. */
void replay_next(const struct replay *replay, int64_t *ret_next);

/* Writes the result, and says in words what has to be known of it. `mode` is the word of the JSON.
 * What was not acknowledged is not among what was sent. */
enum command_exit replay_show(struct replay *replay, const char *mode);

#endif
