/* eventctl export: the facts of a database as files, which stay when its partitions are dropped.
 *
 * The range is settled first: from where the archive ends to a number below which the relay has
 * published all, so that each number is a fact or will never be one. Rows there never change, so they
 * are read page by page without a transaction that would keep others from cleaning up. Holes are
 * compared with what the relay has explained; the archive itself is flow/archive_write.c's.
 *
 * If the process dies, the archive is what it was, or is finished by the next call, which goes on from
 * there. The database is told last: an archive that it does not know of is only not counted on. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "command.h"
#include "database.h"
#include "eventctl_sql.h"
#include "flow/archive.h"
#include "flow/schemas.h"
#include "flow/settings.h"
#include "output.h"
#include "progress.h"
#include "store/feed.h"

enum {
        PAGE_ROWS = 10000,
        PAGE_BYTES = 4 * 1024 * 1024, /* of payloads */
        WINDOW = 1000000,             /* numbers that are asked about at once: a partition's */
        MEMORY_MAX = 64 * 1024 * 1024,
        PARAMS_BYTES_MAX = 4 * 1024 * 1024,
        HASH_TEXT_MAX = EV_DIGEST_TEXT_MAX,
        NAMES_MAX = INT16_MAX + 1, /* ids are smallints */
        DATE_SIZE = 10,
};

static const struct output_column columns[] = {
        { "database", 16, false }, { "first_seq", 12, true },      { "last_seq", 12, true },
        { "facts", 12, true },     { "files", 6, true },           { "gaps", 8, true },
        { "seconds", 8, true },    { "facts_a_second", 15, true }, { "manifest_sha256", 0, false },
};

struct export
{
        const struct command_input *input;
        const char *database;
        struct output output;
        struct ev_db *db;
        struct ev_feed feed;
        struct ev_params params;
        struct ev_arena *arena;
        struct ev_schemas *schemas;
        struct ev_archive_writer *writer;
        char folder[EV_ARCHIVE_PATH_MAX];
        int stop_fd;
        int64_t started; /* monotonic, µs */
        /* What is exported now: both ends included; nothing where they cross. */
        int64_t from, to;
        int64_t first;                  /* of the archive, if it is new */
        struct ev_str *names, *sources; /* by their ids; null: there is none */
        const struct ev_feed_gap *gaps;
        size_t gaps_count, gaps_next;
        int64_t next; /* what comes, but for gaps */
        uint64_t facts;
        uint8_t hash[EV_DIGEST_BYTES];
};

/* What is borrowed is freed last. */
static void export_done(struct export *export)
{
        assert(export);

        ev_archive_writer_free(export->writer);
        ev_schemas_free(export->schemas);
        ev_feed_done(&export->feed);
        ev_params_done(&export->params);
        ev_db_free(export->db);
        ev_arena_free(export->arena);
}

static enum command_exit complain(void)
{
        command_complain();
        return COMMAND_FAILED;
}

static enum command_exit refuse(const char *what)
{
        assert(what);

        fprintf(stderr, "eventctl: refused: %s\n", what);
        return COMMAND_REFUSED;
}

/* ---- The range ---- */

/* Runs a statement about a range of numbers. */
static int ask_range(struct export *export, const struct ev_statement *statement, int64_t from,
                     int64_t to, struct ev_result **ret_rows)
{
        assert(from <= to);

        ev_params_begin(&export->params, statement);
        ev_params_int8(&export->params, from);
        ev_params_int8(&export->params, to);
        return ev_trace(ev_db_run(export->db, statement, &export->params, ret_rows));
}

/* A time, or a day, which begins at midnight. */
static bool read_time(const char *text, int64_t *ret_instant)
{
        char whole[EV_INSTANT_TEXT_MAX];

        assert(ret_instant);

        if (strlen(text) == DATE_SIZE) {
                snprintf(whole, sizeof(whole), "%.10sT00:00:00Z", text);
                text = whole;
        }
        return ev_instant_parse(ev_str_of(text), ret_instant);
}

/* The first number of a time; `fallback` where nothing was recorded since. */
static int find_time(struct export *export, int64_t instant, int64_t fallback, int64_t *ret_seq)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(ret_seq);

        ev_params_begin(&export->params, &eventctl_sql_export_since);
        ev_params_timestamptz(&export->params, instant);
        r = ev_db_run(export->db, &eventctl_sql_export_since, &export->params, &rows);
        if (r == 0)
                *ret_seq = ev_result_rows(rows) ? ev_result_int8(rows, 0, 0) : fallback;
        return ev_trace(r);
}

/* A place of the command line: a number, or the first one of a time. Untouched without the option. */
static enum command_exit read_place(struct export *export, const char *option, int64_t fallback,
                                    int64_t *place, bool *ret_is_time)
{
        const char *text = command_value(export->input, option);
        int64_t instant, seq;

        assert(place);

        *ret_is_time = false;
        if (!text)
                return COMMAND_DONE;
        if (ev_str_to_int64(ev_str_of(text), &seq) && seq > 0) {
                *place = seq;
                return COMMAND_DONE;
        }
        if (!read_time(text, &instant)) {
                fprintf(stderr,
                        "eventctl: --%s: \"%s\" is neither a number from 1 on nor a time such as "
                        "2025-01-31T12:00:00Z or 2025-01-31\n",
                        option, text);
                return COMMAND_USAGE;
        }
        *ret_is_time = true;
        return find_time(export, instant, fallback, place) < 0 ? complain() : COMMAND_DONE;
}

/* Behind all that are published nothing is exported: a number may still be given there. */
static enum command_exit settle_end(struct export *export, int64_t position)
{
        bool is_time;
        enum command_exit exit;

        assert(position >= 0);

        export->to = position;
        exit = read_place(export, "until", position + 1, &export->to, &is_time);
        if (exit != COMMAND_DONE)
                return exit;
        if (is_time)
                --export->to; /* the number before */
        if (export->to > position && is_time)
                export->to = position;
        if (export->to <= position)
                return COMMAND_DONE;
        fprintf(stderr, "eventctl: refused: facts are published to number %" PRId64 " only\n",
                position);
        return COMMAND_REFUSED;
}

static enum command_exit settle_beginning(struct export *export, int64_t lowest)
{
        const struct ev_archive_manifest *manifest = ev_archive_writer_manifest(export->writer);
        int64_t since = manifest ? manifest->last_seq + 1 : lowest;
        bool is_time;
        enum command_exit exit;

        assert(lowest > 0);

        export->from = since;
        exit = read_place(export, "since", INT64_MAX, &since, &is_time);
        if (exit != COMMAND_DONE)
                return exit;
        if (manifest && since < manifest->first_seq)
                return refuse("the archive begins later, and grows at its end only: take another "
                              "folder");
        if (manifest && since > manifest->last_seq + 1)
                return refuse("the archive ends earlier, and would have a hole: leave --since out, "
                              "or take another folder");
        if (!manifest)
                export->from = since;
        if (export->from < lowest)
                return refuse("partitions from there on were dropped from the database: what is "
                              "missing must be in an archive, or begin later with --since");
        export->first = export->from;
        return COMMAND_DONE;
}

/* After a restore to an earlier point the database counts again from there. */
static enum command_exit check_head(struct export *export, int64_t position)
{
        const struct ev_archive_manifest *manifest = ev_archive_writer_manifest(export->writer);
        _cleanup_result_ struct ev_result *rows = NULL;
        struct ev_uuid id;
        int r;

        if (!manifest)
                return COMMAND_DONE;
        assert(manifest->last_seq > 0);
        if (manifest->last_seq > position)
                return refuse("the archive goes further than what this database has published: it "
                              "is another one, or was restored. Take another folder");
        ev_params_begin(&export->params, &eventctl_sql_export_head);
        ev_params_array(&export->params);
        for (size_t i = 0; i < manifest->sources_count; ++i)
                ev_params_text(&export->params, manifest->sources[i]);
        ev_params_array_end(&export->params);
        ev_params_int8(&export->params, manifest->head_seq);
        r = ev_db_run(export->db, &eventctl_sql_export_head, &export->params, &rows);
        if (r < 0)
                return complain();
        if (ev_result_int8(rows, 0, 0) != (int64_t)manifest->sources_count)
                return refuse("the archive has facts of a source that this database does not "
                              "know: it is another one. Take another folder");
        if (ev_result_is_null(rows, 0, 1))
                return COMMAND_DONE;
        id = ev_result_uuid(rows, 0, 1);
        return ev_uuid_compare(&id, &manifest->head_id) == 0
                       ? COMMAND_DONE
                       : refuse("the last fact of the archive is another one in this database, "
                                "which was restored. Take another folder");
}

static enum command_exit settle(struct export *export)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int64_t lowest, position;
        enum command_exit exit;

        assert(export->db && export->writer);

        if (ev_db_run(export->db, &eventctl_sql_export_bounds, NULL, &rows) < 0)
                return complain();
        if (ev_result_rows(rows) != 1)
                return refuse("the database has no relay position: has schema ev been changed by "
                              "hand?");
        lowest = ev_result_int8(rows, 0, 0);
        position = ev_result_int8(rows, 0, 1);
        exit = check_head(export, position);
        if (exit == COMMAND_DONE)
                exit = settle_end(export, position);
        if (exit == COMMAND_DONE)
                exit = settle_beginning(export, lowest);
        export->next = export->from;
        return exit;
}

/* ---- What will come ---- */

/* Rows (id, text) by their ids, in the arena. */
static int load_texts(struct export *export,
                      int (*load)(struct ev_feed *feed, struct ev_result **ret_rows),
                      struct ev_str **ret_texts)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = load(&export->feed, &rows);

        if (r < 0)
                return ev_trace(r);
        *ret_texts = ev_arena_take_array(export->arena, NAMES_MAX, sizeof(**ret_texts));
        if (!*ret_texts)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                int16_t id = ev_result_int2(rows, i, 0);

                assert(id > 0); /* a CHECK of both tables */
                r = ev_arena_copy(export->arena, ev_result_text(rows, i, 1), &(*ret_texts)[id]);
        }
        return ev_trace(r);
}

static int name_of(const struct ev_str *texts, int16_t id, const char *what,
                   struct ev_str *ret_text)
{
        assert(ret_text);

        if (id <= 0 || ev_str_is_null(texts[id]))
                return ev_fail(EV_VERDICT_STOP, "%s %d has no name in the database", what, id);
        *ret_text = texts[id];
        return 0;
}

static int expect_window(struct export *export, int64_t from, int64_t to)
{
        enum { TOPIC, TYPE, SCHEMA_ID, DAY, LAST_SEQ };
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ask_range(export, &eventctl_sql_export_kinds, from, to, &rows);

        assert(export->names);

        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                struct ev_archive_kind kind = {
                        .schema_id = ev_result_int4(rows, i, SCHEMA_ID),
                        .day = ev_result_date(rows, i, DAY),
                        .last_seq = ev_result_int8(rows, i, LAST_SEQ),
                };

                r = name_of(export->names, ev_result_int2(rows, i, TOPIC), "topic", &kind.topic);
                if (r == 0)
                        r = name_of(export->names, ev_result_int2(rows, i, TYPE), "type",
                                    &kind.type);
                if (r == 0)
                        r = ev_archive_writer_expect(export->writer, &kind);
        }
        return ev_trace(r);
}

static int load_gaps(struct export *export)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        struct ev_feed_gap *gaps;
        int r = ask_range(export, &eventctl_sql_export_gaps, export->from, export->to, &rows);

        if (r < 0)
                return ev_trace(r);
        export->gaps_count = ev_result_rows(rows);
        gaps = ev_arena_take_array(export->arena, export->gaps_count + 1, sizeof(*gaps));
        if (!gaps)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < export->gaps_count; ++i)
                gaps[i] = (struct ev_feed_gap){ ev_result_int8(rows, i, 0),
                                                ev_result_int8(rows, i, 1) };
        assert(export->gaps_next == 0);
        export->gaps = gaps;
        return 0;
}

static enum command_exit prepare(struct export *export)
{
        int r = load_gaps(export);

        assert(export->from <= export->to);

        if (r == 0)
                r = load_texts(export, ev_feed_load_names, &export->names);
        if (r == 0)
                r = load_texts(export, ev_feed_load_sources, &export->sources);
        for (int64_t from = export->from; r == 0 && from <= export->to; from += WINDOW) {
                int64_t to = export->to - from < WINDOW ? export->to : from + WINDOW - 1;

                r = expect_window(export, from, to);
        }
        return r < 0 ? complain() : COMMAND_DONE;
}

/* ---- Facts ---- */

/* Passes over gaps: the number that has to come. */
static int64_t expected(struct export *export)
{
        assert(export->gaps_next <= export->gaps_count);

        while (export->gaps_next < export->gaps_count &&
               export->gaps[export->gaps_next].from_seq == export->next)
                export->next = export->gaps[export->gaps_next++].to_seq + 1;
        return export->next;
}

/* A hole below the relay's position is one that it has explained, or something was taken away. */
static enum command_exit check_number(struct export *export, int64_t seq)
{
        int64_t expects = expected(export);

        assert(seq > 0);

        export->next = seq + 1;
        if (seq == expects)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: facts are missing: number %" PRId64 " is neither in ev.outbox nor in "
                "ev.outbox_gap, and %" PRId64 " comes behind it. Nothing was exported\n",
                expects, seq);
        return COMMAND_DIFFERENCES;
}

static enum command_exit add_fact(struct export *export, const struct ev_result *rows, size_t row)
{
        struct ev_archive_row item = { 0 };
        enum command_exit exit;
        int r;

        ev_feed_fact(rows, row, &item.fact);
        exit = check_number(export, item.fact.seq);
        assert(item.fact.seq <= export->to);
        if (exit != COMMAND_DONE)
                return exit;
        r = name_of(export->names, item.fact.topic, "topic", &item.topic);
        if (r == 0)
                r = name_of(export->names, item.fact.type, "type", &item.type);
        if (r == 0)
                r = name_of(export->sources, item.fact.source_id, "source", &item.source);
        if (r == 0)
                r = ev_archive_writer_add(export->writer, &item);
        ++export->facts;
        return r < 0 ? complain() : COMMAND_DONE;
}

/* While one page is written the server makes the next. */
static enum command_exit add_page(struct export *export, int64_t *after)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        enum command_exit exit = COMMAND_DONE;
        int r = ev_feed_page(&export->feed, EV_FEED_OUTBOX, *after, PAGE_ROWS, PAGE_BYTES, &rows);
        size_t count = r == 0 ? ev_result_rows(rows) : 0, i = 0;

        if (r == 0 && count > 0 && ev_feed_seq(rows, count - 1) < export->to)
                r = ev_feed_ask_ahead(&export->feed, EV_FEED_OUTBOX, ev_feed_seq(rows, count - 1),
                                      PAGE_ROWS, PAGE_BYTES);
        if (r < 0)
                return complain();
        while (exit == COMMAND_DONE && i < count && ev_feed_seq(rows, i) <= export->to)
                exit = add_fact(export, rows, i++);
        assert(i <= count);
        *after = i == count && count > 0 ? ev_feed_seq(rows, count - 1) : export->to;
        return exit;
}

static enum command_exit copy(struct export *export)
{
        enum command_exit exit = COMMAND_DONE;
        struct progress_bar bar;
        int64_t after = export->from - 1;

        progress_begin(&bar, "facts", -1);
        bar.total = (uint64_t)(export->to - after);
        while (exit == COMMAND_DONE && after < export->to && !command_is_stopped(export->stop_fd)) {
                progress_show(&bar, (uint64_t)(after - export->from + 1), export->facts);
                exit = add_page(export, &after);
        }
        progress_end(&bar);
        if (exit == COMMAND_DONE && after < export->to) {
                fputs("eventctl: stopped; nothing was exported\n", stderr);
                return COMMAND_FAILED;
        }
        assert(after <= export->to || exit != COMMAND_DONE);
        if (exit == COMMAND_DONE && expected(export) <= export->to)
                exit = check_number(export, export->to + 1);
        return exit;
}

static enum command_exit finish(struct export *export)
{
        const struct ev_archive_range range = {
                .first_seq = export->first,
                .last_seq = export->to,
                .gaps = export->gaps,
                .gaps_count = export->gaps_count,
        };

        assert(export->writer);

        if (ev_archive_writer_end(export->writer, &range, export->hash) < 0)
                return complain();
        return EV_FAULT(archive_made) < 0 ? complain() : COMMAND_DONE;
}

/* ---- What is there now ---- */

/* In a session of its own: the other one cannot write. */
static enum command_exit note(struct export *export, const struct ev_archive_manifest *manifest)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_params *params = &export->params;
        int r = database_open_to_change(export->input->config, export->database, &db);

        assert(manifest->last_seq >= manifest->first_seq);

        ev_params_begin(params, &eventctl_sql_export_note);
        ev_params_int8(params, manifest->first_seq);
        ev_params_int8(params, manifest->last_seq);
        ev_params_bytea(params, (struct ev_bytes){ manifest->hash, sizeof(manifest->hash) });
        ev_params_text(params, ev_str_of(export->folder));
        ev_params_text(params, aside_client());
        if (r == 0)
                r = ev_db_run(db, &eventctl_sql_export_note, params, NULL);
        return r < 0 ? complain() : COMMAND_DONE;
}

static enum command_exit show(struct export *export, const struct ev_archive_manifest *manifest)
{
        uint64_t ms = (uint64_t)(ev_clock_monotonic_micros() - export->started) / EV_MICROS_PER_MS;
        char texts[7][OUTPUT_NUMBER_MAX], hash[HASH_TEXT_MAX];
        const struct ev_str values[] = {
                ev_str_of(export->database),
                output_number(manifest->first_seq, texts[0]),
                output_number(manifest->last_seq, texts[1]),
                output_number((int64_t) export->facts, texts[2]),
                output_number((int64_t)manifest->files_count, texts[3]),
                output_number((int64_t)manifest->gaps_count, texts[4]),
                output_number((int64_t)((ms + 999) / 1000), texts[5]),
                output_number((int64_t)(export->facts * 1000 / (ms > 0 ? ms : 1)), texts[6]),
                { hash, ev_digest_format(manifest->hash, hash) },
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(ms < INT64_MAX);

        output_begin(&export->output, NULL, 0, NULL);
        output_row(&export->output, values, false);
        return output_end(&export->output) ? COMMAND_DONE : COMMAND_FAILED;
}

/* Read again from the disk: what is noted is what is there. */
static enum command_exit conclude(struct export *export)
{
        _cleanup_(ev_archive_free_p) struct ev_archive *archive = NULL;
        enum command_exit exit;

        assert(export->writer);

        if (ev_archive_open(&archive, export->folder, export->database) < 0)
                return complain();
        exit = note(export, ev_archive_manifest(archive));
        return exit == COMMAND_DONE ? show(export, ev_archive_manifest(archive)) : exit;
}

/* ---- The command ---- */

static enum command_exit open_all(struct export *export)
{
        const char *to = command_value(export->input, "to");
        int size, r;

        if (!to || !to[0]) {
                fputs("eventctl export: --to DIR names the folder of archives\n", stderr);
                return COMMAND_USAGE;
        }
        size = snprintf(export->folder, sizeof(export->folder), "%s/%s", to, export->database);
        if (size < 0 || (size_t)size >= sizeof(export->folder)) {
                fputs("eventctl export: --to: the path is too long\n", stderr);
                return COMMAND_USAGE;
        }
        r = ev_arena_new(&export->arena, MEMORY_MAX);
        if (r == 0)
                r = ev_settings_stop_fd(&export->stop_fd);
        if (r == 0)
                r = ev_schemas_new(&export->schemas,
                                   ev_config_text(export->input->config, "schemas.dir"));
        if (r == 0)
                r = database_open(export->input->config, export->database, &export->db);
        /* A plan for any number would be one for few rows. */
        if (r == 0)
                r = ev_db_script(export->db, "SET plan_cache_mode = force_custom_plan", NULL, NULL);
        if (r == 0)
                r = ev_archive_writer_new(&export->writer, export->folder, export->database,
                                          export->schemas);
        if (r < 0)
                return complain();
        assert(export->db && export->writer);
        export->feed = EV_FEED_INIT(export->db);
        return COMMAND_DONE;
}

static enum command_exit work(struct export *export)
{
        enum command_exit exit = settle(export);

        if (exit != COMMAND_DONE)
                return exit;
        if (export->from > export->to) {
                fprintf(stderr, "eventctl: nothing to export from number %" PRId64 " on\n",
                        export->from);
                return ev_archive_writer_manifest(export->writer) ? conclude(export) : COMMAND_DONE;
        }
        assert(export->first > 0);
        exit = prepare(export);
        if (exit == COMMAND_DONE)
                exit = copy(export);
        if (exit == COMMAND_DONE)
                exit = finish(export);
        return exit == COMMAND_DONE ? conclude(export) : exit;
}

enum command_exit export_facts(const struct command_input *input)
{
        _cleanup_(export_done) struct export export = {
                .input = input,
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
                .started = ev_clock_monotonic_micros(),
        };
        enum command_exit exit;
        int at;

        assert(input->operand);

        if (!output_format_of(input, &export.output.format))
                return COMMAND_USAGE;
        at = database_find(input->operand);
        if (at < 0)
                return COMMAND_USAGE;
        export.database = database_names[at];
        exit = open_all(&export);
        return exit == COMMAND_DONE ? work(&export) : exit;
}
