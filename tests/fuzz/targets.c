/* Targets are made at the first input. Anything that fails here is a mistake in this file. */

#include "fuzz/targets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "schemas/registry.h"
#include "wire/plan.h"
#include "wire/schema.h"

enum { TARGETS_MAX = 4096, MEMORY_MAX = 64 * 1024 * 1024 };

#define T(fields)           "{\"type\":\"record\",\"name\":\"f.T\",\"fields\":[" fields "]}"
#define F(n, type)          "{\"name\":\"" n "\",\"type\":" type "}"
#define D(n, type, initial) "{\"name\":\"" n "\",\"type\":" type ",\"default\":" initial "}"
#define O(type)             "[\"null\"," type "]"
#define A(items)            "{\"type\":\"array\",\"items\":" items "}"
#define R(n, fields)        "{\"type\":\"record\",\"name\":\"" n "\",\"fields\":[" fields "]}"
#define E(n, symbols, more) \
        "{\"type\":\"enum\",\"name\":\"" n "\",\"symbols\":[" symbols "]" more "}"
#define DEC "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":18,\"scale\":4}"
#define TS  "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"

/* A line for each field. */
/* clang-format off */
static const char every_type[] = T(
        F("b", "\"boolean\"") ","
        F("i", "\"int\"") ","
        F("l", "\"long\"") ","
        F("t", TS) ","
        F("d", DEC) ","
        F("s", "\"string\"") ","
        F("y", "\"bytes\"") ","
        F("e", E("E", "\"A\",\"B\",\"C\"", "")) ","
        F("r", R("P", F("x", "\"int\"") "," F("a", A("\"string\"")))) ","
        F("ar", A("\"f.P\"")) ","
        F("ai", A("\"int\"")) ","
        F("ae", A("\"f.E\"")) ","
        F("ad", A(DEC)) ","
        F("ab", A("\"boolean\"")) ","
        F("al", A("\"long\"")) ","
        F("ob", O("\"boolean\"")) ","
        F("oi", O("\"int\"")) ","
        F("ol", O("\"long\"")) ","
        F("ot", O(TS)) ","
        F("od", O(DEC)) ","
        F("os", O("\"string\"")) ","
        F("oy", O("\"bytes\"")) ","
        F("oe", O("\"f.E\"")) ","
        F("or", O("\"f.P\"")) ","
        F("oa", O(A("\"f.P\""))));

/* Reads every_type: part is promoted, part mapped, part skipped, part missing. */
static const char promoted[] = T(
        D("new", "\"string\"", "\"x\"") ","
        F("i", "\"long\"") ","
        F("s", "\"bytes\"") ","
        F("y", "\"string\"") ","
        F("e", E("E", "\"C\",\"Z\"", ",\"default\":\"Z\"")) ","
        F("r", R("P", F("x", "\"long\"") "," D("z", "\"int\"", "7"))) ","
        F("ar", A("\"f.P\"")) ","
        F("ai", A("\"long\"")) ","
        F("oi", "\"int\"") ","
        F("l", O("\"long\"")) ","
        F("b", O("\"boolean\"")) ","
        F("os", "\"string\"") ","
        F("oa", A("\"f.P\"")) ","
        F("or", "\"f.P\"") ","
        F("t", O(TS)) ","
        F("ae", A("\"f.E\"")));
/* clang-format on */

/* Reads every_type: all is skipped but one field. */
static const char skipped[] = T(F("ob", O("\"boolean\"")));

static struct fuzz_target targets[TARGETS_MAX];
static struct ev_arena *arena;
static struct ev_schema *schemas[8]; /* their texts are in the descriptors */
static size_t schemas_count;

static const struct ev_record *record_of(struct ev_str text)
{
        const struct ev_record *record;
        struct ev_schema **schema = &schemas[schemas_count++];

        assert(schemas_count <= EV_ARRAY_SIZE(schemas));

        if (ev_schema_parse(text, schema) < 0 || ev_record_new(*schema, arena, &record) < 0) {
                fprintf(stderr, "%s\n", ev_error_last()->text);
                abort();
        }
        return record;
}

static struct fuzz_target plan_of(const char *writer, const char *reader)
{
        struct fuzz_target target = { .own = record_of(ev_str_of(reader)) };

        if (ev_plan_make(record_of(ev_str_of(writer)), target.own, false, arena, &target.record) <
            0) {
                fprintf(stderr, "%s\n", ev_error_last()->text);
                abort();
        }
        assert(target.record != target.own);
        return target;
}

size_t fuzz_targets(const struct fuzz_target **ret_targets)
{
        static size_t count;
        const struct ev_record *record;

        *ret_targets = targets;
        if (count > 0)
                return count;
        if (ev_arena_new(&arena, MEMORY_MAX) < 0)
                abort();
        record = record_of(ev_str_of(every_type));
        targets[count++] = (struct fuzz_target){ record, record, ev_str_of(every_type) };
        targets[count++] = plan_of(every_type, promoted);
        targets[count++] = plan_of(every_type, skipped);
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_registered *entry = &schemas_registry[i];

                assert(count < TARGETS_MAX);
                if (entry->record)
                        targets[count++] =
                                (struct fuzz_target){ entry->record, entry->record, entry->text };
        }
        return count;
}
