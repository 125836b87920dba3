#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"

UNIT_SUITE(config);

static const struct ev_option batch_options[] = {
        { .name = "batch.max",
          .type = EV_OPTION_INTEGER,
          .fallback = "200",
          .minimum = 1,
          .maximum = 10000,
          .unit = "records",
          .help = "Records in one transaction. With 1 each record has its own." },
        { .name = "wait.max_s",
          .type = EV_OPTION_INTEGER,
          .fallback = "30",
          .minimum = 0,
          .maximum = 86400,
          .unit = "s",
          .help = "How long a record waits for what it refers to." },
        { .name = "clock.skew_ms",
          .type = EV_OPTION_INTEGER,
          .fallback = "0",
          .minimum = -1000,
          .maximum = 1000,
          .help = "Moves a clock." },
};

static const struct ev_option other_options[] = {
        { .name = "log.format",
          .type = EV_OPTION_CHOICE,
          .fallback = "logfmt",
          .choices = "logfmt|json",
          .help = "How a line is written." },
        { .name = "relay.enabled",
          .type = EV_OPTION_BOOLEAN,
          .fallback = "true",
          .help = "Whether a relay runs." },
        { .name = "db.host",
          .type = EV_OPTION_TEXT,
          .is_required = true,
          .minimum = 1,
          .maximum = 20,
          .help = ".Where the server is \\ or its socket. 'quoted'" },
        { .name = "db.options",
          .type = EV_OPTION_TEXT,
          .minimum = 0,
          .maximum = 100,
          .help = "Further options." },
        { .name = "db.password_file",
          .type = EV_OPTION_SECRET,
          .help = "The password of the role." },
        { .name = "kafka.", .type = EV_OPTION_PREFIX, .help = "Settings of librdkafka." },
};

static const struct ev_option_table batch_table = { "Batches", batch_options, 3 };
static const struct ev_option_table other_table = { "Others", other_options, 6 };
static const struct ev_option_table *const tables[] = { &batch_table, &other_table };

static char folder[] = "/tmp/config-XXXXXX";

static void make_folder(void)
{
        cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
        char command[64];

        snprintf(command, sizeof(command), "rm -r %s", folder);
        cr_assert_eq(system(command), 0);
        unit_check_leaks();
}

TestSuite(config_files, .init = make_folder, .fini = remove_folder);

/* Writes a file into the test's folder and returns its path, valid until the next call but three.
 */
static char *write_file(const char *name, const void *content, size_t size, mode_t mode)
{
        static char paths[4][128];
        static int next;
        char *path = paths[next++ % 4];
        FILE *file;

        snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        file = fopen(path, "w");
        cr_assert_not_null(file);
        cr_assert_eq(fwrite(content, 1, size, file), size);
        cr_assert_eq(fclose(file), 0);
        cr_assert_eq(chmod(path, mode), 0);
        return path;
}

static struct ev_config *new_config(void)
{
        struct ev_config *config = NULL;

        cr_assert_eq(ev_config_new(&config, tables, 2), 0);
        return config;
}

#define STRINGS(...) ((char *const[]){ __VA_ARGS__, NULL })

static int load(struct ev_config *config, char *const *argv, char *const *environment)
{
        int argc = 0, operand;

        while (argv[argc])
                ++argc;
        return ev_config_load(config, argc, argv, environment, &operand);
}

/* Loading fails, and the error holds each of the texts up to NULL. */
static void expect_failure(char *const *argv, char *const *environment, const char *const *texts)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();

        cr_assert_eq(load(config, argv, environment), EV_FAILED, "%s", texts[0]);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        for (; *texts; ++texts)
                cr_assert_not_null(strstr(ev_error_last()->text, *texts), "\"%s\" not in \"%s\"",
                                   *texts, ev_error_last()->text);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect_bad_file(const char *content, const char *const *texts)
{
        char *path = write_file("bad.conf", content, strlen(content), 0644);

        expect_failure(STRINGS((char[]){ "p" }, (char[]){ "-c" }, path),
                       STRINGS((char[]){ "QUENTY_DB_HOST=db" }), texts);
}

#define ARG(text) ((char[]){ text })

Test(config, defaults_hold_where_nothing_is_given)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();

        cr_assert_eq(load(config, STRINGS(ARG("p")), STRINGS(ARG("QUENTY_DB_HOST=db"))), 0);
        cr_assert_eq(ev_config_integer(config, "batch.max"), 200);
        cr_assert_eq(ev_config_choice(config, "log.format"), 0);
        cr_assert(ev_config_boolean(config, "relay.enabled"));
        cr_assert_null(ev_config_text(config, "db.options"));
        cr_assert_str_eq(ev_config_text(config, "db.host"), "db");
        cr_assert_null(ev_config_secret_file(config, "db.password_file"));
}

Test(config_files, arguments_beat_the_environment_and_that_the_file)
{
        static const char content[] = "# a comment\n"
                                      "\n"
                                      "  batch.max = 1\r\n"
                                      "wait.max_s=2\n"
                                      "\tclock.skew_ms = -3\n"
                                      "db.host = a b # c\n"
                                      "log.format = json";
        char *path = write_file("quenty.conf", content, sizeof(content) - 1, 0644);
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        char *argv[] = { ARG("p"),      ARG("--batch.max=5"), ARG("-c"), path,
                         ARG("status"), ARG("--wait.max_s"),  ARG("x"),  NULL };
        int operand;

        cr_assert_eq(ev_config_load(config, 7, argv,
                                    STRINGS(ARG("QUENTY_BATCH_MAX=3"), ARG("QUENTY_WAIT_MAX_S=4"),
                                            ARG("PATH=/bin"), ARG("QUENTY")),
                                    &operand),
                     0, "%s", ev_error_last()->text);
        cr_assert_eq(operand, 4, "what stands behind an operand is the caller's");
        cr_assert_eq(ev_config_integer(config, "batch.max"), 5);
        cr_assert_eq(ev_config_integer(config, "wait.max_s"), 4);
        cr_assert_eq(ev_config_integer(config, "clock.skew_ms"), -3);
        cr_assert_str_eq(ev_config_text(config, "db.host"), "a b # c");
        cr_assert_eq(ev_config_choice(config, "log.format"), 1);
}

Test(config, arguments_end_at_two_dashes)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        char *argv[] = {
                ARG("p"), ARG("--db.host"), ARG("-x"), ARG("--"), ARG("--batch.max"), NULL
        };
        int operand = 0;

        cr_assert_eq(ev_config_load(config, 5, argv, STRINGS(NULL), &operand), 0, "%s",
                     ev_error_last()->text);
        cr_assert_eq(operand, 4);
        cr_assert_str_eq(ev_config_text(config, "db.host"), "-x");
}

Test(config, help_and_version_come_before_any_error)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();

        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("--nonsense"), ARG("-h")), STRINGS(NULL)),
                     EV_CONFIG_HELP_WANTED);
        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("--help")), STRINGS(NULL)),
                     EV_CONFIG_HELP_WANTED);
        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("--version")), STRINGS(NULL)),
                     EV_CONFIG_VERSION_WANTED);
}

Test(config_files, an_unknown_key_names_its_line_and_the_nearest_key)
{
        expect_bad_file("batch.max = 1\nbatch.mx = 2\n",
                        TEXTS("bad.conf:2:", "unknown key \"batch.mx\"", "\"batch.max\""));
        expect_bad_file("zzz = 2\n", TEXTS("bad.conf:1:", "unknown key \"zzz\"", "--help"));
        expect_bad_file("kafka. = 2\n", TEXTS("bad.conf:1:", "unknown key"));
        expect_bad_file("kafka._file = /x\n", TEXTS("bad.conf:1:", "unknown key"));
        expect_bad_file(" = 2\n", TEXTS("bad.conf:1:", "unknown key"));
        expect_bad_file("\n\nbatch.max\n", TEXTS("bad.conf:3:", "key = value"));
        expect_bad_file("batch.max = 1\nwait.max_s = 1\nbatch.max = 1\n",
                        TEXTS("bad.conf:3:", "twice", "bad.conf:1"));
}

Test(config, an_unknown_variable_or_argument_names_the_nearest)
{
        char *const *program = STRINGS(ARG("p"));

        expect_failure(program, STRINGS(ARG("QUENTY_BATCH_MAXX=2")),
                       TEXTS("environment", "QUENTY_BATCH_MAXX", "\"QUENTY_BATCH_MAX\""));
        expect_failure(program, STRINGS(ARG("QUENTY_CUSTOMER_SERVICE_HOST=2")),
                       TEXTS("unknown variable \"QUENTY_CUSTOMER_SERVICE_HOST\""));
        expect_failure(STRINGS(ARG("p"), ARG("--batch.may=1")), STRINGS(NULL),
                       TEXTS("argument", "\"batch.may\"", "\"batch.max\""));
        expect_failure(STRINGS(ARG("p"), ARG("-x")), STRINGS(NULL), TEXTS("unknown argument"));
        expect_failure(STRINGS(ARG("p"), ARG("--batch.max")), STRINGS(NULL),
                       TEXTS("needs a value"));
        expect_failure(STRINGS(ARG("p"), ARG("--batch.max=1"), ARG("--batch.max=1")), STRINGS(NULL),
                       TEXTS("twice"));
        expect_failure(STRINGS(ARG("p"), ARG("-c"), ARG("/a"), ARG("--config=/b")), STRINGS(NULL),
                       TEXTS("-c is given twice"));
        expect_failure(STRINGS(ARG("p"), ARG("-c"), ARG("/nonexistent")), STRINGS(NULL),
                       TEXTS("/nonexistent", "No such file"));
}

Test(config_files, a_bad_value_names_key_value_and_range)
{
        static const char *const lines[] = {
                "batch.max = 0",     "batch.max = 10001",
                "batch.max = -1",    "batch.max =",
                "batch.max = 1.5",   "batch.max = 0x10",
                "batch.max = 1 000", "batch.max = 99999999999999999999",
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(lines); ++i)
                expect_bad_file(lines[i], TEXTS("bad.conf:1: batch.max is ",
                                                "a whole number from 1 to 10000 records"));
        expect_bad_file("batch.max = 7x", TEXTS("\"7x\""));
        expect_bad_file("clock.skew_ms = -1001", TEXTS("from -1000 to 1000"));
        expect_bad_file("log.format = xml", TEXTS("\"xml\"", "one of logfmt|json"));
        expect_bad_file("log.format = logfmt|json", TEXTS("one of logfmt|json"));
        expect_bad_file("relay.enabled = yes", TEXTS("\"yes\"", "true or false"));
        expect_bad_file("db.host = ", TEXTS("a text of 1 to 20 bytes"));
        expect_bad_file("db.host = 123456789012345678901", TEXTS("a text of 1 to 20 bytes"));
        expect_bad_file("db.host = a\x1b[2J", TEXTS("db.host is \"a?[2J\""));
        expect_bad_file("db.host = \xff", TEXTS("db.host"));
}

Test(config, what_is_required_must_be_given)
{
        expect_failure(STRINGS(ARG("p")), STRINGS(NULL),
                       TEXTS("db.host is not set", "QUENTY_DB_HOST", "--db.host"));
}

Test(config_files, a_secret_is_the_content_of_its_file)
{
        char *secret = write_file("password", "hunter2 \n", 9, 0640);
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        _cleanup_secret_ struct ev_secret read = { 0 };
        struct ev_config_entry entry;
        size_t position = 0;
        char variable[200];
        bool found = false;

        snprintf(variable, sizeof(variable), "QUENTY_DB_PASSWORD_FILE=%s", secret);
        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("--db.host=a")), STRINGS(variable)), 0,
                     "%s", ev_error_last()->text);
        cr_assert_eq(ev_secret_read("key", ev_config_secret_file(config, "db.password_file"),
                                    &read),
                     0);
        cr_assert_str_eq(read.revealed, "hunter2 ");
        while (ev_config_next_entry(config, &position, &entry)) {
                cr_assert_null(entry.value ? strstr(entry.value, "hunter2") : NULL);
                if (strcmp(entry.name, "db.password_file") == 0) {
                        found = entry.is_secret;
                        cr_assert_str_eq(entry.value, secret);
                        cr_assert_str_eq(entry.origin, "environment");
                }
        }
        cr_assert(found);
}

static void expect_bad_secret(char *path, const char *text)
{
        char variable[200];

        snprintf(variable, sizeof(variable), "QUENTY_DB_PASSWORD_FILE=%s", path);
        expect_failure(STRINGS(ARG("p"), ARG("--db.host=a")), STRINGS(variable),
                       TEXTS("db.password_file", text));
        cr_assert_null(strstr(ev_error_last()->text, "hunter2"));
}

/* The limit of time is for the FIFO, which must be refused instead of waited for. */
Test(config_files, a_bad_secret_is_refused_without_showing_it, .timeout = 30)
{
        static char large[EV_CONFIG_SECRET_MAX + 1];
        char missing[128];

        memset(large, 'x', sizeof(large));
        expect_bad_secret(write_file("open", "hunter2", 7, 0644), "everybody");
        expect_bad_secret(write_file("writable", "hunter2", 7, 0602), "everybody");
        expect_bad_secret(write_file("empty", "", 0, 0600), "empty");
        expect_bad_secret(write_file("newline", "\n", 1, 0600), "empty");
        expect_bad_secret(write_file("nul", "hunter2\0x", 9, 0600), "NUL");
        expect_bad_secret(write_file("large", large, sizeof(large), 0600), "too large");
        expect_bad_secret(folder, "not a file");
        snprintf(missing, sizeof(missing), "%s/fifo", folder);
        cr_assert_eq(mkfifo(missing, 0600), 0);
        expect_bad_secret(missing, "not a file");
        snprintf(missing, sizeof(missing), "%s/missing", folder);
        expect_bad_secret(missing, "No such file");
        /* The password itself, where its file was wanted. */
        expect_bad_secret(ARG("hunter2"), "absolute path");
}

Test(config_files, a_secret_of_the_largest_size_is_read)
{
        static char large[EV_CONFIG_SECRET_MAX];
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        _cleanup_secret_ struct ev_secret read = { 0 };
        char variable[200];

        memset(large, 'x', sizeof(large));
        snprintf(variable, sizeof(variable), "QUENTY_DB_PASSWORD_FILE=%s",
                 write_file("large", large, sizeof(large), 0600));
        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("--db.host=a")), STRINGS(variable)), 0);
        cr_assert_eq(ev_secret_read("key", ev_config_secret_file(config, "db.password_file"),
                                    &read),
                     0);
        cr_assert_eq(read.size, EV_CONFIG_SECRET_MAX);
}

Test(config_files, settings_below_a_prefix_are_handed_on)
{
        static const struct {
                const char *name, *value;
        } expected[] = {
                { "bootstrap.servers", "b:9092" },
                { "sasl.password", "hunter2" },
                { "client.id", "x" },
                { "linger.ms", "5" },
        };
        char *secret = write_file("password", "hunter2\n", 8, 0600);
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        struct ev_config_setting setting;
        char content[512], *path;
        size_t position = 0;

        snprintf(content, sizeof(content),
                 "db.host=a\nkafka.bootstrap.servers = a:9092\nkafka.sasl.password_file = /none\n"
                 "kafka.client.id = x\n");
        path = write_file("quenty.conf", content, strlen(content), 0644);
        snprintf(content, sizeof(content), "QUENTY_KAFKA_SASL_PASSWORD_FILE=%s", secret);
        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("-c"), path, ARG("--kafka.linger.ms=5")),
                          STRINGS(ARG("QUENTY_KAFKA_BOOTSTRAP_SERVERS=b:9092"), content)),
                     0, "%s", ev_error_last()->text);
        for (size_t i = 0; i < EV_ARRAY_SIZE(expected); ++i) {
                cr_assert(ev_config_next_free(config, "kafka.", &position, &setting));
                cr_assert_str_eq(setting.name, expected[i].name);
                cr_assert_str_eq(setting.value, expected[i].value);
                cr_assert_eq(setting.is_secret, strcmp(setting.name, "sasl.password") == 0);
        }
        cr_assert_not(ev_config_next_free(config, "kafka.", &position, &setting));
}

Test(config_files, a_secret_of_kafka_is_refused_as_a_value)
{
        expect_bad_file("kafka.sasl.password = hunter2", TEXTS("kafka.sasl.password_file"));
        cr_assert_null(strstr(ev_error_last()->text, "hunter2"));
        expect_bad_file("kafka.ssl.key.pem = hunter2", TEXTS("kafka.ssl.key.pem_file"));
        expect_bad_file("kafka.sasl.oauthbearer.client.secret = hunter2",
                        TEXTS("kafka.sasl.oauthbearer.client.secret_file"));
        expect_bad_file("kafka.sasl.password_file = hunter2", TEXTS("absolute path"));
        cr_assert_null(strstr(ev_error_last()->text, "hunter2"));
}

Test(config, the_number_of_free_settings_is_bounded)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        static char arguments[EV_CONFIG_FREE_MAX + 1][32];
        char *argv[EV_CONFIG_FREE_MAX + 4] = { ARG("p"), ARG("--db.host=a") };

        for (int i = 0; i <= EV_CONFIG_FREE_MAX; ++i) {
                snprintf(arguments[i], sizeof(arguments[i]), "--kafka.x%d=1", i);
                argv[i + 2] = arguments[i];
        }
        cr_assert_eq(load(config, argv, STRINGS(NULL)), EV_FAILED);
        cr_assert_not_null(strstr(ev_error_last()->text, "more than 128"));
}

Test(config_files, every_effective_value_tells_its_origin)
{
        static const struct {
                const char *name, *value, *origin;
        } expected[] = {
                { "batch.max", "7", "quenty.conf:2" },
                { "wait.max_s", "8", "environment" },
                { "clock.skew_ms", "0", "default" },
                { "log.format", "logfmt", "default" },
                { "relay.enabled", "true", "default" },
                { "db.host", "a", "argument" },
                { "db.options", NULL, "default" },
                { "db.password_file", NULL, "default" },
                { "kafka.client.id", "x", "quenty.conf:3" },
        };
        static const char content[] = "#\nbatch.max=7\nkafka.client.id=x\nwait.max_s=9";
        char *path = write_file("quenty.conf", content, sizeof(content) - 1, 0644);
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        struct ev_config_entry entry;
        size_t position = 0;

        cr_assert_eq(load(config, STRINGS(ARG("p"), ARG("-c"), path, ARG("--db.host=a")),
                          STRINGS(ARG("QUENTY_WAIT_MAX_S=8"))),
                     0);
        for (size_t i = 0; i < EV_ARRAY_SIZE(expected); ++i) {
                cr_assert(ev_config_next_entry(config, &position, &entry));
                cr_assert_str_eq(entry.name, expected[i].name);
                if (expected[i].value)
                        cr_assert_str_eq(entry.value, expected[i].value);
                else
                        cr_assert_null(entry.value);
                cr_assert_not_null(strstr(entry.origin, expected[i].origin), "%s: %s", entry.name,
                                   entry.origin);
        }
        cr_assert_not(ev_config_next_entry(config, &position, &entry));
}

Test(config_files, a_file_over_the_limit_is_refused)
{
        static char large[EV_CONFIG_FILE_MAX + 1];
        char *path;

        memset(large, '\n', sizeof(large));
        path = write_file("large.conf", large, sizeof(large), 0644);
        expect_failure(STRINGS(ARG("p"), ARG("-c"), path), STRINGS(ARG("QUENTY_DB_HOST=a")),
                       TEXTS("large.conf", "too large"));
}

Test(config, help_names_every_option_its_range_and_default)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 16);
        const char *const *texts = TEXTS(
                "Batches:\n  --batch.max=VALUE\n        Records in one transaction. With 1 each "
                "record has its own.\n        A whole number from 1 to 10000 records; the default "
                "is 200.\n",
                "--kafka.NAME=VALUE", "A text of 1 to 20 bytes; required.", "not set by default",
                "One of logfmt|json; the default is logfmt.");
        size_t width = 0;

        cr_assert_eq(ev_config_write_help(config, &buffer), 0);
        cr_assert_eq(ev_buffer_append(&buffer, "", 1), 0);
        for (; *texts; ++texts)
                cr_assert_not_null(strstr((const char *)buffer.data, *texts), "%s in:\n%s", *texts,
                                   (const char *)buffer.data);
        for (const uint8_t *c = buffer.data; *c; ++c) {
                width = *c == '\n' ? 0 : width + 1;
                cr_assert_leq(width, 80);
        }
}

Test(config_files, the_manual_is_mdoc_without_a_complaint)
{
        static const char head[] = ".Dd January 1, 2025\n.Dt T 1\n.Os\n.Sh NAME\n.Nm t\n.Nd tests\n"
                                   ".Sh CONFIGURATION\n";
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 16);
        char command[512];

        cr_assert_eq(ev_buffer_append(&buffer, head, sizeof(head) - 1), 0);
        cr_assert_eq(ev_config_write_manual(config, &buffer), 0);
        snprintf(command, sizeof(command), "mandoc -T lint -W style %s 1>&2",
                 write_file("t.1", buffer.data, buffer.size, 0644));
        cr_assert_eq(system(command), 0);
        snprintf(command, sizeof(command),
                 "mandoc -T ascii %s/t.1 | grep -qF '.Where the server is"
                 " \\ or its socket.'",
                 folder);
        cr_assert_eq(system(command), 0);
}

Test(config_files, the_sample_is_a_file_of_defaults)
{
        _cleanup_(ev_config_free_p) struct ev_config *config = new_config();
        _cleanup_(ev_config_free_p) struct ev_config *read = new_config();
        _cleanup_buffer_ struct ev_buffer buffer = EV_BUFFER_INIT(1 << 16);
        char *path;

        cr_assert_eq(ev_config_write_sample(config, &buffer), 0);
        path = write_file("sample.conf", buffer.data, buffer.size, 0644);
        cr_assert_eq(load(read, STRINGS(ARG("p"), ARG("-c"), path, ARG("--db.host=a")),
                          STRINGS(NULL)),
                     0, "%s", ev_error_last()->text);
        cr_assert_eq(ev_buffer_append(&buffer, "", 1), 0);
        cr_assert_not_null(strstr((const char *)buffer.data, "\n#batch.max = 200\n"));
}
