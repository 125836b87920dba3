#ifndef EVENTCTL_FOLD_H
#define EVENTCTL_FOLD_H

/* The facts of a database folded into another one, up to a cut: for rebuild, which fills an empty one,
 * and for diff, which lets it catch up with the live one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/macro.h"
#include "command.h"
#include "flow/replay.h"
#include "flow/shard.h"
#include "flow/worker.h"
#include "store/db.h"
#include "store/statement.h"

/* What a database is rebuilt and compared by. */
struct fold_kind {
        const struct ev_worker *worker;
        const struct ev_statement *rows; /* whether there are any that facts make */
        const struct ev_statement *diff; /* rows by table, bucket and natural key */
        const struct ev_statement
                *sequences; /* set above ids that facts carry; NULL: they carry none */
};

/* NULL, after a message, if there is no database of that name. */
const struct fold_kind *fold_kind_find(const char *database);

/* Whose a database is: a worker or relay has used it, or a rebuild has begun to fill it, which goes on with
 * what it began with. */
struct fold_owner {
        bool is_worked_on, has_topics, has_files;
};
int fold_ask_owner(struct ev_db *db, struct fold_owner *ret_owner) _must_check_;

/* How far a live database is. */
struct fold_position {
        int64_t last_sequence; /* of its facts */
        int64_t published;     /* its relay has come to */
        int64_t missing;       /* numbers between these that are not explained yet */
        /* What it has read of other databases' topics, which each of its shards reads whole. */
        struct ev_replay_end ends[EV_REPLAY_ENDS_MAX];
        size_t ends_count;
        struct ev_result *lanes; /* what the names of topics are borrowed from */
};

void fold_position_done(struct fold_position *position);

/* Asks, in two statements: they see one moment in a transaction of level REPEATABLE READ. Replaces
 * what `position` held. */
int fold_ask_position(const struct fold_kind *kind, const struct ev_shard *shard,
                      struct ev_db *live, struct fold_position *position) _must_check_;

/* The last fact that a rebuilt database has, and how far it has read other databases' topics. */
int fold_ask_reached(const struct fold_kind *kind, struct ev_db *rebuilt,
                     struct fold_position *position) _must_check_;

struct fold_options {
        const struct fold_kind *kind;
        const struct ev_config *config;
        struct ev_db *db; /* ev_settings_replay_db(), connected */
        const char *
                from; /* a folder with an archive for each database, as export makes it; NULL: topics */
        const struct ev_replay_cut *cut;
        int stop_fd; /* of ev_settings_stop_fd(): who stops it goes on with another call */
};

/* Folds on in that database, up to the cut, with a progress bar; says itself what went wrong. */
enum command_exit fold_run(const struct fold_options *options, struct ev_replay_counts *ret_counts);

#endif
