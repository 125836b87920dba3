/* fuzz_seeds VECTORS CORPUS: writes the seeds of the fuzz targets into CORPUS/fuzz_codec,
 * CORPUS/fuzz_envelope, CORPUS/fuzz_archive and CORPUS/fuzz_proof: fastavro's bytes of every schema, inputs
 * at limits that chance would take long to find, records with every header, rows of archives, and proofs
 * of a tree of our own. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/json.h"
#include "flow/archive_private.h"
#include "fuzz/targets.h"
#include "fuzz/tree.h"
#include "wire/avro.h"
#include "wire/form.h"

enum {
        SEED_MAX = 128 * 1024,
        PATH_SIZE = 1024,
        EMPTY_BYTES = 21, /* of every_type behind d, where all is empty */
};

static size_t written;

static void die(const char *what)
{
        fprintf(stderr, "fuzz_seeds: %s: %s\n", what, ev_error_last()->text);
        exit(1);
}

static void write_seed(const char *corpus, const char *target, const uint8_t *data, size_t size)
{
        char path[PATH_SIZE];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", corpus, target);
        mkdir(path, 0777);
        snprintf(path, sizeof(path), "%s/%s/seed-%05zu", corpus, target, written++);
        file = fopen(path, "we");
        if (!file || fwrite(data, 1, size, file) != size || fclose(file))
                die(path);
}

static void write_codec(const char *corpus, size_t target, uint8_t mode, const uint8_t *payload,
                        size_t size)
{
        static uint8_t seed[SEED_MAX];

        assert(size + 3 <= sizeof(seed));
        seed[0] = (uint8_t)target;
        seed[1] = (uint8_t)(target >> 8);
        seed[2] = mode;
        if (size > 0)
                memcpy(seed + 3, payload, size);
        write_seed(corpus, "fuzz_codec", seed, size + 3);
}

static struct ev_json *load(const char *path)
{
        static char text[EV_JSON_BYTES_MAX];
        struct ev_json *root = NULL;
        FILE *file = fopen(path, "re");
        size_t size = file ? fread(text, 1, sizeof(text), file) : 0;

        if (!file || ev_json_parse((struct ev_str){ text, size }, EV_JSON_BYTES_MAX, &root) < 0)
                die(path);
        fclose(file);
        return root;
}

/* The first seeds of each schema; the fuzzer finds the rest by itself. */
static void write_vectors(const char *vectors, const char *corpus, size_t number,
                          const struct ev_record *record)
{
        const char *dot = memchr(record->name.data, '.', record->name.size);
        struct ev_json *root;
        char path[PATH_SIZE];

        assert(dot);
        snprintf(path, sizeof(path), "%s/%.*s.v%u.json", vectors,
                 (int)(record->name.data + record->name.size - dot - 1), dot + 1, record->version);
        root = load(path);
        for (size_t i = 0; i < ev_json_count(root) && i < 6; ++i) {
                struct ev_str hex =
                        ev_json_string(ev_json_get(ev_json_item(root, i), EV_STR("hex")));
                uint8_t payload[SEED_MAX];
                size_t size = 0;
                unsigned byte;

                for (; 2 * size < hex.size && size < 4096; ++size) {
                        sscanf(hex.data + 2 * size, "%2x", &byte);
                        payload[size] = (uint8_t)byte;
                }
                write_codec(corpus, number, 0, payload, size);
        }
        ev_json_free(root);
}

/* Values of the record with every type: empty, full, and at the limits. */
static void write_every_type(const char *corpus, const struct ev_record *record)
{
        static const char *const forms[] = {
                "{\"b\":true,\"i\":-1,\"l\":1,\"t\":\"2025-01-22T12:00:00Z\",\"d\":\"-1.5\",\"s\":"
                "\"text of more than eight bytes\",\"y\":\"AP8=\",\"e\":\"C\",\"r\":{\"x\":1,\"a\":"
                "[\"\xc3\xa9\"]},\"ar\":[{\"x\":2,\"a\":[]}],\"ai\":[1,2],\"ae\":[\"B\"],\"ad\":"
                "[\"0.0001\"],\"ab\":[true],\"al\":[9],\"ob\":true,\"oi\":3,\"ol\":4,\"ot\":"
                "\"0001-01-01T00:00:00Z\",\"od\":\"99999999999999.9999\",\"os\":\"\",\"oy\":\"\","
                "\"oe\":\"A\",\"or\":{\"x\":5,\"a\":[\"b\"]},\"oa\":[{\"x\":6,\"a\":[]}]}",
                "{\"b\":false,\"i\":0,\"l\":0,\"t\":\"1970-01-01T00:00:00Z\",\"d\":\"0\",\"s\":"
                "\"\","
                "\"y\":\"\",\"e\":\"A\",\"r\":{\"x\":0,\"a\":[]},\"ar\":[],\"ai\":[],\"ae\":[],"
                "\"ad\":"
                "[],\"ab\":[],\"al\":[],\"ob\":null,\"oi\":null,\"ol\":null,\"ot\":null,\"od\":"
                "null,"
                "\"os\":null,\"oy\":null,\"oe\":null,\"or\":null,\"oa\":[]}",
        };
        struct ev_buffer bytes = EV_BUFFER_INIT(SEED_MAX);
        struct ev_arena *arena = NULL;
        void *value;

        if (ev_arena_new(&arena, 1 << 20) < 0)
                die("an arena");
        for (size_t i = 0; i < EV_ARRAY_SIZE(forms); ++i) {
                ev_buffer_clear(&bytes);
                if (ev_form_parse(record, ev_str_of(forms[i]), arena, &value) < 0 ||
                    ev_avro_encode(record, value, &bytes) < 0)
                        die("the record of every type");
                for (size_t target = 0; target < 3; ++target)
                        write_codec(corpus, target, 0, bytes.data, bytes.size);
        }
        ev_arena_free(arena);
        ev_buffer_done(&bytes);
}

/* Empty values of every_type in other forms than a writer's: i, l and t in longer numbers, then d in
 * all the bytes that a decimal may have. */
static void write_forms(const char *corpus)
{
        static const uint8_t longer[] = { 0, 0x80, 0, 0x81, 0x80, 0, 0x80, 0x80, 0x80, 0, 2, 0 };
        static const uint8_t widest[] = { 0, 0, 0, 0, 32 };
        static uint8_t payload[512];

        assert(sizeof(widest) + 16 < sizeof(payload));

        memcpy(payload, longer, sizeof(longer));
        write_codec(corpus, 0, 0, payload, sizeof(longer) + EMPTY_BYTES);
        memset(payload, 0, sizeof(payload));
        memcpy(payload, widest, sizeof(widest));
        write_codec(corpus, 0, 0, payload, sizeof(widest) + 16 + EMPTY_BYTES);
        memset(payload + sizeof(widest), 0xff, 16);
        write_codec(corpus, 0, 0, payload, sizeof(widest) + 16 + EMPTY_BYTES);
}

/* b, i, l, t, d of every_type, and then what the seed is about. */
static void write_limits(const char *corpus)
{
        static const uint8_t head[] = { 0, 0, 0, 0, 2, 0 };
        static uint8_t payload[SEED_MAX];

        memcpy(payload, head, sizeof(head));
        memset(payload + sizeof(head), 'a', sizeof(payload) - sizeof(head));
        memcpy(payload + sizeof(head), "\x82\x40", 2); /* a string of 4,097 bytes */
        write_codec(corpus, 0, 0, payload, sizeof(head) + 2 + 4097);
        memset(payload + sizeof(head), 0, sizeof(payload) - sizeof(head));
        /* s, y, e, r.x, r.a are empty; ar, ai, ae, ad are; ab has 10,001 items */
        memcpy(payload + sizeof(head) + 9, "\xa2\x9c\x01", 3);
        write_codec(corpus, 0, 0, payload, sizeof(head) + 9 + 3 + 10001 + 64);
        /* ab in two blocks, the second with its size, one size false */
        memcpy(payload + sizeof(head) + 9, "\x02\x01\x03\x04\x01\x00\x00", 7);
        write_codec(corpus, 0, 0, payload, sizeof(head) + 9 + 7 + 12);
        memcpy(payload + sizeof(head) + 9, "\x02\x01\x03\x06\x01\x00\x00", 7);
        write_codec(corpus, 0, 0, payload, sizeof(head) + 9 + 7 + 12);
        memset(payload, 0, sizeof(payload));
        for (int mode = 0; mode < 2; ++mode)
                for (uint8_t fill = 0; fill < 8; ++fill) {
                        memset(payload, (uint8_t[]){ 0, 1, 2, 4, 'a', 0x80, 0xfe, 0xff }[fill],
                               512);
                        write_codec(corpus, 0, (uint8_t)mode, payload, 512);
                }
        write_codec(corpus, 0, 0,
                    (const uint8_t *)"\xc3\x01"
                                     "12345678",
                    10);
}

struct header_seed {
        uint8_t name;
        const char *value;
};

static void write_envelope(const char *corpus, uint8_t kind, const struct header_seed *headers,
                           size_t count, const char *value, size_t value_size)
{
        uint8_t seed[2048] = { kind, 3, 0, 'k', 'e', 'y' };
        size_t size = 6;

        for (size_t i = 0; i < count; ++i) {
                size_t length = strlen(headers[i].value);

                assert(size + length + value_size + 8 < sizeof(seed));
                seed[size++] = headers[i].name;
                seed[size++] = (uint8_t)length;
                memcpy(seed + size, headers[i].value, length);
                size += length;
        }
        seed[size++] = 0xff;
        memcpy(seed + size, value, value_size);
        write_seed(corpus, "fuzz_envelope", seed, size + value_size);
}

static void write_envelopes(const char *corpus)
{
        static const struct header_seed headers[] = {
                { 0, "1.0" },
                { 1, "id" },
                { 2, "/quenty/order_db/7/1" },
                { 3, "quenty.order.OrderAccepted" },
                { 14, "application/avro" },
                { 4, "2025-01-22T12:00:00.000000Z" },
                { 5, "order-1" },
                { 9, "42" },
                { 10, "41" },
                { 11, "accepted" },
                { 6, "c" },
                { 7, "7" },
                { 8, "/shop" },
                { 12, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
                { 13, "a=b" },
                { 15, "other" },
        };
        static const uint8_t other_kinds[] = { 0, 1 };
        uint8_t many[3 + 2 * 110] = { 0 };

        for (size_t i = 0; i < EV_ARRAY_SIZE(other_kinds); ++i)
                for (size_t count = 4; count <= EV_ARRAY_SIZE(headers); ++count)
                        write_envelope(corpus, other_kinds[i], headers, count,
                                       "\x00\x00\x0a\xae\x61\x02", 6);
        write_envelope(corpus, 0, headers, 5,
                       "\xc3\x01"
                       "12345678"
                       "\x02",
                       11);
        write_envelope(corpus, 0, headers, 5, "{}", 2);
        for (size_t i = 3; i < sizeof(many); i += 2)
                many[i] = 15;
        write_seed(corpus, "fuzz_envelope", many, sizeof(many)); /* more headers than are read */
        write_seed(corpus, "fuzz_envelope", (const uint8_t *)"\x00\xfe\x00", 3);
        write_seed(corpus, "fuzz_envelope", (const uint8_t *)"\x00\x00\xfe", 3);
        write_seed(corpus, "fuzz_envelope", (const uint8_t *)"\x00\x00\x00\x0f\xfe\x0f\xfe", 7);
}

/* With all that is optional and without, and paths of files. */
static void write_archives(const char *corpus)
{
        static const char *const paths[] = { "\2quenty.order.events.v1/2026-11-29.avro",
                                             "\2A_b-0/2026-11-29.12.avro", "\2../2026-11-29.avro" };
        struct ev_archive_row row = {
                .fact = { .seq = 4711,
                          .key = EV_STR("acme"),
                          .subject = EV_STR(""),
                          .schema_id = 700025,
                          .payload = { (const uint8_t *)"avro", 4 },
                          .recorded_at = INT64_C(1738367999123456) },
                .source = EV_STR("/quenty/order_db/7/1"),
                .type = EV_STR("quenty.order.OrderAccepted"),
        };
        struct ev_buffer bytes = EV_BUFFER_INIT(SEED_MAX);

        for (size_t i = 0; i < 2; ++i) {
                ev_buffer_clear(&bytes);
                if (ev_buffer_append(&bytes, "\1", 1) < 0 ||
                    ev_archive_put_row(&bytes, &row, i) < 0)
                        die("a row of an archive");
                write_seed(corpus, "fuzz_archive", bytes.data, bytes.size);
                row.fact.correlation_id = row.fact.causation_id = EV_STR("id");
                row.fact.causation_source = EV_STR("/shop");
                row.fact.traceparent = row.fact.tracestate = EV_STR("a=b");
                row.fact.outcome = EV_OUTCOME_REFUSED;
        }
        ev_buffer_done(&bytes);
        for (size_t i = 0; i < EV_ARRAY_SIZE(paths); ++i)
                write_seed(corpus, "fuzz_archive", (const uint8_t *)paths[i], strlen(paths[i]));
}

static void put(struct ev_buffer *seed, const char *str)
{
        if (ev_buffer_append_str(seed, ev_str_of(str)) < 0)
                die("a seed");
}

static void write_proof_seed(const char *corpus, struct ev_buffer *seed)
{
        write_seed(corpus, "fuzz_proof", seed->data, seed->size);
        ev_buffer_clear(seed);
}

#define ROOT "TTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n"

/* Each begins with what it is about: 6 a text, 7 a note, 8 a key, 9 a proof, 10 a tree, 11 a leaf. */
static const char *const proof_texts[] = {
        "\6@@@fuzz\n4711\n" ROOT "last-seq 4720\n",
        "\6ABCfuzz\n0\n" ROOT "more\n",
        "\6abca\tb\n0\n" ROOT,
        "\6abcfuzz\n01\n" ROOT,
        "\6abcfuzz\n1\nTTDh\n",
        "\6abcfuzz\n1\n" ROOT "last-seq 0\n",
        "\6abcfuzz\n1\n" ROOT "last-seq 1\nmore\nlast-seq 2\n",
        "\6abcfuzz\n1\n" ROOT "\n" ROOT,
        "\6abc\n1\n",
        "\7no end",
        "\7no signatures\n",
        "\7a\n\n\xe2\x80\x94 \n",
        "\7a\n\n\xff\n",
        "\7a\n\na line\n",
        "\10fuzz+645bba38",
        "\10a b+00000000+AWEga2V5IHRoYXQgZXZlcnlib2R5IG1heSBrbm93Li4u",
        "\10+00000000+AWEga2V5IHRoYXQgZXZlcnlib2R5IG1heSBrbm93Li4u",
        "\10other+00000000+AWEga2V5IHRoYXQgZXZlcnlib2R5IG1heSBrbm93Li4u\n",
        "\11c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n",
        "\11c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nnote\n",
        "\11c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\nnote\n",
        "\11c2sp.org/tlog-proof@v1\nextra AQ==\nindex 0\n\n",
        "\11c2sp.org/tlog-proof@v1\nextra AQAAAAg=\nindex 17\n" ROOT "\nnote\n",
        "\11c2sp.org/tlog-proof@v1\nextra AQ==\nindex 00\n\nnote\n",
        "\11c2sp.org/tlog-proof@v1\nextra AQ==\nindex 0\n" ROOT,
        "\11quenty/tlog-consistency@v1\nno hash\n",
        "\11quenty/tlog-consistency@v1\n\na\n\nb\n",
        "\11quenty/tlog-consistency@v1\n\na\n\nb\n\nc\n\nd\n",
};

/* A checkpoint under which others have signed too, and one under which too many have. */
static void write_notes(const char *corpus, struct ev_buffer *seed)
{
        static const size_t others[] = { 0, 1, EV_NOTE_SIGNATURES_MAX };

        for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i) {
                put(seed, "\7");
                fuzz_write_note(i, seed);
                for (size_t k = 0; k < others[i]; ++k)
                        put(seed, "\xe2\x80\x94 witness QUFBQUFB\n");
                write_proof_seed(corpus, seed);
        }
}

static void write_keys(const char *corpus, struct ev_buffer *seed)
{
        char chars[EV_NOTE_KEY_TEXT_MAX];

        ev_note_key_public_text(fuzz_key(), chars);
        put(seed, "\10");
        put(seed, chars);
        write_proof_seed(corpus, seed);
        put(seed, "\10");
        ev_note_key_private_text(fuzz_key(), chars);
        put(seed, chars);
        put(seed, "\n");
        write_proof_seed(corpus, seed);
}

/* Proofs of both kinds as texts, and as numbers of our tree. */
static void write_trees(const char *corpus, struct ev_buffer *seed)
{
        for (uint8_t size = 1; size <= FUZZ_TREE_MAX; size = (uint8_t)(2 * size + 1)) {
                uint8_t numbers[] = { 10, size, (uint8_t)(3 * size), 0, (uint8_t)(size - 1), size };

                put(seed, "\11");
                fuzz_write_inclusion(size / 2, size, seed);
                write_proof_seed(corpus, seed);
                put(seed, "\11");
                fuzz_write_consistency((size + 1) / 2, size, seed);
                write_proof_seed(corpus, seed);
                write_seed(corpus, "fuzz_proof", numbers, sizeof(numbers));
                ++numbers[sizeof(numbers) - 1];
                write_seed(corpus, "fuzz_proof", numbers, sizeof(numbers));
                put(seed, "\13");
                fuzz_write_leaf(size - 1U, seed);
                write_proof_seed(corpus, seed);
                put(seed, "\13");
                fuzz_write_leaf(size - 1U, seed);
                put(seed, "behind it");
                write_proof_seed(corpus, seed);
        }
}

static void write_proofs(const char *corpus)
{
        struct ev_buffer seed = EV_BUFFER_INIT(SEED_MAX);

        for (size_t i = 0; i < EV_ARRAY_SIZE(proof_texts); ++i) {
                put(&seed, proof_texts[i]);
                write_proof_seed(corpus, &seed);
        }
        write_notes(corpus, &seed);
        write_keys(corpus, &seed);
        write_trees(corpus, &seed);
        put(&seed, "\11quenty/tlog-consistency@v1\n");
        for (size_t i = 0; i <= EV_MERKLE_PROOF_MAX; ++i)
                put(&seed, ROOT);
        write_proof_seed(corpus, &seed);
        ev_buffer_done(&seed);
}

int main(int argc, char **argv)
{
        const struct fuzz_target *targets;
        size_t count = fuzz_targets(&targets);

        if (argc != 3) {
                fputs("usage: fuzz_seeds VECTORS CORPUS\n", stderr);
                return 2;
        }
        mkdir(argv[2], 0777);
        write_every_type(argv[2], targets[0].record);
        write_forms(argv[2]);
        write_limits(argv[2]);
        for (size_t i = 3; i < count; ++i)
                write_vectors(argv[1], argv[2], i, targets[i].record);
        write_envelopes(argv[2]);
        write_archives(argv[2]);
        write_proofs(argv[2]);
        printf("%zu seeds\n", written);
        return 0;
}
