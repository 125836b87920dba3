/* Counts, in a worker that this library is preloaded into, what a batch costs: Sync messages, waits
 * for an answer, and heap allocations by call site, from the poll that brings its first record to
 * the answer to its COMMIT. BENCH_COUNT names the file that the counts are written to at the end,
 * BENCH_WARM says how many batches are left out before.
 *
 * Only the thread that polls is looked at, for it is the only one of ours. The site of an
 * allocation is where the call comes from; one that libc makes for somebody (strdup, asprintf) is
 * his. glibc lets a preloaded malloc take the place of its own everywhere, and keeps that under
 * another name. */

#include "count.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum {
        SITES_MAX = 4096, /* a power of two */
        FRAMES_MAX = 16,
        TRIPS_MAX = 8,
};

struct site {
        uintptr_t address;       /* behind the call; 0: free */
        uint64_t pending, total; /* of the batch in hand, and of all that were counted */
};

static struct site sites[SITES_MAX];
static uint64_t site_count;

/* The batch in hand, and sums over those that were counted. */
static struct {
        bool is_open;
        bool has_commit; /* is queued */
        bool is_asked;   /* a Sync was sent and nothing read since */
        uint64_t records, syncs, trips;
} batch;

static struct {
        uint64_t seen, batches, records, syncs, trips;
        uint64_t of_trips[TRIPS_MAX + 1]; /* batches with so many, or more */
} sum;

static const char *path;
static uint64_t warm;
static _Thread_local bool is_polling_thread, is_inside;
static struct {
        uintptr_t begin, end;
} libc;

/* ---- Allocations ---- */

static bool is_libc(uintptr_t address)
{
        return address >= libc.begin && address < libc.end;
}

/* The first caller that is not libc's. */
static uintptr_t beyond_libc(void)
{
        void *frames[FRAMES_MAX];
        int count = backtrace(frames, FRAMES_MAX), i = 0;

        /* This library's own frames come first. */
        while (i < count && !is_libc((uintptr_t)frames[i]))
                ++i;
        while (i < count && is_libc((uintptr_t)frames[i]))
                ++i;
        return i < count ? (uintptr_t)frames[i] : 0;
}

static void note(void *caller)
{
        uintptr_t address = (uintptr_t)caller;
        size_t at;

        if (!is_polling_thread || !batch.is_open || is_inside)
                return;
        is_inside = true;
        if (is_libc(address))
                address = beyond_libc();
        for (at = address % SITES_MAX; sites[at].address && sites[at].address != address;)
                at = (at + 1) % SITES_MAX;
        if (!sites[at].address) {
                sites[at].address = address;
                ++site_count;
                assert(site_count < SITES_MAX / 2);
        }
        ++sites[at].pending;
        is_inside = false;
}

/* Parameters have the names of the headers. */
void *malloc(size_t size)
{
        note(__builtin_return_address(0));
        return __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size)
{
        note(__builtin_return_address(0));
        return __libc_calloc(nmemb, size);
}

void *realloc(void *ptr, size_t size)
{
        note(__builtin_return_address(0));
        return __libc_realloc(ptr, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
        note(__builtin_return_address(0));
        return __libc_memalign(alignment, size);
}

int posix_memalign(void **memptr, size_t alignment, size_t size)
{
        note(__builtin_return_address(0));
        *memptr = __libc_memalign(alignment, size);
        return *memptr ? 0 : ENOMEM;
}

/* ---- Batches ---- */

static void begin(void)
{
        for (size_t i = 0; i < SITES_MAX; ++i)
                sites[i].pending = 0;
        memset(&batch, 0, sizeof(batch));
        batch.is_open = true;
}

static void end(void)
{
        uint64_t trips = batch.trips < TRIPS_MAX ? batch.trips : TRIPS_MAX;

        batch.is_open = false;
        if (++sum.seen <= warm)
                return;
        ++sum.batches;
        ++sum.of_trips[trips];
        sum.records += batch.records;
        sum.syncs += batch.syncs;
        sum.trips += batch.trips;
        for (size_t i = 0; i < SITES_MAX; ++i)
                sites[i].total += sites[i].pending;
}

/* What is done between two polls of which none has brought a record is no batch's. */
rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
        rd_kafka_message_t *(*call)(rd_kafka_t *, int);
        rd_kafka_message_t *message;

        *(void **)&call = dlsym(RTLD_NEXT, __func__);
        is_polling_thread = true;
        if (path && (!batch.is_open || batch.records == 0))
                begin();
        message = call(rk, timeout_ms);
        batch.records += message && !message->err;
        return message;
}

void count_statement(const char *name)
{
        batch.has_commit |= batch.is_open && batch.records > 0 && !strcmp(name, "ev_sql_commit");
}

void count_sync(void)
{
        ++batch.syncs;
        batch.is_asked = true;
}

PGresult *PQgetResult(PGconn *conn)
{
        PGresult *(*call)(PGconn *);
        PGresult *result;

        *(void **)&call = dlsym(RTLD_NEXT, __func__);
        batch.trips += batch.is_asked;
        batch.is_asked = false;
        result = call(conn);
        if (batch.is_open && batch.has_commit && PQresultStatus(result) == PGRES_PIPELINE_SYNC)
                end();
        return result;
}

/* ---- The report ---- */

/* "site OBJECT OFFSET COUNT": what addr2line wants to know. */
static void write_site(FILE *file, const struct site *site)
{
        Dl_info info;

        if (!dladdr((void *)site->address, &info))
                memset(&info, 0, sizeof(info));
        fprintf(file, "site %s %#zx %llu\n", info.dli_fname ? info.dli_fname : "?",
                (size_t)(site->address - (uintptr_t)info.dli_fbase),
                (unsigned long long)site->total);
}

static __attribute__((destructor)) void report(void)
{
        FILE *file = path ? fopen(path, "w") : NULL;

        if (!file)
                return;
        fprintf(file, "batches %llu\nrecords %llu\nsyncs %llu\ntrips %llu\n",
                (unsigned long long)sum.batches, (unsigned long long)sum.records,
                (unsigned long long)sum.syncs, (unsigned long long)sum.trips);
        for (size_t i = 0; i <= TRIPS_MAX; ++i)
                if (sum.of_trips[i])
                        fprintf(file, "batches_of_trips %zu %llu\n", i,
                                (unsigned long long)sum.of_trips[i]);
        for (size_t i = 0; i < SITES_MAX; ++i)
                if (sites[i].total)
                        write_site(file, &sites[i]);
        fclose(file);
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *context)
{
        (void)size;
        (void)context;
        if (!strstr(info->dlpi_name, "/libc.so"))
                return 0;
        for (size_t i = 0; i < info->dlpi_phnum; ++i) {
                const ElfW(Phdr) *part = &info->dlpi_phdr[i];

                if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
                        continue;
                libc.begin = info->dlpi_addr + part->p_vaddr;
                libc.end = libc.begin + part->p_memsz;
        }
        return 1;
}

/* The first backtrace() loads a library, which allocates. */
static __attribute__((constructor)) void prepare(void)
{
        void *frame;

        path = getenv("BENCH_COUNT");
        warm = getenv("BENCH_WARM") ? strtoull(getenv("BENCH_WARM"), NULL, 10) : 0;
        dl_iterate_phdr(find_libc, NULL);
        assert(libc.begin);
        (void)backtrace(&frame, 1);
}
