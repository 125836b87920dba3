/* Making clients of Kafka and reading their errors.
 *
 * Guarantee: a client of ours has the settings that the proofs of the producer and of the consumer
 * rest on, whatever the configuration file says; a file that would change one of them is refused
 * with the reason. Nothing here is stored, so nothing is lost if the process dies.
 *
 * librdkafka knows most settings under two names, so a forbidden setting cannot be told by its
 * name. Instead the guarded values are read back after each line of the operator's. */

#include "wire/kafka.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "wire/kafka_private.h"

/* As long as one round trip to a broker takes. */
#define FETCH_BACKOFF_MS_TEXT "2"

enum {
        /* Room for a value read back. One that does not fit fails alike on both sides of a
         * comparison, so no guarded setting may be longer; bootstrap.servers is merely not named in
         * errors then. */
        CONF_VALUE_MAX = 512,
        LOG_LEVEL_DEBUG = 7, /* syslog's */
        ANY_CLIENT = EV_KAFKA_PRODUCER | EV_KAFKA_CONSUMER | EV_KAFKA_READER,
        ANY_INPUT = EV_KAFKA_CONSUMER | EV_KAFKA_READER,
};

/* What stands behind rd_kafka_opaque(): callbacks of librdkafka are handed this and find their own
 * object with ev_kafka_owner(). */
struct ev_kafka {
        rd_kafka_t *rk;
        void *owner;
        ev_kafka_log_fn *log;
        void *log_context;
        struct ev_kafka_state state;
};

/* Our settings where they differ from librdkafka's or must not differ from it. Read top down, later
 * lines win, and the caller's `extra` and the operator's come after all of them. Defaults that are
 * named in reasons are those of librdkafka 2.0.2 (CONFIGURATION.md). What librdkafka already does
 * today is written down all the same where a proof needs it: a default may change with a version, a
 * rule cannot. */
static const struct rule {
        unsigned roles; /* bits of ev_kafka_role */
        bool is_fixed;  /* the operator cannot change it */
        const char *name;
        const char *value;
        const char *reason;
} rules[] = {
        /* librdkafka keeps lines in a temporary queue until rd_kafka_set_log_queue() is called;
         * ev_kafka_new() does that first of all. */
        { ANY_CLIENT, true, "log.queue", "true",
          "else librdkafka logs from its own threads, which no code of ours may run on" },
        { ANY_CLIENT, false, "client.id", "quenty", "names us in the broker's logs and quotas" },
        { ANY_CLIENT, false, "reconnect.backoff.ms", "50",
          "a broker that restarts is back within seconds" },
        { ANY_CLIENT, false, "reconnect.backoff.max.ms", "500",
          "the default keeps a client away for 10 s after an outage of half a second" },
        { ANY_CLIENT, false, "socket.keepalive.enable", "true",
          "a half-open connection is noticed while idle" },
        { ANY_CLIENT, false, "socket.nagle.disable", "true",
          "requests are written whole; waiting for more only adds latency" },
        { ANY_CLIENT, false, "log.connection.close", "false",
          "brokers close idle connections, which is no event" },

        /* These six are one guarantee, and each is void without the others. librdkafka lets
         * idempotence adjust acks and the number of requests in flight when they are not set; set
         * here, a contradiction is an error instead of a silent change. */
        { EV_KAFKA_PRODUCER, true, "enable.idempotence", "true",
          "without it a retry doubles or reorders records" },
        { EV_KAFKA_PRODUCER, true, "acks", "all",
          "a position may only pass what cannot be lost with one broker" },
        { EV_KAFKA_PRODUCER, true, "max.in.flight.requests.per.connection", "5",
          "the most that idempotence keeps in order" },
        /* Records that time out are not covered by this guarantee, as its documentation says;
         * therefore message.timeout.ms below is not a matter of taste (0 means: never). */
        { EV_KAFKA_PRODUCER, true, "enable.gapless.guarantee", "true",
          "without it records behind a refused one are published and it is lost for ever" },
        { EV_KAFKA_PRODUCER, true, "message.timeout.ms", "0",
          "a record that is given up would leave a hole; an outage is waited out" },
        /* The relay names the partition itself (wire/partition.h). This is the second lock: whoever
         * takes a client from here for anything else still puts keys where others look for them. */
        { EV_KAFKA_PRODUCER, true, "partitioner", "murmur2_random",
          "the partitioner of Java, KafkaJS and franz-go: one key, one partition, whoever writes" },
        { EV_KAFKA_PRODUCER, false, "compression.type", "none",
          "KafkaJS reads nothing but gzip without plug-ins" },
        { EV_KAFKA_PRODUCER, false, "linger.ms", "0",
          "facts leave as one burst a transaction: waiting gains nothing" },

        /* A commit by librdkafka would mean "polled", and ours means "applied". The last value it
         * has in Kafka is therefore only ever one that ev_consumer_note_applied() gave. */
        { EV_KAFKA_CONSUMER, true, "enable.auto.commit", "false",
          "offsets live in PostgreSQL, in the transaction that applies the records" },
        { EV_KAFKA_CONSUMER, true, "enable.auto.offset.store", "false",
          "offsets live in PostgreSQL, in the transaction that applies the records" },
        /* librdkafka then delivers RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET in place of a record, and
         * the partition stands still until somebody decides. */
        { EV_KAFKA_CONSUMER, true, "auto.offset.reset", "error",
          "an offset outside the log is a loss to report, never a place to go on silently" },
        /* It must be eager as well: a member cannot mix protocols with its group, and the
         * consumer's generations count whole assignments. */
        { EV_KAFKA_CONSUMER, true, "partition.assignment.strategy", "range",
          "the lanes of one company on all topics belong to one process" },
        { EV_KAFKA_CONSUMER, true, "allow.auto.create.topics", "false",
          "a mistyped topic must be an error and not a new topic" },
        /* A reader starts at `end - n`, and retention may cut the log between the question for the
         * end and the first fetch. It may read more than it wanted, never less. */
        { EV_KAFKA_READER, true, "auto.offset.reset", "earliest",
          "records that retention has removed meanwhile are no error for a reader of tails" },
        { EV_KAFKA_READER, true, "enable.partition.eof", "true",
          "a reader ends where the log ends" },
        /* Of one client, where the default of 65536 is meant for one that does nothing but read. A
         * batch that waits for a lock must not let a whole process grow. */
        { EV_KAFKA_CONSUMER, false, "queued.max.messages.kbytes", "2048",
          "the default prefetch held 49 MB" },
        /* The bound above counts bytes of records, and a small record costs several times its size.
         * The consumer sees to it that fetching goes on below this (keep_fetching()). */
        { EV_KAFKA_CONSUMER, false, "queued.min.messages", EV_KAFKA_AHEAD_TEXT,
          "the default of 100000 held 15 MB of small records" },
        { ANY_INPUT, false, "fetch.message.max.bytes", "65536",
          "a lane that is behind sends this much at a time, or one whole record" },
        { ANY_INPUT, false, "check.crcs", "true",
          "damaged bytes are told as an error, and not applied" },
};

/* What Kafka's codes mean to us. `advice` is what a person can do about it. A row says RETRY when
 * the same call can succeed later without anybody's help, even if somebody has to be told
 * meanwhile; a client that cannot go on counts too, for a new one can. STOP is for what a person
 * has to change first. What is missing here stops: going round in circles over an error that nobody
 * has thought about hides it. */
static const struct meaning {
        rd_kafka_resp_err_t code;
        enum ev_verdict verdict;
        const char *advice;
} meanings[] = {
        /* Connections: codes with two underscores are librdkafka's own, the others are the brokers'
         * (Kafka protocol guide, error codes). */
        { RD_KAFKA_RESP_ERR__TRANSPORT, EV_VERDICT_RETRY, "is the broker running and reachable?" },
        { RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, EV_VERDICT_RETRY,
          "is a broker running and reachable?" },
        { RD_KAFKA_RESP_ERR__RESOLVE, EV_VERDICT_RETRY,
          "does the host name in kafka.bootstrap.servers resolve?" },
        { RD_KAFKA_RESP_ERR__TIMED_OUT, EV_VERDICT_RETRY, "is the broker running and reachable?" },
        { RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, EV_VERDICT_RETRY,
          "is the broker running and reachable?" },
        { RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, EV_VERDICT_RETRY,
          "is the broker running and reachable?" },
        { RD_KAFKA_RESP_ERR__WAIT_COORD, EV_VERDICT_RETRY, "the group's coordinator is moving" },
        { RD_KAFKA_RESP_ERR__PURGE_QUEUE, EV_VERDICT_RETRY, "the client was restarted" },
        { RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, EV_VERDICT_RETRY, "the client was restarted" },
        { RD_KAFKA_RESP_ERR__QUEUE_FULL, EV_VERDICT_RETRY, "the client's queue is full" },
        /* A client that has had a fatal error returns one of these for ever. Its owner frees it and
         * looks at the topics before it makes another, which is what makes a retry safe. */
        { RD_KAFKA_RESP_ERR__FATAL, EV_VERDICT_RETRY, "the client starts again" },
        { RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, EV_VERDICT_RETRY, "the client starts again" },
        { RD_KAFKA_RESP_ERR__STATE, EV_VERDICT_RETRY, "the client starts again" },
        { RD_KAFKA_RESP_ERR__DESTROY, EV_VERDICT_RETRY, "the client is being closed" },
        /* Also what is seen for a moment after a topic was made, before all brokers have heard of
         * it. So it is waited out, and the advice is there for the case that it does not pass. */
        { RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, EV_VERDICT_RETRY,
          "make the topic, or correct its name" },
        { RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, EV_VERDICT_RETRY,
          "has the topic been deleted or made anew?" },
        { RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, EV_VERDICT_RETRY,
          "make the topic, or correct its name" },
        { RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, EV_VERDICT_RETRY,
          "a partition has no leader at present" },
        { RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, EV_VERDICT_RETRY, "a leader has moved" },
        { RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, EV_VERDICT_RETRY, "a leader has moved" },
        { RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, EV_VERDICT_RETRY, "a leader has moved" },
        { RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, EV_VERDICT_RETRY, "a leader has moved" },
        { RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, EV_VERDICT_RETRY, "a broker is down" },
        { RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, EV_VERDICT_RETRY, "a replica is down" },
        { RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, EV_VERDICT_RETRY, "the broker is slow" },
        { RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, EV_VERDICT_RETRY, "the connection was lost" },
        { RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, EV_VERDICT_RETRY,
          "too few brokers are up for min.insync.replicas" },
        { RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, EV_VERDICT_RETRY,
          "too few brokers are up for min.insync.replicas" },
        { RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, EV_VERDICT_RETRY,
          "the group's coordinator is starting" },
        { RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, EV_VERDICT_RETRY,
          "the group's coordinator is starting" },
        { RD_KAFKA_RESP_ERR_NOT_COORDINATOR, EV_VERDICT_RETRY,
          "the group's coordinator has moved" },
        { RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, EV_VERDICT_RETRY, "the group has rebalanced" },
        { RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, EV_VERDICT_RETRY, "the group has rebalanced" },
        { RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, EV_VERDICT_RETRY, "the group is rebalancing" },
        { RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, EV_VERDICT_RETRY, "look at the broker's disk" },
        { RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, EV_VERDICT_RETRY,
          "look at the quota of this client" },
        { RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, EV_VERDICT_RETRY,
          "the client starts again" },
        { RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, EV_VERDICT_RETRY, "the client starts again" },
        { RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, EV_VERDICT_RETRY, "the client starts again" },
        { RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, EV_VERDICT_RETRY,
          "the clocks of PostgreSQL and of the broker differ by more than the topic's "
          "message.timestamp.after.max.ms: set them right" },
        { RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, EV_VERDICT_STOP,
          "raise the topic's max.message.bytes and kafka.message.max.bytes" },
        { RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, EV_VERDICT_STOP,
          "raise the topic's segment.bytes" },
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EV_VERDICT_STOP,
          "grant this principal its rights on the topic" },
        { RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, EV_VERDICT_STOP,
          "grant this principal read on the group" },
        { RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, EV_VERDICT_STOP,
          "grant this principal idempotent write on the cluster" },
        { RD_KAFKA_RESP_ERR__AUTHENTICATION, EV_VERDICT_STOP,
          "look at kafka.sasl.* and kafka.ssl.*" },
        { RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, EV_VERDICT_STOP,
          "look at kafka.sasl.* and kafka.ssl.*" },
        { RD_KAFKA_RESP_ERR__SSL, EV_VERDICT_STOP, "look at kafka.ssl.*" },
        { RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, EV_VERDICT_STOP, "the broker is too old" },
        { RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, EV_VERDICT_STOP,
          "the offset lies outside the log: records were lost" },
        { RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, EV_VERDICT_STOP,
          "the offset lies outside the log: records were lost" },
};

/* A linear search is enough: this is asked when something has failed, never for a record. */
static const struct meaning *meaning_of(rd_kafka_resp_err_t code)
{
        static const struct meaning unknown = { RD_KAFKA_RESP_ERR_UNKNOWN, EV_VERDICT_STOP,
                                                "this is not known to pass by itself" };

        assert(code != RD_KAFKA_RESP_ERR_NO_ERROR);

        for (size_t i = 0; i < EV_ARRAY_SIZE(meanings); ++i)
                if (meanings[i].code == code)
                        return &meanings[i];
        return &unknown;
}

enum ev_verdict ev_kafka_verdict(rd_kafka_resp_err_t code)
{
        assert(code);
        return meaning_of(code)->verdict;
}

int ev_kafka_fail(rd_kafka_resp_err_t code, const char *format, ...)
{
        const struct meaning *meaning = meaning_of(code);
        char what[EV_ERROR_TEXT_MAX];
        va_list arguments;

        assert(format);

        va_start(arguments, format);
        vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);

        ev_fail(meaning->verdict, "%s: %s (%s); %s", what, rd_kafka_err2str(code),
                rd_kafka_err2name(code), meaning->advice);
        ev_error_set_kafka(code);
        return EV_FAILED;
}

/* Texts of librdkafka quote the value that they complain of. So for these the text is replaced and
 * not cleaned: a password that was mistyped into a wrong place would still be one. */
bool ev_kafka_is_secret(const char *name)
{
        assert(name);

        return strstr(name, "password") || strstr(name, "secret") || strstr(name, "key.pem") ||
               strstr(name, "sasl.jaas") || strstr(name, "oauthbearer.config");
}

/* librdkafka knows the name or it does not, and it alone knows the range of values; its text says
 * which. The operator finds the line by the prefix that he has written. */
static int apply_setting(rd_kafka_conf_t *conf, const struct ev_kafka_setting *setting)
{
        char text[EV_KAFKA_REASON_MAX];

        assert(conf);
        assert(setting->name && setting->value);

        if (rd_kafka_conf_set(conf, setting->name, setting->value, text, sizeof(text)) ==
            RD_KAFKA_CONF_OK)
                return 0;
        return ev_fail(EV_VERDICT_STOP, "configuration: kafka.%s: %s", setting->name,
                       ev_kafka_is_secret(setting->name) ? "librdkafka refuses this value" : text);
}

/* Our own rules cannot fail but by a librdkafka that does not know a setting any more. That is
 * found at the first start with it, and said like a mistake of the operator's. */
static int apply_rules(rd_kafka_conf_t *conf, enum ev_kafka_role role)
{
        assert(conf);
        assert(role & ANY_CLIENT);

        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i) {
                struct ev_kafka_setting setting = { rules[i].name, rules[i].value };

                if (rules[i].roles & role && apply_setting(conf, &setting))
                        return ev_trace(EV_FAILED);
        }
        return 0;
}

/* A setting that the role does not have gives the same "unknown" twice, which is alike, too. */
static bool reads_alike(const rd_kafka_conf_t *a, const rd_kafka_conf_t *b, const char *name)
{
        char values[2][CONF_VALUE_MAX] = { "", "" };
        size_t sizes[2] = { CONF_VALUE_MAX, CONF_VALUE_MAX };
        rd_kafka_conf_res_t results[2];

        assert(name);
        assert(a != b);

        results[0] = rd_kafka_conf_get(a, name, values[0], &sizes[0]);
        results[1] = rd_kafka_conf_get(b, name, values[1], &sizes[1]);
        return results[0] == results[1] && strcmp(values[0], values[1]) == 0;
}

/* Refuses the line of the operator's after which a guarded value reads differently. Called after
 * every line and not once at the end, because only then is it known which line it was:
 * `request.required.acks` changes `acks`, and the operator looks for the name that he wrote. */
static int check_rules(const rd_kafka_conf_t *conf, const rd_kafka_conf_t *ours,
                       enum ev_kafka_role role, const char *culprit)
{
        assert(culprit);

        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i)
                if (rules[i].is_fixed && rules[i].roles & role &&
                    !reads_alike(conf, ours, rules[i].name))
                        return ev_fail(EV_VERDICT_STOP,
                                       "configuration: kafka.%s cannot be changed, %s stays %s: %s",
                                       culprit, rules[i].name, rules[i].value, rules[i].reason);
        return 0;
}

/* Only a configuration that no client has taken over may be destroyed; whoever gives one away sets
 * its pointer to NULL. */
EV_DEFINE_CLEANUP(rd_kafka_conf_t *, rd_kafka_conf_destroy)

/* The copy is what our rules and the caller's extras alone amount to. A fixed value may be repeated
 * by the operator: it is compared, not forbidden. */
static int apply_operator(rd_kafka_conf_t *conf, const struct ev_kafka_options *options)
{
        _cleanup_(rd_kafka_conf_destroy_p) rd_kafka_conf_t *ours = rd_kafka_conf_dup(conf);
        int r;

        assert(options->settings || !options->settings_count);
        assert(ours);

        for (size_t i = 0; i < options->settings_count; ++i) {
                const struct ev_kafka_setting *setting = &options->settings[i];

                r = apply_setting(conf, setting);
                if (r)
                        return ev_trace(r);
                r = check_rules(conf, ours, options->role, setting->name);
                if (r)
                        return ev_trace(r);
        }
        return 0;
}

/* Runs in our thread, since log.queue is set: whatever takes the line may use what that thread
 * uses. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
        const struct ev_kafka *kafka = rd_kafka_opaque(rk);

        assert(kafka);

        if (!kafka->log)
                return;
        /* librdkafka warns at each start of a setting that we rest on and test. */
        if (strstr(text, "enable.gapless.guarantee is experimental"))
                level = LOG_LEVEL_DEBUG;
        kafka->log(kafka->log_context, level, facility, text);
}

/* Complaints that are not an answer to a call: brokers that went away, a client that has failed.
 * They are kept and not acted on, because librdkafka goes on trying by itself; only a fatal one
 * changes anything, and the next call of ours finds it. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
        struct ev_kafka *kafka = opaque;
        char text[EV_KAFKA_REASON_MAX];

        assert(reason);
        assert(kafka);

        if (code == RD_KAFKA_RESP_ERR__FATAL) {
                kafka->state.is_fatal = true;
                /* The code handed in only says "fatal"; which error it was has to be asked for. */
                code = rd_kafka_fatal_error(rk, text, sizeof(text));
                reason = text;
        }
        /* "All brokers are down" says less than the complaint about one of them before it. */
        ++kafka->state.errors;
        if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && kafka->state.reason[0])
                return;
        snprintf(kafka->state.reason, sizeof(kafka->state.reason), "%s", reason);
}

/* The order is the precedence: rules, the caller's extras, the operator's lines, and callbacks
 * last, for nobody may take those away. */
static int make_conf(rd_kafka_conf_t **ret_conf, const struct ev_kafka_options *options,
                     void (*prepare)(rd_kafka_conf_t *conf))
{
        _cleanup_(rd_kafka_conf_destroy_p) rd_kafka_conf_t *conf = rd_kafka_conf_new();
        int r;

        assert(options->extra || !options->extra_count);
        assert(ret_conf);
        assert(conf);

        r = apply_rules(conf, options->role);
        if (r)
                return ev_trace(r);
        for (size_t i = 0; i < options->extra_count; ++i) {
                r = apply_setting(conf, &options->extra[i]);
                if (r)
                        return ev_trace(r);
        }
        r = apply_operator(conf, options);
        if (r)
                return ev_trace(r);

        /* Unknown before 2.2, where ev_kafka_wake_fetchers() does what it is for. */
        if (options->role & ANY_INPUT)
                rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", FETCH_BACKOFF_MS_TEXT, NULL, 0);
        rd_kafka_conf_set_log_cb(conf, on_log);
        rd_kafka_conf_set_error_cb(conf, on_error);
        if (prepare)
                prepare(conf);
        *ret_conf = conf;
        conf = NULL;
        return 0;
}

void ev_kafka_wake_fetchers(const struct ev_kafka *kafka, rd_kafka_topic_partition_list_t *list)
{
        assert(kafka && list);

        for (int i = 0; i < list->cnt; ++i)
                list->elems[i].offset = RD_KAFKA_OFFSET_END;
        rd_kafka_offsets_for_times(kafka->rk, list, 0);
}

int ev_kafka_new_owned(struct ev_kafka **ret_kafka, const struct ev_kafka_options *options,
                       void (*prepare)(rd_kafka_conf_t *conf), void *owner)
{
        _cleanup_(ev_kafka_free_p) struct ev_kafka *kafka = calloc(1, sizeof(*kafka));
        _cleanup_(rd_kafka_conf_destroy_p) rd_kafka_conf_t *conf = NULL;
        char text[EV_KAFKA_REASON_MAX];
        rd_kafka_type_t type;
        int r;

        assert(options->role & ANY_CLIENT);
        assert(options->settings || !options->settings_count);

        if (!kafka)
                return ev_fail_memory("a Kafka client");
        kafka->owner = owner;
        kafka->log = options->log;
        kafka->log_context = options->log_context;

        r = make_conf(&conf, options, prepare);
        if (r)
                return ev_trace(r);
        rd_kafka_conf_set_opaque(conf, kafka);
        type = options->role == EV_KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
        kafka->rk = rd_kafka_new(type, conf, text, sizeof(text));
        if (!kafka->rk)
                return ev_fail(EV_VERDICT_STOP, "configuration: kafka.*: %s", text);
        /* rd_kafka_new() has taken the configuration over, but only because it has succeeded. */
        conf = NULL;
        /* NULL is the main queue, the one that ev_kafka_serve() looks into. */
        rd_kafka_set_log_queue(kafka->rk, NULL);

        *ret_kafka = kafka;
        kafka = NULL;
        return 0;
}

int ev_kafka_new(struct ev_kafka **ret_kafka, const struct ev_kafka_options *options)
{
        assert(ret_kafka);

        return ev_trace(ev_kafka_new_owned(ret_kafka, options, NULL, NULL));
}

/* Topic handles, queues and messages of the client must be gone by now: rd_kafka_destroy() waits
 * for its threads, and they wait for whoever still holds one. */
struct ev_kafka *ev_kafka_free(struct ev_kafka *kafka)
{
        if (!kafka)
                return NULL;
        /* A consumer was closed before, within bounds of its own; another close here has none. */
        if (kafka->rk)
                rd_kafka_destroy_flags(kafka->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        free(kafka);
        return NULL;
}

rd_kafka_t *ev_kafka_handle(const struct ev_kafka *kafka)
{
        assert(kafka->rk);

        return kafka->rk;
}

void *ev_kafka_owner(void *opaque)
{
        const struct ev_kafka *kafka = opaque;

        assert(kafka);
        return kafka->owner;
}

int ev_kafka_serve(struct ev_kafka *kafka, int timeout_ms)
{
        assert(timeout_ms >= 0);

        return rd_kafka_poll(kafka->rk, timeout_ms);
}

void ev_kafka_wake(struct ev_kafka *kafka, int fd)
{
        rd_kafka_queue_t *queue = rd_kafka_queue_get_main(kafka->rk);

        assert(fd >= -1);
        assert(queue);
        /* librdkafka writes the byte from a thread of its own, and only when the queue was empty:
         * the descriptor must not block, and its owner empties it before it serves the queue, not
         * after. */
        rd_kafka_queue_io_event_enable(queue, fd, "!", 1);
        rd_kafka_queue_destroy(queue);
}

const struct ev_kafka_state *ev_kafka_state(const struct ev_kafka *kafka)
{
        assert(kafka);

        return &kafka->state;
}

int ev_kafka_check_alive(const struct ev_kafka *kafka)
{
        assert(kafka);

        if (!kafka->state.is_fatal)
                return 0;
        return ev_kafka_fail(RD_KAFKA_RESP_ERR__FATAL, "the Kafka client has failed: %s",
                             kafka->state.reason);
}

/* The broker did not answer: says who was asked, and what the connections complained of. "Timed
 * out" alone sends people to look at the wrong machine. */
int ev_kafka_fail_unanswered(struct ev_kafka *kafka, rd_kafka_resp_err_t code, const char *what)
{
        char servers[CONF_VALUE_MAX] = "(kafka.bootstrap.servers is not set)";
        size_t size = sizeof(servers);

        assert(code != RD_KAFKA_RESP_ERR_NO_ERROR);
        assert(what);

        rd_kafka_conf_get(rd_kafka_conf(kafka->rk), "bootstrap.servers", servers, &size);
        /* What the connections complained of still lies in the main queue, for nobody has served it
         * while we were waiting for the answer. */
        ev_kafka_serve(kafka, 0);
        return ev_kafka_fail(code, "Kafka at %s did not say %s within %d s%s%s", servers, what,
                             EV_KAFKA_ANSWER_MS_MAX / 1000, kafka->state.reason[0] ? ": " : "",
                             kafka->state.reason);
}

/* One question a topic, because librdkafka asks for one or for all, and a cluster may have
 * thousands that are not ours. A partition without a leader still counts: a leader comes back. */
int ev_kafka_ask_topic(struct ev_kafka *kafka, const char *name,
                       const struct rd_kafka_metadata **ret_metadata)
{
        _cleanup_(rd_kafka_topic_destroy_p) rd_kafka_topic_t *handle = NULL;
        _cleanup_(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_resp_err_t code;

        assert(name && ret_metadata);

        handle = rd_kafka_topic_new(kafka->rk, name, NULL);
        if (!handle)
                return ev_kafka_fail(rd_kafka_last_error(), "topic %s", name);
        code = rd_kafka_metadata(kafka->rk, 0, handle, &metadata, EV_KAFKA_ANSWER_MS_MAX);
        if (code)
                return ev_kafka_fail_unanswered(kafka, code, "what its topics are");
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
                return EV_KAFKA_NO_TOPIC;
        if (code && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
                return ev_kafka_fail(code, "topic %s", name);
        *ret_metadata = metadata;
        metadata = NULL;
        return 0;
}

static int load_partitions_of(struct ev_kafka *kafka, struct ev_kafka_topic *topic)
{
        _cleanup_(rd_kafka_metadata_destroy_p) const struct rd_kafka_metadata *metadata = NULL;
        int r = ev_kafka_ask_topic(kafka, topic->name, &metadata);

        assert(topic->name);

        if (r == EV_KAFKA_NO_TOPIC)
                return ev_kafka_fail(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic %s",
                                     topic->name);
        if (r < 0)
                return ev_trace(r);
        topic->partitions = metadata->topics[0].partition_cnt;
        return 0;
}

int ev_kafka_load_partitions(struct ev_kafka *kafka, struct ev_kafka_topic *topics,
                             size_t topics_count)
{
        assert(topics || !topics_count);
        assert(topics_count <= EV_KAFKA_TOPICS_MAX);

        for (size_t i = 0; i < topics_count; ++i) {
                int r = load_partitions_of(kafka, &topics[i]);

                if (r)
                        return ev_trace(r);
        }
        return 0;
}

int ev_kafka_expect_partitions(const struct ev_kafka_topic *topic, int32_t expected)
{
        assert(topic->name);
        assert(expected > 0 && expected <= EV_KAFKA_PARTITIONS_MAX);

        if (topic->partitions == expected)
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "topic %s has %d partitions and must have %d: with another number keys lie "
                       "in other partitions and their order is lost; make the topic with %d "
                       "partitions, or set the number in the configuration before the first event",
                       topic->name, topic->partitions, expected, expected);
}

int ev_kafka_expect_bytes(const struct ev_kafka_topic *topic, int32_t bytes)
{
        assert(topic->name);
        assert(bytes > 0);

        if (topic->message_bytes_max >= bytes)
                return 0;
        return ev_fail(
                EV_VERDICT_STOP,
                "topic %s takes %d bytes at most (max.message.bytes), and a fact may have %d "
                "with its headers: set it to that or more (as \"eventctl topics apply\" does)",
                topic->name, topic->message_bytes_max, bytes);
}

rd_kafka_AdminOptions_t *ev_kafka_admin_options(const struct ev_kafka *kafka,
                                                rd_kafka_admin_op_t operation, int wait_ms)
{
        rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka->rk, operation);
        char text[EV_KAFKA_REASON_MAX];

        assert(options);
        assert(wait_ms > 0);

        rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, text, sizeof(text));
        return options;
}

int ev_kafka_take_answer(struct ev_kafka *kafka, rd_kafka_queue_t *queue, int wait_ms,
                         const char *what, rd_kafka_event_t **ret_event)
{
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, wait_ms);
        rd_kafka_resp_err_t code;

        assert(what && ret_event);

        if (!event)
                return ev_kafka_fail_unanswered(kafka, RD_KAFKA_RESP_ERR__TIMED_OUT, what);
        code = rd_kafka_event_error(event);
        if (code) {
                rd_kafka_event_destroy(event);
                return ev_kafka_fail(code, "asking Kafka for %s", what);
        }
        *ret_event = event;
        return 0;
}

/* It needs the ACL DescribeConfigs on each topic (Kafka, security, authorization). */
static void ask_configs(struct ev_kafka *kafka, const struct ev_kafka_topic *topics,
                        size_t topics_count, rd_kafka_queue_t *queue)
{
        rd_kafka_AdminOptions_t *options =
                ev_kafka_admin_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
                                       EV_KAFKA_ANSWER_MS_MAX);
        rd_kafka_ConfigResource_t *resources[EV_KAFKA_TOPICS_MAX];

        assert(queue && topics);
        assert(topics_count <= EV_KAFKA_TOPICS_MAX);

        for (size_t i = 0; i < topics_count; ++i)
                resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i].name);
        rd_kafka_DescribeConfigs(kafka->rk, resources, topics_count, options, queue);
        rd_kafka_ConfigResource_destroy_array(resources, topics_count);
        rd_kafka_AdminOptions_destroy(options);
}

/* Answers come in the order of the questions. A broker that refuses says so in the answer about that
 * topic. */
int ev_kafka_ask_settings(struct ev_kafka *kafka, const struct ev_kafka_topic *topics,
                          size_t topics_count, rd_kafka_event_t **ret_event,
                          const rd_kafka_ConfigResource_t ***ret_resources)
{
        _cleanup_(rd_kafka_queue_destroy_p) rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka->rk);
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        size_t count;
        int r;

        assert(queue);

        ask_configs(kafka, topics, topics_count, queue);
        r = ev_kafka_take_answer(kafka, queue, EV_KAFKA_ANSWER_MS_MAX, "the settings of its topics",
                                 &event);
        if (r < 0)
                return ev_trace(r);
        *ret_resources = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count);
        if (count != topics_count)
                return ev_fail(EV_VERDICT_RETRY, "the broker described %zu of %zu topics", count,
                               topics_count);
        for (size_t i = 0; i < count; ++i) {
                rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error((*ret_resources)[i]);

                if (code)
                        return ev_kafka_fail(code, "asking for the settings of topic %s",
                                             topics[i].name);
        }
        *ret_event = event;
        event = NULL;
        return 0;
}

/* Looks a limit up in the answer about one topic. The value comes as text, as all of Kafka's
 * settings do, and the broker's default (message.max.bytes) is in the answer when the topic has
 * none of its own. */
static int read_limit(const rd_kafka_ConfigResource_t *resource, struct ev_kafka_topic *topic)
{
        const rd_kafka_ConfigEntry_t **entries;
        size_t entries_count;
        int64_t bytes;

        assert(topic->name);

        entries = rd_kafka_ConfigResource_configs(resource, &entries_count);
        for (size_t i = 0; i < entries_count; ++i) {
                if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "max.message.bytes") != 0)
                        continue;
                if (!ev_str_to_int64(ev_str_of(rd_kafka_ConfigEntry_value(entries[i])), &bytes) ||
                    bytes > INT32_MAX)
                        break;
                topic->message_bytes_max = (int32_t)bytes;
                return 0;
        }
        return ev_fail(EV_VERDICT_STOP, "the broker does not say max.message.bytes of topic %s",
                       topic->name);
}

int ev_kafka_load_limits(struct ev_kafka *kafka, struct ev_kafka_topic *topics, size_t topics_count)
{
        _cleanup_(rd_kafka_event_destroy_p) rd_kafka_event_t *event = NULL;
        const rd_kafka_ConfigResource_t **resources;
        int r;

        assert(topics || !topics_count);

        r = ev_kafka_ask_settings(kafka, topics, topics_count, &event, &resources);
        for (size_t i = 0; r == 0 && i < topics_count; ++i)
                r = read_limit(resources[i], &topics[i]);
        return ev_trace(r);
}
