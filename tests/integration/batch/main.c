/* batch-engine [landed|late]: the checks, one line each, in the database that WORKER and ADMIN
 * name, connection strings of a worker and of somebody who may do all. The last two need a fault
 * point that is armed by the caller: the answer to the first COMMIT is never read. */

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
        static struct world w;

        if (!getenv("WORKER") || !getenv("ADMIN")) {
                fputs("usage: WORKER=CONNINFO ADMIN=CONNINFO batch-engine [landed|late]\n", stderr);
                return EXIT_FAILURE;
        }
        require(ev_fault_init(), "fault points");
        world_open(&w, getenv("WORKER"), getenv("ADMIN"));
        if (argc > 1) {
                run_all(strcmp(argv[1], "late") ? landed_checks : late_checks, &w);
        } else {
                run_all(engine_checks, &w);
                run_all(trouble_checks, &w);
                run_all(timer_checks, &w);
        }
        world_close(&w);
        return report_status();
}
