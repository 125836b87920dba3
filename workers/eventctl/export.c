/* eventctl export: the facts of a database as files, which stay when its partitions are dropped.
 *
 * The range is settled first: from where the archive ends to a number below which the relay has
 * published all, so that each number is a fact or will never be one. Rows there never change, so they
 * are read page by page without a transaction that would keep others from cleaning up. Holes are
 * compared with what the relay has explained; the archive itself is flow/archive_write.c's.
 *
 * What is asked, in this order: how far the relay has come and where partitions begin; whether the last
 * fact of the archive is still the database's; the gaps of the range; names; which topics, types,
 * schemas and days there are, a million numbers at a time, because a file begins with its schemas; and
 * at last the facts. The first of these settles the range, so that the others are about rows that do
 * not change, whatever is recorded meanwhile.
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
};

/* The range is that of the archive, facts and their rate are of this call. The hash of the manifest
 * stands for all of the archive: it is what is noted in the database, and what an auditor keeps. */
static const struct output_column columns[] = {
        { "database", 16, false }, { "first_seq", 12, true },      { "last_seq", 12, true },
        { "facts", 12, true },     { "files", 6, true },           { "gaps", 8, true },
        { "seconds", 8, true },    { "facts_a_second", 15, true }, { "manifest_sha256", 0, false },
};

/* One call. Two sessions are used: this one cannot write, so that no mistake in a statement changes the
 * rows that are read; the note about the archive goes through another one at the end. */
struct exporter {
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

/* What is borrowed is freed last: the writer looks schemas up, and texts of kinds lie in the arena. Where
 * the end was not reached this takes the lock off the archive, which is what it was. */
static void export_done(struct exporter *exporter)
{
        assert(exporter);

        ev_archive_writer_free(exporter->writer);
        ev_schemas_free(exporter->schemas);
        ev_feed_done(&exporter->feed);
        ev_params_done(&exporter->params);
        ev_db_free(exporter->db);
        ev_arena_free(exporter->arena);
}

/* Not a failure: trying again would be refused again, until somebody chooses otherwise. */
static enum command_exit refuse(const char *what)
{
        assert(what);

        fprintf(stderr, "eventctl: refused: %s\n", what);
        return COMMAND_REFUSED;
}

/* ---- The range ---- */

/* Runs a statement about a range of numbers. */
static int ask_range(struct exporter *exporter, const struct ev_statement *statement, int64_t from,
                     int64_t to, struct ev_result **ret_rows)
{
        assert(from <= to);

        ev_params_begin(&exporter->params, statement);
        ev_params_int8(&exporter->params, from);
        ev_params_int8(&exporter->params, to);
        return ev_trace(ev_db_run(exporter->db, statement, &exporter->params, ret_rows));
}

/* The first number of a time; `fallback` where nothing was recorded since. */
static int find_time(struct exporter *exporter, int64_t instant, int64_t fallback, int64_t *ret_seq)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r;

        assert(ret_seq);

        ev_params_begin(&exporter->params, &eventctl_sql_export_since);
        ev_params_timestamptz(&exporter->params, instant);
        r = ev_db_run(exporter->db, &eventctl_sql_export_since, &exporter->params, &rows);
        if (r == 0)
                *ret_seq = ev_result_rows(rows) ? ev_result_int8(rows, 0, 0) : fallback;
        return ev_trace(r);
}

/* A place of the command line: a number, or the first one of a time. Untouched without the option. Numbers
 * are exact; times are for people, and for jobs that export whole days. */
static enum command_exit read_place(struct exporter *exporter, const char *option, int64_t fallback,
                                    int64_t *place, bool *ret_is_time)
{
        const char *text = command_value(exporter->input, option);
        int64_t instant, seq;

        assert(place);

        *ret_is_time = false;
        if (!text)
                return COMMAND_DONE;
        if (ev_str_to_int64(ev_str_of(text), &seq) && seq > 0) {
                *place = seq;
                return COMMAND_DONE;
        }
        if (!command_time(text, &instant)) {
                fprintf(stderr,
                        "eventctl: --%s: \"%s\" is neither a number from 1 on nor a time such as "
                        "2025-01-31T12:00:00Z or 2025-01-31\n",
                        option, text);
                return COMMAND_USAGE;
        }
        *ret_is_time = true;
        return find_time(exporter, instant, fallback, place) < 0 ? command_fail() : COMMAND_DONE;
}

/* Behind all that are published nothing is exported: a number may still be given there, by a transaction
 * that has drawn it and not ended. Below the relay's position each hole has been explained. A number
 * that is asked for and not reached yet is refused, since who names one wants a range of his own; a time
 * is not, for tomorrow has no facts yet. */
static enum command_exit settle_end(struct exporter *exporter, int64_t position)
{
        bool is_time;
        enum command_exit exit;

        assert(position >= 0);

        exporter->to = position;
        exit = read_place(exporter, "until", position + 1, &exporter->to, &is_time);
        if (exit != COMMAND_DONE)
                return exit;
        /* A time ends before its first number, and one of the future with all that is there. */
        if (is_time)
                exporter->to = exporter->to - 1 < position ? exporter->to - 1 : position;
        if (exporter->to <= position)
                return COMMAND_DONE;
        fprintf(stderr, "eventctl: refused: facts are published to number %" PRId64 " only\n",
                position);
        return COMMAND_REFUSED;
}

/* An archive grows at its end. --since may name any place that it has already, so that a job which
 * always says the same goes on working; what would leave a hole or go back before its beginning is
 * refused. */
static enum command_exit settle_beginning(struct exporter *exporter, int64_t lowest)
{
        const struct ev_archive_manifest *manifest = ev_archive_writer_manifest(exporter->writer);
        int64_t since = manifest ? manifest->last_seq + 1 : lowest;
        bool is_time;
        enum command_exit exit;

        assert(lowest > 0);

        exporter->from = since;
        exit = read_place(exporter, "since", INT64_MAX, &since, &is_time);
        if (exit != COMMAND_DONE)
                return exit;
        if (manifest && since < manifest->first_seq)
                return refuse("the archive begins later, and grows at its end only: take another "
                              "folder");
        if (manifest && since > manifest->last_seq + 1)
                return refuse("the archive ends earlier, and would have a hole: leave --since out, "
                              "or take another folder");
        if (!manifest)
                exporter->from = since;
        if (exporter->from < lowest)
                return refuse("partitions from there on were dropped from the database: what is "
                              "missing must be in an archive, or begin later with --since");
        exporter->first = exporter->from;
        return COMMAND_DONE;
}

/* After a restore to an earlier point the database counts again from there, and its facts have numbers that
 * others had. Three things tell: it has not come as far; it does not know a source that the archive has,
 * since each timeline is a source of its own; or another fact stands where the archive ends. A partition
 * that was dropped tells nothing, and then the first two have to do. */
static enum command_exit check_head(struct exporter *exporter, int64_t position)
{
        const struct ev_archive_manifest *manifest = ev_archive_writer_manifest(exporter->writer);
        _cleanup_result_ struct ev_result *rows = NULL;
        struct ev_uuid id;
        int r;

        if (!manifest)
                return COMMAND_DONE;
        assert(manifest->last_seq >= 0);
        if (manifest->last_seq > position)
                return refuse("the archive goes further than what this database has published: it "
                              "is another one, or was restored. Take another folder");
        ev_params_begin(&exporter->params, &eventctl_sql_export_head);
        ev_params_array(&exporter->params);
        for (size_t i = 0; i < manifest->sources_count; ++i)
                ev_params_text(&exporter->params, manifest->sources[i]);
        ev_params_array_end(&exporter->params);
        ev_params_int8(&exporter->params, manifest->head_seq);
        r = ev_db_run(exporter->db, &eventctl_sql_export_head, &exporter->params, &rows);
        if (r < 0)
                return command_fail();
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

/* Position and partitions are asked in one statement: between two of them a partition could go. */
static enum command_exit settle(struct exporter *exporter)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int64_t lowest, position;
        enum command_exit exit;

        assert(exporter->db && exporter->writer);

        if (ev_db_run(exporter->db, &eventctl_sql_export_bounds, NULL, &rows) < 0)
                return command_fail();
        if (ev_result_rows(rows) != 1)
                return refuse("the database has no relay position: has schema ev been changed by "
                              "hand?");
        lowest = ev_result_int8(rows, 0, 0);
        position = ev_result_int8(rows, 0, 1);
        exit = check_head(exporter, position);
        if (exit == COMMAND_DONE)
                exit = settle_end(exporter, position);
        if (exit == COMMAND_DONE)
                exit = settle_beginning(exporter, lowest);
        exporter->next = exporter->from;
        return exit;
}

/* ---- What will come ---- */

/* Rows (id, text) by their ids, in the arena. A table of all ids that a smallint may have is half a
 * megabyte, and needs no search for each fact. */
static int load_texts(struct exporter *exporter,
                      int (*load)(struct ev_feed *feed, struct ev_result **ret_rows),
                      struct ev_str **ret_texts)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = load(&exporter->feed, &rows);

        if (r < 0)
                return ev_trace(r);
        *ret_texts = ev_arena_take_array(exporter->arena, NAMES_MAX, sizeof(**ret_texts));
        if (!*ret_texts)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                int16_t id = ev_result_int2(rows, i, 0);

                assert(id > 0); /* a CHECK of both tables */
                r = ev_arena_copy(exporter->arena, ev_result_text(rows, i, 1), &(*ret_texts)[id]);
        }
        return ev_trace(r);
}

/* Ids have no foreign key, since writing them has to be cheap; names are never taken away, so one
 * that is missing is a sign of hands in the tables. */
static int name_of(const struct ev_str *texts, int16_t id, const char *what,
                   struct ev_str *ret_text)
{
        assert(ret_text);

        if (id <= 0 || ev_str_is_null(texts[id]))
                return ev_fail(EV_VERDICT_STOP, "%s %d has no name in the database", what, id);
        *ret_text = texts[id];
        return 0;
}

/* A million numbers at a time: each statement takes a second or two, whatever the size of the
 * outbox, and is far from the bound of its session. */
static int expect_window(struct exporter *exporter, int64_t from, int64_t to)
{
        enum { TOPIC, TYPE, SCHEMA_ID, DAY, LAST_SEQ };
        _cleanup_result_ struct ev_result *rows = NULL;
        int r = ask_range(exporter, &eventctl_sql_export_kinds, from, to, &rows);

        assert(exporter->names);

        for (size_t i = 0; r == 0 && i < ev_result_rows(rows); ++i) {
                struct ev_archive_kind kind = {
                        .schema_id = ev_result_int4(rows, i, SCHEMA_ID),
                        .day = ev_result_date(rows, i, DAY),
                        .last_seq = ev_result_int8(rows, i, LAST_SEQ),
                };

                r = name_of(exporter->names, ev_result_int2(rows, i, TOPIC), "topic", &kind.topic);
                if (r == 0)
                        r = name_of(exporter->names, ev_result_int2(rows, i, TYPE), "type",
                                    &kind.type);
                if (r == 0)
                        r = ev_archive_writer_expect(exporter->writer, &kind);
        }
        return ev_trace(r);
}

/* Put together and cut to the range by the server, which has them in order anyway. */
static int load_gaps(struct exporter *exporter)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        struct ev_feed_gap *gaps;
        int r = ask_range(exporter, &eventctl_sql_export_gaps, exporter->from, exporter->to, &rows);

        if (r < 0)
                return ev_trace(r);
        exporter->gaps_count = ev_result_rows(rows);
        gaps = ev_arena_take_array(exporter->arena, exporter->gaps_count + 1, sizeof(*gaps));
        if (!gaps)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < exporter->gaps_count; ++i)
                gaps[i] = (struct ev_feed_gap){ ev_result_int8(rows, i, 0),
                                                ev_result_int8(rows, i, 1) };
        assert(exporter->gaps_next == 0);
        exporter->gaps = gaps;
        return 0;
}

/* Everything that the files depend on is asked before the first fact is read; facts that come
 * meanwhile lie behind the range. */
static enum command_exit prepare(struct exporter *exporter)
{
        int r = load_gaps(exporter);

        assert(exporter->from <= exporter->to);

        if (r == 0)
                r = load_texts(exporter, ev_feed_load_names, &exporter->names);
        if (r == 0)
                r = load_texts(exporter, ev_feed_load_sources, &exporter->sources);
        for (int64_t from = exporter->from; r == 0 && from <= exporter->to; from += WINDOW) {
                int64_t to = exporter->to - from < WINDOW ? exporter->to : from + WINDOW - 1;

                r = expect_window(exporter, from, to);
        }
        return r < 0 ? command_fail() : COMMAND_DONE;
}

/* ---- Facts ---- */

/* Passes over gaps: the number that has to come. */
static int64_t expected(struct exporter *exporter)
{
        assert(exporter->gaps_next <= exporter->gaps_count);

        while (exporter->gaps_next < exporter->gaps_count &&
               exporter->gaps[exporter->gaps_next].from_seq == exporter->next)
                exporter->next = exporter->gaps[exporter->gaps_next++].to_seq + 1;
        return exporter->next;
}

/* A hole below the relay's position is one that it has explained, or something was taken away. The first
 * one ends the export: who has lost rows wants to know it before another partition is dropped. */
static enum command_exit check_number(struct exporter *exporter, int64_t seq)
{
        int64_t expects = expected(exporter);

        assert(seq > 0);

        exporter->next = seq + 1;
        if (seq == expects)
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: facts are missing: number %" PRId64 " is neither in ev.outbox nor in "
                "ev.outbox_gap, and %" PRId64 " comes behind it. Nothing was exported\n",
                expects, seq);
        return COMMAND_DIFFERENCES;
}

/* Numbers first: a hole ends the export before the fact behind it is taken. */
static enum command_exit add_fact(struct exporter *exporter, const struct ev_result *rows,
                                  size_t row)
{
        struct ev_archive_row item = { 0 };
        enum command_exit exit;
        int r;

        ev_feed_fact(rows, row, &item.fact);
        exit = check_number(exporter, item.fact.seq);
        assert(item.fact.seq <= exporter->to);
        if (exit != COMMAND_DONE)
                return exit;
        r = name_of(exporter->names, item.fact.topic, "topic", &item.topic);
        if (r == 0)
                r = name_of(exporter->names, item.fact.type, "type", &item.type);
        if (r == 0)
                r = name_of(exporter->sources, item.fact.source_id, "source", &item.source);
        if (r == 0)
                r = ev_archive_writer_add(exporter->writer, &item);
        ++exporter->facts;
        return r < 0 ? command_fail() : COMMAND_DONE;
}

/* While one page is written the server makes the next. A page may be the last of the range in its middle;
 * one that is empty tells that behind it there are gaps only. */
static enum command_exit add_page(struct exporter *exporter, int64_t *after)
{
        _cleanup_result_ struct ev_result *rows = NULL;
        enum command_exit exit = COMMAND_DONE;
        int r = ev_feed_page(&exporter->feed, EV_FEED_OUTBOX, *after, PAGE_ROWS, PAGE_BYTES, &rows);
        size_t count = r == 0 ? ev_result_rows(rows) : 0, i = 0;

        if (r == 0 && count > 0 && ev_feed_seq(rows, count - 1) < exporter->to)
                r = ev_feed_ask_ahead(&exporter->feed, EV_FEED_OUTBOX, ev_feed_seq(rows, count - 1),
                                      PAGE_ROWS, PAGE_BYTES);
        if (r < 0)
                return command_fail();
        while (exit == COMMAND_DONE && i < count && ev_feed_seq(rows, i) <= exporter->to)
                exit = add_fact(exporter, rows, i++);
        assert(i <= count);
        *after = i == count && count > 0 ? ev_feed_seq(rows, count - 1) : exporter->to;
        return exit;
}

/* A stop is looked for between two pages. What was written until then is not promised, and goes. */
static enum command_exit copy(struct exporter *exporter)
{
        enum command_exit exit = COMMAND_DONE;
        struct progress_bar bar;
        int64_t after = exporter->from - 1;

        progress_begin(&bar, "facts", -1);
        bar.total = (uint64_t)(exporter->to - after);
        while (exit == COMMAND_DONE && after < exporter->to &&
               !command_is_stopped(exporter->stop_fd)) {
                progress_show(&bar, (uint64_t)(after - exporter->from + 1), exporter->facts);
                exit = add_page(exporter, &after);
        }
        progress_end(&bar);
        if (exit == COMMAND_DONE && after < exporter->to) {
                fputs("eventctl: stopped; nothing was exported\n", stderr);
                return COMMAND_FAILED;
        }
        assert(after <= exporter->to || exit != COMMAND_DONE);
        if (exit == COMMAND_DONE && expected(exporter) <= exporter->to)
                exit = check_number(exporter, exporter->to + 1);
        return exit;
}

/* From here on the archive is the new one, whether or not the database hears of it. */
static enum command_exit finish(struct exporter *exporter)
{
        struct ev_archive_range range = {
                .first_seq = exporter->first,
                .last_seq = exporter->to,
                .gaps = exporter->gaps,
                .gaps_count = exporter->gaps_count,
        };
        _cleanup_result_ struct ev_result *note = NULL;

        assert(exporter->writer);

        ev_params_begin(&exporter->params, &eventctl_sql_export_checkpoint);
        ev_params_int8(&exporter->params, exporter->to);
        if (ev_db_run(exporter->db, &eventctl_sql_export_checkpoint, &exporter->params, &note) < 0)
                return command_fail();
        if (ev_result_rows(note) == 1)
                range.checkpoint = ev_result_text(note, 0, 0);
        if (ev_archive_writer_end(exporter->writer, &range, exporter->hash) < 0)
                return command_fail();
        return EV_FAULT(archive_made) < 0 ? command_fail() : COMMAND_DONE;
}

/* ---- What is there now ---- */

/* In a session of its own: the other one cannot write. The same archive is noted once, however often it is
 * exported; one that has grown is another one. */
static enum command_exit note(struct exporter *exporter, const struct ev_archive_manifest *manifest)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_params *params = &exporter->params;
        int r = database_open_to_change(exporter->input->config, exporter->database, &db);

        assert(manifest->last_seq >= manifest->first_seq);

        ev_params_begin(params, &eventctl_sql_export_note);
        ev_params_int8(params, manifest->first_seq);
        ev_params_int8(params, manifest->last_seq);
        ev_params_bytea(params, (struct ev_bytes){ manifest->hash, sizeof(manifest->hash) });
        ev_params_text(params, ev_str_of(exporter->folder));
        ev_params_text(params, aside_client());
        if (r == 0)
                r = ev_db_run(db, &eventctl_sql_export_note, params, NULL);
        return r < 0 ? command_fail() : COMMAND_DONE;
}

/* The range is that of the whole archive, as it is what partitions are dropped by; the facts are
 * those of this call, as they are what took the time. */
static enum command_exit show(struct exporter *exporter, const struct ev_archive_manifest *manifest)
{
        uint64_t ms =
                (uint64_t)(ev_clock_monotonic_micros() - exporter->started) / EV_MICROS_PER_MS;
        char texts[7][OUTPUT_NUMBER_MAX], hash[HASH_TEXT_MAX];
        const struct ev_str values[] = {
                ev_str_of(exporter->database),
                output_number(manifest->first_seq, texts[0]),
                output_number(manifest->last_seq, texts[1]),
                output_number((int64_t)exporter->facts, texts[2]),
                output_number((int64_t)manifest->files_count, texts[3]),
                output_number((int64_t)manifest->gaps_count, texts[4]),
                output_number((int64_t)((ms + 999) / 1000), texts[5]),
                output_number((int64_t)(exporter->facts * 1000 / (ms > 0 ? ms : 1)), texts[6]),
                { hash, ev_digest_format(manifest->hash, hash) },
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(ms < INT64_MAX);

        output_begin(&exporter->output, NULL, 0, NULL);
        output_row(&exporter->output, values, false);
        return output_end(&exporter->output) ? COMMAND_DONE : COMMAND_FAILED;
}

/* Read again from the disk: what is noted is what is there. Files are not hashed once more: that is what
 * readers do, and an export each day would read all that were before it. An empty archive is not noted:
 * there is nothing that may be dropped because of it. */
static enum command_exit conclude(struct exporter *exporter)
{
        _cleanup_(ev_archive_free_p) struct ev_archive *archive = NULL;
        const struct ev_archive_manifest *manifest;
        enum command_exit exit = COMMAND_DONE;

        assert(exporter->writer);

        if (ev_archive_open(&archive, exporter->folder, exporter->database) < 0)
                return command_fail();
        manifest = ev_archive_manifest(archive);
        if (manifest->last_seq >= manifest->first_seq)
                exit = note(exporter, manifest);
        return exit == COMMAND_DONE ? show(exporter, manifest) : exit;
}

/* ---- The command ---- */

/* The database is reached before the folder is made: a mistake in a conninfo leaves nothing
 * behind. */
static enum command_exit open_all(struct exporter *exporter)
{
        const char *to = command_value(exporter->input, "to");
        int size, r;

        if (!to || !to[0]) {
                fputs("eventctl export: --to DIR names the folder of archives\n", stderr);
                return COMMAND_USAGE;
        }
        size = snprintf(exporter->folder, sizeof(exporter->folder), "%s/%s", to,
                        exporter->database);
        if (size < 0 || (size_t)size >= sizeof(exporter->folder)) {
                fputs("eventctl export: --to: the path is too long\n", stderr);
                return COMMAND_USAGE;
        }
        r = ev_arena_new(&exporter->arena, MEMORY_MAX);
        if (r == 0)
                r = ev_settings_stop_fd(&exporter->stop_fd);
        if (r == 0)
                r = ev_schemas_new(&exporter->schemas,
                                   ev_config_text(exporter->input->config, "schemas.dir"));
        if (r == 0)
                r = database_open(exporter->input->config, exporter->database, &exporter->db);
        /* A plan for any number would be one for few rows. */
        if (r == 0)
                r = ev_db_script(exporter->db, "SET plan_cache_mode = force_custom_plan", NULL,
                                 NULL);
        if (r == 0)
                r = ev_archive_writer_new(&exporter->writer, exporter->folder, exporter->database,
                                          exporter->schemas);
        if (r < 0)
                return command_fail();
        assert(exporter->db && exporter->writer);
        exporter->feed = EV_FEED_INIT(exporter->db);
        return COMMAND_DONE;
}

/* Nothing to export is no failure, since jobs run on quiet days as well; it is noted all the same,
 * in case the call before died between the archive and its note. Where nothing was published yet the archive
 * is made and says so: that there were no facts is then told from an export that nobody has run. */
static enum command_exit work(struct exporter *exporter)
{
        enum command_exit exit = settle(exporter);

        if (exit != COMMAND_DONE)
                return exit;
        assert(exporter->first > 0);
        if (exporter->from <= exporter->to) {
                exit = prepare(exporter);
                if (exit == COMMAND_DONE)
                        exit = copy(exporter);
        } else {
                fprintf(stderr, "eventctl: nothing to export from number %" PRId64 " on\n",
                        exporter->from);
                if (ev_archive_writer_manifest(exporter->writer))
                        return conclude(exporter);
                /* It would begin at a place that is not reached yet, and say nothing. */
                if (exporter->from > exporter->to + 1)
                        return COMMAND_DONE;
        }
        if (exit == COMMAND_DONE)
                exit = finish(exporter);
        return exit == COMMAND_DONE ? conclude(exporter) : exit;
}

/* Its name is not that of the command, which other languages have as a word of their own. */
enum command_exit export_facts(const struct command_input *input)
{
        _cleanup_(export_done) struct exporter exporter = {
                .input = input,
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
                .started = ev_clock_monotonic_micros(),
        };
        enum command_exit exit;
        int at;

        assert(input->operand);

        if (!output_format_of(input, &exporter.output.format))
                return COMMAND_USAGE;
        at = database_find(input->operand);
        if (at < 0)
                return COMMAND_USAGE;
        exporter.database = database_names[at];
        exit = open_all(&exporter);
        return exit == COMMAND_DONE ? work(&exporter) : exit;
}
