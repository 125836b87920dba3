/* eventctl schema: what programs of this version know of schemas.
 *
 * The answer is the table that the build made of schemas/ids and that the workers and the relay
 * read events by, so it cannot differ from what they do. It is there for whoever keeps a registry
 * of schemas, and for the operator who finds a number in the frame of a value and wants its name.
 *
 * Nothing is read but memory, and nothing is changed; if the process dies, the list does not end.
 */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/macro.h"
#include "base/str.h"
#include "command.h"
#include "output.h"
#include "schemas/registry.h"

enum { NUMBER_MAX = 11 }; /* bytes of an unsigned number of 32 bits, with its NUL */

static const struct output_column id_columns[] = {
        { "id", 6, true },
        { "name", 46, false },
        { "version", 7, true },
        { "file", 0, false },
};

/* The names of the members are a promise to programs: they are those of the columns of schemas/ids.
 */
static void show_registered(struct output *output, const struct ev_registered *registered)
{
        char id[NUMBER_MAX], version[NUMBER_MAX];
        struct ev_str values[] = { EV_STR_NULL, registered->name, EV_STR_NULL, registered->file };

        assert(output->columns == id_columns);
        assert(registered->id > 0 && registered->version > 0);

        _Static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(id_columns), "one a column");
        snprintf(id, sizeof(id), "%" PRIu32, registered->id);
        snprintf(version, sizeof(version), "%" PRIu32, registered->version);
        values[0] = ev_str_of(id);
        values[2] = ev_str_of(version);
        output_row(output, values, false);
}

/* A bare list in JSON: there is nothing to say about the whole that its rows do not say. Superseded
 * versions are listed too, as their values stay on the topics. */
enum command_exit schema_ids(const struct command_input *input)
{
        struct output output = { .columns = id_columns,
                                 .columns_count = EV_ARRAY_SIZE(id_columns) };

        assert(input && !input->operand);
        assert(schemas_registry_count > 0);

        if (!output_format_of(input, &output.format))
                return COMMAND_USAGE;
        output_begin(&output, NULL, 0, NULL);
        for (size_t i = 0; i < schemas_registry_count; ++i)
                show_registered(&output, &schemas_registry[i]);
        return output_end(&output) ? COMMAND_DONE : COMMAND_FAILED;
}
