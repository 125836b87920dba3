/* The list of topics comes from the contracts in the schemas, so that a context that gets its first
 * event gets its topics too. Only dead letters and checkpoints
 * have no schema.
 *
 * Pure: made anew in each call of the program. */

#include "topic_list.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "schemas/registry.h"

/* One for each database and its relay; stock has no database of its own. */
static const char *const dead_letters[] = {
        "quenty.customer.dead-letters.v1",
        "quenty.order.dead-letters.v1",
        "quenty.shipping.dead-letters.v1",
};

/* Kafka's own rule for names (org.apache.kafka.common.internals.Topic). */
static bool is_name(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789._-";
        size_t size = strlen(name);

        assert(name);

        return size > 0 && size < TOPIC_NAME_MAX && strspn(name, letters) == size &&
               strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

const struct topic *topic_list_find(const struct topic_list *list, const char *name)
{
        assert(list && name);
        assert(list->count <= TOPIC_LIST_MAX);

        for (size_t i = 0; i < list->count; ++i)
                if (strcmp(list->items[i].name, name) == 0)
                        return &list->items[i];
        return NULL;
}

/* Schemas come by id; many share a topic. */
static void add(struct topic_list *list, const char *name, enum topic_kind kind)
{
        struct topic *topic = &list->items[list->count];

        assert(list->count < TOPIC_LIST_MAX);
        assert(is_name(name));

        if (topic_list_find(list, name))
                return;
        snprintf(topic->name, sizeof(topic->name), "%s", name);
        topic->kind = kind;
        ++list->count;
}

/* Names of contexts have no order that matters; one that stays the same is easier to read. */
static void sort(struct topic_list *list)
{
        assert(list->count <= TOPIC_LIST_MAX);

        for (size_t i = 1; i < list->count; ++i)
                for (size_t k = i;
                     k > 0 && strcmp(list->items[k - 1].name, list->items[k].name) > 0; --k) {
                        struct topic swapped = list->items[k];

                        list->items[k] = list->items[k - 1];
                        list->items[k - 1] = swapped;
                }
}

void topic_list_make(struct topic_list *list)
{
        char name[TOPIC_NAME_MAX];

        assert(list);
        assert(schemas_registry_count > 0);

        list->count = 0;
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_record *record = schemas_registry[i].record;

                /* A superseded version has no record: its topic is that of the newest. */
                if (!record || !record->contract)
                        continue;
                snprintf(name, sizeof(name), "%.*s", EV_STR_ARG(record->contract->topic));
                add(list, name,
                    record->contract->kind == EV_KIND_FACT ? TOPIC_FACTS : TOPIC_INGRESS);
        }
        sort(list);
        for (size_t i = 0; i < EV_ARRAY_SIZE(dead_letters); ++i)
                add(list, dead_letters[i], TOPIC_DEAD_LETTERS);
        add(list, TOPIC_OF_CHECKPOINTS, TOPIC_CHECKPOINTS);
}

bool topic_list_name(const struct topic_list *list, const char *typed,
                     char ret_name[TOPIC_NAME_MAX])
{
        assert(list && typed);

        if (!is_name(typed))
                return false;
        if (snprintf(ret_name, TOPIC_NAME_MAX, "quenty.%s.v1", typed) < TOPIC_NAME_MAX &&
            topic_list_find(list, ret_name))
                return true;
        snprintf(ret_name, TOPIC_NAME_MAX, "%s", typed);
        return true;
}
