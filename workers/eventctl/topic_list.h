#ifndef EVENTCTL_TOPIC_LIST_H
#define EVENTCTL_TOPIC_LIST_H

/* Which topics the system has, and what each is for. */

#include <stdbool.h>
#include <stddef.h>

enum {
        TOPIC_NAME_MAX = 250, /* Kafka's bound of 249 characters, and a NUL */
        TOPIC_LIST_MAX = 32,
};

enum topic_kind { TOPIC_INGRESS, TOPIC_FACTS, TOPIC_DEAD_LETTERS, TOPIC_CHECKPOINTS };

struct topic {
        char name[TOPIC_NAME_MAX];
        enum topic_kind kind;
};

struct topic_list {
        struct topic items[TOPIC_LIST_MAX];
        size_t count;
};

/* The topic of signed checkpoints (audit_seal.c), of all databases: a key is a log's name, a value a
 * signed note, and there are no headers. Whoever keeps its records needs no database to be sure. */
#define TOPIC_OF_CHECKPOINTS "quenty.audit.checkpoints.v1"

/* Ingress and facts of each context that has a schema, in order of context; then dead letters, then
 * checkpoints. */
void topic_list_make(struct topic_list *list);

/* The topic of that name; NULL for one that is not the system's. */
const struct topic *topic_list_find(const struct topic_list *list, const char *name);

/* A topic as a person types it: "order.events" stands for quenty.order.events.v1 if there is that
 * topic; every other name stands for itself. False if it is no name that Kafka takes. */
bool topic_list_name(const struct topic_list *list, const char *typed,
                     char ret_name[TOPIC_NAME_MAX]);

#endif
