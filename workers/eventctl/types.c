/* Types and versions come from the table that the build made of schemas/ids, and from schemas.dir
 * as the workers read it, so a tool and the workers of one version read the same events. A linear search is enough for a person's tool: the
 * table has some hundred rows.
 *
 * Nothing is stored outside of memory. */

#include "types.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "flow/schemas.h"
#include "schemas/registry.h"
#include "wire/schema.h"

enum {
        VERSIONS_MAX = 64, /* superseded and newer ones that are met in one call */
        LAYOUT_BYTES_MAX = 4 * 1024 * 1024,
        NAMES_MAX = 512,
};

/* The last word of a full name. */
static struct ev_str short_name(struct ev_str full)
{
        const char *dot = memrchr(full.data, '.', full.size);

        assert(full.size > 0);

        if (!dot)
                return full;
        return (struct ev_str){ dot + 1, full.size - (size_t)(dot + 1 - full.data) };
}

const struct ev_record *types_newest(struct ev_str full_name)
{
        assert(schemas_registry_count > 0);

        for (size_t i = 0; i < schemas_registry_count; ++i)
                if (schemas_registry[i].record && ev_str_equal(schemas_registry[i].name, full_name))
                        return schemas_registry[i].record;
        return NULL;
}

/* Lists what a short name could mean: whoever typed it has to choose. */
static void fail_ambiguous(struct ev_str name)
{
        char names[NAMES_MAX] = "";
        size_t used = 0;

        assert(name.size > 0);

        for (size_t i = 0; i < schemas_registry_count && used < sizeof(names); ++i)
                if (schemas_registry[i].record &&
                    ev_str_equal(short_name(schemas_registry[i].name), name))
                        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s",
                                                 used ? ", " : "",
                                                 EV_STR_ARG(schemas_registry[i].name));
        (void)ev_fail(EV_VERDICT_RECORD, "\"%.*s\" stands for several types: %s", EV_STR_ARG(name),
                      names);
}

const struct ev_record *types_find(struct ev_str name)
{
        const struct ev_record *found = types_newest(name);
        size_t count = 0;

        assert(!ev_str_is_null(name));

        if (found)
                return found;
        for (size_t i = 0; i < schemas_registry_count; ++i) {
                if (!schemas_registry[i].record ||
                    !ev_str_equal(short_name(schemas_registry[i].name), name))
                        continue;
                found = schemas_registry[i].record;
                ++count;
        }
        if (count == 1)
                return found;
        if (count == 0)
                (void)ev_fail(EV_VERDICT_RECORD,
                              "there is no type \"%.*s\"; eventctl schema ids lists them",
                              EV_STR_ARG(name));
        else
                fail_ambiguous(name);
        return NULL;
}

const struct ev_registered *types_by_id(uint32_t id)
{
        const struct ev_frame frame = { .id = id };

        assert(schemas_registry_count > 0);

        return ev_schemas_find(NULL, &frame);
}

/* Made once, by types_read_folder(); lives as long as the process. */
static struct ev_schemas *schemas;

int types_read_folder(const char *folder)
{
        assert(!schemas);

        return folder ? ev_trace(ev_schemas_new(&schemas, folder)) : 0;
}

const struct ev_registered *types_of_frame(const struct ev_frame *frame)
{
        assert(frame);

        return ev_schemas_find(schemas, frame);
}

/* Layouts that were made. Schema and arena live as long as the records that borrow from them, which
 * is as long as the process. */
static struct {
        struct ev_arena *arena;
        size_t count;
        struct {
                uint32_t id; /* of the version */
                struct ev_schema *schema;
                const struct ev_record *record;
        } items[VERSIONS_MAX];
} layouts;

static int make_layout(const struct ev_registered *version, const struct ev_record **ret_record)
{
        struct ev_schema *schema = NULL;
        int r = 0;

        assert(!version->record);

        if (layouts.count == VERSIONS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d other versions", VERSIONS_MAX);
        if (!layouts.arena)
                r = ev_arena_new(&layouts.arena, LAYOUT_BYTES_MAX);
        if (r == 0)
                r = ev_schema_parse(version->text, &schema);
        if (r == 0)
                r = ev_record_new(schema, layouts.arena, ret_record);
        if (r < 0) {
                ev_schema_free(schema);
                return ev_trace(r);
        }
        layouts.items[layouts.count].id = version->id;
        layouts.items[layouts.count].schema = schema;
        layouts.items[layouts.count++].record = *ret_record;
        return 0;
}

int types_record(const struct ev_registered *version, const struct ev_record **ret_record)
{
        assert(version && ret_record);
        assert(layouts.count <= VERSIONS_MAX);

        if (version->record) {
                *ret_record = version->record;
                return 0;
        }
        for (size_t i = 0; i < layouts.count; ++i)
                if (layouts.items[i].id == version->id) {
                        *ret_record = layouts.items[i].record;
                        return 0;
                }
        return ev_trace(make_layout(version, ret_record));
}
