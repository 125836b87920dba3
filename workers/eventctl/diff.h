#ifndef EVENTCTL_DIFF_H
#define EVENTCTL_DIFF_H

/* What `diff` compares, and how both sides come to the same moment. */

#include "command.h"
#include "fold.h"

enum diff_side { DIFF_LIVE, DIFF_REBUILT, DIFF_SIDES };

/* A session to each database that can write nothing, and where each stands. */
struct diff_pair {
        const struct command_input *input;
        const struct fold_kind *kind;
        struct ev_shard shard;
        struct ev_db *sessions[DIFF_SIDES];
        struct fold_position positions[DIFF_SIDES];
        int stop_fd;
};

/* Leaves the live session in a transaction, whose snapshot has every fact up to its position, and folds the
 * rebuilt database on to there if a rebuild has begun it; else it is compared as it stands. Says on
 * stderr what is in the way. */
enum command_exit diff_meet(struct diff_pair *pair);

#endif
