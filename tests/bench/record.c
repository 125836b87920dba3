/* Records what a program asks PostgreSQL for, to be replayed by replay.c: LD_PRELOAD this library
 * and name a file in BENCH_RECORD. Only what our library uses is seen: prepares, executions of
 * prepared statements, and the ends of pipelines. count.c is told of them, too.
 *
 * A record is a letter, then its parts in the machine's own byte order: texts and values with their
 * length in front, -1 for NULL. */

#include "count.h"

#include <assert.h>
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *file(void)
{
        static FILE *opened;

        if (!opened) {
                const char *path = getenv("BENCH_RECORD");

                /* Without a name things are only counted. */
                opened = fopen(path ? path : "/dev/null", "wb");
                if (!opened) {
                        fputs("record: BENCH_RECORD names a file that cannot be written\n", stderr);
                        abort();
                }
        }
        return opened;
}

/* The function of that name in libpq. POSIX has the conversion; C has none for functions. */
static void *original(const char *name)
{
        void *found = dlsym(RTLD_NEXT, name);

        assert(found);
        return found;
}

static void write_int(int32_t number)
{
        fwrite(&number, sizeof(number), 1, file());
}

static void write_value(const char *value, int32_t size)
{
        write_int(value ? size : -1);
        if (value)
                fwrite(value, (size_t)size, 1, file());
}

/* Parameters have the names of libpq's own header. */
int PQsendPrepare(PGconn *conn, const char *stmtName, const char *query, int nParams,
                  const Oid *paramTypes)
{
        int (*call)(PGconn *, const char *, const char *, int, const Oid *);

        *(void **)&call = original(__func__);
        fputc('P', file());
        write_value(stmtName, (int32_t)strlen(stmtName));
        write_value(query, (int32_t)strlen(query));
        write_int(nParams);
        for (int i = 0; i < nParams; ++i)
                write_int((int32_t)paramTypes[i]);
        return call(conn, stmtName, query, nParams, paramTypes);
}

int PQsendQueryPrepared(PGconn *conn, const char *stmtName, int nParams,
                        const char *const *paramValues, const int *paramLengths,
                        const int *paramFormats, int resultFormat)
{
        int (*call)(PGconn *, const char *, int, const char *const *, const int *, const int *,
                    int);

        *(void **)&call = original(__func__);
        fputc('Q', file());
        write_value(stmtName, (int32_t)strlen(stmtName));
        write_int(nParams);
        for (int i = 0; i < nParams; ++i)
                write_value(paramValues[i], paramValues[i] ? paramLengths[i] : -1);
        count_statement(stmtName);
        return call(conn, stmtName, nParams, paramValues, paramLengths, paramFormats, resultFormat);
}

/* What is recorded is complete up to the last sync that was sent, also when the program is killed. */
int PQpipelineSync(PGconn *conn)
{
        int (*call)(PGconn *);

        *(void **)&call = original(__func__);
        fputc('S', file());
        fflush(file());
        count_sync();
        return call(conn);
}
