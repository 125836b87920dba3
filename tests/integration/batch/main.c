/* batch-engine CONNINFO ADMIN [landed|late]: the checks, one line each. The last two need a fault
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

        if (argc < 3) {
                fputs("usage: batch-engine CONNINFO ADMIN [landed|late]\n", stderr);
                return EXIT_FAILURE;
        }
        require(ev_fault_init(), "fault points");
        world_open(&w, argv[1], argv[2]);
        if (argc > 3) {
                run_all(strcmp(argv[3], "late") ? landed_checks : late_checks, &w);
        } else {
                run_all(engine_checks, &w);
                run_all(trouble_checks, &w);
        }
        world_close(&w);
        return report_status();
}
