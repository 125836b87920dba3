/* Verdicts by SQLSTATE. The longest code that fits wins; what is not in the table stops the
 * worker, because going on after an error that nobody thought of is how data is lost. */

#include "store/verdict.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"

enum { CLASS_SIZE = 2, SQLSTATE_SIZE = 5 };

static const struct {
        const char *code; /* a whole SQLSTATE or a class */
        enum ev_verdict verdict;
} verdicts[] = {
        { "08", EV_VERDICT_RETRY },    /* connection */
        { "22", EV_VERDICT_RECORD },   /* data exception */
        { "23", EV_VERDICT_RECORD },   /* integrity constraint */
        { "23505", EV_VERDICT_AGAIN }, /* unique_violation */
        { "23P01", EV_VERDICT_AGAIN }, /* exclusion_violation */
        { "25P03", EV_VERDICT_RETRY }, /* idle_in_transaction_session_timeout: we were stopped */
        { "40", EV_VERDICT_RETRY },    /* rollback: serialization, deadlock */
        { "53", EV_VERDICT_RETRY },    /* resources: disk, memory, connections */
        { "55P03", EV_VERDICT_RETRY }, /* lock_not_available: lock_timeout */
        { "57", EV_VERDICT_RETRY },    /* operator: timeout, shutdown, starting up */
};

/* The library's own tables take no value of a record unchecked, so an error about data there (a
 * missing partition of the outbox is 23514) would blame every record in turn and send them all to
 * the dead letters. */
static bool blames_a_record(enum ev_verdict verdict)
{
        return verdict == EV_VERDICT_RECORD || verdict == EV_VERDICT_AGAIN;
}

enum ev_verdict ev_verdict_of_sqlstate(const char *sqlstate, const char *schema)
{
        enum ev_verdict verdict = EV_VERDICT_STOP;
        size_t best = 0;

        assert(sqlstate && strlen(sqlstate) == SQLSTATE_SIZE);

        for (size_t i = 0; i < EV_ARRAY_SIZE(verdicts); ++i) {
                size_t size = strlen(verdicts[i].code);

                assert(size == CLASS_SIZE || size == SQLSTATE_SIZE);
                if (size > best && strncmp(sqlstate, verdicts[i].code, size) == 0) {
                        verdict = verdicts[i].verdict;
                        best = size;
                }
        }
        if (blames_a_record(verdict) && schema && strcmp(schema, "ev") == 0)
                return EV_VERDICT_STOP;
        return verdict;
}
