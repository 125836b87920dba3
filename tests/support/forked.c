/* Runs the tests of a Criterion program by fork() alone, for valgrind.
 *
 * Criterion starts the program anew for each test, and under valgrind each start costs a second and
 * more; a fork costs nothing like it. Put before a program by LD_PRELOAD, this takes the place of
 * Criterion's main() and of what a test calls while it runs. Each test still has a process of its
 * own, with its suite's and its own fixtures, and a log of valgrind's. Not for tests that are to end
 * by a signal or with a status; there are none.
 *
 * The closing line is Criterion's, so that who reads one reads the other. */

#include <assert.h>
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 2, STATUS_FAILED = 1 };

int main(int argc, char **argv);

static const struct criterion_suite *current_suite;
static const struct criterion_test *current_test;
static int failures; /* of the test that runs */

/* What a running test calls. */

void criterion_send_assert(struct criterion_assert_stats *stats)
{
        if (stats->passed)
                return;
        ++failures;
        fprintf(stderr, "%s:%u: %s::%s: %s\n", stats->file, stats->line, current_test->category,
                current_test->name, stats->message ? stats->message : "");
}

void criterion_abort_test(void)
{
        exit(STATUS_FAILED);
}

void criterion_continue_test(void)
{
}

void cr_log(enum criterion_severity severity, const char *format, ...)
{
        va_list arguments;

        (void)severity;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
}

static void call(void (*fixture)(void))
{
        if (fixture)
                fixture();
}

void criterion_internal_test_setup(void)
{
        if (current_suite && current_suite->data)
                call(current_suite->data->init);
        call(current_test->data->init);
}

void criterion_internal_test_main(void (*function)(void))
{
        function();
}

void criterion_internal_test_teardown(void)
{
        call(current_test->data->fini);
        if (current_suite && current_suite->data)
                call(current_suite->data->fini);
}

/* Where the tests are: Criterion puts pointers to them into a section of the program. */

struct section {
        void **items;
        size_t count;
};

static int take_base(struct dl_phdr_info *info, size_t size, void *context)
{
        (void)size;
        *(uintptr_t *)context = info->dlpi_addr;
        return 1; /* the first one is the program */
}

static struct section find_section(const uint8_t *image, const char *name)
{
        const ElfW(Ehdr) *header = (const void *)image;
        const ElfW(Shdr) *sections = (const void *)(image + header->e_shoff);
        const char *names = (const char *)image + sections[header->e_shstrndx].sh_offset;
        uintptr_t base = 0;

        dl_iterate_phdr(take_base, &base);
        for (size_t i = 0; i < header->e_shnum; ++i)
                if (strcmp(names + sections[i].sh_name, name) == 0)
                        return (struct section){ (void **)(base + sections[i].sh_addr),
                                                 sections[i].sh_size / sizeof(void *) };
        return (struct section){ NULL, 0 };
}

static const uint8_t *map_program(const char *path)
{
        struct stat status;
        void *image = MAP_FAILED;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd >= 0 && fstat(fd, &status) == 0)
                image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (image == MAP_FAILED) {
                perror(path);
                exit(EXIT_FAILURE);
        }
        close(fd);
        return image;
}

static const struct criterion_suite *find_suite(const struct section *suites, const char *name)
{
        for (size_t i = 0; i < suites->count; ++i) {
                const struct criterion_suite *suite = suites->items[i];

                if (suite && strcmp(suite->name, name) == 0)
                        return suite;
        }
        return NULL;
}

/* Running them. */

static struct {
        pid_t pid;
        const struct criterion_test *test;
} running[JOBS];

static void run_test(const struct criterion_test *test, const struct criterion_suite *suite)
{
        pid_t child = fork();
        size_t place = 0;

        assert(child >= 0);

        if (child) {
                while (running[place].pid)
                        ++place;
                running[place].pid = child;
                running[place].test = test;
                return;
        }
        current_test = test;
        current_suite = suite;
        alarm(test->data->timeout > 0 ? 20 * (unsigned)test->data->timeout : 0);
        test->test();
        exit(failures ? STATUS_FAILED : EXIT_SUCCESS);
}

/* The number of tests that failed: 0 or 1. */
static int wait_for_one(void)
{
        int status;
        pid_t child = wait(&status);
        size_t place = 0;

        assert(child > 0);

        while (running[place].pid != child)
                ++place;
        running[place].pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
                return 0;
        fprintf(stderr, "%s::%s ended with status %x\n", running[place].test->category,
                running[place].test->name, (unsigned)status);
        return 1;
}

int main(int argc, char **argv)
{
        const uint8_t *image = map_program(argv[0]);
        const struct section tests = find_section(image, "cr_tst");
        const struct section suites = find_section(image, "cr_sts");
        int tested = 0, failed = 0;

        (void)argc;
        unsetenv("LD_PRELOAD"); /* not for what tests start */
        for (size_t i = 0; i < tests.count; ++i) {
                const struct criterion_test *test = tests.items[i];

                if (!test)
                        continue;
                if (tested >= JOBS)
                        failed += wait_for_one();
                run_test(test, find_suite(&suites, test->category));
                ++tested;
        }
        for (int i = 0; i < JOBS && i < tested; ++i)
                failed += wait_for_one();
        fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
                tested, tested - failed, failed);
        return failed || !tested ? EXIT_FAILURE : EXIT_SUCCESS;
}
