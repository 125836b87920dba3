#ifndef EV_WIRE_PLAN_H
#define EV_WIRE_PLAN_H

/* Reading what another version of a schema wrote (Avro specification, "Schema Resolution").
 *
 * Fields and symbols meet by name, or by an alias of ours. Where the writer has a field that we do
 * not have, it is read and forgotten; where we have one that it does not have, it takes its
 * default. int becomes long, string and bytes become each other, T becomes ["null", T] and back as
 * long as it is not null; a symbol that we do not know becomes our enum's default symbol. Decimals
 * must have the same scale; a value with more digits than our precision is undecodable.
 * Timestamps and decimals never come from plain long and bytes, although Avro would allow it: they
 * would mean something else. */

#include <stdbool.h>

#include "base/arena.h"
#include "base/macro.h"
#include "wire/record.h"

/* Makes, in the arena, the record that ev_avro_decode() needs to read the writer's bytes into the
 * reader's struct; both records must outlive it. Writers with the fingerprint and logical types of
 * the reader get the reader's own record. Where `every_value` is set, a plan that could fail at a
 * value (an unknown symbol without a default, null for what we require, more digits) is refused
 * too. Fails (verdict: the record's fault) with the path of the field that does not resolve. */
int ev_plan_make(const struct ev_record *writer, const struct ev_record *reader, bool every_value,
                 struct ev_arena *arena, const struct ev_record **ret_plan) _must_check_;

#endif
