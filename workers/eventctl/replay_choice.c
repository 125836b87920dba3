/* What a replay does with a record, and what it remembers of it.
 *
 * A secret stands on its ingress topic for as long as that keeps it, and who may read that topic is
 * known; a copy would last longer and be read by others. So what holds one is never copied, nor
 * what may hold one because it cannot be told.
 *
 * What is told of a record stands in its headers, which a stranger may have written wrongly, and in
 * the frame of its value, which says the schema. One of them is enough to leave a record out; to be
 * copied from a topic that may hold secrets it takes both.
 *
 * Pure, so nothing is lost if the process dies. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "replay.h"
#include "tail.h"
#include "types.h"
#include "wire/partition.h"

/* A type that has a secret is refused here, before anything is read, and not passed over record by
 * record: who names it wants it, and has to be told that he cannot have it. */
enum command_exit replay_read_types(const char *text, struct replay_choice *choice)
{
        struct ev_str rest = ev_str_of(text);

        assert(choice->types_count == 0);

        while (rest.size > 0) {
                struct ev_str name = ev_str_take(&rest, ',');
                const struct ev_record *record = types_find(name);

                if (!record) {
                        command_complain();
                        return COMMAND_USAGE;
                }
                if (record->has_secret) {
                        fprintf(stderr,
                                "eventctl: refused: %.*s has a secret, and is never copied to "
                                "another topic\n",
                                EV_STR_ARG(record->name));
                        return COMMAND_REFUSED;
                }
                if (choice->types_count == REPLAY_TYPES_MAX) {
                        fprintf(stderr, "eventctl: --types: more than %d\n", REPLAY_TYPES_MAX);
                        return COMMAND_USAGE;
                }
                choice->types[choice->types_count++] = record->name;
        }
        if (choice->types_count > 0)
                return COMMAND_DONE;
        fputs("eventctl: --types: which ones?\n", stderr);
        return COMMAND_USAGE;
}

/* The first ones lie in an array; what is behind them librdkafka finds by walking its list. */
bool replay_header(const struct ev_message *message, size_t index, struct ev_header *ret_header)
{
        assert(message->headers_count <= message->headers_total);

        if (index >= message->headers_count)
                return ev_message_header(message, index, ret_header);
        *ret_header = message->headers[index];
        return true;
}

/* Looks at the headers from `first` to the one before `end`, of which there are few. The last of
 * that name counts: a copy of a copy has two. */
static struct ev_str find_header(const struct ev_message *message, size_t first, size_t end,
                                 struct ev_str name)
{
        struct ev_header header;

        assert(name.size > 0);
        assert(end - first <= EV_MESSAGE_HEADERS_MAX);

        for (size_t i = end; i > first; --i)
                if (replay_header(message, i - 1, &header) && ev_str_equal(header.name, name))
                        return (struct ev_str){ (const char *)header.value.data,
                                                header.value.size };
        return EV_STR_NULL;
}

/* Only among the headers that a worker would look at. What is no text, or longer than any type, is
 * none to be shown to a person, and so no type at all. */
static struct ev_str type_of(const struct ev_message *message)
{
        struct ev_str type = ev_message_find(message, EV_STR("ce_type"));

        assert(message->topic);

        return type.size > 0 && type.size < REPLAY_TYPE_MAX && ev_str_is_text(type) ? type
                                                                                    : EV_STR_NULL;
}

/* Type and frame are both looked at, as each of them may be wrong. Facts have no secrets, and of
 * dead letters a relay leaves out what may hold one. */
static bool may_hold_secret(const struct topic_list *list, const struct ev_message *message,
                            struct ev_str type)
{
        const struct topic *topic = topic_list_find(list, message->topic);
        const struct ev_record *named = ev_str_is_null(type) ? NULL : types_newest(type);
        const struct ev_registered *version = NULL;
        const struct ev_record *framed = NULL;
        struct ev_frame frame;

        assert(message->value.data || message->value.size == 0);

        if (message->value.size == 0 || (topic && topic->kind != TOPIC_INGRESS))
                return false;
        if (ev_frame_parse(message->value, &frame) == 0)
                version = types_of_frame(&frame);
        if (version)
                framed = types_newest(version->name);
        if ((named && named->has_secret) || (framed && framed->has_secret))
                return true;
        return (!named || !framed) && tail_may_hold_secret(list, message->topic, type);
}

/* Full names on both sides. With a dozen types at most a loop is quicker than a table. */
static bool is_chosen(const struct replay_choice *choice, struct ev_str type)
{
        assert(choice->types_count <= REPLAY_TYPES_MAX);

        for (size_t i = 0; i < choice->types_count; ++i)
                if (ev_str_equal(choice->types[i], type))
                        return true;
        return choice->types_count == 0;
}

/* The key is looked at first: a record of another company is not counted among those that cannot be
 * read. */
enum replay_fate replay_choose(const struct replay_choice *choice, const struct ev_message *message,
                               struct ev_str *ret_type)
{
        struct ev_str key = { (const char *)message->key.data, message->key.size };
        struct ev_str type = type_of(message);

        assert(choice->list && ret_type);

        *ret_type = type;
        if (!ev_str_is_null(choice->key) && !ev_str_equal(choice->key, key))
                return REPLAY_OTHER;
        if (choice->types_count > 0 && ev_str_is_null(type))
                return REPLAY_UNREADABLE;
        if (!is_chosen(choice, type))
                return REPLAY_OTHER;
        return may_hold_secret(choice->list, message, type) ? REPLAY_SECRET : REPLAY_TO_SEND;
}

/* A foreign producer may have put keys where our partitioner would not; on the same number of
 * partitions they stay where their readers know them to be. */
int32_t replay_partition(const struct ev_message *message, int32_t partitions,
                         int32_t target_partitions)
{
        struct ev_str key = { (const char *)message->key.data, message->key.size };

        assert(message->partition >= 0 && message->partition < partitions);
        assert(target_partitions > 0);

        if (partitions == target_partitions)
                return message->partition;
        if (ev_str_is_null(key))
                return message->partition % target_partitions;
        return ev_partition_of(key, target_partitions);
}

/* ---- Counting ---- */

/* One row for each partition and type, whether or not it ever comes: 70 kB for a dozen partitions,
 * 8 MB for a thousand, and nothing is allocated while records are read. */
int replay_tally_init(struct replay_tally *tally, int32_t partitions)
{
        assert(partitions > 0 && partitions <= EV_KAFKA_PARTITIONS_MAX);

        *tally = (struct replay_tally){ .partitions = partitions };
        tally->counts = calloc((size_t)partitions * REPLAY_TYPES_MAX * REPLAY_COUNTED,
                               sizeof(*tally->counts));
        return tally->counts ? 0 : ev_fail_memory("what is counted");
}

void replay_tally_done(struct replay_tally *tally)
{
        assert(tally);

        free(tally->counts);
        tally->counts = NULL;
}

/* The last name is kept for all that come when there is no room for their own: a stranger may fill
 * a topic with types. */
size_t replay_tally_type(struct replay_tally *tally, struct ev_str type)
{
        struct ev_str name = ev_str_is_null(type) ? EV_STR("(none)") : type;

        assert(name.size < REPLAY_TYPE_MAX);
        assert(tally->types_count <= REPLAY_TYPES_MAX);

        for (size_t i = 0; i < tally->types_count; ++i)
                if (ev_str_equal(ev_str_of(tally->types[i]), name))
                        return i;
        if (tally->types_count == REPLAY_TYPES_MAX)
                return REPLAY_TYPES_MAX - 1;
        if (tally->types_count == REPLAY_TYPES_MAX - 1)
                name = EV_STR("(others)");
        (void)ev_str_copy(name, tally->types[tally->types_count], REPLAY_TYPE_MAX);
        return tally->types_count++;
}

struct replay_count *replay_tally_at(const struct replay_tally *tally, int32_t partition,
                                     size_t type, enum replay_fate fate)
{
        size_t row = (size_t)partition * REPLAY_TYPES_MAX + type;

        assert(partition >= 0 && partition < tally->partitions);
        assert(type < tally->types_count && fate < REPLAY_COUNTED);

        return &tally->counts[row * REPLAY_COUNTED + fate];
}

/* Records of a partition come in their order, also as acknowledged, so first and last are the
 * ends. */
void replay_tally_add(struct replay_tally *tally, int32_t partition, size_t type,
                      enum replay_fate fate, int64_t offset)
{
        struct replay_count *count = replay_tally_at(tally, partition, type, fate);

        assert(count->records == 0 || offset > count->last);

        if (count->records == 0)
                count->first = offset;
        count->last = offset;
        ++count->records;
        ++tally->sums[fate];
}

/* ---- What is there ---- */

/* A matrix of both numbers of partitions: at most a million offsets. */
int replay_there_init(struct replay_there *there, int32_t partitions, int32_t target_partitions)
{
        size_t count = (size_t)partitions * (size_t)target_partitions;

        assert(partitions > 0 && target_partitions > 0);

        there->partitions = partitions;
        there->target_partitions = target_partitions;
        there->last = malloc(count * sizeof(*there->last));
        if (!there->last)
                return ev_fail_memory("what is on the target");
        for (size_t i = 0; i < count; ++i)
                there->last[i] = -1;
        return 0;
}

void replay_there_done(struct replay_there *there)
{
        assert(there);

        free(there->last);
        there->last = NULL;
}

/* By source first: the records of one partition are looked up one after the other. */
static int64_t *last_at(const struct replay_there *there, int32_t partition,
                        int32_t target_partition)
{
        assert(partition >= 0 && partition < there->partitions);
        assert(target_partition >= 0 && target_partition < there->target_partitions);

        return &there->last[(size_t)partition * (size_t)there->target_partitions +
                            (size_t)target_partition];
}

/* "topic[partition]@offset"; a topic's name has neither bracket. */
static bool read_place(struct ev_str text, const char *source, int64_t *ret_partition,
                       int64_t *ret_offset)
{
        struct ev_str topic = ev_str_take(&text, '['), partition = ev_str_take(&text, ']');

        assert(source);

        if (!ev_str_equal(topic, ev_str_of(source)) || text.size == 0 || text.data[0] != '@' ||
            !ev_str_to_int64(partition, ret_partition))
                return false;
        return ev_str_to_int64((struct ev_str){ text.data + 1, text.size - 1 }, ret_offset);
}

/* Only among the headers at the end, where ours are: a stranger's record may have hundreds of
 * thousands, and each look at one walks past all before it. */
void replay_there_note(struct replay_there *there, const char *source, const char *run,
                       const struct ev_message *copy)
{
        size_t end = copy->headers_total;
        size_t first = end > REPLAY_HEADERS ? end - REPLAY_HEADERS : 0;
        struct ev_str place = find_header(copy, first, end, EV_STR(REPLAY_OF_HEADER));
        int64_t partition, offset, *last;

        assert(run && *run);

        if (!ev_str_equal(find_header(copy, first, end, EV_STR(REPLAY_RUN_HEADER)),
                          ev_str_of(run)) ||
            !read_place(place, source, &partition, &offset) || partition >= there->partitions)
                return;
        last = last_at(there, (int32_t)partition, copy->partition);
        if (offset > *last)
                *last = offset;
}

bool replay_there_has(const struct replay_there *there, int32_t partition, int32_t target_partition,
                      int64_t offset)
{
        assert(offset >= 0);

        return offset <= *last_at(there, partition, target_partition);
}
