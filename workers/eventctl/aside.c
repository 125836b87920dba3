/* Selections, and the walk through databases, of `park`, `dlq` and `lane`.
 *
 * Nothing is changed here; what is true if the process dies is said by the commands. */

#include "aside.h"

#include <assert.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/str.h"

const struct command_option aside_database = {
        "database", "DATABASE", "Only this database; without it all that are configured."
};
const struct command_option aside_group = { "group", "GROUP", "Only what this group set aside." };
const struct command_option aside_topic = {
        "topic", "TOPIC", "Only records of this topic; order.ingress is quenty.order.ingress.v1."
};
const struct command_option aside_partition = { "partition", "N", "Only this partition." };
const struct command_option aside_offset = { "offset", "N", "Only the record at this offset." };
const struct command_option aside_aggregate = { "aggregate", "NAME",
                                                "Only records about this aggregate." };
const struct command_option aside_cause = {
        "cause", "CAUSE", "Only records that were set aside for this: poison, held, decide ..."
};
const struct command_option aside_all = {
        "all", NULL,
        "All of them, where nothing is selected. To select nothing by mistake is an error."
};
const struct command_option aside_reason = {
        "reason", "TEXT", "Why; required. It is kept in ev.intervention with what was done."
};
const struct command_option aside_yes = {
        "yes", NULL, "Do it. Without it what would be done is shown, and nothing is changed."
};
const struct command_option aside_seq = { "seq", "N", "Only the dead letter of this number." };
const struct command_option aside_settled = { "settled", NULL,
                                              "Also those that were sent again or dropped." };
const struct command_option aside_from = {
        "from", "N|beginning",
        "Go on at this offset, and step over what lies before it: that is lost to the database. In "
        "front of where the lane stands only if it was halted for another log; what is read again "
        "there has no second effect."
};

/* A number of at least 0; -1 where the option was not given. */
static bool read_number(const struct command_input *input, const char *name, int64_t max,
                        int64_t *ret_number)
{
        const char *text = command_value(input, name);
        int64_t number = -1;

        assert(max > 0);

        if (text && (!ev_str_to_int64(ev_str_of(text), &number) || number < 0 || number > max)) {
                fprintf(stderr, "eventctl: --%s: \"%s\" is not a number from 0 on\n", name, text);
                return false;
        }
        *ret_number = number;
        return true;
}

/* ASIDE_NOWHERE where the option was not given. */
static bool read_from(const struct command_input *input, int64_t *ret_from)
{
        const char *text = command_value(input, "from");

        assert(ret_from);

        if (!text || strcmp(text, "beginning") != 0)
                return read_number(input, "from", INT64_MAX, ret_from);
        *ret_from = ASIDE_BEGINNING;
        return true;
}

static bool read_database(const struct command_input *input, struct aside_choice *choice)
{
        assert(!choice->database);

        choice->database = command_value(input, "database");
        if (!choice->database)
                return true;
        for (size_t i = 0; i < DATABASES; ++i)
                if (strcmp(choice->database, database_names[i]) == 0)
                        return true;
        fprintf(stderr,
                "eventctl: --database: there is no \"%s\", but customer_db, order_db and "
                "intl_shipping_db\n",
                choice->database);
        return false;
}

static bool read_topic(const struct command_input *input, struct aside_choice *choice)
{
        static struct topic_list list; /* large */
        const char *typed = command_value(input, "topic");

        assert(ev_str_is_null(choice->topic));

        if (!typed)
                return true;
        topic_list_make(&list);
        if (!topic_list_name(&list, typed, choice->topic_name)) {
                fprintf(stderr, "eventctl: --topic: \"%s\" is no name of a topic\n", typed);
                return false;
        }
        choice->topic = ev_str_of(choice->topic_name);
        return true;
}

/* Slices of the choice itself: it must stay where it is. */
bool aside_read(const struct command_input *input, struct aside_choice *choice)
{
        int64_t partition = -1;

        assert(choice);

        *choice = (struct aside_choice){ .group = ev_str_of(command_value(input, "group")),
                                         .aggregate = ev_str_of(command_value(input, "aggregate")),
                                         .cause = ev_str_of(command_value(input, "cause")),
                                         .reason = ev_str_of(command_value(input, "reason")),
                                         .is_all = command_value(input, "all") != NULL,
                                         .is_meant = command_value(input, "yes") != NULL };
        if (!read_database(input, choice) || !read_topic(input, choice) ||
            !read_number(input, "partition", INT32_MAX, &partition) ||
            !read_number(input, "offset", INT64_MAX, &choice->offset) ||
            !read_number(input, "seq", INT64_MAX, &choice->seq) || !read_from(input, &choice->from))
                return false;
        choice->partition = (int32_t)partition;
        choice->has_selection = !ev_str_is_null(choice->group) || !ev_str_is_null(choice->topic) ||
                                !ev_str_is_null(choice->aggregate) ||
                                !ev_str_is_null(choice->cause) || partition >= 0 ||
                                choice->offset >= 0 || choice->seq >= 0;
        return true;
}

/* Blanks alone say nothing, and the table refuses them too. */
static bool is_blank(struct ev_str text)
{
        size_t i = 0;

        assert(text.data || text.size == 0);

        while (i < text.size && (unsigned char)text.data[i] <= ' ')
                ++i;
        return i == text.size;
}

bool aside_read_reason(const struct command_input *input, struct ev_str *ret_reason)
{
        struct ev_str reason = ev_str_of(command_value(input, "reason"));

        assert(ret_reason);

        if (is_blank(reason) || reason.size > ASIDE_REASON_MAX || !ev_str_is_text(reason)) {
                fprintf(stderr,
                        "eventctl %s: --reason TEXT is required, with at most %d bytes of text\n",
                        input->command->name, ASIDE_REASON_MAX);
                return false;
        }
        *ret_reason = reason;
        return true;
}

bool aside_read_change(const struct command_input *input, struct aside_choice *choice)
{
        assert(input->command);

        if (!aside_read(input, choice))
                return false;
        if (!choice->has_selection && !choice->is_all) {
                fprintf(stderr, "eventctl %s: which ones? Select them, or say --all\n",
                        input->command->name);
                return false;
        }
        if (choice->has_selection && choice->is_all) {
                fprintf(stderr, "eventctl %s: --all beside a selection: which of them is meant?\n",
                        input->command->name);
                return false;
        }
        return aside_read_reason(input, &choice->reason);
}

void aside_put_int4(struct ev_params *params, int32_t number)
{
        assert(params);

        if (number < 0)
                ev_params_null(params);
        else
                ev_params_int4(params, number);
}

void aside_put_int8(struct ev_params *params, int64_t number)
{
        assert(params);

        if (number < 0)
                ev_params_null(params);
        else
                ev_params_int8(params, number);
}

/* What the system says of the process; a name that is not known is left out. */
struct ev_str aside_client(void)
{
        static char text[ASIDE_CLIENT_MAX];
        const struct passwd *user = getpwuid(getuid());
        char host[64] = "";

        static_assert(sizeof(host) < sizeof(text), "host and user fit");

        if (gethostname(host, sizeof(host) - 1) != 0)
                host[0] = '\0';
        snprintf(text, sizeof(text), "%.100s@%s", user ? user->pw_name : "", host);
        return ev_str_of(text);
}

/* What was done, or would be, for the person in front of it. */
static enum command_exit tell_end(const struct aside *aside)
{
        const struct aside_choice *choice = &aside->choice;

        assert(aside->done <= aside->found);

        if (aside->was_refused)
                return COMMAND_REFUSED;
        if (!choice->is_meant)
                fprintf(stderr,
                        "this is what would be done to %" PRId64 "; nothing was changed: "
                        "--yes does it\n",
                        aside->found);
        else
                fprintf(stderr, "done with %" PRId64 " of %" PRId64 "\n", aside->done,
                        aside->found);
        return aside->done == aside->found || !choice->is_meant ? COMMAND_DONE : COMMAND_FAILED;
}

static int work_in(struct aside *aside, const char *database, aside_work *work, bool changes)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        int r = changes ? database_open_to_change(aside->input->config, database, &db)
                        : database_open(aside->input->config, database, &db);

        assert(database);

        aside->db = db;
        aside->database = database;
        if (r == 0)
                r = work(aside);
        aside->db = NULL;
        return ev_trace(r);
}

static int work_in_all(struct aside *aside, aside_work *work, bool changes)
{
        const struct aside_choice *choice = &aside->choice;
        int r = 0;

        assert(aside->input->config);

        for (size_t i = 0; r == 0 && i < DATABASES; ++i) {
                const char *name = database_names[i];

                if (choice->database ? strcmp(name, choice->database) == 0
                                     : database_is_configured(aside->input->config, name))
                        r = work_in(aside, name, work, changes);
        }
        return ev_trace(r);
}

/* The failure is told before the output is ended: what was written until then is no JSON, and a
 * reader that parses it before it acts is safe. */
enum command_exit aside_run(struct aside *aside, aside_work *work, enum aside_way way)
{
        int r;

        assert(way == ASIDE_LIST || way == ASIDE_SHOW || way == ASIDE_CHANGE);

        aside->params = EV_PARAMS_INIT(ASIDE_PARAMS_BYTES);
        r = work_in_all(aside, work, way == ASIDE_CHANGE && aside->choice.is_meant);
        ev_params_done(&aside->params);
        if (r < 0)
                return command_fail();
        if (aside->output.columns && !output_end(&aside->output))
                return COMMAND_FAILED;
        if (way == ASIDE_LIST)
                return COMMAND_DONE;
        if (aside->found == 0 && !aside->was_refused) {
                fputs("eventctl: there is nothing of that selection\n", stderr);
                return COMMAND_FAILED;
        }
        return way == ASIDE_SHOW ? COMMAND_DONE : tell_end(aside);
}

enum command_exit aside_list(struct aside *aside, const struct output_column *columns,
                             size_t columns_count, const char *list, aside_work *work, bool changes)
{
        const struct output_member members[] = {
                { "action", aside->input->command->name },
                { "mode", aside->choice.is_meant ? "done" : "dry run" },
        };

        assert(!aside->output.columns);

        if (!output_format_of(aside->input, &aside->output.format))
                return COMMAND_USAGE;
        aside->output.columns = columns;
        aside->output.columns_count = columns_count;
        output_begin(&aside->output, members, changes ? EV_ARRAY_SIZE(members) : 0, list);
        return aside_run(aside, work, changes ? ASIDE_CHANGE : ASIDE_LIST);
}
