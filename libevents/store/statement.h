#ifndef EV_STORE_STATEMENT_H
#define EV_STORE_STATEMENT_H

/* A statement as a constant: made by the generator from one `.sql` file (sql/README.md).
 *
 * What it declares is used three times: parameters are compared with it while they are built, by an
 * assert; results when they come, as an error; and a test compares all of it with a server that has
 * just been migrated. So neither side can change a type alone. Statements are compared by address.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ev_column {
        const char *name;
        uint32_t oid;
        bool nullable; /* NULL in a column that is not nullable is an error of the statement */
};

struct ev_statement {
        const char *name;       /* it is prepared under this name: unique in a session */
        const char *text;       /* SQL with $1…, without comments */
        const uint32_t *params; /* oids, in the order of $1… */
        const char *const *param_names;
        size_t params_count;
        const struct ev_column *columns; /* of each row it returns */
        size_t columns_count;
};

enum {
        EV_STATEMENT_PARAMS_MAX = 64,
        EV_STATEMENT_COLUMNS_MAX = 64,
        EV_STATEMENT_NAME_MAX = 63, /* bytes without NUL: PostgreSQL's NAMEDATALEN - 1 */
};

#endif
