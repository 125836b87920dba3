/* Reading --until. Nothing is asked of a server here: whether there are such partitions is seen where they
 * are read. */

#include "cut.h"

#include <assert.h>
#include <stdio.h>

#include "command.h"
#include "base/str.h"

/* The list of topics comes from the schemas that are built in, so names of topics need no broker. */
void cut_all(struct cut *cut)
{
        assert(cut);

        cut->facts.last_sequence = INT64_MAX;
        cut->facts.until = INT64_MAX;
        cut->facts.ends_count = 0;
        topic_list_make(&cut->topics);
}

/* The name in the list, which lives as long as the cut. */
static bool find_topic(const struct cut *cut, struct ev_str typed, struct ev_str *ret_topic)
{
        char text[TOPIC_NAME_MAX], name[TOPIC_NAME_MAX];
        const struct topic *topic;

        assert(ret_topic);

        if (!ev_str_copy(typed, text, sizeof(text)) || !topic_list_name(&cut->topics, text, name))
                return false;
        topic = topic_list_find(&cut->topics, name);
        if (!topic)
                return false;
        *ret_topic = ev_str_of(topic->name);
        return true;
}

/* "TOPIC/PARTITION=OFFSET" */
static bool parse_end(struct cut *cut, struct ev_str text)
{
        struct ev_str topic = ev_str_take(&text, '/'), partition = ev_str_take(&text, '=');
        struct ev_replay_end end;
        int64_t number;

        assert(cut->facts.ends_count <= EV_REPLAY_ENDS_MAX);

        if (cut->facts.ends_count == EV_REPLAY_ENDS_MAX || !find_topic(cut, topic, &end.topic) ||
            !ev_str_to_int64(partition, &number) || number > INT32_MAX ||
            !ev_str_to_int64(text, &end.offset))
                return false;
        end.partition = (int32_t)number;
        cut->facts.ends[cut->facts.ends_count++] = end;
        return true;
}

/* A comma at the end is a list that somebody has not finished typing, or that a script has cut short. */
static bool parse_ends(struct cut *cut, struct ev_str text)
{
        bool is_good = text.size > 0 && text.data[text.size - 1] != ',';

        assert(cut);

        while (is_good && text.size > 0)
                is_good = parse_end(cut, ev_str_take(&text, ','));
        return is_good;
}

/* A number and a time cannot be taken for each other, nor for a list, which has a slash: so no further option
 * says which of the three it is. */
bool cut_parse(struct cut *cut, const char *text)
{
        struct ev_str typed = ev_str_of(text);
        int64_t number;

        assert(cut && text);

        if (ev_str_to_int64(typed, &number)) {
                cut->facts.last_sequence = number;
                return true;
        }
        if (command_time(text, &cut->facts.until) || parse_ends(cut, typed))
                return true;
        fprintf(stderr,
                "eventctl: --until: \"%s\" is neither a time such as 2025-01-31T12:00:00Z or "
                "2025-01-31 nor the "
                "number of a fact nor offsets such as order.events/3=120,stock.events/3=77\n",
                text);
        return false;
}
