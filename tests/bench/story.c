/* Reads the story. Values are the library's own structs, by its JSON form; what they were encoded as
 * is not kept, for that is what is measured. */

#include "bench/story.h"

#include <assert.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "bench/tool.h"
#include "schemas/registry.h"
#include "wire/form.h"

enum { FILE_BYTES_MAX = 1024 * 1024, ARENA_BYTES = 4 * 1024 * 1024 };

static const struct ev_registered *find_type(struct ev_str name)
{
        assert(schemas_registry_count > 0);

        for (size_t i = 0; i < schemas_registry_count; ++i)
                if (schemas_registry[i].record && ev_str_equal(schemas_registry[i].name, name))
                        return &schemas_registry[i];
        return NULL;
}

static int read_line(struct story *story, struct ev_str line, struct story_event *event)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = NULL;
        int r = ev_json_parse(line, FILE_BYTES_MAX, &root);

        assert(line.size > 0);

        if (r < 0)
                return ev_trace(r);
        event->type = find_type(ev_json_string(ev_json_get(root, EV_STR("type"))));
        if (!event->type)
                return ev_fail(EV_VERDICT_STOP, "its type is not known");
        r = ev_form_read(event->type->record, ev_json_get(root, EV_STR("data")), story->arena,
                         &event->value);
        if (r == 0)
                r = ev_arena_copy(story->arena, ev_json_string(ev_json_get(root, EV_STR("key"))),
                                  &event->key);
        if (r == 0)
                r = ev_arena_copy(story->arena,
                                  ev_json_string(ev_json_get(root, EV_STR("subject"))),
                                  &event->subject);
        return ev_trace(r);
}

void story_read(struct story *story, const char *path)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(FILE_BYTES_MAX);
        struct ev_str left;

        assert(path);

        story->count = 0;
        tool_check(ev_arena_new(&story->arena, ARENA_BYTES));
        tool_check(ev_buffer_read_file(&text, path));
        for (left = ev_buffer_str(&text); left.size > 0; ++story->count) {
                struct ev_str line = ev_str_take(&left, '\n');

                if (story->count == STORY_EVENTS_MAX)
                        tool_die("%s has more than %d lines", path, STORY_EVENTS_MAX);
                if (read_line(story, line, &story->events[story->count]))
                        tool_die("%s, line %zu: %s", path, story->count + 1, ev_error_last()->text);
        }
}

void story_done(struct story *story)
{
        assert(story->count <= STORY_EVENTS_MAX);

        story->arena = ev_arena_free(story->arena);
}

const struct story_event *story_find(const struct story *story, const struct ev_registered *type)
{
        assert(type);

        for (size_t i = 0; i < story->count; ++i)
                if (story->events[i].type == type)
                        return &story->events[i];
        return NULL;
}
