/* A new consumer group that begins at a place of a topic, in place of copies of its records.
 *
 * Guarantee: a group that has ever had members or offsets, and is still known, is left alone, and
 * so are those of the system's workers. If the process dies here, the group begins in all
 * partitions where it was to, or is as new as before. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "replay.h"
#include "wire/group.h"

static const struct output_column columns[] = {
        { "partition", 9, true },
        { "offset", 12, true },
        { "end_offset", 12, true },
        { "records", 0, true },
};

/* Options that say something of copies. To pass them over would let somebody believe that his group
 * gets these types only, or slowly. */
static const char *const of_copies[] = { "until", "types", "key", "rate" };

/* "quenty-" are the groups of workers, also of shards and of those to come. */
enum command_exit replay_check_group(const struct replay *replay)
{
        size_t size = strlen(replay->group);

        assert(replay->group);

        for (size_t i = 0; i < EV_ARRAY_SIZE(of_copies); ++i)
                if (command_value(replay->input, of_copies[i])) {
                        fprintf(stderr, "eventctl: --%s: a group reads by itself what it wants\n",
                                of_copies[i]);
                        return COMMAND_USAGE;
                }
        if (size == 0 || size >= EV_GROUP_NAME_MAX || !ev_str_is_text(ev_str_of(replay->group))) {
                fprintf(stderr, "eventctl: --to: \"%s\" is no name of a group\n", replay->group);
                return COMMAND_USAGE;
        }
        if (strncmp(replay->group, "quenty-", strlen("quenty-")) != 0)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: refused: groups named quenty-... are the workers', whose offsets are in "
                "their databases\n");
        return COMMAND_REFUSED;
}

/* With a list of some partitions the group would begin in the others wherever its client likes. */
static enum command_exit check_complete(const struct replay *replay)
{
        assert(replay->partitions > 0);

        if (replay->since.kind != PLACE_LIST || replay->since.count == (size_t)replay->partitions)
                return COMMAND_DONE;
        fprintf(stderr, "eventctl: --since: a group begins in all %" PRId32 " partitions of %s\n",
                replay->partitions, replay->source);
        return COMMAND_USAGE;
}

/* A group of which Kafka knows nothing. One that is empty now may be a subscriber that is being
 * restarted: its offsets are its own. */
static enum command_exit check_is_new(const struct replay *replay)
{
        struct ev_group group;

        assert(replay->kafka);

        if (ev_group_describe(replay->kafka, replay->group, &group) < 0)
                return command_fail();
        if (!group.exists && group.members == 0)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: refused: group %s is not a new one (%s, %" PRIu64 " members): choose "
                "another name\n",
                replay->group, group.state, group.members);
        return COMMAND_REFUSED;
}

/* How much is before the group is what its owner wants to know. */
static void show_partition(struct replay *replay, int32_t partition)
{
        int64_t begin = replay->begins[partition], end = replay->log_ends[partition];
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                output_number(partition, texts[0]),
                output_number(begin, texts[1]),
                output_number(end, texts[2]),
                output_number(end - begin, texts[3]),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(begin <= end);

        output_row(&replay->output, values, false);
}

/* The reason stands in the output alone: beside offsets clients keep things of their own. */
static enum command_exit show(struct replay *replay)
{
        const struct output_member members[] = {
                { "action", "replay" },
                { "mode", replay->is_meant ? "done" : "dry run" },
                { "topic", replay->source },
                { "group", replay->group },
                { "reason", replay->reason.data },
        };

        assert(replay->group);

        replay->output.columns = columns;
        replay->output.columns_count = EV_ARRAY_SIZE(columns);
        output_begin(&replay->output, members, EV_ARRAY_SIZE(members), "partitions");
        for (int32_t i = 0; i < replay->partitions; ++i)
                show_partition(replay, i);
        if (!output_end(&replay->output))
                return COMMAND_FAILED;
        if (replay->is_meant)
                fprintf(stderr, "group %s begins there\n", replay->group);
        else
                fprintf(stderr, "group %s would begin there; nothing was done: --yes does it\n",
                        replay->group);
        return COMMAND_DONE;
}

/* Between the question and the commit a member may join: the coordinator then refuses the
 * commit. */
enum command_exit replay_begin_group(struct replay *replay)
{
        enum command_exit exit = check_complete(replay);

        if (exit == COMMAND_DONE)
                exit = check_is_new(replay);
        if (exit != COMMAND_DONE)
                return exit;
        assert(replay->reason.data);
        if (replay->is_meant && ev_group_begin_at(replay->kafka, replay->group, replay->source,
                                                  replay->partitions, replay->begins) < 0)
                return command_fail();
        return show(replay);
}
