/* eventctl topics: the topics that the system needs, compared with those that there are, and made.
 *
 * Only what is missing is made. A partition count that differs is refused by both commands, because
 * with another one keys lie in other partitions and their order is lost. Settings that differ are
 * shown and left to the operator: retention of customer facts, for one, is his decision.
 *
 * If the process dies, the topics that were made are whole, and the next call makes the rest. */

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "cluster.h"
#include "command.h"
#include "output.h"
#include "topic_list.h"
#include "wire/admin.h"

enum {
        REPLICATION_MAX = 16,
        REPLICATION_USUAL = 3, /* one broker may die and another one be restarted meanwhile */
        DETAIL_MAX = 512,
        NUMBER_MAX = 16,
};

/* Settings of a topic by what it is for; min.insync.replicas comes with the replicas. What is a
 * broker's default today stands here too: a default is the cluster's to change, and these are what
 * the guarantees rest on.
 *
 * max.message.bytes holds a fact of 900 KiB (EV_FACT_BYTES_MAX) with 64 KiB of headers
 * (EV_ENVELOPE_HEADERS_BYTES_MAX), its key and Kafka's own frame. Ingress takes as much, although
 * events are smaller: clients fill batches of up to 1 MB by default, and the limit is a batch's. */
static const struct {
        struct ev_kafka_setting settings[EV_ADMIN_SETTINGS_MAX];
        size_t count;
} kinds[] = {
        [TOPIC_INGRESS] = { { { "cleanup.policy", "delete" },
                              { "retention.ms", "604800000" }, /* 7 days */
                              { "max.message.bytes", "1048576" },
                              { "unclean.leader.election.enable", "false" } },
                            4 },
        [TOPIC_FACTS] = { { { "cleanup.policy", "delete" },
                            { "retention.ms", "-1" }, /* for ever: facts are what is audited */
                            { "retention.bytes", "-1" },
                            { "max.message.bytes", "1048576" },
                            { "unclean.leader.election.enable", "false" } },
                          5 },
        [TOPIC_DEAD_LETTERS] = { { { "cleanup.policy", "delete" },
                                   { "retention.ms", "2592000000" }, /* 30 days */
                                   { "max.message.bytes", "1048576" },
                                   { "unclean.leader.election.enable", "false" } },
                                 4 },
        [TOPIC_CHECKPOINTS] = { { { "cleanup.policy", "delete" },
                                  { "retention.ms",
                                    "-1" }, /* for ever: by them facts are audited */
                                  { "retention.bytes", "-1" },
                                  { "max.message.bytes", "1048576" },
                                  { "unclean.leader.election.enable", "false" } },
                                5 },
};

/* By rising need of a person. */
enum state { STATE_PRESENT, STATE_MADE, STATE_MISSING, STATE_DIFFERS, STATE_REFUSED, STATES };

static const char *const state_names[STATES] = {
        [STATE_PRESENT] = "present", [STATE_MADE] = "made",       [STATE_MISSING] = "missing",
        [STATE_DIFFERS] = "differs", [STATE_REFUSED] = "refused",
};

/* What should be and what is. */
struct plan {
        struct topic_list list;
        struct ev_admin_topic wanted[TOPIC_LIST_MAX];
        struct ev_admin_found found[TOPIC_LIST_MAX];
        enum state states[TOPIC_LIST_MAX];
};

static const struct output_column columns[] = {
        { "topic", 34, false }, { "partitions", 10, true }, { "replicas", 8, true },
        { "state", 8, false },  { "detail", 0, false },
};

/* All domain topics have one number of partitions, ingress too: `range` then gives the lanes of one
 * company on all topics of a worker to one process. Checkpoints are few, and in one order. */
static int32_t partitions_of(const struct ev_config *config, enum topic_kind kind)
{
        assert(config);

        if (kind == TOPIC_CHECKPOINTS)
                return 1;
        return (int32_t)ev_config_integer(config, kind == TOPIC_DEAD_LETTERS
                                                          ? "relay.dead_letter_partitions"
                                                          : "relay.fact_partitions");
}

static void want_topics(const struct ev_config *config, int replicas, struct plan *plan)
{
        assert(replicas > 0 && replicas <= REPLICATION_MAX);

        topic_list_make(&plan->list);
        for (size_t i = 0; i < plan->list.count; ++i) {
                const struct topic *topic = &plan->list.items[i];
                struct ev_admin_topic *wanted = &plan->wanted[i];

                wanted->name = topic->name;
                wanted->partitions = partitions_of(config, topic->kind);
                wanted->replicas = replicas;
                wanted->settings_count = kinds[topic->kind].count;
                memcpy(wanted->settings, kinds[topic->kind].settings, sizeof(wanted->settings));
                wanted->settings[wanted->settings_count++] =
                        (struct ev_kafka_setting){ "min.insync.replicas",
                                                   replicas > 1 ? "2" : "1" };
        }
}

/* Two brokers are not guessed about: with 3 copies nothing could be made, with 2 the death of one
 * stops all writing, and with 1 it loses records. */
static enum command_exit choose_replicas(const struct command_input *input, struct ev_kafka *kafka,
                                         int *ret_replicas)
{
        int brokers = 0;

        assert(ret_replicas);

        if (!command_number(input, "replication", REPLICATION_MAX, 0, ret_replicas))
                return COMMAND_USAGE;
        if (ev_admin_count_brokers(kafka, &brokers) < 0)
                return command_fail();
        if (*ret_replicas > 0)
                return COMMAND_DONE;
        if (command_value(input, "replication") || brokers == 2) {
                fprintf(stderr,
                        "eventctl: %d brokers: say by --replication how many of them have "
                        "each record, from 1 on\n",
                        brokers);
                return COMMAND_USAGE;
        }
        *ret_replicas = brokers == 1 ? 1 : REPLICATION_USUAL;
        return COMMAND_DONE;
}

/* More bytes than needed do no harm, so that one setting is compared as a number. */
static bool is_as_wanted(const struct ev_kafka_setting *wanted, const char *found)
{
        int64_t least, is;

        assert(wanted->name && found);

        if (strcmp(wanted->name, "max.message.bytes") == 0 &&
            ev_str_to_int64(ev_str_of(wanted->value), &least) &&
            ev_str_to_int64(ev_str_of(found), &is))
                return is >= least;
        return strcmp(wanted->value, found) == 0;
}

/* Appends to what is said of a topic; what does not fit is cut. */
_printf_(2, 3) static void say(char detail[DETAIL_MAX], const char *format, ...)
{
        size_t used = strlen(detail);
        va_list arguments;

        assert(used < DETAIL_MAX);

        if (used > 0)
                used += (size_t)snprintf(detail + used, DETAIL_MAX - used, "; ");
        if (used >= DETAIL_MAX)
                return;
        va_start(arguments, format);
        vsnprintf(detail + used, DETAIL_MAX - used, format, arguments);
        va_end(arguments);
}

/* How an existing topic differs, in words. */
static enum state compare(const struct ev_admin_topic *wanted, const struct ev_admin_found *found,
                          char detail[DETAIL_MAX])
{
        enum state state = STATE_PRESENT;

        assert(found->exists);

        if (found->replicas < wanted->replicas) {
                say(detail, "%d replicas, not %d", found->replicas, wanted->replicas);
                state = STATE_DIFFERS;
        }
        for (size_t i = 0; i < wanted->settings_count; ++i) {
                if (is_as_wanted(&wanted->settings[i], found->values[i]))
                        continue;
                say(detail, "%s is %s, not %s", wanted->settings[i].name, found->values[i],
                    wanted->settings[i].value);
                state = STATE_DIFFERS;
        }
        if (found->partitions != wanted->partitions) {
                say(detail, "%d partitions, not %d: that is never changed, keys would move",
                    found->partitions, wanted->partitions);
                state = STATE_REFUSED;
        }
        return state;
}

/* A missing topic is shown with all that it would get. */
static enum state judge(const struct plan *plan, size_t index, char detail[DETAIL_MAX])
{
        const struct ev_admin_topic *wanted = &plan->wanted[index];

        assert(index < plan->list.count);

        detail[0] = '\0';
        if (plan->states[index] == STATE_MADE)
                return STATE_MADE;
        if (plan->found[index].exists)
                return compare(wanted, &plan->found[index], detail);
        for (size_t i = 0; i < wanted->settings_count; ++i)
                say(detail, "%s=%s", wanted->settings[i].name, wanted->settings[i].value);
        return STATE_MISSING;
}

/* The state of the whole is that of its worst topic. */
static enum state judge_all(struct plan *plan)
{
        char detail[DETAIL_MAX];
        enum state worst = STATE_PRESENT;

        assert(plan->list.count > 0);

        for (size_t i = 0; i < plan->list.count; ++i) {
                plan->states[i] = judge(plan, i, detail);
                if (plan->states[i] > worst)
                        worst = plan->states[i];
        }
        return worst;
}

static void show_topic(struct output *output, const struct plan *plan, size_t index)
{
        const struct ev_admin_found *found = &plan->found[index];
        char partitions[NUMBER_MAX], replicas[NUMBER_MAX], detail[DETAIL_MAX];
        enum state state = judge(plan, index, detail);
        struct ev_str values[] = {
                ev_str_of(plan->wanted[index].name), EV_STR_NULL,       EV_STR_NULL,
                ev_str_of(state_names[state]),       ev_str_of(detail),
        };

        assert(output->columns == columns);

        _Static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one a column");
        /* What is; for a topic that is not, what it would have. */
        snprintf(partitions, sizeof(partitions), "%d",
                 found->exists ? found->partitions : plan->wanted[index].partitions);
        snprintf(replicas, sizeof(replicas), "%d",
                 found->exists ? found->replicas : plan->wanted[index].replicas);
        values[1] = ev_str_of(partitions);
        values[2] = ev_str_of(replicas);
        output_row(output, values, state >= STATE_DIFFERS);
}

static bool show(const struct plan *plan, enum output_format format)
{
        struct output output = { .format = format,
                                 .columns = columns,
                                 .columns_count = EV_ARRAY_SIZE(columns) };

        assert(plan->list.count > 0);

        output_begin(&output, NULL, 0, "topics");
        for (size_t i = 0; i < plan->list.count; ++i)
                show_topic(&output, plan, i);
        return output_end(&output);
}

/* All in one request. After a failure some may have been made; the next plan shows which. */
static int make_missing(struct ev_kafka *kafka, struct plan *plan)
{
        const struct ev_admin_topic *missing[TOPIC_LIST_MAX];
        size_t count = 0;
        int r;

        assert(plan->list.count > 0);

        for (size_t i = 0; i < plan->list.count; ++i)
                if (plan->states[i] == STATE_MISSING)
                        missing[count++] = &plan->wanted[i];
        if (count == 0)
                return 0;
        fprintf(stderr, "making %zu topics of %d replicas\n", count, missing[0]->replicas);
        r = ev_admin_create(kafka, missing, count);
        for (size_t i = 0; r == 0 && i < plan->list.count; ++i)
                if (plan->states[i] == STATE_MISSING)
                        plan->states[i] = STATE_MADE;
        return ev_trace(r);
}

/* Reads the cluster; the plan is complete but for what is done about it. */
static enum command_exit look(const struct command_input *input, struct ev_kafka **ret_kafka,
                              struct plan *plan, enum state *ret_worst)
{
        enum command_exit exit = cluster_open(input->config, ret_kafka);
        int replicas = 0;

        assert(plan && ret_worst);

        if (exit == COMMAND_DONE)
                exit = choose_replicas(input, *ret_kafka, &replicas);
        if (exit != COMMAND_DONE)
                return exit;
        want_topics(input->config, replicas, plan);
        if (ev_admin_describe(*ret_kafka, plan->wanted, plan->list.count, plan->found) < 0)
                return command_fail();
        *ret_worst = judge_all(plan);
        return COMMAND_DONE;
}

/* Shows what there is beside what should be; with `applies` it makes what is missing before. A
 * refusal comes before anything is made: a cluster that is not ours, or whose counts were changed by
 * hand, should not get half of our topics. */
static enum command_exit show_plan(const struct command_input *input, bool applies,
                                   enum state *ret_worst)
{
        static struct plan plan; /* large */
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = NULL;
        enum output_format format;
        enum command_exit exit;

        assert(input && !input->operand);

        if (!output_format_of(input, &format))
                return COMMAND_USAGE;
        exit = look(input, &kafka, &plan, ret_worst);
        if (exit != COMMAND_DONE)
                return exit;
        if (applies && *ret_worst != STATE_REFUSED && make_missing(kafka, &plan) < 0)
                return command_fail();
        return show(&plan, format) ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_exit topics_plan(const struct command_input *input)
{
        enum state worst;
        enum command_exit exit = show_plan(input, false, &worst);

        assert(input);

        if (exit != COMMAND_DONE)
                return exit;
        return worst == STATE_PRESENT ? COMMAND_DONE : COMMAND_DIFFERENCES;
}

enum command_exit topics_apply(const struct command_input *input)
{
        enum state worst;
        enum command_exit exit = show_plan(input, true, &worst);

        assert(input);

        if (exit != COMMAND_DONE)
                return exit;
        if (worst == STATE_REFUSED) {
                fputs("eventctl: refused: a topic has another number of partitions; nothing was "
                      "made\n",
                      stderr);
                return COMMAND_REFUSED;
        }
        return worst == STATE_DIFFERS ? COMMAND_DIFFERENCES : COMMAND_DONE;
}
