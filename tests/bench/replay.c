/* replay FILE CONNINFO: the bare loop that a worker is compared with. It asks for the same prepared
 * statements with the same arrays, in the same pipelines, and does nothing else: no Kafka, no
 * decoding, no decisions. Prints how many round trips batches took, how many batches there were,
 * and how many round trips were for something else. */

#include <assert.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        PARAMS_MAX = 64,
        NAME_MAX_BYTES = 64,
        BINARY = 1,
};

struct replay {
        PGconn *pg;
        const char *at, *end;
        /* What is queued is a batch's: its offsets are advanced in the first round trip, its facts
         * written in the last. */
        bool is_of_batch, has_facts;
        long syncs, batches;
        long others; /* timers, looks at what waits, and the start */
};

static _Noreturn void die(const char *what, const char *why)
{
        fprintf(stderr, "replay: %s: %s\n", what, why);
        exit(EXIT_FAILURE);
}

static int32_t take_int(struct replay *replay)
{
        int32_t number;

        assert(replay->end - replay->at >= (ptrdiff_t)sizeof(number));

        memcpy(&number, replay->at, sizeof(number));
        replay->at += sizeof(number);
        return number;
}

/* A slice of the file; NULL for NULL. */
static const char *take_value(struct replay *replay, int *ret_size)
{
        const char *value;

        *ret_size = take_int(replay);
        if (*ret_size < 0)
                return NULL;
        assert(replay->end - replay->at >= *ret_size);

        value = replay->at;
        replay->at += *ret_size;
        return value;
}

/* libpq wants a NUL behind it. */
static char *take_text(struct replay *replay)
{
        int size;
        const char *value = take_value(replay, &size);
        char *text = value ? strndup(value, (size_t)size) : NULL;

        assert(text);
        return text;
}

static void prepare(struct replay *replay)
{
        char *name = take_text(replay), *text = take_text(replay);
        int count = take_int(replay);
        Oid types[PARAMS_MAX];

        assert(count <= PARAMS_MAX);

        for (int i = 0; i < count; ++i)
                types[i] = (Oid)take_int(replay);
        if (!PQsendPrepare(replay->pg, name, text, count, types))
                die(name, PQerrorMessage(replay->pg));
        free(name);
        free(text);
}

static void execute(struct replay *replay)
{
        char *name = take_text(replay);
        int count = take_int(replay), sizes[PARAMS_MAX], formats[PARAMS_MAX];
        const char *values[PARAMS_MAX];

        assert(count <= PARAMS_MAX);

        for (int i = 0; i < count; ++i) {
                values[i] = take_value(replay, &sizes[i]);
                formats[i] = BINARY;
        }
        if (!PQsendQueryPrepared(replay->pg, name, count, values, sizes, formats, BINARY))
                die(name, PQerrorMessage(replay->pg));
        replay->has_facts |= strcmp(name, "ev_sql_outbox_insert") == 0;
        replay->is_of_batch |= replay->has_facts || strcmp(name, "ev_sql_offsets_advance") == 0;
        free(name);
}

/* The results of a pipeline, each ended by a NULL, and of the sync itself. */
static void synchronise(struct replay *replay)
{
        bool is_over = false;

        if (!PQpipelineSync(replay->pg))
                die("sync", PQerrorMessage(replay->pg));
        while (!is_over) {
                PGresult *result = PQgetResult(replay->pg);
                ExecStatusType status = result ? PQresultStatus(result) : PGRES_COMMAND_OK;

                is_over = status == PGRES_PIPELINE_SYNC;
                if (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED)
                        die("a statement", PQresultErrorMessage(result));
                if (!result && PQstatus(replay->pg) != CONNECTION_OK)
                        die("the connection", PQerrorMessage(replay->pg));
                PQclear(result);
        }
        replay->syncs += replay->is_of_batch;
        replay->batches += replay->has_facts;
        replay->others += !replay->is_of_batch;
        replay->is_of_batch = replay->has_facts = false;
}

/* The whole file; it stays until the process ends. */
static void load(struct replay *replay, const char *path)
{
        FILE *file = fopen(path, "rb");
        char *content;
        long size = 0;

        if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) <= 0)
                die(path, "is not there or empty");
        rewind(file);
        content = malloc((size_t)size);
        if (!content || fread(content, (size_t)size, 1, file) != 1)
                die(path, "cannot be read");
        fclose(file);
        replay->at = content;
        replay->end = content + size;
}

int main(int argc, char **argv)
{
        struct replay replay = { 0 };

        if (argc != 3)
                die("usage", "replay FILE CONNINFO");
        load(&replay, argv[1]);
        replay.pg = PQconnectdb(argv[2]);
        if (PQstatus(replay.pg) != CONNECTION_OK || !PQenterPipelineMode(replay.pg))
                die("connecting", PQerrorMessage(replay.pg));
        while (replay.at < replay.end) {
                switch (*replay.at++) {
                case 'P': prepare(&replay); break;
                case 'Q': execute(&replay); break;
                case 'S': synchronise(&replay); break;
                default: die(argv[1], "is no recording");
                }
        }
        printf("%ld %ld %ld\n", replay.syncs, replay.batches, replay.others);
        PQfinish(replay.pg);
        return EXIT_SUCCESS;
}
