/* Databases as folds of their facts: how far one is, and how it is brought on.
 *
 * A cut is a number in the order of a database's own facts, and offsets of the topics of others, both seen in
 * one snapshot. What was committed at that moment is the fold of just these facts, provided that every
 * number up to the last one has its row there: numbers are drawn before commits, and one that is missing
 * may come later. Nothing is locked for it; who finds a number missing looks again a moment later.
 *
 * If the process dies, the database that is filled stands behind some fact, and the next call goes on there
 * (flow/replay.c). */

#include "fold.h"

#include <assert.h>
#include <stdio.h>

#include "base/error.h"
#include "cluster.h"
#include "customer/customer.h"
#include "database.h"
#include "eventctl_customer_sql.h"
#include "eventctl_order_sql.h"
#include "eventctl_shipping_sql.h"
#include "eventctl_sql.h"
#include "flow/archive.h"
#include "order/order.h"
#include "progress.h"
#include "shipping/shipping.h"
#include "store/params.h"

enum { PARAMS_BYTES_MAX = 4096 };

enum { CUT_LAST, CUT_PUBLISHED, CUT_MISSING };
enum { LANE_TOPIC, LANE_PARTITION, LANE_OFFSET };

#define REPLAY_GROUP "quenty-replay" /* of flow/replay_topics.c */

/* In the order of database_names. */
static const struct fold_kind kinds[DATABASES] = {
        { &customer_worker, &eventctl_customer_sql_rebuild_rows, &eventctl_customer_sql_diff,
          NULL },
        { &order_worker, &eventctl_order_sql_rebuild_rows, &eventctl_order_sql_diff,
          &eventctl_order_sql_rebuild_sequences },
        { &shipping_worker, &eventctl_shipping_sql_rebuild_rows, &eventctl_shipping_sql_diff,
          NULL },
};

/* database_find() has said what is wrong with the name, so the caller only has to end. */
const struct fold_kind *fold_kind_find(const char *database)
{
        int at = database_find(database);

        assert(at < DATABASES);

        return at < 0 ? NULL : &kinds[at];
}

/* ---- How far a database is ---- */

int fold_ask_owner(struct ev_db *db, struct fold_owner *ret_owner)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = ev_db_run(db, &eventctl_sql_rebuild_target, NULL, &result);

        assert(ret_owner);

        if (r < 0)
                return ev_trace(r);
        ret_owner->is_worked_on = ev_result_bool(result, 0, 0);
        ret_owner->has_topics = ev_result_bool(result, 0, 1);
        ret_owner->has_files = ev_result_bool(result, 0, 2);
        return 0;
}

/* The ends borrow their topics from the lanes and are void with them. */
void fold_position_done(struct fold_position *position)
{
        assert(position);

        position->lanes = ev_result_free(position->lanes);
        position->ends_count = 0;
}

/* Facts that the worker of this database announces: their order is that of the database's commits. */
static bool is_own(const struct fold_kind *kind, struct ev_str topic)
{
        assert(topic.size > 0);

        for (const char *const *own = kind->worker->facts_topics; *own; ++own)
                if (ev_str_equal(ev_str_of(*own), topic))
                        return true;
        return false;
}

/* Facts of other databases that leave something in this one. */
static bool is_remembered(const struct fold_kind *kind, struct ev_str topic)
{
        const struct ev_worker *worker = kind->worker;

        assert(worker->fold_count > 0);

        for (size_t i = 0; i < worker->fold_count; ++i)
                if (ev_str_equal(worker->folds[i].record->contract->topic, topic))
                        return !is_own(kind, topic);
        return false;
}

/* -2 is a lane of which nothing was read yet. */
static int take_ends(const struct fold_kind *kind, struct fold_position *position)
{
        const struct ev_result *lanes = position->lanes;

        position->ends_count = 0;
        for (size_t i = 0; i < ev_result_rows(lanes); ++i) {
                struct ev_str topic = ev_result_text(lanes, i, LANE_TOPIC);
                int64_t offset = ev_result_int8(lanes, i, LANE_OFFSET);

                if (!is_remembered(kind, topic))
                        continue;
                if (position->ends_count == EV_REPLAY_ENDS_MAX)
                        return ev_fail(EV_VERDICT_STOP, "more than %d partitions",
                                       EV_REPLAY_ENDS_MAX);
                position->ends[position->ends_count++] =
                        (struct ev_replay_end){ topic, ev_result_int4(lanes, i, LANE_PARTITION),
                                                offset > 0 ? offset : 0 };
        }
        assert(position->ends_count <= EV_REPLAY_ENDS_MAX);
        return 0;
}

/* A group that has never read anything has no rows: then there are no ends, and topics are read to where
 * they end by themselves. */
static int ask_ends(const struct fold_kind *kind, const char *group, struct ev_db *db,
                    struct fold_position *position)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        int r;

        assert(group);

        fold_position_done(position);
        ev_params_begin(&params, &eventctl_sql_cut_lanes);
        ev_params_text(&params, ev_str_of(group));
        r = ev_db_run(db, &eventctl_sql_cut_lanes, &params, &position->lanes);
        return r < 0 ? ev_trace(r) : ev_trace(take_ends(kind, position));
}

/* The number first and the lanes behind it: outside of one snapshot the lanes may be further than the number
 * says, never less far, which does no harm to who only wants to read up to them. */
int fold_ask_position(const struct fold_kind *kind, const struct ev_shard *shard,
                      struct ev_db *live, struct fold_position *position)
{
        _cleanup_result_ struct ev_result *cut = NULL;
        char group[EV_SHARD_GROUP_MAX];
        int r = ev_db_run(live, &eventctl_sql_cut, NULL, &cut);

        assert(kind && position);

        if (r < 0)
                return ev_trace(r);
        position->last_sequence = ev_result_int8(cut, 0, CUT_LAST);
        position->published = ev_result_int8(cut, 0, CUT_PUBLISHED);
        position->missing = ev_result_int8(cut, 0, CUT_MISSING);
        ev_shard_name_group(shard, kind->worker, group);
        return ev_trace(ask_ends(kind, group, live, position));
}

/* What a rebuilt database has is published by its nature, and has no holes: watermarks see to that. */
int fold_ask_reached(const struct fold_kind *kind, struct ev_db *rebuilt,
                     struct fold_position *position)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(PARAMS_BYTES_MAX);
        _cleanup_result_ struct ev_result *reached = NULL;
        int r;

        assert(kind && position);

        ev_params_begin(&params, &eventctl_sql_rebuild_reached);
        ev_params_array(&params);
        for (const char *const *own = kind->worker->facts_topics; *own; ++own)
                ev_params_text(&params, ev_str_of(*own));
        ev_params_array_end(&params);
        r = ev_db_run(rebuilt, &eventctl_sql_rebuild_reached, &params, &reached);
        if (r < 0)
                return ev_trace(r);
        position->last_sequence = ev_result_int8(reached, 0, 0);
        position->published = position->last_sequence;
        position->missing = 0;
        return ev_trace(ask_ends(kind, REPLAY_GROUP, rebuilt, position));
}

/* ---- Folding ---- */

/* The replay is freed before what it borrows. */
struct run {
        struct ev_kafka *kafka;
        struct ev_archive *archives[DATABASES];
        size_t archive_count;
        struct ev_schemas *schemas;
        struct ev_replay *replay;
};

static void run_done(struct run *run)
{
        assert(run->archive_count <= DATABASES);

        ev_replay_free(run->replay);
        ev_schemas_free(run->schemas);
        for (size_t i = 0; i < run->archive_count; ++i)
                ev_archive_free(run->archives[i]);
        ev_kafka_free(run->kafka);
}

/* An archive that is not there, was not finished, or is of another database is told by the reader, with its
 * path. */
static int open_archive(struct run *run, const char *folder, const char *database)
{
        char path[EV_ARCHIVE_PATH_MAX];
        int size = snprintf(path, sizeof(path), "%s/%s", folder, database), r;

        assert(run->archive_count < DATABASES);

        if (size < 0 || (size_t)size >= sizeof(path))
                return ev_fail(EV_VERDICT_STOP, "the path of the archives is too long");
        r = ev_archive_open(&run->archives[run->archive_count], path, database);
        if (r == 0)
                ++run->archive_count;
        return ev_trace(r);
}

/* Those of databases whose facts leave something in this one, then its own. */
static int open_archives(struct run *run, const struct fold_kind *kind, const char *folder)
{
        int r = 0;

        assert(run->archive_count == 0);

        for (size_t i = 0; r == 0 && i < DATABASES; ++i)
                if (&kinds[i] != kind &&
                    is_remembered(kind, ev_str_of(kinds[i].worker->facts_topics[0])))
                        r = open_archive(run, folder, kinds[i].worker->database);
        return r < 0 ? ev_trace(r) : ev_trace(open_archive(run, folder, kind->worker->database));
}

/* Topics and archives are two sources of one replay; with an archive no broker is asked for anything, so
 * that an auditor needs neither network nor configuration of Kafka. */
static enum command_exit open_source(struct run *run, const struct fold_options *options)
{
        assert(options->kind);

        if (!options->from)
                return cluster_open(options->config, &run->kafka);
        return open_archives(run, options->kind, options->from) < 0 ? command_fail() : COMMAND_DONE;
}

/* Everything that can be wrong with configuration and source is found before the first fact is applied. The
 * shard decides which partitions are the database's own; workers that know no shards have all of them. */
static enum command_exit begin(struct run *run, const struct fold_options *options,
                               struct ev_shard *shard)
{
        const struct ev_worker *worker = options->kind->worker;
        enum command_exit exit = open_source(run, options);

        assert(shard);

        if (exit != COMMAND_DONE)
                return exit;
        if (ev_schemas_new(&run->schemas, ev_config_text(options->config, "schemas.dir")) < 0 ||
            ev_shard_parse(ev_config_text(options->config, "shard"), shard) < 0 ||
            ev_replay_new(&run->replay, &(struct ev_replay_options){
                                                .worker = worker,
                                                .db = options->db,
                                                .kafka = run->kafka,
                                                .archives = run->archives,
                                                .archive_count = run->archive_count,
                                                .schemas = run->schemas,
                                                .shard = worker->is_divisible ? shard : NULL,
                                                .cut = options->cut,
                                        }) < 0)
                return command_fail();
        return COMMAND_DONE;
}

/* A step is a transaction. Between two of them a stop is heard; what was committed stays, and the offsets in
 * the database say where the next call begins. */
static enum command_exit work(const struct run *run, int stop_fd)
{
        struct progress_bar bar;
        int r = 0;

        assert(run->replay);

        progress_begin(&bar, "facts", -1);
        bar.total = ev_replay_counts(run->replay).to_come;
        while (r == 0 && !command_is_stopped(stop_fd)) {
                uint64_t facts = ev_replay_counts(run->replay).facts;

                progress_show(&bar, facts, facts);
                r = ev_replay_step(run->replay);
        }
        progress_end(&bar);
        if (r < 0)
                return command_fail();
        if (r == EV_REPLAY_END)
                return COMMAND_DONE;
        fputs("eventctl: stopped; the same command goes on from here\n", stderr);
        return COMMAND_FAILED;
}

/* Facts carry ids that the database would draw by itself. Whoever puts a worker on a rebuilt database must
 * not get one of them a second time. */
static enum command_exit finish(const struct fold_kind *kind, struct ev_db *db)
{
        _cleanup_result_ struct ev_result *result = NULL;

        assert(db);

        if (kind->sequences && ev_db_run(db, kind->sequences, NULL, &result) < 0)
                return command_fail();
        return COMMAND_DONE;
}

enum command_exit fold_run(const struct fold_options *options, struct ev_replay_counts *ret_counts)
{
        _cleanup_(run_done) struct run run = { 0 };
        struct ev_shard shard;
        enum command_exit exit = begin(&run, options, &shard);

        assert(ret_counts);

        if (exit == COMMAND_DONE)
                exit = work(&run, options->stop_fd);
        if (exit == COMMAND_DONE)
                exit = finish(options->kind, options->db);
        if (exit == COMMAND_DONE)
                *ret_counts = ev_replay_counts(run.replay);
        return exit;
}
