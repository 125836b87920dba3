#include "support/unit.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

UNIT_SUITE(log);

enum { LANE_TAKEN, RECORD_REFUSED, CHATTER, RARE };

static const struct ev_log_event events[] = {
        [LANE_TAKEN] = { "lane_taken", EV_LOG_INFO, 0, "A partition is ours." },
        [RECORD_REFUSED] = { "record_refused", EV_LOG_WARNING, 0, "A record was put aside." },
        [CHATTER] = { "chatter", EV_LOG_DEBUG, 0, "For debugging." },
        [RARE] = { "rare", EV_LOG_ERROR, 3, "At most three lines in a window." },
};

static char output[64 * 1024];

/* A log that writes into memory. */
static struct ev_log *new_log(enum ev_log_format format, int64_t window_ms)
{
        struct ev_log_settings settings = {
                .program = "order",
                .events = events,
                .events_count = EV_ARRAY_SIZE(events),
                .level = EV_LOG_INFO,
                .format = format,
                .fd = memfd_create("log", 0),
                .window_ms = window_ms,
        };
        struct ev_log *log = NULL;

        cr_assert_geq(settings.fd, 0);
        cr_assert_eq(dup2(settings.fd, 99), 99);
        close(settings.fd);
        settings.fd = 99;
        cr_assert_eq(ev_log_new(&log, &settings), 0);
        return log;
}

/* What was written so far. */
static const char *written(void)
{
        ssize_t size = pread(99, output, sizeof(output) - 1, 0);

        cr_assert_geq(size, 0);
        output[size] = '\0';
        return output;
}

static size_t count_lines(void)
{
        size_t count = 0;

        for (const char *c = written(); *c; ++c)
                count += *c == '\n';
        return count;
}

/* The line behind its time, which is checked on the way. */
static const char *behind_time(const char *head)
{
        const char *line = written();
        int64_t micros;

        cr_assert(ev_str_starts_with(ev_str_of(line), ev_str_of(head)), "%s", line);
        line += strlen(head);
        cr_assert(ev_instant_parse((struct ev_str){ line, EV_INSTANT_TEXT_SIZE }, &micros));
        cr_assert_leq(micros, ev_clock_real_micros());
        return line + EV_INSTANT_TEXT_SIZE;
}

Test(log, a_line_of_logfmt)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);

        ev_log_line(log, LANE_TAKEN, ev_log_text("topic", "quenty.order.ingress.v1"),
                    ev_log_int("partition", 3), ev_log_int("offset", INT64_MIN),
                    ev_log_bool("clean", true), ev_log_text("note", "two words"),
                    ev_log_text("absent", NULL), ev_log_text("empty", ""));
        cr_assert_str_eq(behind_time("time="),
                         " level=info program=order event=lane_taken topic=quenty.order.ingress.v1 "
                         "partition=3 offset=-9223372036854775808 clean=true note=\"two words\" "
                         "empty=\"\"\n");
}

Test(log, a_line_of_json)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_JSON, 1000);

        ev_log_line(log, LANE_TAKEN, ev_log_text("topic", "orders"), ev_log_int("partition", 3),
                    ev_log_bool("clean", false), ev_log_text("absent", NULL));
        cr_assert_str_eq(behind_time("{\"time\":\""),
                         "\",\"level\":\"info\",\"program\":\"order\",\"event\":\"lane_taken\","
                         "\"topic\":\"orders\",\"partition\":3,\"clean\":false}\n");
}

Test(log, no_value_can_break_a_line_or_move_a_cursor)
{
        static const struct {
                struct ev_str value;
                const char *shown;
        } cases[] = {
                { EV_STR_INIT("a\nb"), "\"a\\nb\"" },
                { EV_STR_INIT("a\rb\tc"), "\"a\\u000db\\u0009c\"" },
                { EV_STR_INIT("\x1b[2J"), "\"\\u001b[2J\"" },
                { EV_STR_INIT("a\0b"), "\"a\\u0000b\"" },
                { EV_STR_INIT("\x7f"), "\"\\u007f\"" },
                { EV_STR_INIT("\xc2\x9b"
                              "2J"),
                  "\"\\u009b2J\"" }, /* CSI of C1 */
                { EV_STR_INIT("\xe2\x80\xae"
                              "drow\xe2\x80\xac"),
                  "\"\\u202edrow\\u202c\"" }, /* right to left */
                { EV_STR_INIT("\xe2\x81\xa6x\xe2\x81\xa9"), "\"\\u2066x\\u2069\"" }, /* isolate */
                { EV_STR_INIT("\xe2\x80\xa8x"), "\"\\u2028x\"" },             /* line separator */
                { EV_STR_INIT("\xff\xc3"), "\"\\ufffd\\ufffd\"" },            /* no UTF-8 */
                { EV_STR_INIT("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
                { EV_STR_INIT("\xe2\x82"), "\"\\ufffd\\ufffd\"" },            /* cut off */
                { EV_STR_INIT("Z\xc3\xbcrich"), "\"Z\xc3\xbcrich\"" },
                { EV_STR_INIT("\xf0\x9f\x93\xa6"), "\"\xf0\x9f\x93\xa6\"" },
                { EV_STR_INIT("a=b"), "\"a=b\"" },
                { EV_STR_INIT("say \"hi\""), "\"say \\\"hi\\\"\"" },
                { EV_STR_INIT("C:\\x"), "\"C:\\\\x\"" },
        };
        char expected[128];

        for (size_t i = 0; i < EV_ARRAY_SIZE(cases); ++i) {
                _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);

                ev_log_line(log, LANE_TAKEN, ev_log_str("v", cases[i].value));
                snprintf(expected, sizeof(expected), " v=%s\n", cases[i].shown);
                cr_assert_not_null(strstr(written(), expected), "case %zu: %s", i, output);
        }
}

Test(log, json_survives_every_byte)
{
        char all[256], command[] =
                               "python3 -c 'import json,sys\n"
                               "for l in sys.stdin: d=json.loads(l)\n"
                               "assert len(d[\"v\"])==256 and ord(d[\"v\"][65])==65' </dev/fd/99";
        struct ev_log *log = new_log(EV_LOG_JSON, 1000);

        for (size_t i = 0; i < sizeof(all); ++i)
                all[i] = (char)i;
        ev_log_line(log, LANE_TAKEN, ev_log_str("v", (struct ev_str){ all, sizeof(all) }));
        cr_assert_eq(count_lines(), 1);
        cr_assert_eq(lseek(99, 0, SEEK_SET), 0);
        cr_assert_eq(system(command), 0);
        ev_log_free(log);
}

Test(log, levels_below_the_setting_are_silent)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);

        ev_log_line(log, CHATTER, ev_log_int("n", 1));
        cr_assert_str_empty(written());
        ev_log_line(log, RECORD_REFUSED, ev_log_int("n", 1));
        cr_assert_not_null(strstr(written(), "level=warning"));
}

Test(log, an_error_comes_with_all_its_parts)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);

        ev_trace(ev_fail(EV_VERDICT_RECORD, "value too long"));
        ev_error_set_sqlstate("22001");
        ev_error_set_record("orders", 3, 41);
        ev_log_error(log, RECORD_REFUSED, ev_log_int("attempt", 2));
        cr_assert_not_null(strstr(written(), " attempt=2 error=\"value too long\" verdict=record "
                                             "sqlstate=22001 topic=orders partition=3 offset=41 "
                                             "trail="));
        cr_assert_not_null(strstr(output, "test_log.c:"));
        ev_fail(EV_VERDICT_STOP, "plain");
        ev_log_error(log, RECORD_REFUSED, ev_log_int("attempt", 3));
        cr_assert_not_null(strstr(written(), " attempt=3 error=plain verdict=stop\n"));
}

Test(log, what_is_too_much_is_counted_and_told)
{
        struct ev_log *log = new_log(EV_LOG_LOGFMT, 60000);

        for (int i = 0; i < 10; ++i)
                ev_log_line(log, RARE, ev_log_int("n", i));
        cr_assert_eq(count_lines(), 3);
        ev_log_flush(log);
        cr_assert_eq(count_lines(), 3, "the window has not ended");
        ev_log_line(log, LANE_TAKEN, ev_log_int("n", 1));
        cr_assert_eq(count_lines(), 4, "other events are not affected");
        ev_log_free(log);
        cr_assert_eq(count_lines(), 5);
        cr_assert_not_null(strstr(written(), "event=rare suppressed=7\n"));
}

Test(log, a_new_window_begins_with_the_count_of_the_last)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 20);
        int64_t deadline = ev_clock_monotonic_micros() + 30 * EV_MICROS_PER_SECOND;

        /* However slow the machine is: lines are written until one begins a new window, and that
         * one brings the count behind its own field. */
        while (!strstr(written(), " suppressed=")) {
                cr_assert_lt(ev_clock_monotonic_micros(), deadline);
                ev_log_line(log, RARE, ev_log_int("n", 9));
        }
        cr_assert_not_null(strstr(output, " n=9 suppressed="));
}

/* The window is long enough for five lines on a machine that is busy and under valgrind. */
Test(log, an_ended_window_is_told_without_another_line)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);
        int64_t deadline = ev_clock_monotonic_micros() + 30 * EV_MICROS_PER_SECOND;

        for (int i = 0; i < 5; ++i)
                ev_log_line(log, RARE, ev_log_int("n", i));
        while (!strstr(written(), "suppressed=2")) {
                cr_assert_lt(ev_clock_monotonic_micros(), deadline);
                ev_log_flush(log);
        }
        cr_assert_eq(count_lines(), 4);
}

Test(log, a_long_value_is_cut_between_code_points)
{
        _cleanup_(ev_log_free_p) struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);
        static const char euro[] = { '\xe2', '\x82', '\xac' };
        static char value[3 * EV_LOG_VALUE_MAX];

        for (size_t i = 0; i < sizeof(value); ++i)
                value[i] = euro[i % sizeof(euro)];
        ev_log_line(log, LANE_TAKEN, ev_log_str("v", (struct ev_str){ value, sizeof(value) }));
        cr_assert(ev_str_is_text(ev_str_of(written())));
        cr_assert_null(strstr(output, "fffd"));
        cr_assert_geq(strlen(output), EV_LOG_VALUE_MAX);
        cr_assert_leq(strlen(output), EV_LOG_VALUE_MAX + 200);
}

Test(log, fields_that_do_not_fit_are_left_out_whole)
{
        static char value[EV_LOG_VALUE_MAX];
        struct ev_log_field fields[20];
        char keys[EV_ARRAY_SIZE(fields)][2] = { 0 }; /* each its own: one JSON object has no two */

        memset(value, '\x1b', sizeof(value));
        for (size_t i = 0; i < EV_ARRAY_SIZE(fields); ++i) {
                keys[i][0] = (char)('a' + i);
                fields[i] = i % 2 ? ev_log_int(keys[i], 1)
                                  : ev_log_str(keys[i], (struct ev_str){ value, sizeof(value) });
        }
        for (int format = EV_LOG_LOGFMT; format <= EV_LOG_JSON; ++format) {
                struct ev_log *log = new_log((enum ev_log_format)format, 1000);

                ev_log_write(log, LANE_TAKEN, fields, EV_ARRAY_SIZE(fields));
                cr_assert_eq(count_lines(), 1);
                if (format == EV_LOG_JSON) {
                        struct ev_json *line = NULL;

                        cr_assert_eq(ev_json_parse(ev_str_of(output), sizeof(output), &line), 0,
                                     "%s", output);
                        ev_json_free(line);
                }
                cr_assert_null(strchr(output, '\x1b'));
                cr_assert_leq(strlen(output), EV_LOG_LINE_MAX);
                cr_assert_not_null(strstr(output, format == EV_LOG_JSON ? ",\"left_out\":9}\n"
                                                                        : " left_out=9\n"),
                                   "%s", output);
                ev_log_free(log);
        }
}

Test(log, lines_that_nobody_takes_are_counted)
{
        struct ev_log *log = new_log(EV_LOG_LOGFMT, 1000);

        close(99);
        ev_log_line(log, LANE_TAKEN, ev_log_int("n", 1));
        cr_assert_eq(ev_log_lost_lines(log), 1);
        ev_log_free(log);
}

Test(log, the_options_have_the_order_of_the_enums)
{
        static const struct ev_option_table *const tables[] = { &ev_log_options };
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        char program[] = "p", level[] = "--log.level=error", format[] = "--log.format=json";
        char *argv[] = { program, level, format, NULL };
        int operand;

        cr_assert_eq(ev_config_new(&config, tables, 1), 0);
        cr_assert_eq(ev_config_choice(config, "log.level"), EV_LOG_INFO);
        cr_assert_eq(ev_config_choice(config, "log.format"), EV_LOG_LOGFMT);
        cr_assert_eq(ev_config_load(config, 3, argv, argv + 3, &operand), 0);
        cr_assert_eq(ev_config_choice(config, "log.level"), EV_LOG_ERROR);
        cr_assert_eq(ev_config_choice(config, "log.format"), EV_LOG_JSON);
}

Test(log, the_table_of_events_is_documentation)
{
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(4096);

        cr_assert_eq(ev_log_write_manual(events, EV_ARRAY_SIZE(events), &buffer), 0);
        cr_assert_eq(ev_buffer_append(&buffer, "", 1), 0);
        cr_assert_not_null(strstr((const char *)buffer.data,
                                  "rare (error)\n        At most three lines in a window.\n"));
}

Test(log, lines_keep_no_memory)
{
        struct ev_log *log = new_log(EV_LOG_JSON, 1000);
        size_t before;

        ev_log_line(log, LANE_TAKEN, ev_log_text("v", "warm"));
        before = mallinfo2().uordblks;
        for (int i = 0; i < 100; ++i)
                ev_log_line(log, LANE_TAKEN, ev_log_text("v", "text"), ev_log_int("n", i));
        cr_assert_eq(mallinfo2().uordblks, before);
        ev_log_free(log);
}
