/* Facts from archives (flow/archive.h): all that is needed where topics and outboxes have forgotten.
 *
 * An archive has its facts in the order of their numbers already, so there is one lane, which goes through
 * those of other databases and then through its own. Each row is made the record that the relay made of it;
 * its offset is its number, and the partition does not matter: all are 0. What was applied before is read
 * again, since the archive is checked from its beginning, and passed over. */

#include "flow/replay_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "flow/archive.h"

enum { ARENA_BYTES_MAX = 1024 * 1024 * 1024 }; /* of a batch of facts, each of 900 KiB at most */

/* ---- Archives ---- */

static bool is_last(const struct ev_replay *replay)
{
        assert(replay->archive_at < replay->archive_count);

        return replay->archive_at + 1 == replay->archive_count;
}

/* Of other databases only what this one remembers. */
static bool wants_file(void *context, const struct ev_archive_file *file)
{
        const struct ev_replay *replay = context;

        assert(replay->topic_count > 0);

        for (size_t i = 0; i < replay->topic_count; ++i)
                if (ev_str_equal(ev_str_of(replay->topics[i]), file->topic))
                        return true;
        return false;
}

/* Of its own facts each number must be there, and the reader sees to that; of another database's files those
 * of other topics are left out, which makes holes that mean nothing. */
static int check_archive(struct ev_replay *replay, struct ev_archive *archive, bool is_own)
{
        const struct ev_archive_manifest *manifest = ev_archive_manifest(archive);

        assert(manifest->files_count <= EV_ARCHIVE_FILES_MAX);

        if (manifest->first_seq > 1)
                return ev_fail(
                        EV_VERDICT_STOP,
                        "the archive of %.*s begins at fact %lld: what was before is missing",
                        EV_STR_ARG(manifest->database), (long long)manifest->first_seq);
        if (!is_own)
                ev_archive_select(archive, wants_file, replay);
        for (size_t i = 0; i < manifest->files_count; ++i)
                if (wants_file(replay, &manifest->files[i]))
                        replay->counts.to_come += (uint64_t)manifest->files[i].count;
        return 0;
}

/* A lane for all archives, and offsets by topic, since watermarks are kept by topic. The chain has a place for
 * each source of an archive: predecessors are named within a source, as on the topics. */
static int open_files(struct ev_replay *replay)
{
        int r = ev_replay_make_lanes(replay, 1, replay->topic_count);

        assert(replay->archive_count > 0);

        if (replay->cut->ends_count > 0)
                return ev_fail(EV_VERDICT_STOP, "an archive has no offsets to end at");
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(replay->arenas); ++i)
                r = ev_arena_new(&replay->arenas[i], ARENA_BYTES_MAX);
        if (r < 0)
                return ev_trace(r);
        replay->record = EV_RELAY_RECORD_INIT;
        replay->chain =
                calloc(replay->topic_count * (EV_ARCHIVE_SOURCES_MAX + 1), sizeof(*replay->chain));
        if (!replay->chain)
                return ev_fail_memory("the last numbers of a replay");
        for (size_t i = 0; i < replay->topic_count; ++i)
                replay->offsets[i] = (struct ev_offset){ .topic = ev_str_of(replay->topics[i]) };
        replay->offset_count = replay->topic_count;
        for (size_t i = 0; r == 0 && i < replay->archive_count; ++i)
                r = check_archive(replay, replay->archives[i], i + 1 == replay->archive_count);
        return ev_trace(r);
}

/* Where the last process stood is known by the offsets, topic by topic; nothing has to be sought. */
static int start_files(struct ev_replay *replay)
{
        struct ev_replay_lane *lane = replay->lanes;

        assert(replay->archive_at == 0);

        replay->lane_count = 1;
        lane->wanted_to = INT64_MAX;
        lane->is_own = is_last(replay);
        return 0;
}

static void close_files(struct ev_replay *replay)
{
        ev_relay_record_done(&replay->record);
        free(replay->chain);
        for (size_t i = 0; i < EV_ARRAY_SIZE(replay->arenas); ++i)
                ev_arena_free(replay->arenas[i]);
        assert(replay->lane_count <= 1);
}

/* ---- Records ---- */

/* What was read last for the batch before is the first of this one, so its memory has to stay. */
static int begin_batch(struct ev_replay *replay)
{
        assert(replay->arena_at < EV_ARRAY_SIZE(replay->arenas));

        replay->arena_at = (replay->arena_at + 1) % EV_ARRAY_SIZE(replay->arenas);
        ev_arena_reset(replay->arenas[replay->arena_at]);
        return 0;
}

/* Null stays null: a header without a value is another record than one with an empty value. */
static int keep(struct ev_arena *arena, struct ev_bytes *bytes)
{
        struct ev_str copy = { (const char *)bytes->data, bytes->size };
        int r = copy.data ? ev_arena_copy(arena, copy, &copy) : 0;

        assert(bytes->data || bytes->size == 0);

        if (r < 0)
                return ev_trace(r);
        *bytes = (struct ev_bytes){ (const uint8_t *)copy.data, copy.size };
        return 0;
}

/* Copies a record into the arena, the names of its headers, which are constants, left out. */
static int keep_record(struct ev_arena *arena, const struct ev_outgoing *record,
                       struct ev_message **ret_message)
{
        struct ev_message *message = ev_arena_take(arena, sizeof(*message));
        int r;

        assert(record->headers_count <= EV_MESSAGE_HEADERS_MAX);

        if (!message)
                return ev_trace(EV_FAILED);
        *message =
                (struct ev_message){ .timestamp_ms = record->timestamp_ms,
                                     .key = { (const uint8_t *)record->key.data, record->key.size },
                                     .value = record->value,
                                     .headers_count = record->headers_count,
                                     .headers_total = record->headers_count };
        message->headers =
                ev_arena_take_array(arena, record->headers_count, sizeof(*message->headers));
        if (!message->headers)
                return ev_trace(EV_FAILED);
        r = keep(arena, &message->key);
        if (r == 0)
                r = keep(arena, &message->value);
        for (size_t i = 0; r == 0 && i < record->headers_count; ++i) {
                message->headers[i] = record->headers[i];
                r = keep(arena, &message->headers[i].value);
        }
        *ret_message = message;
        return ev_trace(r);
}

/* The record is made by the relay's own function, so what is folded from files is byte for byte what would have
 * been folded from topics, headers and all. */
static int make_message(struct ev_replay *replay, const struct ev_archive_row *row, size_t topic,
                        int64_t previous, struct ev_message **ret_message)
{
        const struct ev_relay_names names = { row->source, row->type };
        struct ev_outgoing record = { 0 };
        int r = ev_relay_make_fact(&replay->record, &row->fact, &names, previous, &record);

        assert(topic < replay->topic_count);

        if (r == 0)
                r = keep_record(replay->arenas[replay->arena_at], &record, ret_message);
        if (r < 0)
                return ev_trace(r);
        (*ret_message)->topic = replay->topics[topic];
        (*ret_message)->offset = row->fact.seq;
        return 0;
}

/* topic_count: it is none of ours. */
static size_t topic_of(const struct ev_replay *replay, struct ev_str name)
{
        size_t i = 0;

        assert(replay->topic_count > 0);

        while (i < replay->topic_count && !ev_str_equal(ev_str_of(replay->topics[i]), name))
                ++i;
        return i;
}

/* A row that is to be applied is the lane's next; one that was applied before is passed over. */
static int take_row(struct ev_replay *replay, struct ev_replay_lane *lane,
                    const struct ev_archive_row *row)
{
        size_t topic = topic_of(replay, row->topic);
        const struct ev_feed_fact *fact = &row->fact;
        struct ev_message *message = NULL;
        int64_t *last, previous;
        int r;

        assert(fact->source_id >= 0 && fact->source_id <= EV_ARCHIVE_SOURCES_MAX);

        if (topic == replay->topic_count)
                return ev_fail(EV_VERDICT_STOP, "fact %lld is of topic %.*s, which is none of %s",
                               (long long)fact->seq, EV_STR_ARG(row->topic),
                               replay->worker.database);
        last = &replay->chain[topic * (EV_ARCHIVE_SOURCES_MAX + 1) + (size_t)fact->source_id];
        previous = *last;
        *last = fact->seq;
        if (fact->seq < replay->offsets[topic].next_offset)
                return ev_trace(ev_replay_check_applied(replay, lane, row->topic, fact->seq,
                                                        fact->recorded_at));
        r = make_message(replay, row, topic, previous, &message);
        if (r < 0)
                return ev_trace(r);
        lane->next = message;
        lane->offset = topic;
        lane->sequence = fact->seq;
        lane->recorded_at = fact->recorded_at;
        return 0;
}

/* Nothing more of this archive: the next one, or the end. */
static void end_archive(struct ev_replay *replay, struct ev_replay_lane *lane)
{
        lane->next = NULL;
        if (is_last(replay)) {
                ev_replay_end_lane(lane);
                return;
        }
        ++replay->archive_at;
        lane->is_own = is_last(replay);
        memset(replay->chain, 0,
               replay->topic_count * (EV_ARCHIVE_SOURCES_MAX + 1) * sizeof(*replay->chain));
        assert(replay->archive_at < replay->archive_count);
}

/* Rows that were applied before are passed over here, one by one: their numbers have to go into the chain all
 * the same. */
static int fill_lane(struct ev_replay *replay, struct ev_replay_lane *lane)
{
        struct ev_archive_row row;
        int r = 0;

        assert(replay->archive_at < replay->archive_count);

        while (r == 0 && !lane->next && !lane->has_ended) {
                r = ev_archive_next(replay->archives[replay->archive_at], &row);
                if (r == 0)
                        r = take_row(replay, lane, &row);
                if (r == EV_ARCHIVE_END ||
                    (r == 0 && lane->next &&
                     !ev_replay_is_wanted(replay, lane, lane->sequence, lane->recorded_at))) {
                        end_archive(replay, lane);
                        r = 0;
                }
        }
        return ev_trace(r);
}

/* What is in hand stays where it is until the batch after the next one begins. */
static int take_next(struct ev_replay *replay, struct ev_replay_lane *lane)
{
        assert(lane->next);

        lane->next = NULL;
        return ev_trace(fill_lane(replay, lane));
}

const struct ev_replay_source ev_replay_files = {
        "replay-files", open_files, start_files, begin_batch, fill_lane, take_next, close_files,
};
