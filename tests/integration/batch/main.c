/* batch-engine SET: the checks of a set, one line each, in the database that WORKER and ADMIN name,
 * connection strings of a worker and of somebody who may do all. The sets "landed" and "late" need
 * a fault point that is armed by the caller: the answer to the first COMMIT is never read. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "world.h"

static void run_all(check_fn *const checks[], struct world *w)
{
        for (size_t i = 0; checks[i]; ++i)
                checks[i](w);
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                check_fn *const *checks;
        } sets[] = {
                { "engine", engine_checks }, { "trouble", trouble_checks },
                { "timers", timer_checks },  { "marks", mark_checks },
                { "crashes", crash_checks }, { "landed", landed_checks },
                { "late", late_checks },
        };
        static struct world w;

        if (argc != 2 || !getenv("WORKER") || !getenv("ADMIN")) {
                fputs("usage: WORKER=CONNINFO ADMIN=CONNINFO batch-engine SET\n", stderr);
                return EXIT_FAILURE;
        }
        require(ev_fault_init(), "fault points");
        world_open(&w, getenv("WORKER"), getenv("ADMIN"));
        for (size_t i = 0; i < EV_ARRAY_SIZE(sets); ++i)
                if (strcmp(argv[1], sets[i].name) == 0)
                        run_all(sets[i].checks, &w);
        world_close(&w);
        return report_status();
}
