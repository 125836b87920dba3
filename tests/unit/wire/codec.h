#ifndef TESTS_UNIT_WIRE_CODEC_H
#define TESTS_UNIT_WIRE_CODEC_H

/* Descriptors made of a schema text within a test, and bytes written as hexadecimal digits. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "support/unit.h"
#include "wire/avro.h"
#include "wire/schema.h"

struct codec {
        struct ev_schema *schema;
        struct ev_arena *arena;
        const struct ev_record *record;
};

static inline void codec_done(struct codec *codec)
{
        ev_schema_free(codec->schema);
        ev_arena_free(codec->arena);
}
#define _cleanup_codec_ _cleanup_(codec_done)

/* A record quenty.test.T of these fields, given as the members of the JSON list. */
static inline struct codec codec_of(const char *fields)
{
        struct codec codec = { 0 };
        char text[8192];

        snprintf(text, sizeof(text),
                 "{\"type\":\"record\",\"name\":\"T\",\"namespace\":\"quenty.test\",\"fields\":[%s]"
                 "}",
                 fields);
        cr_assert_eq(ev_schema_parse(ev_str_of(text), &codec.schema), 0, "%s",
                     ev_error_last()->text);
        cr_assert_eq(ev_arena_new(&codec.arena, 1 << 24), 0);
        cr_assert_eq(ev_record_new(codec.schema, codec.arena, &codec.record), 0, "%s",
                     ev_error_last()->text);
        return codec;
}

/* Digits to bytes; blanks are passed over. Returns a slice of the buffer. */
static inline struct ev_bytes unhex(const char *hex, uint8_t *buffer, size_t capacity)
{
        size_t size = 0;
        unsigned byte;

        for (; *hex; hex += 2) {
                while (*hex == ' ')
                        ++hex;
                cr_assert_eq(sscanf(hex, "%2x", &byte), 1);
                cr_assert_lt(size, capacity);
                buffer[size++] = (uint8_t)byte;
        }
        return (struct ev_bytes){ buffer, size };
}

/* The value of a field in a struct. */
#define FIELD(type, codec, value, name)      \
        (*(type *)(void *)((char *)(value) + \
                           ev_record_field((codec)->record, EV_STR(name))->offset))

#endif
