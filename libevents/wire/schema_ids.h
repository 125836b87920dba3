#ifndef EV_WIRE_SCHEMA_IDS_H
#define EV_WIRE_SCHEMA_IDS_H

/* The list of published versions: schemas/ids of the source, and a file of that form that operators
 * may put beside schemas of producers that are ahead of us. The head of schemas/ids says what a
 * line is. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/str.h"

enum { EV_SCHEMA_IDS_BYTES_MAX = 1024 * 1024 }; /* of a list */

struct ev_schema_line {
        uint32_t id, version; /* ≥ 1 */
        struct ev_str name;   /* full name; a slice of the list, as is file */
        struct ev_str file;   /* relative to the list's folder; never leads out of it */
        bool is_locked;       /* published: the two numbers below may never change */
        uint64_t fingerprint; /* as the list has them; 0 unless locked */
        uint64_t lock;
};

enum { EV_SCHEMA_IDS_END = 1 };

/* Takes the next version off the front of a list; blank lines and comments are passed over. Fails
 * (verdict: stop), quoting the line, on anything else. */
int ev_schema_ids_next(struct ev_str *list, struct ev_schema_line *ret_line) _must_check_;

#endif
