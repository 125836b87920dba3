/* Fuzzes flow/archive.c. An input is a row of an archive's file behind a byte of its own, or a path. What
 * is read as a row keeps every limit and is written again as the same bytes, and so is its path. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "flow/archive_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ev_buffer buffer = EV_BUFFER_INIT(ARCHIVE_BLOCK_BYTES_MAX);

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s (%s)\n", what, ev_error_last()->text);
        abort();
}

static void check_row(const struct ev_archive_row *row)
{
        const struct ev_feed_fact *fact = &row->fact;
        const struct ev_str texts[] = { row->source,
                                        row->type,
                                        fact->key,
                                        fact->subject,
                                        fact->correlation_id,
                                        fact->causation_id,
                                        fact->causation_source,
                                        fact->traceparent,
                                        fact->tracestate };

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                must(texts[i].size <= EV_ARCHIVE_TEXT_MAX && ev_str_is_text(texts[i]),
                     "a bounded text");
        must(fact->seq > 0 && ev_instant_is_valid(fact->recorded_at) && fact->schema_id >= 0,
             "numbers");
        must(fact->outcome >= EV_OUTCOME_NONE && fact->outcome <= EV_OUTCOME_REPEATED,
             "an outcome");
        must(fact->payload.size <= EV_FACT_BYTES_MAX, "a bounded payload");
}

static void try_row(const uint8_t *data, size_t size)
{
        struct archive_bytes bytes = { data, data + size };
        struct ev_archive_row row;
        struct ev_arena *arena = NULL;
        size_t branch;

        if (!ev_archive_take_row(&bytes, &row, &branch))
                return;
        check_row(&row);
        must(branch < EV_ARCHIVE_SCHEMAS_MAX, "a branch");
        must(!ev_arena_new(&arena, ARCHIVE_BLOCK_BYTES_MAX), "an arena");
        must(!ev_archive_row_keep(&row, arena), "a row that is kept");
        ev_buffer_clear(&buffer);
        must(!ev_archive_put_row(&buffer, &row, branch), "a row that was read is written");
        must(buffer.size == (size_t)(bytes.at - data) &&
                     memcmp(buffer.data, data, buffer.size) == 0,
             "the same bytes");
        ev_arena_free(arena);
}

/* And what a file at that place begins with. */
static void try_path(const uint8_t *data, size_t size)
{
        struct ev_str path = { (const char *)data, size };
        char name[ARCHIVE_NAME_MAX], again[EV_ARCHIVE_PATH_MAX], topic[EV_ARCHIVE_TEXT_MAX];
        uint8_t sync[ARCHIVE_SYNC_BYTES];
        struct ev_archive_file file;

        if (!ev_archive_parse_path(path, &file))
                return;
        must(file.topic.size > 0 && file.topic.data[0] != '.' &&
                     !memchr(file.topic.data, '/', file.topic.size),
             "a folder");
        ev_archive_name(file.day, file.part, name);
        must(ev_str_copy(file.topic, topic, sizeof(topic)) &&
                     !ev_archive_join(topic, ev_str_of(name), again),
             "a path");
        must(ev_str_equal(ev_str_of(again), path) && ev_archive_compare_files(&file, &file) == 0,
             "the same path");
        ev_buffer_clear(&buffer);
        must(!ev_archive_make_sync(EV_STR("order_db"), file.topic, file.day, file.part, sync) &&
                     !ev_archive_put_schema(&buffer, EV_STR("[]")) &&
                     !ev_archive_put_header(&buffer, EV_STR("{}"), sync),
             "a header");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        if (data[0] & 1)
                try_row(data + 1, size - 1);
        else
                try_path(data + 1, size - 1);
        return 0;
}
