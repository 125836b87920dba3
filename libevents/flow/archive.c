/* The form of an archive's files: names, headers, and rows in Avro's binary encoding.
 *
 * Written by ourselves and not by a library: payloads have to be copied as they are, and two exports
 * of the same rows have to be the same bytes, so nothing may be random in them. Other implementations
 * are the oracle of the tests. Bytes that come in are hostile: each length is compared with what is
 * left before it is believed, and what is read back is exactly what is written.
 *
 * A file, byte by byte (Avro specification, "Object Container Files"):
 *
 *      4f 62 6a 01                                     "Obj" and the format's version
 *      04                                              two pairs in the map, zigzag
 *      14 "avro.codec"    08 "null"
 *      16 "avro.schema"   length, schema               ev_archive_put_schema()
 *      00                                              the map ends
 *      sync marker, 16 bytes                           ev_archive_make_sync()
 *
 * and then, for each block, the number of its rows, the size of their bytes, the rows and the sync
 * marker once more. A row is the envelope's fields in the order of the schema, the size of the payload,
 * the branch of its schema in the union, and the payload: so who wants no more than the envelopes, or
 * the payloads as they are, passes over what he does not know.
 *
 * Pure functions of their arguments: nothing depends on where the process dies. */

#include "flow/archive_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"

enum {
        VARINT_BYTES_MAX = 10, /* of 64 bits, seven in each */
        VARINT_LAST_MAX = 1,   /* the tenth byte holds one bit */
        DAY_TEXT_SIZE = 10,    /* "2026-11-29" */
        TOPIC_MAX = 249,       /* Kafka's */
        YEAR_MAX = 9999,
};

const uint8_t ev_archive_magic[ARCHIVE_MAGIC_BYTES] = { 'O', 'b', 'j', 1 };

/* The envelope in the order of the wire, up to the union. The names are those of CloudEvents where it
 * has one. data_size lets a reader pass over `data` without knowing its schema. */
static const char schema_before[] =
        "{\"type\":\"record\",\"name\":\"quenty.archive.Fact\",\"fields\":["
        "{\"name\":\"seq\",\"type\":\"long\"},"
        "{\"name\":\"source\",\"type\":\"string\"},"
        "{\"name\":\"id\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}},"
        "{\"name\":\"time\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
        "{\"name\":\"type\",\"type\":\"string\"},"
        "{\"name\":\"key\",\"type\":\"string\"},"
        "{\"name\":\"subject\",\"type\":\"string\"},"
        "{\"name\":\"schema_id\",\"type\":\"int\"},"
        "{\"name\":\"correlation_id\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"causation_id\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"causation_source\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"outcome\",\"type\":[\"null\",{\"type\":\"enum\","
        "\"name\":\"quenty.archive.Outcome\",\"symbols\":[\"accepted\",\"refused\",\"repeated\"]}],"
        "\"default\":null},"
        "{\"name\":\"traceparent\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"tracestate\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"leaf\",\"type\":{\"type\":\"fixed\",\"name\":\"quenty.archive.Hash\",\"size\":"
        "32}},"
        "{\"name\":\"data_size\",\"type\":\"int\"},"
        "{\"name\":\"data\",\"type\":";

/* The envelope is a constant and the union is put into it as text, so the bytes of a schema depend
 * on the versions of the facts in the file alone. Fields never move: files of other years are read
 * by the same positions. */
int ev_archive_put_schema(struct ev_buffer *buffer, struct ev_str data)
{
        int r = ev_buffer_append(buffer, schema_before, sizeof(schema_before) - 1);

        assert(data.size > 0);

        if (r == 0)
                r = ev_buffer_append_str(buffer, data);
        if (r == 0)
                r = ev_buffer_append_str(buffer, EV_STR("}]}"));
        return ev_trace(r);
}

/* ---- Out ---- */

/* The codec of wire/avro.c runs descriptors over whole values and has no door for a single number;
 * files of this form need a handful of them between payloads that nobody decodes. */
int ev_archive_put_long(struct ev_buffer *buffer, int64_t value)
{
        uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
        uint8_t bytes[VARINT_BYTES_MAX];
        size_t size = 0;

        for (; zigzag >= 0x80; zigzag >>= 7)
                bytes[size++] = (uint8_t)(zigzag | 0x80);
        bytes[size++] = (uint8_t)zigzag;
        assert(size <= sizeof(bytes));
        return ev_trace(ev_buffer_append(buffer, bytes, size));
}

/* For strings, bytes and the keys of the header's map alike: Avro has one form for all of them. */
int ev_archive_put_bytes(struct ev_buffer *buffer, const void *data, size_t size)
{
        int r = ev_archive_put_long(buffer, (int64_t)size);

        assert(data || size == 0);

        if (r == 0)
                r = ev_buffer_append(buffer, data, size);
        return ev_trace(r);
}

/* Columns of the outbox have no bound of their own, and a reader must have one. A text that passes
 * it ends the export before anything is promised, rather than making a file that nobody reads. */
static int put_text(struct ev_buffer *buffer, struct ev_str text)
{
        assert(text.data);

        if (text.size > EV_ARCHIVE_TEXT_MAX)
                return ev_fail(EV_VERDICT_STOP, "a text of %zu bytes, more than %d", text.size,
                               EV_ARCHIVE_TEXT_MAX);
        return ev_trace(ev_archive_put_bytes(buffer, text.data, text.size));
}

/* A union with null first: its branch, and the value unless it is null. */
static int put_optional(struct ev_buffer *buffer, struct ev_str text)
{
        int r = ev_archive_put_long(buffer, !ev_str_is_null(text));

        assert(buffer->size > 0 || r < 0);

        if (r == 0 && !ev_str_is_null(text))
                r = put_text(buffer, text);
        return ev_trace(r);
}

/* The enum's symbols are counted from 0, and outcomes from 1: 0 is none. */
static int put_outcome(struct ev_buffer *buffer, int16_t outcome)
{
        int r = ev_archive_put_long(buffer, outcome != EV_OUTCOME_NONE);

        assert(outcome >= EV_OUTCOME_NONE && outcome <= EV_OUTCOME_REPEATED);

        if (r == 0 && outcome != EV_OUTCOME_NONE)
                r = ev_archive_put_long(buffer, outcome - 1);
        return ev_trace(r);
}

/* What every fact has, in the order of the schema above. The id is text because Avro's uuid is
 * one, and because people search for it. */
static int put_names(struct ev_buffer *buffer, const struct ev_archive_row *row)
{
        const struct ev_feed_fact *fact = &row->fact;
        char id[EV_UUID_TEXT_MAX];
        struct ev_str id_text = { id, ev_uuid_format(&fact->event_id, id) };
        int r = ev_archive_put_long(buffer, fact->seq);

        assert(fact->seq > 0);

        if (r == 0)
                r = put_text(buffer, row->source);
        if (r == 0)
                r = put_text(buffer, id_text);
        if (r == 0)
                r = ev_archive_put_long(buffer, fact->recorded_at);
        if (r == 0)
                r = put_text(buffer, row->type);
        if (r == 0)
                r = put_text(buffer, fact->key);
        if (r == 0)
                r = put_text(buffer, fact->subject);
        if (r == 0)
                r = ev_archive_put_long(buffer, fact->schema_id);
        return ev_trace(r);
}

/* What a fact may have: where it comes from, what it answered, and how it was traced. */
static int put_causes(struct ev_buffer *buffer, const struct ev_feed_fact *fact)
{
        int r = put_optional(buffer, fact->correlation_id);

        assert(fact->seq > 0);

        if (r == 0)
                r = put_optional(buffer, fact->causation_id);
        if (r == 0)
                r = put_optional(buffer, fact->causation_source);
        if (r == 0)
                r = put_outcome(buffer, fact->outcome);
        if (r == 0)
                r = put_optional(buffer, fact->traceparent);
        if (r == 0)
                r = put_optional(buffer, fact->tracestate);
        return ev_trace(r);
}

/* The payload is copied as it stands in the outbox: it was encoded by the writer's schema, which
 * is the branch, so nothing is decoded and nothing can be lost on the way. */
int ev_archive_put_row(struct ev_buffer *buffer, const struct ev_archive_row *row, size_t branch)
{
        const struct ev_bytes *payload = &row->fact.payload;
        int r = put_names(buffer, row);

        assert(branch < EV_ARCHIVE_SCHEMAS_MAX);

        if (r == 0)
                r = put_causes(buffer, &row->fact);
        if (r == 0 && payload->size > EV_FACT_BYTES_MAX)
                r = ev_fail(EV_VERDICT_STOP, "a payload of %zu bytes, more than %d", payload->size,
                            EV_FACT_BYTES_MAX);
        if (r == 0)
                r = ev_buffer_append(buffer, row->leaf.bytes, sizeof(row->leaf.bytes));
        if (r == 0)
                r = ev_archive_put_long(buffer, (int64_t)payload->size);
        if (r == 0)
                r = ev_archive_put_long(buffer, (int64_t)branch);
        if (r == 0)
                r = ev_buffer_append(buffer, payload->data, payload->size);
        return r < 0 ? ev_trace(ev_fail_while("fact %" PRId64, row->fact.seq)) : 0;
}

/* A map in one block, its keys in one order. */
int ev_archive_put_header(struct ev_buffer *buffer, struct ev_str schema,
                          const uint8_t sync[ARCHIVE_SYNC_BYTES])
{
        const struct ev_str pairs[] = { EV_STR("avro.codec"), EV_STR("null"), EV_STR("avro.schema"),
                                        schema };
        int r = ev_buffer_append(buffer, ev_archive_magic, sizeof(ev_archive_magic));

        assert(schema.size > 0);

        if (r == 0)
                r = ev_archive_put_long(buffer, EV_ARRAY_SIZE(pairs) / 2);
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(pairs); ++i)
                r = ev_archive_put_bytes(buffer, pairs[i].data, pairs[i].size);
        if (r == 0)
                r = ev_archive_put_long(buffer, 0);
        if (r == 0)
                r = ev_buffer_append(buffer, sync, ARCHIVE_SYNC_BYTES);
        return ev_trace(r);
}

/* ---- In ---- */

/* At most ten bytes are looked at, whatever they say. A number has one spelling only, so that a
 * row which was read can be told from another by its bytes. */
bool ev_archive_take_long(struct archive_bytes *bytes, int64_t *ret_value)
{
        uint64_t value = 0;

        assert(bytes->at <= bytes->end);

        for (unsigned i = 0; i < VARINT_BYTES_MAX; ++i) {
                uint8_t byte;

                if (bytes->at == bytes->end)
                        return false;
                byte = *bytes->at++;
                value |= (uint64_t)(byte & 0x7f) << (7 * i);
                if (byte & 0x80)
                        continue;
                /* One spelling of a number only: no zeros behind it, no bits beyond 64. */
                if ((i > 0 && byte == 0) || (i == VARINT_BYTES_MAX - 1 && byte > VARINT_LAST_MAX))
                        return false;
                *ret_value = (int64_t)(value >> 1 ^ (~(value & 1) + 1));
                return true;
        }
        return false;
}

/* A whole number of 0..max. */
static bool take_size(struct archive_bytes *bytes, size_t max, size_t *ret_size)
{
        int64_t size;

        assert(max <= INT32_MAX);

        if (!ev_archive_take_long(bytes, &size) || size < 0 || size > (int64_t)max)
                return false;
        *ret_size = (size_t)size;
        return true;
}

/* Compared as sizes and never as pointers: a pointer beyond the end would be undefined before it
 * could be refused. */
static bool take(struct archive_bytes *bytes, size_t size, struct ev_bytes *ret_bytes)
{
        assert(bytes->at <= bytes->end);

        if (size > (size_t)(bytes->end - bytes->at))
                return false;
        *ret_bytes = (struct ev_bytes){ bytes->at, size };
        bytes->at += size;
        return true;
}

/* The bound of the caller comes first, then what is left: a length from outside is never added to
 * anything. */
bool ev_archive_take_bytes(struct archive_bytes *bytes, size_t max, struct ev_bytes *ret_bytes)
{
        size_t size;

        assert(ret_bytes);

        return take_size(bytes, max, &size) && take(bytes, size, ret_bytes);
}

/* Texts go on into databases and to people, neither of which takes broken UTF-8 or a NUL. The
 * outbox had none of them, so a file that has is not ours. */
static bool take_text(struct archive_bytes *bytes, struct ev_str *ret_text)
{
        struct ev_bytes text;

        assert(ret_text);

        if (!ev_archive_take_bytes(bytes, EV_ARCHIVE_TEXT_MAX, &text))
                return false;
        *ret_text = (struct ev_str){ (const char *)text.data, text.size };
        return ev_str_is_text(*ret_text);
}

/* Branch 0 is null and branch 1 the text; there is no third one. */
static bool take_optional(struct archive_bytes *bytes, struct ev_str *ret_text)
{
        size_t branch;

        assert(ret_text);

        *ret_text = EV_STR_NULL;
        return take_size(bytes, 1, &branch) && (branch == 0 || take_text(bytes, ret_text));
}

/* The other way round: symbols count from 0, and the enum of the envelope from 1. */
static bool take_outcome(struct archive_bytes *bytes, int16_t *ret_outcome)
{
        size_t branch, symbol;

        assert(ret_outcome);

        *ret_outcome = EV_OUTCOME_NONE;
        if (!take_size(bytes, 1, &branch))
                return false;
        if (branch == 0)
                return true;
        if (!take_size(bytes, EV_OUTCOME_REPEATED - 1, &symbol))
                return false;
        *ret_outcome = (int16_t)(symbol + 1);
        return true;
}

/* In lower case only, as they are written. */
static bool take_uuid(struct archive_bytes *bytes, struct ev_uuid *ret_uuid)
{
        char again[EV_UUID_TEXT_MAX];
        struct ev_str text;

        assert(ret_uuid);

        if (!take_text(bytes, &text) || !ev_uuid_parse(text, ret_uuid))
                return false;
        return ev_str_equal(text, (struct ev_str){ again, ev_uuid_format(ret_uuid, again) });
}

/* Each value is checked where it is read, so that everything behind this function can rely on it:
 * a number above 0, an instant that can be written, texts that are texts. */
static bool take_names(struct archive_bytes *bytes, struct ev_archive_row *row)
{
        struct ev_feed_fact *fact = &row->fact;
        size_t schema_id;

        assert(row);

        if (!ev_archive_take_long(bytes, &fact->seq) || fact->seq <= 0 ||
            !take_text(bytes, &row->source) || !take_uuid(bytes, &fact->event_id) ||
            !ev_archive_take_long(bytes, &fact->recorded_at) ||
            !ev_instant_is_valid(fact->recorded_at) || !take_text(bytes, &row->type) ||
            !take_text(bytes, &fact->key) || !take_text(bytes, &fact->subject) ||
            !take_size(bytes, INT32_MAX, &schema_id))
                return false;
        fact->schema_id = (int32_t)schema_id;
        return true;
}

static bool take_hash(struct archive_bytes *bytes, struct ev_merkle_hash *ret_hash)
{
        struct ev_bytes hash;

        assert(ret_hash);

        if (!take(bytes, sizeof(ret_hash->bytes), &hash))
                return false;
        memcpy(ret_hash->bytes, hash.data, sizeof(ret_hash->bytes));
        return true;
}

/* One expression, in the order of the schema: the first thing that is wrong ends it, and what was
 * read so far is not looked at by anybody. */
bool ev_archive_take_row(struct archive_bytes *bytes, struct ev_archive_row *ret_row,
                         size_t *ret_branch)
{
        struct ev_feed_fact *fact = &ret_row->fact;
        size_t size;

        assert(bytes->at <= bytes->end);

        *ret_row = (struct ev_archive_row){ 0 };
        return take_names(bytes, ret_row) && take_optional(bytes, &fact->correlation_id) &&
               take_optional(bytes, &fact->causation_id) &&
               take_optional(bytes, &fact->causation_source) &&
               take_outcome(bytes, &fact->outcome) && take_optional(bytes, &fact->traceparent) &&
               take_optional(bytes, &fact->tracestate) && take_hash(bytes, &ret_row->leaf) &&
               take_size(bytes, EV_FACT_BYTES_MAX, &size) &&
               take_size(bytes, EV_ARCHIVE_SCHEMAS_MAX - 1, ret_branch) &&
               take(bytes, size, &fact->payload);
}

/* ---- Names ---- */

/* The first part has no number: nearly every day has one part only, and its name should not make
 * people look for others. */
void ev_archive_name(int64_t day, uint32_t part, char name[ARCHIVE_NAME_MAX])
{
        int64_t year;
        int month, mday;

        assert(part >= 1);

        ev_date_of_day(day, &year, &month, &mday);
        if (part == 1)
                snprintf(name, ARCHIVE_NAME_MAX, "%04" PRId64 "-%02d-%02d.avro", year, month, mday);
        else
                snprintf(name, ARCHIVE_NAME_MAX, "%04" PRId64 "-%02d-%02d.%" PRIu32 ".avro", year,
                         month, mday, part);
}

/* Kafka's own rule for a name, and none that a folder could take for a place elsewhere. */
static bool is_topic(struct ev_str topic)
{
        if (topic.size == 0 || topic.size > TOPIC_MAX || topic.data[0] == '.')
                return false;
        for (size_t i = 0; i < topic.size; ++i) {
                char c = topic.data[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                    c != '.' && c != '_' && c != '-')
                        return false;
        }
        assert(topic.data);
        return true;
}

/* Read by its numbers and compared with what is made of them, so a path has one spelling. */
bool ev_archive_parse_path(struct ev_str path, struct ev_archive_file *file)
{
        struct ev_str rest = path, topic = ev_str_take(&rest, '/'), date = ev_str_take(&rest, '.');
        struct ev_str middle = ev_str_take(&rest, '.');
        int64_t numbers[3] = { 0 }, part = 1;
        char name[ARCHIVE_NAME_MAX];

        assert(file);

        if (!is_topic(topic) || ev_str_is_null(date) || date.size != DAY_TEXT_SIZE)
                return false;
        for (size_t i = 0; i < EV_ARRAY_SIZE(numbers); ++i)
                if (!ev_str_to_int64(ev_str_take(&date, '-'), &numbers[i]))
                        return false;
        if (!ev_str_equal(middle, EV_STR("avro")) &&
            (!ev_str_to_int64(middle, &part) || part < 2 || part > EV_ARCHIVE_PARTS_MAX))
                return false;
        if (numbers[0] < 1 || numbers[0] > YEAR_MAX || numbers[1] < 1 || numbers[1] > 12 ||
            numbers[2] < 1 || numbers[2] > 31)
                return false;
        *file = (struct ev_archive_file){
                .path = path,
                .topic = topic,
                .day = ev_day_of_date(numbers[0], (int)numbers[1], (int)numbers[2]),
                .part = (uint32_t)part,
        };
        if (!ev_instant_is_valid(ev_day_instant(file->day)))
                return false;
        ev_archive_name(file->day, file->part, name);
        return path.size == topic.size + 1 + strlen(name) &&
               memcmp(path.data + topic.size + 1, name, strlen(name)) == 0;
}

/* The order of a manifest. Texts would put the tenth part before the second, so paths are not
 * compared as such. */
int ev_archive_compare_files(const struct ev_archive_file *a, const struct ev_archive_file *b)
{
        int order = ev_str_compare(a->topic, b->topic);

        assert(a->part >= 1 && b->part >= 1);

        if (order == 0)
                order = (a->day > b->day) - (a->day < b->day);
        return order ? order : (a->part > b->part) - (a->part < b->part);
}

/* Cut paths would name other files: one that does not fit is an error, and the caller's folder is
 * named because that is what can be made shorter. */
int ev_archive_join(const char *folder, struct ev_str name, char path[EV_ARCHIVE_PATH_MAX])
{
        int size = snprintf(path, EV_ARCHIVE_PATH_MAX, "%s/%.*s", folder, EV_STR_ARG(name));

        assert(size >= 0);

        return size < EV_ARCHIVE_PATH_MAX
                       ? 0
                       : ev_fail(EV_VERDICT_STOP, "%s: the path of its files is too long", folder);
}

/* Whatever follows from the place alone would do; a hash makes it look like nothing else. */
int ev_archive_make_sync(struct ev_str database, struct ev_str topic, int64_t day, uint32_t part,
                         uint8_t ret_sync[ARCHIVE_SYNC_BYTES])
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(EV_ARCHIVE_PATH_MAX);
        uint8_t hash[EV_DIGEST_BYTES];
        char name[ARCHIVE_NAME_MAX];
        int r;

        assert(database.size > 0);

        ev_archive_name(day, part, name);
        r = ev_buffer_printf(&text, "quenty archive %d\n%.*s\n%.*s\n%s\n", EV_ARCHIVE_FORMAT,
                             EV_STR_ARG(database), EV_STR_ARG(topic), name);
        if (r == 0)
                r = ev_digest_once(text.data, text.size, hash);
        if (r < 0)
                return ev_trace(r);
        memcpy(ret_sync, hash, ARCHIVE_SYNC_BYTES);
        return 0;
}

/* For callers that collect a batch before they do something with it. The topic is copied too,
 * although it lives as long as the archive: who keeps rows may close it. */
int ev_archive_row_keep(struct ev_archive_row *row, struct ev_arena *arena)
{
        struct ev_feed_fact *fact = &row->fact;
        struct ev_str payload = { (const char *)fact->payload.data, fact->payload.size };
        struct ev_str *const texts[] = { &row->source,
                                         &row->topic,
                                         &row->type,
                                         &fact->key,
                                         &fact->subject,
                                         &fact->correlation_id,
                                         &fact->causation_id,
                                         &fact->causation_source,
                                         &fact->traceparent,
                                         &fact->tracestate,
                                         &payload };

        assert(arena);

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                if (ev_arena_copy(arena, *texts[i], texts[i]) < 0)
                        return ev_trace(EV_FAILED);
        fact->payload = (struct ev_bytes){ (const uint8_t *)payload.data, payload.size };
        return 0;
}
