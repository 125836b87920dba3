/* The partitioner, computed by us and not left to librdkafka, because ce_previoussequence is made
 * before the record is handed over and must know its partition. A pure function: nothing is stored.
 *
 * MurmurHash2 was placed in the public domain by its author, Austin Appleby. */

#include "wire/partition.h"

#include <assert.h>
#include <string.h>

/* MurmurHash2 takes its input in words of 32 bits, the rest byte by byte. */
enum { WORD_BYTES = 4 };

/* Both are part of the contract with everybody who writes to our topics: another value puts every
 * key elsewhere. The seed is the one of Kafka's Java client. */
static const uint32_t MULTIPLIER = 0x5bd1e995;
static const uint32_t KAFKA_SEED = 0x9747b28c;

/* Put together by hand: the hash is defined over little-endian words, whatever machine this is, and
 * a key need not lie at a multiple of four. */
static uint32_t word_at(const unsigned char *bytes)
{
        assert(bytes);

        return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
               (uint32_t)bytes[3] << 24;
}

uint32_t ev_murmur2(struct ev_str bytes)
{
        const unsigned char *at = (const unsigned char *)bytes.data;
        size_t left = bytes.size;
        uint32_t hash = KAFKA_SEED ^ (uint32_t)bytes.size;

        assert(bytes.data || !bytes.size);

        for (; left >= WORD_BYTES; at += WORD_BYTES, left -= WORD_BYTES) {
                uint32_t word = word_at(at) * MULTIPLIER;

                word ^= word >> 24;
                hash = hash * MULTIPLIER ^ word * MULTIPLIER;
        }
        if (left) {
                while (left--)
                        hash ^= (uint32_t)at[left] << (8 * left);
                hash *= MULTIPLIER;
        }
        hash ^= hash >> 13;
        hash *= MULTIPLIER;
        return hash ^ hash >> 15;
}

int32_t ev_partition_of(struct ev_str key, int32_t count)
{
        assert(count > 0);
        assert(key.data || !key.size);

        /* The sign bit is cut off and not the number negated: that is what Kafka's toPositive()
         * does, and abs() would differ for every second key. */
        return (int32_t)((ev_murmur2(key) & INT32_MAX) % (uint32_t)count);
}
