/* The subscriber. Records are told apart by their headers alone; values are not decoded, because
 * what a subscriber does with a fact is not what is measured. */

#include "bench/sink.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/tool.h"
#include "schemas/registry.h"
#include "wire/envelope.h"
#include "wire/reader.h"

/* Few at a time: all of one batch are said to have arrived when the last one was taken. */
enum { RECORDS_MAX = 64 };

struct sink {
        const struct ev_record *type;
        struct ev_kafka *kafka;
        struct ev_reader *reader;
        struct ev_messages messages;
};

/* The fact whose full name ends so. Two contexts may have an ingress type of one name. */
static const struct ev_record *find_type(const char *name)
{
        struct ev_str wanted = ev_str_of(name);

        assert(name);

        for (size_t i = 0; i < schemas_registry_count; ++i) {
                const struct ev_record *record = schemas_registry[i].record;
                struct ev_str last;

                if (!record || record->contract->kind != EV_KIND_FACT)
                        continue;
                for (struct ev_str left = record->name; left.size > 0;)
                        last = ev_str_take(&left, '.');
                if (ev_str_equal(last, wanted))
                        return record;
        }
        tool_die("there is no fact %s", name);
}

/* librdkafka stops fetching for up to a second whenever its queue is full; here it never is. */
static struct ev_kafka *connect(const char *brokers)
{
        const struct ev_kafka_setting settings[] = {
                { "bootstrap.servers", brokers },
                { "queued.min.messages", "10000000" },
                { "queued.max.messages.kbytes", "1048576" },
                { "fetch.message.max.bytes", "1048576" },
        };
        const struct ev_kafka_options options = {
                .role = EV_KAFKA_READER,
                .settings = settings,
                .settings_count = EV_ARRAY_SIZE(settings),
        };
        struct ev_kafka *kafka = NULL;

        assert(brokers);

        tool_check(ev_kafka_new(&kafka, &options));
        return kafka;
}

struct sink *sink_new(const char *brokers, const char *type, bool from_beginning)
{
        struct sink *sink = calloc(1, sizeof(*sink));

        if (!sink)
                tool_die("no memory for a reader");
        sink->type = find_type(type);
        sink->kafka = connect(brokers);
        tool_check(ev_messages_init(&sink->messages, RECORDS_MAX));
        tool_check(ev_reader_new(&sink->reader, sink->kafka, false));
        tool_check(ev_reader_add(sink->reader, sink->type->contract->topic.data,
                                 from_beginning ? EV_ENDS_EARLIEST : EV_ENDS_LATEST));
        assert(sink->type && sink->reader);
        return sink;
}

struct sink *sink_free(struct sink *sink)
{
        if (!sink)
                return NULL;
        ev_messages_done(&sink->messages);
        ev_reader_free(sink->reader);
        ev_kafka_free(sink->kafka);
        free(sink);
        return NULL;
}

int64_t sink_poll(struct sink *sink, int wait_ms, sink_take_fn *take, void *context)
{
        int64_t taken = 0, arrived;
        int r = ev_reader_collect(sink->reader, wait_ms, RECORDS_MAX, &sink->messages);

        assert(take);

        if (r == EV_READER_IDLE)
                return 0;
        tool_check(r);
        arrived = ev_clock_monotonic_micros();
        for (size_t i = 0; i < sink->messages.count; ++i) {
                const struct ev_message *message = &sink->messages.items[i];
                struct ev_event event;

                if (ev_envelope_open(EV_KIND_FACT, message->headers, message->headers_count,
                                     message->key, message->value, &event))
                        tool_die("offset %" PRId64 " of %s [%d] is no fact", message->offset,
                                 message->topic, message->partition);
                if (!ev_str_equal(event.type, sink->type->name))
                        continue;
                take(context, event.correlation_id, arrived);
                ++taken;
        }
        return taken;
}
