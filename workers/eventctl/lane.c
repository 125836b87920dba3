/* eventctl lane: lanes that stand still.
 *
 * A worker halts a lane where going on would lose or double something: an offset outside of the
 * log, another log, facts that are missing, bytes that cannot be read. `resume` lets it go on, where
 * it stands, behind what has to be stepped over or, of another log, from any place, and notes that and
 * why in the same transaction. Its owner looks every two seconds. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "aside.h"
#include "base/clock.h"
#include "base/error.h"
#include "eventctl_sql.h"
#include "store/offsets.h"

/* Columns of lane_page.sql. */
enum { LANE_GROUP, LANE_TOPIC, LANE_PARTITION, LANE_NEXT, LANE_REASON, LANE_AT };

/* And of lane_resume.sql. */
enum { RESUMED_PARTITION, RESUMED_LETTERS };

enum { LANES_MAX = 4096, MOVE_TEXT_MAX = 300 };

static const struct output_column columns[] = {
        { "database", 16, false },  { "group", 14, false },      { "topic", 24, false },
        { "partition", 9, true },   { "next_offset", 11, true }, { "state", 17, false },
        { "halted_at", 27, false }, { "reason", 0, false },
};

struct lane {
        struct aside aside; /* first */
        bool changes;
};

static void write_row(struct lane *lane, const struct ev_result *page, size_t row,
                      const char *state)
{
        char texts[2][OUTPUT_NUMBER_MAX], instant[EV_INSTANT_TEXT_MAX];
        const struct ev_str values[] = {
                ev_str_of(lane->aside.database),
                ev_result_text(page, row, LANE_GROUP),
                ev_result_text(page, row, LANE_TOPIC),
                output_number(ev_result_int4(page, row, LANE_PARTITION), texts[0]),
                output_number(ev_result_int8(page, row, LANE_NEXT), texts[1]),
                ev_str_of(state),
                { instant, ev_instant_format(ev_result_timestamptz(page, row, LANE_AT), instant) },
                ev_result_text(page, row, LANE_REASON),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(state);

        output_row(&lane->aside.output, values, !lane->changes);
}

/* Whether its offset may be one of a log that is no more. */
static bool is_other_log(const struct ev_result *page, size_t row)
{
        assert(row < ev_result_rows(page));

        return ev_str_starts_with(ev_result_text(page, row, LANE_REASON),
                                  EV_STR(EV_OFFSET_OTHER_LOG));
}

/* What a lane goes on with, for a person to read before he means it, and kept in ev.intervention. */
static void describe_move(int64_t next, int64_t from, char text[MOVE_TEXT_MAX])
{
        char where[OUTPUT_NUMBER_MAX + 8] = "the beginning";

        assert(text);

        if (from >= 0)
                snprintf(where, sizeof(where), "%" PRId64, from);
        if (from == next)
                snprintf(text, MOVE_TEXT_MAX, "goes on at %s", where);
        else if (from > next && next >= 0)
                snprintf(text, MOVE_TEXT_MAX,
                         "goes on at %s; offsets %" PRId64 " to %" PRId64 " are not applied", where,
                         next, from - 1);
        else if (from > next)
                snprintf(text, MOVE_TEXT_MAX, "goes on at %s; what lies before it is not applied",
                         where);
        else
                snprintf(text, MOVE_TEXT_MAX,
                         "goes back from %" PRId64 " to %s; what is read again has no second "
                         "effect: requests are known by their ids for a week at least and by "
                         "what they ask for, facts by their numbers",
                         next, where);
}

/* Where it was and why it was halted when we looked is how it has to be still. */
static int resume(struct lane *lane, const struct ev_result *page, size_t row, int64_t from,
                  const char *move)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &lane->aside.params;
        int r;

        assert(from >= 0 || from == ASIDE_BEGINNING);

        ev_params_begin(params, &eventctl_sql_lane_resume);
        ev_params_text(params, ev_result_text(page, row, LANE_GROUP));
        ev_params_text(params, ev_result_text(page, row, LANE_TOPIC));
        ev_params_int4(params, ev_result_int4(page, row, LANE_PARTITION));
        ev_params_int8(params, ev_result_int8(page, row, LANE_NEXT));
        ev_params_int8(params, from);
        ev_params_text(params, aside_client());
        ev_params_text(params, lane->aside.choice.reason);
        ev_params_text(params, ev_str_of(move));
        ev_params_text(params, ev_result_text(page, row, LANE_REASON));
        ev_params_bool(params, is_other_log(page, row));
        r = ev_db_run(lane->aside.db, &eventctl_sql_lane_resume, params, &result);
        if (r < 0)
                return ev_trace(r);
        write_row(lane, page, row, ev_result_rows(result) == 1 ? "goes on" : "has moved");
        lane->aside.done += ev_result_rows(result) == 1;
        if (ev_result_rows(result) == 1 && ev_result_int8(result, 0, RESUMED_LETTERS) > 0)
                fprintf(stderr,
                        "%" PRId64 " records of the log before lay in ev.parked and are dead "
                        "letters now: eventctl dlq ls\n",
                        ev_result_int8(result, 0, RESUMED_LETTERS));
        return 0;
}

/* An offset before the one where the lane stands would have records applied twice, or so it seems:
 * only of another log nothing is known to be applied. */
static int take_lane(struct lane *lane, const struct ev_result *page, size_t row)
{
        const struct aside_choice *choice = &lane->aside.choice;
        int64_t next = ev_result_int8(page, row, LANE_NEXT);
        int64_t from = choice->from == ASIDE_NOWHERE ? next : choice->from;
        char move[MOVE_TEXT_MAX];

        assert(row < ev_result_rows(page));

        ++lane->aside.found;
        if (!lane->changes) {
                write_row(lane, page, row, "halted");
                return 0;
        }
        if (from < next && !is_other_log(page, row)) {
                fprintf(stderr,
                        "eventctl: refused: the lane stands at %" PRId64 ", so that records "
                        "before that would be applied twice\n",
                        next);
                lane->aside.was_refused = true;
                return 0;
        }
        describe_move(next, from, move);
        fprintf(stderr, "%.*s [%d]: %s\n", EV_STR_ARG(ev_result_text(page, row, LANE_TOPIC)),
                ev_result_int4(page, row, LANE_PARTITION), move);
        if (choice->is_meant)
                return ev_trace(resume(lane, page, row, from, move));
        write_row(lane, page, row, "would go on");
        return 0;
}

/* A worker has some dozens of lanes. */
static int work(struct aside *aside)
{
        _cleanup_result_ struct ev_result *page = NULL;
        struct ev_params *params = &aside->params;
        int r;

        assert(aside->db);

        ev_params_begin(params, &eventctl_sql_lane_page);
        ev_params_text(params, aside->choice.group);
        ev_params_text(params, aside->choice.topic);
        aside_put_int4(params, aside->choice.partition);
        ev_params_int4(params, LANES_MAX);
        r = ev_db_run(aside->db, &eventctl_sql_lane_page, params, &page);
        for (size_t i = 0; r == 0 && i < ev_result_rows(page); ++i)
                r = take_lane((struct lane *)aside, page, i);
        return ev_trace(r);
}

static enum command_exit run(struct lane *lane)
{
        assert(!lane->aside.db);

        return aside_list(&lane->aside, columns, EV_ARRAY_SIZE(columns), "lanes", work,
                          lane->changes);
}

enum command_exit lane_ls(const struct command_input *input)
{
        struct lane lane = { .aside.input = input };

        assert(input);

        return aside_read(input, &lane.aside.choice) ? run(&lane) : COMMAND_USAGE;
}

/* An offset is meant for one lane. */
enum command_exit lane_resume(const struct command_input *input)
{
        struct lane lane = { .aside.input = input, .changes = true };
        const struct aside_choice *choice = &lane.aside.choice;

        assert(input);

        if (!aside_read_change(input, &lane.aside.choice))
                return COMMAND_USAGE;
        if (choice->from != ASIDE_NOWHERE &&
            (!choice->database || ev_str_is_null(choice->group) || ev_str_is_null(choice->topic) ||
             choice->partition < 0)) {
                fputs("eventctl lane resume: --from wants --database, --group, --topic and "
                      "--partition beside it\n",
                      stderr);
                return COMMAND_USAGE;
        }
        return run(&lane);
}
