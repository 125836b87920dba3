#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

UNIT_SUITE(fault);

#ifdef EV_FAULTS
static const bool with_points = true;
#else
static const bool with_points = false;
#define ev_fault_hits(point) UINT64_C(0)
#endif

static char counts[] = "/tmp/fault-XXXXXX";

/* Arms points for this process; a new, empty file of counts. */
static int arm(const char *text)
{
        int fd;

        memcpy(counts, "/tmp/fault-XXXXXX", sizeof(counts));
        fd = mkstemp(counts);
        cr_assert_geq(fd, 0);
        close(fd);
        setenv("EV_FAULTS", text, 1);
        setenv("EV_FAULTS_COUNTS", counts, 1);
        return ev_fault_init();
}

/* Compares the file of counts, with the process's id as "%ld", and removes it. */
static void expect_counts(const char *format, pid_t pid)
{
        char expected[512], found[512];
        FILE *file = fopen(counts, "r");
        size_t size;

        cr_assert_not_null(file);
        size = fread(found, 1, sizeof(found) - 1, file);
        found[size] = '\0';
        fclose(file);
        unlink(counts);
        expected[0] = '\0';
        for (const char *line = format; *line; line += strcspn(line, "\n") + 1) {
                size_t used = strlen(expected);

                snprintf(expected + used, sizeof(expected) - used, "%ld %.*s\n", (long)pid,
                         (int)strcspn(line, "\n"), line);
        }
        cr_assert_str_eq(found, expected);
}

/* Each promise holds in a build with points; without them nothing may be armed at all. */
static bool skip_without_points(void)
{
        if (with_points)
                return false;
        cr_assert_eq(arm("commit_sent=kill"), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "no fault points"));
        unlink(counts);
        cr_assert_eq(EV_FAULT(commit_sent), 0);
        return true;
}

Test(fault, nothing_happens_where_nothing_is_armed)
{
        unsetenv("EV_FAULTS");
        unsetenv("EV_FAULTS_COUNTS");
        cr_assert_eq(ev_fault_init(), 0);
        for (int i = 0; i < 5; ++i)
                cr_assert_eq(EV_FAULT(commit_sent), 0);
        if (with_points)
                cr_assert_eq(ev_fault_hits(EV_FAULT_POINT_commit_sent), 5);
        setenv("EV_FAULTS", "", 1);
        cr_assert_eq(ev_fault_init(), 0);
}

Test(fault, an_error_is_trouble_that_is_tried_again)
{
        if (skip_without_points())
                return;
        cr_assert_eq(arm("transaction_begun=error"), 0);
        cr_assert_eq(EV_FAULT(commit_sent), 0);
        cr_assert_eq(EV_FAULT(transaction_begun), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RETRY);
        cr_assert_not_null(strstr(ev_error_last()->text, "transaction_begun"));
        cr_assert_eq(EV_FAULT(transaction_begun), EV_FAILED, "every time");
        expect_counts("transaction_begun 1 error 0\ntransaction_begun 2 error 0\n", getpid());
}

Test(fault, a_hit_may_be_chosen)
{
        if (skip_without_points())
                return;
        cr_assert_eq(arm("acked_some=error@3;relay_read=error@1"), 0);
        for (int i = 1; i <= 4; ++i)
                cr_assert_eq(EV_FAULT(acked_some), i == 3 ? EV_FAILED : 0, "hit %d", i);
        expect_counts("acked_some 1 none 0\nacked_some 2 none 0\nacked_some 3 error 0\n"
                      "acked_some 4 none 0\n",
                      getpid());
}

Test(fault, kill_is_sigkill_at_that_hit_and_is_counted_before)
{
        int status;
        pid_t child;

        if (skip_without_points())
                return;
        cr_assert_eq(arm("commit_sent=kill@3"), 0);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
                for (int i = 0; i < 5; ++i)
                        (void)!EV_FAULT(commit_sent);
                _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status));
        cr_assert_eq(WTERMSIG(status), SIGKILL);
        expect_counts("commit_sent 1 none 0\ncommit_sent 2 none 0\ncommit_sent 3 kill 0\n", child);
}

/* The first time it stops the process, the second time it is over. */
static int reach_twice(void)
{
        int first = EV_FAULT(acked_some);
        int second = EV_FAULT(acked_some);

        return first == 0 && second == 0 ? 7 : 1;
}

Test(fault, stop_is_sigstop_until_the_tester_wakes_it)
{
        int status;
        pid_t child;

        if (skip_without_points())
                return;
        cr_assert_eq(arm("acked_some=stop:15000@1"), 0);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0)
                _exit(reach_twice());
        cr_assert_eq(waitpid(child, &status, WUNTRACED), child);
        cr_assert(WIFSTOPPED(status));
        cr_assert_eq(WSTOPSIG(status), SIGSTOP);
        cr_assert_eq(kill(child, SIGCONT), 0);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFEXITED(status));
        cr_assert_eq(WEXITSTATUS(status), 7, "it goes on where it stood");
        expect_counts("acked_some 1 stop 15000\nacked_some 2 none 0\n", child);
}

Test(fault, what_cannot_be_armed_is_an_error)
{
        static const char *const texts[] = {
                "no_such_point=kill",
                "commit_sent",
                "commit_sent=",
                "commit_sent=explode",
                "commit_sent=stop",
                "commit_sent=stop:",
                "commit_sent=stop:x",
                "commit_sent=stop:3600001",
                "commit_sent=kill:5",
                "commit_sent=kill@",
                "commit_sent=kill@0",
                "commit_sent=kill@x",
                "commit_sent=kill@-1",
                "=kill",
                ";",
                "commit_sent=kill;commit_sent=error",
        };

        if (skip_without_points())
                return;
        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                cr_assert_eq(arm(texts[i]), EV_FAILED, "%s", texts[i]);
                cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
                unlink(counts);
        }
        cr_assert_eq(arm("no_such_point=kill"), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "no_such_point"));
        unlink(counts);
        setenv("EV_FAULTS", "commit_sent=kill", 1);
        setenv("EV_FAULTS_COUNTS", "/nonexistent/counts", 1);
        cr_assert_eq(ev_fault_init(), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "/nonexistent/counts"));
}

/* The names as text, from the same list that the macro's users spell: a release has none of them.
 */
Test(fault, a_build_without_points_has_no_name_of_one)
{
#define AS_SYMBOL(name) "|" #name
        static const char pattern[] = "ev_fault_reach" EV_FAULT_POINTS(AS_SYMBOL);
        char command[4096];

        snprintf(command, sizeof(command), "strings -a %s | grep -qxE '%s'", EV_BASE_ARCHIVE,
                 pattern);
        cr_assert_eq(system(command) == 0, with_points);
}
