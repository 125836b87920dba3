#ifndef EVENTCTL_LAWS_H
#define EVENTCTL_LAWS_H

/* What must hold in the databases, whatever has happened: each law is a statement that finds what
 * breaks it (laws/, laws_*), a name, and a sentence. */

#include <stdbool.h>
#include <stddef.h>

#include "store/statement.h"

/* Each law's statement has the parameter `shown`: how many violations it returns at most (> 0), each as
 * JSON beside the number of all. Those of two databases have three more: into how many buckets, which
 * one, and the rows of the other database that fall into it. */
struct law {
        const char *name;
        bool is_of_rest; /* holds when all is applied and published, and not while facts are on their way */
        const struct ev_statement *statement;
        const char *meaning;
};

enum { LAWS_EACH = -1, LAWS_ALONE = -1 };

/* Laws that are asked together. */
struct law_set {
        int database; /* of database_names; LAWS_EACH: all of them */
        int other;    /* the database that has the other rows; LAWS_ALONE: none */
        const struct ev_statement *rows;  /* of the other database: those of a bucket, as JSON */
        const struct ev_statement *count; /* of the other database: how many in all */
        const struct ev_statement *companies; /* whose rows a shard wants some of; NULL: of all */
        const struct law *laws;
        size_t laws_count;
};

extern const struct law_set law_sets[];
extern const size_t law_sets_count;

#endif
