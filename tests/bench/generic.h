#ifndef TESTS_BENCH_GENERIC_H
#define TESTS_BENCH_GENERIC_H

/* What a program that uses avro-c's generic values does beside reading and writing them: its data into
 * a value before it is written, and out of one that was read. Fields are found by their index, which is
 * the quickest way that avro-c has. */

#include <avro.h>
#include <stdint.h>

#include "wire/record.h"

/* Sets every field of the value from our struct. 0, or avro-c's error (avro_strerror()). */
int generic_fill(const struct ev_record *record, const void *ours, avro_value_t *value);

/* Gets every field, texts and bytes as slices of the value, and adds to *sum what depends on all of
 * them, so that no compiler leaves one out. 0, or avro-c's error. */
int generic_take(const struct ev_record *record, avro_value_t *value, uint64_t *sum);

#endif
