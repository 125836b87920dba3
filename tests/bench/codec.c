/* bench-codec: our codec beside avro-c's generic values, on the same values and bytes.
 *
 *      bench-codec [--types OrderPlaced,StockReserved | --types all] [--random] [--rounds 21]
 *
 * For each type: nanoseconds a message to decode and to encode, by both, and how often ours goes
 * into avro-c's time (P7). Both do what a program would do. Ours decodes into a struct in an arena
 * that is taken back once a batch, and encodes a struct. avro-c decodes into one value that is used
 * again, out of which the fields are then got; and the fields are set in one that is used again
 * before it is encoded (bench/generic.h). How much of its time is reading and writing alone is told
 * too. Buffers are used again by both. Rounds alternate between all of these; medians are printed.
 *
 * Values are those of story.ndjson, or random ones of the codec's tests (tests/schemas), which look
 * for edges: long texts of many scripts, and half of what is optional is absent. That differs: our
 * codec looks at every character, and avro-c at none.
 *
 * Before anything is measured, each value goes both ways through both, and has to come out as the
 * same bytes. */

#include <assert.h>
#include <avro.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bench/generic.h"
#include "bench/measure.h"
#include "bench/story.h"
#include "bench/tool.h"
#include "schemas/random_value.h"
#include "schemas/registry.h"
#include "wire/avro.h"

enum {
        VALUES = 200, /* as many as a batch has */
        SEED = 20261129,
        ARENA_BYTES = 64 * 1024 * 1024,
        BYTES_MAX = 1024 * 1024, /* of all values of a type */
        KEY_MAX = 100,
        TYPES_MAX = 256,
};

/* What is measured, and the ratios, in the order of the results. */
enum work { DECODE, DECODE_AVRO_C, READ_AVRO_C, ENCODE, ENCODE_AVRO_C, WRITE_AVRO_C, WORKS };
enum { DECODE_RATIO = WORKS, ENCODE_RATIO, FIGURES };

struct subject {
        const struct ev_registered *type;
        const struct story_event *told; /* whose value it is; NULL: random ones */
        struct ev_arena *kept, *arena;  /* of the values; of what is decided on the way */
        void *values[VALUES];
        struct ev_bytes bytes[VALUES]; /* slices of all */
        struct ev_buffer all, out;

        avro_schema_t schema;
        avro_value_iface_t *class;
        avro_value_t theirs[VALUES], reused;
        uint64_t sum; /* of what was got, so that nothing is left out */
        avro_reader_t reader;
        avro_writer_t writer;
        char their_bytes[BYTES_MAX];
};

/* ---- One pass over all values ---- */

static void decode_ours(void *context)
{
        struct subject *subject = context;

        assert(subject->arena);

        ev_arena_reset(subject->arena);
        for (size_t i = 0; i < VALUES; ++i) {
                void *value;

                tool_check(ev_avro_decode(subject->type->record, subject->bytes[i], subject->arena,
                                          &value));
        }
}

static void encode_ours(void *context)
{
        struct subject *subject = context;

        assert(subject->out.bytes_max == BYTES_MAX);

        for (size_t i = 0; i < VALUES; ++i) {
                ev_buffer_clear(&subject->out);
                tool_check(
                        ev_avro_encode(subject->type->record, subject->values[i], &subject->out));
        }
}

static void read_theirs(void *context)
{
        struct subject *subject = context;

        assert(subject->reader);

        for (size_t i = 0; i < VALUES; ++i) {
                avro_reader_memory_set_source(subject->reader, (const char *)subject->bytes[i].data,
                                              (int64_t)subject->bytes[i].size);
                if (avro_value_read(subject->reader, &subject->reused))
                        tool_die("avro-c: %s", avro_strerror());
        }
}

static void decode_theirs(void *context)
{
        struct subject *subject = context;

        assert(subject->reader);

        for (size_t i = 0; i < VALUES; ++i) {
                avro_reader_memory_set_source(subject->reader, (const char *)subject->bytes[i].data,
                                              (int64_t)subject->bytes[i].size);
                if (avro_value_read(subject->reader, &subject->reused) ||
                    generic_take(subject->type->record, &subject->reused, &subject->sum))
                        tool_die("avro-c: %s", avro_strerror());
        }
}

static void encode_theirs(void *context)
{
        struct subject *subject = context;

        assert(subject->writer);

        for (size_t i = 0; i < VALUES; ++i) {
                avro_writer_reset(subject->writer);
                avro_value_reset(&subject->reused);
                if (generic_fill(subject->type->record, subject->values[i], &subject->reused) ||
                    avro_value_write(subject->writer, &subject->reused))
                        tool_die("avro-c: %s", avro_strerror());
        }
}

static void write_theirs(void *context)
{
        struct subject *subject = context;

        assert(subject->writer);

        for (size_t i = 0; i < VALUES; ++i) {
                avro_writer_reset(subject->writer);
                if (avro_value_write(subject->writer, &subject->theirs[i]))
                        tool_die("avro-c: %s", avro_strerror());
        }
}

static measure_pass_fn *const passes[WORKS] = {
        [DECODE] = decode_ours, [DECODE_AVRO_C] = decode_theirs, [READ_AVRO_C] = read_theirs,
        [ENCODE] = encode_ours, [ENCODE_AVRO_C] = encode_theirs, [WRITE_AVRO_C] = write_theirs,
};

/* ---- Values ---- */

static void make_ours(struct subject *subject)
{
        struct random_source source = { .state = SEED };
        size_t ends[VALUES], begin = 0;

        assert(subject->type->record);

        tool_check(ev_arena_new(&subject->kept, ARENA_BYTES));
        tool_check(ev_arena_new(&subject->arena, ARENA_BYTES));
        subject->all = EV_BUFFER_INIT(BYTES_MAX);
        subject->out = EV_BUFFER_INIT(BYTES_MAX);
        for (size_t i = 0; i < VALUES; ++i) {
                subject->values[i] =
                        subject->told ? subject->told->value
                                      : random_value(&source, subject->type->record, subject->kept);
                tool_check(
                        ev_avro_encode(subject->type->record, subject->values[i], &subject->all));
                ends[i] = subject->all.size;
        }
        for (size_t i = 0; i < VALUES; begin = ends[i++])
                subject->bytes[i] = (struct ev_bytes){ subject->all.data + begin, ends[i] - begin };
}

static void make_theirs(struct subject *subject)
{
        struct ev_str text = subject->type->text;

        assert(subject->all.size > 0);

        if (avro_schema_from_json_length(text.data, text.size, &subject->schema))
                tool_die("avro-c: %s", avro_strerror());
        subject->class = avro_generic_class_from_schema(subject->schema);
        subject->reader = avro_reader_memory(NULL, 0);
        subject->writer = avro_writer_memory(subject->their_bytes, BYTES_MAX);
        avro_generic_value_new(subject->class, &subject->reused);
        for (size_t i = 0; i < VALUES; ++i) {
                avro_generic_value_new(subject->class, &subject->theirs[i]);
                avro_reader_memory_set_source(subject->reader, (const char *)subject->bytes[i].data,
                                              (int64_t)subject->bytes[i].size);
                if (avro_value_read(subject->reader, &subject->theirs[i]))
                        tool_die("avro-c: %s", avro_strerror());
        }
}

/* Our bytes, read and written by us, and our struct, written by avro-c. */
static void check_value(struct subject *subject, struct ev_bytes bytes, const void *ours)
{
        void *value;

        assert(bytes.size > 0);

        avro_writer_reset(subject->writer);
        avro_value_reset(&subject->reused);
        if (generic_fill(subject->type->record, ours, &subject->reused) ||
            avro_value_write(subject->writer, &subject->reused))
                tool_die("avro-c: %s", avro_strerror());
        ev_buffer_clear(&subject->out);
        tool_check(ev_avro_decode(subject->type->record, bytes, subject->arena, &value));
        tool_check(ev_avro_encode(subject->type->record, value, &subject->out));
        if ((size_t)avro_writer_tell(subject->writer) != bytes.size ||
            memcmp(subject->their_bytes, bytes.data, bytes.size) != 0 ||
            subject->out.size != bytes.size ||
            memcmp(subject->out.data, bytes.data, bytes.size) != 0)
                tool_die("%.*s comes out as other bytes", EV_STR_ARG(subject->type->name));
}

static struct subject *subject_new(const struct ev_registered *type, const struct story_event *told)
{
        struct subject *subject = calloc(1, sizeof(*subject));

        assert(type);

        if (!subject)
                tool_die("no memory for values");
        subject->type = type;
        subject->told = told;
        make_ours(subject);
        make_theirs(subject);
        for (size_t i = 0; i < VALUES; ++i)
                check_value(subject, subject->bytes[i], subject->values[i]);
        return subject;
}

static void subject_free(struct subject *subject)
{
        assert(subject);

        for (size_t i = 0; i < VALUES; ++i)
                avro_value_decref(&subject->theirs[i]);
        avro_value_decref(&subject->reused);
        avro_value_iface_decref(subject->class);
        avro_schema_decref(subject->schema);
        avro_reader_free(subject->reader);
        avro_writer_free(subject->writer);
        ev_buffer_done(&subject->all);
        ev_buffer_done(&subject->out);
        ev_arena_free(subject->arena);
        ev_arena_free(subject->kept);
        free(subject);
}

/* ---- Rounds ---- */

/* Medians of the times and of the ratios of each round. */
static void measure(struct subject *subject, size_t rounds, double ret_figures[FIGURES])
{
        static double figures[FIGURES][MEASURE_ROUNDS_MAX];

        assert(rounds <= MEASURE_ROUNDS_MAX);

        for (size_t work = 0; work < WORKS; ++work)
                passes[work](subject); /* caches and buffers are warm from here on */
        for (size_t round = 0; round < rounds; ++round) {
                for (size_t work = 0; work < WORKS; ++work)
                        figures[work][round] = measure_ns(passes[work], subject, VALUES);
                figures[DECODE_RATIO][round] =
                        figures[DECODE_AVRO_C][round] / figures[DECODE][round];
                figures[ENCODE_RATIO][round] =
                        figures[ENCODE_AVRO_C][round] / figures[ENCODE][round];
        }
        for (size_t i = 0; i < FIGURES; ++i)
                ret_figures[i] = measure_median(figures[i], rounds);
}

static const char *const figure_names[FIGURES] = {
        [DECODE] = "decode_ns",           [DECODE_AVRO_C] = "decode_avro_c_ns",
        [ENCODE] = "encode_ns",           [ENCODE_AVRO_C] = "encode_avro_c_ns",
        [READ_AVRO_C] = "read_avro_c_ns", [WRITE_AVRO_C] = "write_avro_c_ns",
        [DECODE_RATIO] = "decode_ratio",  [ENCODE_RATIO] = "encode_ratio",
};

static struct ev_str short_name(struct ev_str name)
{
        struct ev_str last = EV_STR_NULL;

        assert(name.size > 0);

        while (name.size > 0)
                last = ev_str_take(&name, '.');
        return last;
}

static void print_figures(const struct subject *subject, const double figures[FIGURES])
{
        struct ev_str name = short_name(subject->type->name);
        char key[KEY_MAX];

        assert(name.data);

        snprintf(key, sizeof(key), "%.*s.bytes", EV_STR_ARG(name));
        tool_print(key, (int64_t)(subject->all.size / VALUES));
        for (size_t i = 0; i < FIGURES; ++i) {
                snprintf(key, sizeof(key), "%.*s.%s", EV_STR_ARG(name), figure_names[i]);
                tool_print_ratio(key, figures[i]);
        }
}

/* The short names of two types of one context may agree; the first of them is taken. */
static bool is_wanted(const char *types, const struct ev_registered *type)
{
        struct ev_str list = ev_str_of(types);

        assert(types);

        if (!type->record)
                return false;
        if (strcmp(types, "all") == 0)
                return true;
        while (list.size > 0)
                if (ev_str_equal(ev_str_take(&list, ','), short_name(type->name)))
                        return true;
        return false;
}

static void print_totals(double figures[FIGURES][TYPES_MAX], size_t count)
{
        double sums[FIGURES] = { 0 };

        assert(count > 0);

        for (size_t i = 0; i < FIGURES; ++i)
                for (size_t k = 0; k < count; ++k)
                        sums[i] += figures[i][k];
        tool_print("types", (int64_t)count);
        tool_print_ratio("decode_ratio", sums[DECODE_AVRO_C] / sums[DECODE]);
        tool_print_ratio("encode_ratio", sums[ENCODE_AVRO_C] / sums[ENCODE]);
        tool_print_ratio("read_ratio", sums[READ_AVRO_C] / sums[DECODE]);
        tool_print_ratio("write_ratio", sums[WRITE_AVRO_C] / sums[ENCODE]);
}

static double totals[FIGURES][TYPES_MAX];

static void measure_type(const struct ev_registered *type, const struct story_event *told,
                         size_t rounds, size_t index)
{
        struct subject *subject = subject_new(type, told);
        double figures[FIGURES];

        assert(index < TYPES_MAX);

        measure(subject, rounds, figures);
        print_figures(subject, figures);
        for (size_t i = 0; i < FIGURES; ++i)
                totals[i][index] = figures[i];
        subject_free(subject);
}

int main(int argc, char **argv)
{
        const char *path = BENCH_STORY, *types = "OrderPlaced,OrderAccepted,StockReserved,"
                                                 "OrderConfirmed,ManifestDrafted,GoodsReceived";
        int64_t rounds = 21;
        bool is_random = false;
        const struct tool_option table[] = {
                { "--types", "LIST", "short names, or all", .text = &types },
                { "--random", NULL, "random values", .flag = &is_random },
                { "--story", "FILE", "else those of this file", .text = &path },
                { "--rounds", "N", "an odd number", .number = &rounds, 1, MEASURE_ROUNDS_MAX },
        };
        const struct tool tool = { "bench-codec", "Our codec beside avro-c's generic values.",
                                   table, EV_ARRAY_SIZE(table) };
        _cleanup_story_ struct story story = { 0 };
        size_t count = 0;

        tool_options(&tool, argc, argv);
        story_read(&story, path);
        for (size_t i = 0; i < schemas_registry_count && count < TYPES_MAX; ++i) {
                const struct ev_registered *type = &schemas_registry[i];
                const struct story_event *told = is_random ? NULL : story_find(&story, type);

                if (is_wanted(types, type) && (told || is_random))
                        measure_type(type, told, (size_t)rounds | 1, count++);
        }
        if (!count)
                tool_die("--types: there are no values of \"%s\"", types);
        print_totals(totals, count);
        return EXIT_SUCCESS;
}
