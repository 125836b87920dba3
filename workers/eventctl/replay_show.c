/* What a replay found, sent, and left out. Nothing is changed here. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "replay.h"

enum {
        PLACES_BYTES = 64 * 1024, /* of a list of all partitions */
        MS_PER_SECOND = 1000,
};

static const struct output_column columns[] = {
        { "partition", 9, true }, { "type", 36, false },        { "state", 14, false },
        { "records", 10, true },  { "first_offset", 12, true }, { "last_offset", 0, true },
};

/* By fate. They are a promise to programs: the JSON's `state`. */
static const char *const states[REPLAY_COUNTED] = {
        [REPLAY_TO_SEND] = "would be sent", [REPLAY_SENT] = "sent",
        [REPLAY_THERE] = "there already",   [REPLAY_SECRET] = "secret",
        [REPLAY_UNREADABLE] = "no type",
};

/* Rows without records are no news. */
static void show_count(struct replay *replay, int32_t partition, size_t type, enum replay_fate fate)
{
        const struct replay_count *count = replay_tally_at(&replay->tally, partition, type, fate);
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                output_number(partition, texts[0]),
                ev_str_of(replay->tally.types[type]),
                ev_str_of(states[fate]),
                output_number(count->records, texts[1]),
                output_number(count->first, texts[2]),
                output_number(count->last, texts[3]),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(states[fate]);

        if (count->records > 0)
                output_row(&replay->output, values, false);
}

/* By partition, then in the order in which types came, then by fate. */
static void show_counts(struct replay *replay)
{
        const struct replay_tally *tally = &replay->tally;

        assert(tally->counts);

        for (int32_t i = 0; i < tally->partitions; ++i)
                for (size_t k = 0; k < tally->types_count; ++k)
                        for (int fate = 0; fate < REPLAY_COUNTED; ++fate)
                                show_count(replay, i, k, (enum replay_fate)fate);
}

/* What was left out of the copies is told each time: a subscriber would miss it. */
static void tell_left_out(const struct replay *replay)
{
        int64_t secret = replay->tally.sums[REPLAY_SECRET],
                unreadable = replay->tally.sums[REPLAY_UNREADABLE],
                there = replay->tally.sums[REPLAY_THERE];

        assert(secret >= 0 && unreadable >= 0 && there >= 0);

        if (there > 0)
                fprintf(stderr, "%" PRId64 " records of this run are on %s already\n", there,
                        replay->target);
        if (secret > 0)
                fprintf(stderr, "%" PRId64 " records hold a secret, or may: they are not copied\n",
                        secret);
        if (unreadable > 0)
                fprintf(stderr, "%" PRId64 " records have no type: they are not copied\n",
                        unreadable);
}

/* Both ways to go on are told: the same command, which is safe, and the places, for who wants to do
 * the rest otherwise. */
static void tell_sent(const struct replay *replay, struct ev_str next, struct ev_str ends)
{
        int64_t sent = replay->tally.sums[REPLAY_SENT];
        size_t unknown = replay->producer ? ev_producer_in_flight(replay->producer) : 0;

        assert(next.data && ends.data);

        fprintf(stderr, "%" PRId64 " records acknowledged by %s, run %s\n", sent, replay->target,
                replay->run);
        if (unknown > 0)
                fprintf(stderr, "what became of %zu more is not known\n", unknown);
        if (next.size > 0)
                fprintf(stderr,
                        "the same command goes on from here; the rest is --since %.*s --until "
                        "%.*s\n",
                        EV_STR_ARG(next), EV_STR_ARG(ends));
}

/* Talk comes behind the result, as its end is what a person looks at. */
static void tell(const struct replay *replay, struct ev_str next, struct ev_str ends)
{
        int64_t to_send = replay->tally.sums[REPLAY_TO_SEND];
        int64_t ms = pace_duration(replay->rate, to_send) / 1000;

        assert(replay->rate > 0);

        tell_left_out(replay);
        if (replay->is_meant)
                tell_sent(replay, next, ends);
        else
                fprintf(stderr,
                        "%" PRId64 " records would be sent to %s, in %" PRId64 ".%03" PRId64
                        " s at least (%d a second); nothing was: --yes does it\n",
                        to_send, replay->target, ms / MS_PER_SECOND, ms % MS_PER_SECOND,
                        replay->rate);
}

/* Places of the partitions that have something left, which are those that --since and --until are
 * to be given: what such a list does not name is not read. */
static int write_places(const struct replay *replay, const int64_t *offsets, const int64_t *next,
                        struct ev_buffer *out)
{
        int64_t wanted[EV_KAFKA_PARTITIONS_MAX];
        int r;

        assert(offsets && next);

        for (int32_t i = 0; i < replay->partitions; ++i)
                wanted[i] = next[i] == PLACE_NOWHERE ? PLACE_NOWHERE : offsets[i];
        r = place_write(wanted, replay->partitions, out);
        /* The end of the text, for who takes it as one. */
        return r < 0 ? ev_trace(r) : ev_trace(ev_buffer_append(out, "", 1));
}

/* Without the NUL that write_places() has put behind it. */
static struct ev_str text_of(const struct ev_buffer *buffer)
{
        assert(buffer->size > 0);

        return (struct ev_str){ (const char *)buffer->data, buffer->size - 1 };
}

/* Also of a run that failed: what was sent until then is there for good, and where to go on is what
 * a person needs most. */
enum command_exit replay_show(struct replay *replay, const char *mode)
{
        _cleanup_buffer_ struct ev_buffer next_text = EV_BUFFER_INIT(PLACES_BYTES);
        _cleanup_buffer_ struct ev_buffer ends_text = EV_BUFFER_INIT(PLACES_BYTES);
        int64_t next[EV_KAFKA_PARTITIONS_MAX];

        assert(mode);

        replay_next(replay, next);
        if (write_places(replay, next, next, &next_text) < 0 ||
            write_places(replay, replay->ends, next, &ends_text) < 0)
                return command_fail();
        const struct output_member members[] = {
                { "action", "replay" },
                { "mode", mode },
                { "topic", replay->source },
                { "to", replay->target },
                { "run", replay->run },
                { "reason", replay->reason.data },
                { "next", text_of(&next_text).data },
                { "until", text_of(&ends_text).data },
        };

        replay->output.columns = columns;
        replay->output.columns_count = EV_ARRAY_SIZE(columns);
        output_begin(&replay->output, members, EV_ARRAY_SIZE(members), "records");
        show_counts(replay);
        if (!output_end(&replay->output))
                return COMMAND_FAILED;
        tell(replay, text_of(&next_text), text_of(&ends_text));
        return COMMAND_DONE;
}
