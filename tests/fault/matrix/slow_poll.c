/* Preloaded into a worker: each record that its client hands out takes a while, so that a batch is
 * being collected most of the time. Else the moment in which a revocation meets a batch that is
 * half collected is too short to be met by chance. Everything else is as it was. */

#include <assert.h>
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <time.h>

enum { RECORD_NANOS = 5 * 1000 * 1000 };

typedef rd_kafka_message_t *poll_function(rd_kafka_t *, int);

rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
        static poll_function *poll_really;
        const struct timespec time = { .tv_nsec = RECORD_NANOS };
        rd_kafka_message_t *message;

        if (!poll_really)
                *(void **)&poll_really = dlsym(RTLD_NEXT, __func__);
        assert(poll_really);
        message = poll_really(rk, timeout_ms);
        if (message)
                nanosleep(&time, NULL);
        return message;
}
