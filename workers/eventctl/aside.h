#ifndef EVENTCTL_ASIDE_H
#define EVENTCTL_ASIDE_H

/* What `park`, `dlq` and `lane` have in common: which records or lanes a person means, whether he
 * means it, and why; and the walk through the databases that have them.
 *
 * Who changes something says which (a selection, or --all), and a reason, which is kept with it;
 * without --yes he is only shown what would be done. */

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "database.h"
#include "output.h"
#include "store/db.h"
#include "store/params.h"
#include "topic_list.h"

enum {
        ASIDE_PAGE = 50,        /* records looked at and changed together */
        ASIDE_REASON_MAX = 500, /* bytes */
        ASIDE_CLIENT_MAX = 200,
        ASIDE_PARAMS_BYTES = 1024 * 1024,
};

/* Offsets that are none. */
enum {
        ASIDE_NOWHERE = -1,
        ASIDE_BEGINNING = -2, /* as in ev.consumer_offset */
};

/* Texts are those of the command line; null: any. */
struct aside_choice {
        const char *database;
        struct ev_str group, topic, aggregate, cause;
        int32_t partition; /* -1: any, as in the next ones */
        int64_t offset, seq;
        int64_t from;       /* --from: where a lane is to go on; or one of the two above */
        bool has_selection; /* anything but the database was said */
        bool is_all, is_meant /* --yes */;
        struct ev_str reason;
        char topic_name[TOPIC_NAME_MAX];
};

/* Options, for the table. */
extern const struct command_option aside_database, aside_group, aside_topic, aside_partition,
        aside_offset, aside_aggregate, aside_cause, aside_all, aside_reason, aside_yes, aside_seq,
        aside_settled, aside_from;

/* Reads the options that the command has. False, after a message, if one is malformed. */
bool aside_read(const struct command_input *input, struct aside_choice *ret_choice);

/* The same for what changes something: a selection or --all, and a reason, are required. */
bool aside_read_change(const struct command_input *input, struct aside_choice *ret_choice);

/* Why something is changed. False, after a message, if it was not said. */
bool aside_read_reason(const struct command_input *input, struct ev_str *ret_reason);

/* Parameters of a selection: NULL for what is not chosen. */
void aside_put_int4(struct ev_params *params, int32_t number);
void aside_put_int8(struct ev_params *params, int64_t number);

/* Who is in front of the tool: "user@host". */
struct ev_str aside_client(void);

/* A command over the chosen databases, with what it writes. */
struct aside {
        const struct command_input *input;
        struct aside_choice choice;
        struct ev_db *db;     /* of the database at hand */
        const char *database; /* its name */
        struct ev_params params;
        struct output output;
        int64_t found, done;
        bool was_refused; /* something that was asked for is not allowed */
};

/* A record that lies aside, for `show`; slices are borrowed. */
struct aside_record {
        struct ev_str group, topic, aggregate, reason, detail;
        const char *state;
        int32_t partition;
        int64_t offset, seq; /* seq 0: it is no dead letter */
        int64_t since;
        struct ev_bytes key, headers, value;
};

/* Writes it whole, with what persons did about it: a line of JSON, or lines for people. Bytes that
 * cannot be read and may hold a secret are left out, unless `shows_bytes`. */
int aside_show(struct aside *aside, const struct aside_record *record,
               bool shows_bytes) _must_check_;

/* Opens each database that is chosen, one after the other, and calls `work`: 0 or EV_FAILED; the
 * first failure ends it. Then ends what was written, and tells what was done or would be: the exit
 * code. Databases are opened for writing only where something is to be changed and is meant. */
enum aside_way { ASIDE_LIST, ASIDE_SHOW, ASIDE_CHANGE };
typedef int aside_work(struct aside *aside);
enum command_exit aside_run(struct aside *aside, aside_work *work, enum aside_way way);

/* The same for what writes a table of these columns, as a list of that name; who changes something
 * says so in it. */
enum command_exit aside_list(struct aside *aside, const struct output_column *columns,
                             size_t columns_count, const char *list, aside_work *work,
                             bool changes);

#endif
