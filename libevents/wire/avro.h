#ifndef EV_WIRE_AVRO_H
#define EV_WIRE_AVRO_H

/* Avro binary encoding (Avro 1.11 specification), run from descriptors both ways.
 *
 * Bytes that come in are hostile: whatever they are, decoding ends with a value that keeps its
 * schema and our limits, or with a refusal that names the field and the byte. It takes at most 64
 * bytes of the arena for each byte of the input, and time in proportion to the input. */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/macro.h"
#include "base/str.h"
#include "wire/record.h"
#include "wire/refusal.h"

enum {
        EV_FRAME_ID_BYTES = 5,           /* 00 and the schema's id */
        EV_FRAME_FINGERPRINT_BYTES = 10, /* C3 01 and its fingerprint */
};

/* Decodes one whole value (without frame) into a struct in the arena, laid out as the record says;
 * a plan's record reads another writer's bytes into ours (wire/plan.h). Strings and bytes are
 * slices of the input, which must outlive the struct.
 * Returns 0, EV_UNDECODABLE, EV_OVER_LIMIT, or EV_FAILED when the arena is at its limit. */
int ev_avro_decode(const struct ev_record *record, struct ev_bytes input, struct ev_arena *arena,
                   void **ret_value) _must_check_;

/* Appends the value's bytes (without frame). Fails (verdict: the record's fault), naming the field,
 * on what no reader would accept: a required string, bytes or array that is null, text that is not
 * UTF-8 or holds U+0000, a symbol, decimal or instant out of range, and on what exceeds the limits.
 * On failure the buffer is as it was. Never with a plan's record. */
int ev_avro_encode(const struct ev_record *record, const void *value,
                   struct ev_buffer *buffer) _must_check_;

/* What stands before a value on a topic. */
struct ev_frame {
        bool has_fingerprint; /* single-object encoding; else Confluent's */
        uint32_t id;
        uint64_t fingerprint;
        struct ev_bytes payload; /* borrows */
};

/* Returns 0, or EV_UNDECODABLE for a value that begins with neither frame. */
int ev_frame_parse(struct ev_bytes value, struct ev_frame *ret_frame) _must_check_;

/* 00 and four bytes, big-endian (Confluent's wire format); C3 01 and eight bytes, little-endian
 * (Avro specification, "Single-object encoding"). */
void ev_frame_write_id(uint32_t id, uint8_t frame[EV_FRAME_ID_BYTES]);
void ev_frame_write_fingerprint(uint64_t fingerprint, uint8_t frame[EV_FRAME_FINGERPRINT_BYTES]);

#endif
