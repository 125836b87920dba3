#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "eventctl/aside.h"
#include "eventctl/command.h"

UNIT_SUITE(eventctl_aside);

enum { WORDS_MAX = 32 };

static struct command_input input;
static struct aside_choice choice;

/* Whether the program takes it; what it says about mistakes goes nowhere. */
static bool parses(const char *line)
{
        static char text[500];
        static char *words[WORDS_MAX];
        char *rest = text;
        int count = 0;

        input = (struct command_input){ 0 };
        snprintf(text, sizeof(text), "%s", line);
        for (char *word; (word = strsep(&rest, " "));)
                words[count++] = word;
        cr_assert_not_null(freopen("/dev/null", "w", stderr));
        return command_parse(count, words, &input) != NULL;
}

static bool read_line(const char *line, bool changes)
{
        cr_assert(parses(line), "%s", line);
        return changes ? aside_read_change(&input, &choice) : aside_read(&input, &choice);
}

Test(eventctl_aside, a_selection_is_read_whole)
{
        cr_assert(read_line("park retry --database order_db --group quenty-order --topic "
                            "stock.ingress --partition 3 --offset 41 --aggregate SKU-7 --cause "
                            "poison --reason mended --yes",
                            true));
        cr_assert_str_eq(choice.database, "order_db");
        cr_assert(ev_str_equal(choice.group, EV_STR("quenty-order")));
        cr_assert(ev_str_equal(choice.topic, EV_STR("quenty.stock.ingress.v1")));
        cr_assert_eq(choice.partition, 3);
        cr_assert_eq(choice.offset, 41);
        cr_assert(ev_str_equal(choice.aggregate, EV_STR("SKU-7")));
        cr_assert(ev_str_equal(choice.cause, EV_STR("poison")));
        cr_assert(ev_str_equal(choice.reason, EV_STR("mended")));
        cr_assert(choice.is_meant && choice.has_selection && !choice.is_all);
}

Test(eventctl_aside, what_is_not_said_is_anything)
{
        cr_assert(read_line("dlq ls", false));
        cr_assert_null(choice.database);
        cr_assert(ev_str_is_null(choice.group) && ev_str_is_null(choice.topic));
        cr_assert(choice.partition == -1 && choice.offset == -1 && choice.seq == -1);
        cr_assert(!choice.has_selection && !choice.is_meant);
}

/* A database alone is no selection: it would be everything that lies there. */
Test(eventctl_aside, a_change_wants_a_selection_or_all_and_not_both)
{
        cr_assert_not(read_line("park drop --reason r", true));
        cr_assert_not(read_line("park drop --reason r --database order_db", true));
        cr_assert(read_line("park drop --reason r --database order_db --all", true));
        cr_assert_not(read_line("park drop --reason r --aggregate A --all", true));
        cr_assert(read_line("dlq redrive --reason r --seq 0", true));
        cr_assert(read_line("dlq drop --reason r --partition 0", true));
        cr_assert(read_line("lane resume --reason r --topic t --from 7", true));
        cr_assert_eq(choice.from, 7);
}

Test(eventctl_aside, a_change_wants_a_reason)
{
        cr_assert_not(read_line("park retry --all", true));
        cr_assert_not(read_line("park retry --all --reason=", true));
        cr_assert_not(read_line("park retry --all --reason=\t\n", true));
        cr_assert_not(read_line("park retry --all --reason=\xff", true));
        cr_assert(read_line("park retry --all --reason=\xc3\xa9", true));
        cr_assert_not(choice.is_meant, "a dry run, unless --yes is said");
}

Test(eventctl_aside, numbers_and_names_are_checked)
{
        cr_assert_not(read_line("park ls --partition -1", false));
        cr_assert_not(read_line("park ls --partition 2147483648", false));
        cr_assert(read_line("park ls --partition 2147483647", false));
        cr_assert_not(read_line("park ls --offset x", false));
        cr_assert_not(read_line("park ls --offset 1.5", false));
        cr_assert(read_line("park ls --offset 9223372036854775807", false));
        cr_assert_not(read_line("dlq ls --seq 9223372036854775808", false));
        cr_assert_not(read_line("park ls --database orders", false));
        cr_assert_not(read_line("park ls --topic a/b", false));
}

Test(eventctl_aside, options_belong_to_their_commands)
{
        cr_assert_not(parses("park ls --yes"));
        cr_assert_not(parses("park ls --seq 1"));
        cr_assert_not(parses("dlq drop --aggregate A"));
        cr_assert_not(parses("park retry --from 1"));
        cr_assert_not(parses("park drop everything"));
        cr_assert_not(parses("park"));
        cr_assert(parses("park show --bytes"));
        cr_assert(parses("dlq ls --settled"));
}

Test(eventctl_aside, somebody_is_in_front_of_it)
{
        struct ev_str client = aside_client();

        cr_assert_not_null(memchr(client.data, '@', client.size));
}
