/* Fuzzes wire/avro.c. An input is two bytes of a target's number, a byte that says what is looked
 * at besides, and a payload:
 *
 *      decoding   whatever the payload is, there is an answer, and it takes bounded memory. What
 *                 we accept, avro-c reads as the same value. It can be encoded: to the payload's
 *                 own bytes if these are canonical, else to shorter ones or as many that are the
 *                 same value. avro-c reads those and writes them back, and so does the JSON form.
 *      encoding   the payload fills a struct with anything. What is encoded can be decoded, and
 *                 encodes to the same bytes again. */

#include <assert.h>
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fuzz/canonical.h"
#include "fuzz/targets.h"
#include "schemas/same_value.h"
#include "wire/avro.h"
#include "wire/form.h"

enum {
        HEAD_BYTES = 3,
        BYTES_PER_BYTE = 64, /* what wire/avro.h promises of the arena */
        ARENA_MAX = 16 * 1024 * 1024,
        AVRO_TARGETS_MAX = 4096,
        ITEMS_MAX = 8,
        MODE_ENCODE = 0x01,
        MODE_FORM = 0x06, /* where these bits are 0 */
        MODE_AVRO = 0x18,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ev_arena *arena;
static struct ev_buffer bytes = { .bytes_max = 2 * EV_FACT_BYTES_MAX };
static struct ev_buffer again = { .bytes_max = 2 * EV_FACT_BYTES_MAX };
static struct ev_buffer text = { .bytes_max = 16 * EV_FACT_BYTES_MAX };

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s (%s)\n", what, ev_error_last()->text);
        abort();
}

static struct ev_bytes bytes_of(const struct ev_buffer *buffer)
{
        return (struct ev_bytes){ buffer->data, buffer->size };
}

static bool same(const struct ev_buffer *a, struct ev_bytes b)
{
        return a->size == b.size && (b.size == 0 || memcmp(a->data, b.data, b.size) == 0);
}

static avro_value_iface_t *class_of(size_t number, const struct fuzz_target *target)
{
        static avro_value_iface_t *classes[AVRO_TARGETS_MAX];
        avro_schema_t schema = NULL;

        assert(number < AVRO_TARGETS_MAX);

        if (!classes[number]) {
                must(!avro_schema_from_json_length(target->text.data, target->text.size, &schema),
                     "avro-c reads the schema");
                classes[number] = avro_generic_class_from_schema(schema);
        }
        return classes[number];
}

/* What avro-c makes of bytes that we accepted: of others it may take hundreds of megabytes. */
static void read_avro(size_t number, const struct fuzz_target *target, struct ev_bytes input,
                      avro_value_t *value)
{
        avro_reader_t reader = avro_reader_memory((const char *)input.data, (int64_t)input.size);

        must(!avro_generic_value_new(class_of(number, target), value), "avro-c makes a value");
        must(!avro_value_read(reader, value), "avro-c reads what we read");
        avro_reader_free(reader);
}

/* Given `input`, avro-c writes what we write. */
static void check_avro(size_t number, const struct fuzz_target *target, struct ev_bytes input)
{
        static char output[1 << 16];
        avro_writer_t writer;
        avro_value_t value;

        if (bytes.size > sizeof(output))
                return;
        read_avro(number, target, input, &value);
        writer = avro_writer_memory(output, sizeof(output));
        must(!avro_value_write(writer, &value), "avro-c writes what it read");
        must(same(&bytes,
                  (struct ev_bytes){ (const uint8_t *)output, (size_t)avro_writer_tell(writer) }),
             "avro-c writes what we write");
        avro_writer_free(writer);
        avro_value_decref(&value);
}

/* Of the very bytes that came in, in whatever form they are, avro-c makes the value that we made. */
static void check_meaning(size_t number, const struct fuzz_target *target, struct ev_bytes input,
                          const void *ours)
{
        avro_value_t theirs;
        const char *differs;

        read_avro(number, target, input, &theirs);
        differs = different_field(target->own, ours, &theirs, false);
        must(!differs, differs);
        avro_value_decref(&theirs);
}

/* How much of what was tried was accepted, and in which form: printed at the end, for what never
 * came says nothing. */
static size_t canonical_count, other_count;

static void print_counts(void)
{
        fprintf(stderr, "accepted: %zu as we write it, %zu in another form\n", canonical_count,
                other_count);
}

/* What was written as Avro's writers do, we write again byte for byte. Of all else we write other
 * bytes, which are that same value. */
static void check_bytes(const struct fuzz_target *target, struct ev_bytes input)
{
        bool canonical = is_canonical(target->own, input);
        void *value;

        must(canonical == same(&bytes, input), "canonical bytes, and no others, come back");
        if (canonical_count + other_count == 0)
                atexit(print_counts);
        ++*(canonical ? &canonical_count : &other_count);
        if (canonical)
                return;
        ev_buffer_clear(&again);
        must(is_canonical(target->own, bytes_of(&bytes)), "what we write is canonical");
        must(!ev_avro_decode(target->own, bytes_of(&bytes), arena, &value),
             "what we write decodes");
        must(!ev_avro_encode(target->own, value, &again), "and can be encoded again");
        must(same(&again, bytes_of(&bytes)), "to the same bytes");
}

static void check_form(const struct ev_record *record, const void *value)
{
        void *read;

        if (record->has_secret)
                return;
        ev_buffer_clear(&text);
        ev_buffer_clear(&again);
        must(!ev_form_print(record, value, &text), "what decodes can be printed");
        must(!ev_form_parse(record, ev_buffer_str(&text), arena, &read), "what is printed is read");
        must(!ev_avro_encode(record, read, &again), "what is read can be encoded");
        must(same(&again, bytes_of(&bytes)), "the form keeps every byte");
}

static void decode(size_t number, const struct fuzz_target *target, uint8_t mode,
                   struct ev_bytes payload)
{
        void *value = NULL;
        int r = ev_avro_decode(target->record, payload, arena, &value);

        must(r >= 0, "an answer");
        must(ev_arena_used_bytes(arena) <=
                     BYTES_PER_BYTE * payload.size + target->own->size + BYTES_PER_BYTE,
             "bounded memory");
        if (r > 0)
                return;
        ev_buffer_clear(&bytes);
        must(!ev_avro_encode(target->own, value, &bytes), "what decodes can be encoded");
        if (target->record != target->own)
                return;
        must(bytes.size <= payload.size, "ours is the shortest encoding");
        check_bytes(target, payload);
        if (!(mode & MODE_FORM))
                check_form(target->own, value);
        if (!(mode & MODE_AVRO)) {
                check_avro(number, target, bytes_of(&bytes));
                check_meaning(number, target, payload, value);
        }
        /* As long and yet other bytes: two short blocks of an array cost what one long one does,
         * which avro-c too writes as one. No other encoding of a value is as short as ours. */
        if (bytes.size == payload.size && !same(&bytes, payload))
                check_avro(number, target, payload);
}

/* Takes a number of the payload; zeros when it is used up. */
static uint64_t take(struct ev_bytes *payload, size_t size)
{
        uint64_t number = 0;

        assert(size <= 8);
        if (size > payload->size)
                size = payload->size;
        memcpy(&number, payload->data, size);
        payload->data += size;
        payload->size -= size;
        return number;
}

/* Text of the payload, or a long one of ours, of any length around the limit. */
static struct ev_bytes take_bytes(struct ev_bytes *payload)
{
        static uint8_t letters[EV_STRING_BYTES_MAX + 2];
        uint64_t choice = take(payload, 1);
        struct ev_bytes slice = *payload;

        if (choice == 0)
                return (struct ev_bytes){ NULL, 0 };
        if (choice == 1) {
                memset(letters, 'a', sizeof(letters));
                return (struct ev_bytes){ letters, EV_STRING_BYTES_MAX - 1 + take(payload, 1) % 3 };
        }
        if (slice.size > choice)
                slice.size = choice;
        payload->data += slice.size;
        payload->size -= slice.size;
        return slice;
}

static void fill_record(const struct ev_record *record, struct ev_bytes *payload, uint8_t *base);

static void fill_value(const struct ev_field *field, struct ev_bytes *payload, void *at)
{
        struct ev_bytes slice;
        int64_t number64;
        int32_t number;

        switch (field->type) {
        case EV_TYPE_BOOLEAN: *(bool *)at = take(payload, 1) & 1; return;
        case EV_TYPE_RECORD: fill_record(field->record, payload, at); return;
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES:
                slice = take_bytes(payload);
                memcpy(at, &slice, sizeof(slice));
                return;
        case EV_TYPE_ENUM:
        case EV_TYPE_INT:
                number = (int8_t)take(payload, 1);
                if (number == 127)
                        number = (int32_t)take(payload, 4);
                memcpy(at, &number, sizeof(number));
                return;
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
        case EV_TYPE_DECIMAL:
                number64 = (int64_t)take(payload, take(payload, 1) % 9);
                memcpy(at, &number64, sizeof(number64));
                return;
        case EV_TYPE_ARRAY:
        case EV_TYPE_INT_AS_LONG: break;
        }
        must(false, "a type of a single member");
}

static void fill_array(const struct ev_field *field, struct ev_bytes *payload, uint8_t *base)
{
        uint64_t choice = take(payload, 1);
        size_t count = choice % ITEMS_MAX;
        uint8_t *items = ev_arena_take_array(arena, count, field->item->size);

        must(items, "memory for items");
        for (size_t i = 0; i < count; ++i)
                fill_value(field->item, payload, items + i * field->item->size);
        if (choice == 0xff)
                items = NULL; /* with a count: refused */
        if (choice == 0xfe)
                count = EV_ITEMS_MAX + 1; /* refused before the items are looked at */
        memcpy(base + field->offset, &items, sizeof(items));
        memcpy(base + field->beside, &count, sizeof(count));
}

static void fill_field(const struct ev_field *field, struct ev_bytes *payload, uint8_t *base)
{
        void *at = base + field->offset;

        if (field->optional && (take(payload, 1) & 1))
                return;
        if (field->type == EV_TYPE_ARRAY) {
                fill_array(field, payload, base);
                return;
        }
        if (field->optional && field->type == EV_TYPE_RECORD) {
                at = ev_arena_take(arena, field->record->size);
                must(at, "memory for a record");
                memcpy(base + field->offset, &at, sizeof(at));
        } else if (field->optional && field->type != EV_TYPE_STRING &&
                   field->type != EV_TYPE_BYTES) {
                *(bool *)(base + field->beside) = true;
        }
        fill_value(field, payload, at);
}

static void fill_record(const struct ev_record *record, struct ev_bytes *payload, uint8_t *base)
{
        for (uint32_t i = 0; i < record->fields_count; ++i)
                fill_field(&record->fields[i], payload, base);
}

static void encode(const struct ev_record *record, struct ev_bytes payload)
{
        void *value = ev_arena_take(arena, record->size);

        must(value, "memory for a value");
        fill_record(record, &payload, value);
        ev_buffer_clear(&bytes);
        ev_buffer_clear(&again);
        if (ev_avro_encode(record, value, &bytes) < 0) {
                must(bytes.size == 0, "a refused value leaves no bytes");
                must(ev_error_last()->verdict == EV_VERDICT_RECORD, "the record's fault");
                return;
        }
        must(!ev_avro_decode(record, bytes_of(&bytes), arena, &value), "what is encoded decodes");
        must(!ev_avro_encode(record, value, &again), "and can be encoded again");
        must(same(&again, bytes_of(&bytes)), "to the same bytes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct fuzz_target *targets;
        size_t count = fuzz_targets(&targets), number;
        struct ev_bytes payload = { data + HEAD_BYTES, size - HEAD_BYTES };
        struct ev_frame frame;

        if (!arena)
                must(!ev_arena_new(&arena, ARENA_MAX), "an arena");
        if (size < HEAD_BYTES)
                return 0;
        number = (size_t)(data[0] | data[1] << 8) % count;
        ev_arena_reset(arena);
        if (ev_frame_parse(payload, &frame) == 0) {
                uint8_t head[EV_FRAME_FINGERPRINT_BYTES];

                if (frame.has_fingerprint)
                        ev_frame_write_fingerprint(frame.fingerprint, head);
                else
                        ev_frame_write_id(frame.id, head);
                must(!memcmp(head, payload.data, payload.size - frame.payload.size), "a frame");
        }
        if (data[2] & MODE_ENCODE)
                encode(targets[number].own, payload);
        else
                decode(number, &targets[number], data[2], payload);
        return 0;
}
