/* eventctl tail: what stands on topics, decoded.
 *
 * Records are shown as they come: those of a partition in their order, partitions and topics mixed,
 * because sorting would need all of them first; `trace` is there for the order of one story.
 * Nothing is committed anywhere, so it makes no difference where the process dies. */

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/macro.h"
#include "cluster.h"
#include "command.h"
#include "flow/settings.h"
#include "output.h"
#include "place.h"
#include "tail.h"
#include "types.h"
#include "wire/reader.h"

enum {
        LOOK_MS = 100,                   /* between two looks for a stop while nothing comes */
        ARENA_BYTES = 256 * 1024 * 1024, /* 64 bytes for each of a value's (wire/avro.h) */
        LINE_BYTES = 64 * 1024 * 1024,
};

struct tail {
        struct topic_list list;
        struct ev_kafka *kafka;
        struct ev_reader *reader;
        struct ev_messages messages;
        struct ev_arena *arena; /* of one record */
        struct ev_buffer out;
        enum output_format format;
        bool is_coloured, until_end, shows_bytes;
        int64_t from_ms;    /* or EV_ENDS_… */
        struct ev_str key;  /* only records of this key; null: all */
        struct ev_str type; /* only events of this type; null: all */
        int stop_fd;
};

/* Messages before the reader, and the reader before its client. */
static void tail_done(struct tail **at)
{
        struct tail *tail = *at;

        assert(tail);

        ev_messages_done(&tail->messages);
        ev_reader_free(tail->reader);
        ev_kafka_free(tail->kafka);
        ev_arena_free(tail->arena);
        ev_buffer_done(&tail->out);
}

/* Without --from a tail that ends begins at the beginning, and one that goes on at the end. */
static bool read_from(const struct command_input *input, struct tail *tail)
{
        const char *from = command_value(input, "from");
        struct place place;

        assert(tail);

        tail->from_ms = tail->until_end ? EV_ENDS_EARLIEST : EV_ENDS_LATEST;
        if (!from)
                return true;
        if (!place_read(from, &place) || !place_time(&place, &tail->from_ms)) {
                fprintf(stderr,
                        "eventctl: --from: \"%s\" is neither beginning nor end nor a time such as "
                        "2025-01-31T12:00:00Z\n",
                        from);
                return false;
        }
        return true;
}

static enum command_exit read_options(const struct command_input *input, struct tail *tail)
{
        const char *until = command_value(input, "until"), *type = command_value(input, "type");
        const struct ev_record *record;

        assert(input->operands_count > 0);

        if (!output_format_of(input, &tail->format))
                return COMMAND_USAGE;
        if (until && strcmp(until, "end") != 0) {
                fprintf(stderr, "eventctl: --until: \"%s\" is not end\n", until);
                return COMMAND_USAGE;
        }
        tail->until_end = until != NULL;
        if (!read_from(input, tail))
                return COMMAND_USAGE;
        tail->key = ev_str_of(command_value(input, "key"));
        tail->shows_bytes = command_value(input, "bytes") != NULL;
        tail->is_coloured = tail->format == OUTPUT_TEXT && output_is_coloured();
        if (!type)
                return COMMAND_DONE;
        record = types_find(ev_str_of(type));
        if (!record) {
                command_complain();
                return COMMAND_USAGE;
        }
        tail->type = record->name;
        return COMMAND_DONE;
}

/* The names are checked before a broker is asked about any of them. */
static enum command_exit open_topics(const struct command_input *input, struct tail *tail)
{
        char names[COMMAND_OPERANDS_MAX][TOPIC_NAME_MAX];
        enum command_exit exit;
        int r;

        assert(input->operands_count <= COMMAND_OPERANDS_MAX);

        for (size_t i = 0; i < input->operands_count; ++i)
                if (!topic_list_name(&tail->list, input->operands[i], names[i])) {
                        fprintf(stderr, "eventctl: \"%s\" is no name of a topic\n",
                                input->operands[i]);
                        return COMMAND_USAGE;
                }
        exit = cluster_open(input->config, &tail->kafka);
        if (exit != COMMAND_DONE)
                return exit;
        r = types_read_folder(ev_config_text(input->config, "schemas.dir"));
        if (r == 0)
                r = ev_reader_new(&tail->reader, tail->kafka, tail->until_end);
        for (size_t i = 0; r == 0 && i < input->operands_count; ++i)
                r = ev_reader_add(tail->reader, names[i], tail->from_ms);
        if (r == 0)
                return COMMAND_DONE;
        return command_fail();
}

/* Keys are compared as bytes, also those that are no text. */
static bool is_wanted(const struct tail *tail, const struct tail_record *record)
{
        struct ev_str key = { (const char *)record->message->key.data, record->message->key.size };

        assert(record->message);

        return (ev_str_is_null(tail->key) || ev_str_equal(tail->key, key)) &&
               (ev_str_is_null(tail->type) || ev_str_equal(tail->type, record->line.event.type));
}

static int show(struct tail *tail, const struct ev_message *message)
{
        struct tail_record record;
        int r = tail_open(&tail->list, message, tail->shows_bytes, tail->arena, &record);

        assert(message->topic);

        if (r < 0 || !is_wanted(tail, &record))
                return ev_trace(r);
        ev_buffer_clear(&tail->out);
        r = tail->format == OUTPUT_JSON ? tail_write_json(&record, &tail->out)
                                        : tail_write_text(&record, tail->is_coloured, &tail->out);
        if (r == 0)
                r = ev_buffer_append(&tail->out, "\n", 1);
        if (r == 0)
                fwrite(tail->out.data, 1, tail->out.size, stdout);
        return ev_trace(r);
}

/* Whether the output goes on. A reader that has seen enough, such as head(1), is no failure. */
static bool can_write(enum command_exit *ret_exit)
{
        assert(ret_exit);

        if (!ferror(stdout))
                return true;
        *ret_exit = errno == EPIPE ? COMMAND_DONE : COMMAND_FAILED;
        if (errno != EPIPE)
                fputs("eventctl: the result could not be written\n", stderr);
        return false;
}

/* Lines are written through when nothing more is there at once, so that a person sees them without
 * a write for each of thousands. */
static enum command_exit run(struct tail *tail)
{
        enum command_exit exit = COMMAND_DONE;
        int r = EV_READER_IDLE;

        assert(tail->reader);

        while (!command_is_stopped(tail->stop_fd)) {
                bool was_idle = r == EV_READER_IDLE;

                r = ev_reader_next(tail->reader, was_idle ? LOOK_MS : 0, &tail->messages);
                if (r == 0 && tail->messages.count > 0)
                        r = show(tail, &tail->messages.items[0]);
                if (r == EV_READER_IDLE || r == EV_READER_END)
                        fflush(stdout);
                if (!can_write(&exit) || r == EV_READER_END)
                        return exit;
                if (r < 0)
                        return command_fail();
        }
        return exit;
}

/* Written through once more at the end, whatever ended it; what a pipe's reader does not want any
 * more is dropped. */
static enum command_exit finish(enum command_exit exit)
{
        assert(exit <= COMMAND_DIFFERENCES);

        errno = 0;
        if (fflush(stdout) == 0 || errno == EPIPE || exit != COMMAND_DONE)
                return exit;
        fputs("eventctl: the result could not be written\n", stderr);
        return COMMAND_FAILED;
}

enum command_exit tail(const struct command_input *input)
{
        static struct tail state; /* large */
        _cleanup_(tail_done) struct tail *tail = &state;
        const struct sigaction ignore = { .sa_handler = SIG_IGN };
        enum command_exit exit;

        assert(input->operands_count > 0);

        topic_list_make(&tail->list);
        tail->out = EV_BUFFER_INIT(LINE_BYTES);
        exit = read_options(input, tail);
        if (exit != COMMAND_DONE)
                return exit;
        /* A write then says that nobody reads any more, instead of ending the process. */
        sigaction(SIGPIPE, &ignore, NULL);
        if (ev_settings_stop_fd(&tail->stop_fd) < 0 || ev_messages_init(&tail->messages, 1) < 0 ||
            ev_arena_new(&tail->arena, ARENA_BYTES) < 0)
                return command_fail();
        exit = open_topics(input, tail);
        return exit == COMMAND_DONE ? finish(run(tail)) : exit;
}
