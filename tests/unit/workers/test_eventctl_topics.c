#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "eventctl/topic_list.h"

UNIT_SUITE(eventctl_topics);

static struct topic_list list;

static const struct topic *find(const char *name)
{
        topic_list_make(&list);
        return topic_list_find(&list, name);
}

Test(eventctl_topics, each_context_has_ingress_and_facts)
{
        static const char *const contexts[] = { "customer", "stock", "order", "shipping" };
        char name[TOPIC_NAME_MAX];

        for (size_t i = 0; i < 4; ++i) {
                snprintf(name, sizeof(name), "quenty.%s.ingress.v1", contexts[i]);
                cr_assert_not_null(find(name), "%s", name);
                cr_assert_eq(find(name)->kind, TOPIC_INGRESS);
                snprintf(name, sizeof(name), "quenty.%s.events.v1", contexts[i]);
                cr_assert_not_null(find(name), "%s", name);
                cr_assert_eq(find(name)->kind, TOPIC_FACTS);
        }
}

Test(eventctl_topics, each_database_has_dead_letters)
{
        cr_assert_eq(find("quenty.order.dead-letters.v1")->kind, TOPIC_DEAD_LETTERS);
        cr_assert_not_null(find("quenty.customer.dead-letters.v1"));
        cr_assert_not_null(find("quenty.shipping.dead-letters.v1"));
        cr_assert_null(find("quenty.stock.dead-letters.v1"), "stock shares order_db");
}

Test(eventctl_topics, checkpoints_have_one_for_all_databases)
{
        cr_assert_eq(find("quenty.audit.checkpoints.v1")->kind, TOPIC_CHECKPOINTS);
}

Test(eventctl_topics, there_are_no_others_and_none_twice)
{
        topic_list_make(&list);
        cr_assert_eq(list.count, 12);
        for (size_t i = 0; i < list.count; ++i)
                cr_assert_eq(topic_list_find(&list, list.items[i].name), &list.items[i]);
}

Test(eventctl_topics, a_short_name_stands_for_a_topic_of_ours)
{
        char name[TOPIC_NAME_MAX];

        topic_list_make(&list);
        cr_assert(topic_list_name(&list, "order.events", name));
        cr_assert_str_eq(name, "quenty.order.events.v1");
        cr_assert(topic_list_name(&list, "order.dead-letters", name));
        cr_assert_str_eq(name, "quenty.order.dead-letters.v1");
        cr_assert(topic_list_name(&list, "quenty.order.events.v1", name));
        cr_assert_str_eq(name, "quenty.order.events.v1");
        cr_assert(topic_list_name(&list, "theirs.events", name));
        cr_assert_str_eq(name, "theirs.events");
}

Test(eventctl_topics, what_kafka_takes_for_no_name_is_none)
{
        static const char *const names[] = { "", ".", "..", "a b", "a/b", "stück" };
        char name[TOPIC_NAME_MAX], long_name[TOPIC_NAME_MAX + 1];

        topic_list_make(&list);
        for (size_t i = 0; i < 6; ++i)
                cr_assert_not(topic_list_name(&list, names[i], name), "%s", names[i]);
        memset(long_name, 'a', TOPIC_NAME_MAX);
        long_name[TOPIC_NAME_MAX] = '\0';
        cr_assert_not(topic_list_name(&list, long_name, name), "250 characters");
        cr_assert(topic_list_name(&list, long_name + 1, name), "249 characters");
}
