/* eventctl replay: records of a topic once more, for a subscriber that is new.
 *
 * Who reads a topic already gets nothing a second time: copies go to a topic of the new
 * subscriber's own, never to one of the system, and a group is only ever given a beginning, never
 * another place.
 *
 * Without --yes nothing is written. If the process dies, a beginning of the copies is there, and
 * the same command goes on behind it (replay_copy.c). */

#include "replay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "base/digest.h"
#include "base/error.h"
#include "cluster.h"
#include "flow/settings.h"
#include "types.h"
#include "wire/admin.h"
#include "wire/ends.h"

enum {
        RATE = 1000, /* records a second, unless --rate says otherwise */
        ARENA_BYTES = 256 * 1024 * 1024,
        RUN_BYTES = 8, /* of the hash, as hexadecimal digits */
        WHAT_BYTES = 256 * 1024,
};

#define GROUP_PREFIX "group:"

/* Borrowed things before what they are borrowed from: messages before their client. The producer
 * may hold records that nobody will acknowledge any more; freeing drops them. */
static void replay_done(struct replay **at)
{
        struct replay *replay = *at;

        assert(replay);

        progress_end(&replay->bar);
        ev_producer_free(replay->producer);
        ev_messages_done(&replay->messages);
        ev_kafka_free(replay->kafka);
        ev_arena_free(replay->arena);
        replay_there_done(&replay->there);
        replay_tally_done(&replay->tally);
}

/* ---- What was typed ---- */

/* There is no beginning by default: a topic of facts goes back for years, and who means all of it
 * can say so. */
static bool read_place(const struct command_input *input, const char *option, const char *fallback,
                       struct place *place)
{
        const char *text = command_value(input, option);

        assert(place);

        if (!text && !fallback) {
                fprintf(stderr, "eventctl replay: --%s says where to begin\n", option);
                return false;
        }
        if (place_read(text ? text : fallback, place))
                return true;
        fprintf(stderr,
                "eventctl: --%s: \"%s\" is neither beginning nor end nor a time such as "
                "2025-01-31T12:00:00Z, nor an offset, nor a list such as 3=120,4=88\n",
                option, text);
        return false;
}

/* Names that begin with two underscores are Kafka's own. Every topic of the system is refused,
 * those of dead letters too: workers, or people, act upon what comes there. A topic that somebody
 * else's live group reads cannot be told from a new one's; that it is new is the operator's
 * word. */
static enum command_exit check_target(const struct replay *replay)
{
        const char *target = replay->target;

        assert(target[0]);

        if (topic_list_find(&replay->list, target) || strncmp(target, "__", 2) == 0) {
                fprintf(stderr,
                        "eventctl: refused: %s has readers for whom this would happen a second "
                        "time; copies go to a topic of the new subscriber's own\n",
                        target);
                return COMMAND_REFUSED;
        }
        if (strcmp(target, replay->source) == 0) {
                fprintf(stderr, "eventctl: refused: %s would be copied onto itself\n", target);
                return COMMAND_REFUSED;
        }
        return COMMAND_DONE;
}

/* No topic's name has a colon, so a group cannot be taken for one. */
static enum command_exit read_target(struct replay *replay)
{
        const char *to = command_value(replay->input, "to");

        if (!to) {
                fputs("eventctl replay: --to names a topic, or a group as group:NAME\n", stderr);
                return COMMAND_USAGE;
        }
        assert(!replay->group);
        if (strncmp(to, GROUP_PREFIX, strlen(GROUP_PREFIX)) == 0) {
                replay->group = to + strlen(GROUP_PREFIX);
                return replay_check_group(replay);
        }
        if (!topic_list_name(&replay->list, to, replay->target)) {
                fprintf(stderr, "eventctl: --to: \"%s\" is no name of a topic\n", to);
                return COMMAND_USAGE;
        }
        return check_target(replay);
}

/* The cheapest checks come first, and all of them before any broker is asked: a slip of the hand
 * costs nobody anything. */
static enum command_exit read_options(struct replay *replay)
{
        const struct command_input *input = replay->input;
        const char *types = command_value(input, "types");

        assert(input->operand);

        if (!output_format_of(input, &replay->output.format) ||
            !aside_read_reason(input, &replay->reason) ||
            !read_place(input, "since", NULL, &replay->since) ||
            !read_place(input, "until", "end", &replay->until) ||
            !command_number(input, "rate", PACE_RATE_MAX, RATE, &replay->rate))
                return COMMAND_USAGE;
        if (replay->rate == 0) {
                fputs("eventctl: --rate: at least one record a second\n", stderr);
                return COMMAND_USAGE;
        }
        replay->is_meant = command_value(input, "yes") != NULL;
        replay->choice.key = ev_str_of(command_value(input, "key"));
        return types ? replay_read_types(types, &replay->choice) : COMMAND_DONE;
}

/* The source is read before the target, which is compared with it. */
static enum command_exit read_all(struct replay *replay)
{
        const char *topic = replay->input->operand;
        enum command_exit exit = read_options(replay);

        assert(topic);

        if (exit != COMMAND_DONE)
                return exit;
        if (!topic_list_name(&replay->list, topic, replay->source)) {
                fprintf(stderr, "eventctl: \"%s\" is no name of a topic\n", topic);
                return COMMAND_USAGE;
        }
        return read_target(replay);
}

/* ---- What is read ---- */

/* What retention has taken cannot be sent any more; somebody who named its place has to know. For a
 * time nobody knows whether there was a record before the first that is left, and the beginning is
 * what there is. Behind the end there is nothing yet, which is no mistake: another run may be the
 * later. */
static bool bound(struct replay *replay, int32_t partition, int64_t log_begin, int64_t until)
{
        int64_t since = replay->begins[partition], end = replay->log_ends[partition];
        bool is_typed = replay->since.kind == PLACE_OFFSET || replay->since.kind == PLACE_LIST;

        assert(log_begin <= end);

        if (is_typed && since != PLACE_NOWHERE && since < log_begin) {
                fprintf(stderr,
                        "eventctl: refused: %s [%" PRId32 "] begins at %" PRId64
                        ": what was before it is gone\n",
                        replay->source, partition, log_begin);
                return false;
        }
        if (until == PLACE_NOWHERE)
                until = replay->until.kind == PLACE_LIST ? 0 : end;
        if (since == PLACE_NOWHERE || since > end)
                since = end;
        replay->begins[partition] = since;
        replay->ends[partition] = until > end ? end : until;
        if (replay->ends[partition] < since)
                replay->ends[partition] = since;
        return true;
}

/* The end of the log is asked for once, so that the run has an end also on a topic that grows while
 * it is read. */
static enum command_exit find_ranges(struct replay *replay)
{
        int64_t log_begins[EV_KAFKA_PARTITIONS_MAX], untils[EV_KAFKA_PARTITIONS_MAX];
        const char *source = replay->source;
        int32_t partitions = replay->partitions;
        int r;

        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);

        r = ev_ends_load(replay->kafka, source, partitions, EV_ENDS_EARLIEST, log_begins);
        if (r == 0)
                r = ev_ends_load(replay->kafka, source, partitions, EV_ENDS_LATEST,
                                 replay->log_ends);
        if (r == 0)
                r = place_load(&replay->since, replay->kafka, source, partitions, replay->begins);
        if (r == 0)
                r = place_load(&replay->until, replay->kafka, source, partitions, untils);
        if (r < 0)
                return command_fail();
        for (int32_t i = 0; i < partitions; ++i)
                if (!bound(replay, i, log_begins[i], untils[i]))
                        return COMMAND_REFUSED;
        return COMMAND_DONE;
}

/* Any topic may be read, also one of dead letters: reading changes nothing. */
static enum command_exit open_source(struct replay *replay)
{
        struct ev_kafka_topic topic = { .name = replay->source };
        enum command_exit exit = cluster_open(replay->input->config, &replay->kafka);

        assert(replay->source[0]);

        if (exit != COMMAND_DONE)
                return exit;
        if (types_read_folder(ev_config_text(replay->input->config, "schemas.dir")) < 0 ||
            ev_kafka_load_partitions(replay->kafka, &topic, 1) < 0)
                return command_fail();
        replay->partitions = topic.partitions;
        return find_ranges(replay);
}

/* ---- Where to ---- */

/* It is not made here: how many partitions and replicas it has, and for how long it keeps records,
 * is the subscriber's to say. */
static enum command_exit find_target(struct replay *replay)
{
        const struct ev_admin_topic topic = { .name = replay->target };
        struct ev_admin_found found;

        assert(!replay->group);

        if (ev_admin_describe(replay->kafka, &topic, 1, &found) < 0)
                return command_fail();
        if (found.exists && found.partitions <= EV_KAFKA_PARTITIONS_MAX) {
                replay->target_partitions = found.partitions;
                return COMMAND_DONE;
        }
        fprintf(stderr,
                "eventctl: refused: there is no topic %s. Make it, best with as many partitions as "
                "%s has: kafka-topics.sh --bootstrap-server HOST:PORT --create --topic %s "
                "--partitions %" PRId32 "\n",
                replay->target, replay->source, replay->target, replay->partitions);
        return COMMAND_REFUSED;
}

/* Everything that decides which records are sent where, but --until: with another end a run is
 * continued. The reason is among it, so that who means to send all again only has to say why. Each
 * piece ends with a NUL, so that no two wholes are alike. What this program knows of types is not
 * in it: a record that was left out as one that may hold a secret stays out of a run that goes on
 * with a later version, though that may know better. It was told of when it was left out. */
static int write_what(const struct replay *replay, struct ev_buffer *what)
{
        const char *key = command_value(replay->input, "key");
        int r = ev_buffer_printf(what, "%s%c%s%c%s%c%d%c%s%c%s%c", replay->source, 0,
                                 replay->target, 0, command_value(replay->input, "since"), 0,
                                 replay->target_partitions, 0, replay->reason.data, 0,
                                 key ? key : "", key ? 1 : 0);

        assert(replay->target_partitions > 0);

        for (size_t i = 0; r == 0 && i < replay->choice.types_count; ++i)
                r = ev_buffer_printf(what, "%.*s%c", EV_STR_ARG(replay->choice.types[i]), 0);
        return ev_trace(r);
}

/* A quarter of the hash is enough to tell the runs of one topic apart, and short enough to be read
 * aloud. Times and offsets are hashed as they were typed: what they come to may change with
 * retention, and what was meant does not. */
static int name_run(struct replay *replay)
{
        _cleanup_buffer_ struct ev_buffer what = EV_BUFFER_INIT(WHAT_BYTES);
        uint8_t hash[EV_DIGEST_BYTES];
        char text[EV_DIGEST_TEXT_MAX];
        int r = write_what(replay, &what);

        static_assert(REPLAY_RUN_MAX == 2 * RUN_BYTES + 1, "two digits a byte");
        assert(!replay->run[0]);

        if (r == 0)
                r = ev_digest_once(what.data, what.size, hash);
        if (r < 0)
                return ev_trace(r);
        ev_digest_format(hash, text);
        snprintf(replay->run, sizeof(replay->run), "%.*s", 2 * RUN_BYTES, text);
        return 0;
}

/* The arena is for the few records that a dry run shows, decoded as tail shows them. */
static enum command_exit send_copies(struct replay *replay)
{
        enum command_exit exit = find_target(replay);

        assert(replay->stop_fd >= 0);

        if (exit != COMMAND_DONE)
                return exit;
        if (name_run(replay) < 0 || ev_arena_new(&replay->arena, ARENA_BYTES) < 0)
                return command_fail();
        return replay_copy(replay);
}

/* In the order in which it could be refused: by what was typed, by the source, by the target. */
enum command_exit replay(const struct command_input *input)
{
        static struct replay state; /* large */
        _cleanup_(replay_done) struct replay *replay = &state;
        enum command_exit exit;

        assert(input->operand);

        replay->input = input;
        topic_list_make(&replay->list);
        replay->choice.list = &replay->list;
        exit = read_all(replay);
        if (exit != COMMAND_DONE)
                return exit;
        if (ev_settings_stop_fd(&replay->stop_fd) < 0)
                return command_fail();
        exit = open_source(replay);
        if (exit != COMMAND_DONE)
                return exit;
        return replay->group ? replay_begin_group(replay) : send_copies(replay);
}
