/* eventctl config: what the programs would do with this configuration.
 *
 * The values are those that every program reads by the same code, so the answer to "which file has
 * won" is the true one. Secrets are not here at all: a secret is shown as the path of its file, and
 * what was written in its place is stars. Nothing is changed. */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/macro.h"
#include "command.h"
#include "output.h"
#include "wire/kafka.h"

enum { ORIGIN_MAX = EV_CONFIG_VALUE_MAX + EV_CONFIG_KEY_MAX };

static const struct output_column columns[] = {
        { "name", 32, false },
        { "value", 40, false },
        { "origin", 0, false },
};

/* A password in a place that is not meant for one: a connection string, or a setting of librdkafka
 * that should have been given as a file. Such a text is not cut up, it is not shown. */
static bool may_hold_secret(const struct ev_config_entry *entry)
{
        bool is_kafkas = strncmp(entry->name, "kafka.", strlen("kafka.")) == 0;

        assert(entry->name);

        if (entry->is_secret || !entry->value)
                return false;
        return (is_kafkas && ev_kafka_is_secret(entry->name + strlen("kafka."))) ||
               strstr(entry->value, "password") || strstr(entry->value, "://");
}

/* "environment QUENTY_ORDER_DB_CONNINFO": by that name it is found where it was set. */
static void write_origin(const struct ev_config_entry *entry, char origin[ORIGIN_MAX])
{
        size_t used = (size_t)snprintf(origin, ORIGIN_MAX, "%s", entry->origin);

        assert(used < ORIGIN_MAX);

        if (strcmp(entry->origin, "environment") != 0)
                return;
        used += (size_t)snprintf(origin + used, ORIGIN_MAX - used, " QUENTY_");
        for (const char *at = entry->name; *at && used + 1 < ORIGIN_MAX; ++at)
                origin[used++] = (char)(*at == '.'                 ? '_'
                                        : *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A'
                                                                   : *at);
        origin[used] = '\0';
}

enum command_exit config_show(const struct command_input *input)
{
        static struct ev_config_entry entry; /* large */
        struct output output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) };
        char origin[ORIGIN_MAX];
        size_t position = 0;

        assert(input && !input->operand);

        if (!output_format_of(input, &output.format))
                return COMMAND_USAGE;
        output_begin(&output, NULL, 0, NULL);
        while (ev_config_next_entry(input->config, &position, &entry)) {
                struct ev_str values[EV_ARRAY_SIZE(columns)];

                write_origin(&entry, origin);
                values[0] = ev_str_of(entry.name);
                values[1] = may_hold_secret(&entry) ? EV_STR("***") : ev_str_of(entry.value);
                values[2] = ev_str_of(origin);
                output_row(&output, values, false);
        }
        return output_end(&output) ? COMMAND_DONE : COMMAND_FAILED;
}
