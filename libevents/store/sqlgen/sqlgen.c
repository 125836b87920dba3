/* Makes constants of SQL files: sqlgen PREFIX FOLDER HEADER SOURCE. What a file looks like is in
 * store/sql/README.md.
 *
 * It runs while building and trusts nobody's spelling: whatever can be seen without a server is an
 * error with file and line here. What only a server can see, that the types are right and the
 * tables exist, is the test's that prepares all statements.
 *
 * It knows SQL as far as it must to find comments, parameters and the end of a statement, which is
 * PostgreSQL's lexical structure and nothing of its grammar: quoted texts of every kind are copied
 * as they are, because a "--" or a "$1" inside of one is neither. Comments are taken out so that
 * they cost nothing at run time and pg_stat_statements shows statements and not essays.
 *
 * If it dies halfway, the build system removes what it wrote. */

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/macro.h"
#include "base/str.h"
#include "store/statement.h"
#include "store/type.h"

enum {
        FILE_BYTES_MAX = 64 * 1024,
        FILES_MAX = 1000,
        PATH_BYTES_MAX = 4096,
        OUTPUT_BYTES_MAX = 16 * 1024 * 1024,
        NAME_BYTES = EV_STATEMENT_NAME_MAX + 1,
};

/* A parameter or a column as it is declared. */
struct item {
        char name[NAME_BYTES];
        uint32_t oid;
        bool nullable;
};

struct list {
        struct item items[EV_STATEMENT_PARAMS_MAX];
        size_t count;
};

/* A file while it is read. */
struct source {
        char path[PATH_BYTES_MAX];
        char name[NAME_BYTES]; /* of the file, without ".sql" */
        char text[FILE_BYTES_MAX + 1];
        const char *at;
        unsigned line;
        bool has_comment;
        struct list in;
        struct list out;
        bool is_used[EV_STATEMENT_PARAMS_MAX];
        struct ev_buffer sql; /* without comments */
};

#define FAIL_AT(source, ...)                    \
        (ev_fail(EV_VERDICT_STOP, __VA_ARGS__), \
         ev_fail_while("%s:%u", (source)->path, (source)->line))

/* Declarations. */

static struct ev_str trim(struct ev_str str)
{
        assert(str.data || str.size == 0);

        while (str.size && isspace((unsigned char)str.data[0])) {
                str.data++;
                str.size--;
        }
        while (str.size && isspace((unsigned char)str.data[str.size - 1]))
                str.size--;
        return str;
}

/* Names become identifiers of C and of SQL without quotes, so they are of what both take. */
static bool is_name(struct ev_str str)
{
        bool valid = str.size > 0 && str.size < NAME_BYTES && !isdigit((unsigned char)str.data[0]);

        assert(str.data);

        for (size_t i = 0; valid && i < str.size; ++i)
                valid = islower((unsigned char)str.data[i]) ||
                        isdigit((unsigned char)str.data[i]) || str.data[i] == '_';
        return valid;
}

/* Cuts `suffix` off the end, if it is there. */
static bool cut_end(struct ev_str *str, struct ev_str suffix)
{
        assert(str && suffix.size > 0);

        if (str->size < suffix.size ||
            memcmp(str->data + str->size - suffix.size, suffix.data, suffix.size) != 0)
                return false;
        str->size -= suffix.size;
        return true;
}

/* One "name type", "name type[]" or "name type?". */
static int parse_item(struct source *source, struct ev_str text, struct list *list)
{
        struct item *item = &list->items[list->count];
        struct ev_str name = { text.data, 0 }, type_name;
        const struct ev_type *type;
        bool is_array;

        assert(list == &source->in || list == &source->out);
        assert(list->count <= EV_ARRAY_SIZE(list->items));

        if (list->count == EV_ARRAY_SIZE(list->items))
                return FAIL_AT(source, "more than %zu names", list->count);
        while (name.size < text.size && !isspace((unsigned char)text.data[name.size]))
                name.size++;
        type_name = trim((struct ev_str){ text.data + name.size, text.size - name.size });
        if (!is_name(name) || type_name.size == 0)
                return FAIL_AT(source, "\"%.*s\" is not of the form: name type", EV_STR_ARG(text));
        ev_str_copy(name, item->name, sizeof(item->name));
        /* From the end: name, then [], then ?. */
        item->nullable = cut_end(&type_name, EV_STR("?"));
        is_array = cut_end(&type_name, EV_STR("[]"));
        if (item->nullable && list == &source->in)
                return FAIL_AT(source,
                               "%s: any parameter may be NULL; \"?\" is for -- out:", item->name);
        type = ev_type_by_name(type_name);
        if (!type)
                return FAIL_AT(source, "%s: no type \"%.*s\" (sql/README.md has the list)",
                               item->name, EV_STR_ARG(type_name));
        item->oid = is_array ? type->array_oid : type->oid;
        /* Two columns of one name cannot be told apart in a result, and two such parameters not
         * in a message. */
        for (size_t i = 0; i < list->count; ++i)
                if (strcmp(list->items[i].name, item->name) == 0)
                        return FAIL_AT(source, "%s is named twice", item->name);
        list->count++;
        return 0;
}

static int parse_list(struct source *source, struct ev_str text, struct list *list)
{
        assert(text.data);

        for (;;) {
                const char *comma = memchr(text.data, ',', text.size);
                size_t size = comma ? (size_t)(comma - text.data) : text.size;
                struct ev_str rest = { text.data + size, text.size - size };
                struct ev_str item = trim((struct ev_str){ text.data, size });

                /* A list may end with a comma when another line goes on with it. */
                if (item.size || comma) {
                        int r = parse_item(source, item, list);

                        if (r < 0)
                                return r;
                }
                if (!comma)
                        return 0;
                text = (struct ev_str){ rest.data + 1, rest.size - 1 };
        }
}

/* A "--" comment: one of the two lists, or words for people. */
static int parse_comment_line(struct source *source, struct ev_str line)
{
        static const struct ev_str in = EV_STR_INIT("in:"), out = EV_STR_INIT("out:");
        bool is_in, is_out;

        assert(line.size >= 2);

        line = trim((struct ev_str){ line.data + 2, line.size - 2 });
        is_in = ev_str_starts_with(line, in);
        is_out = ev_str_starts_with(line, out);
        if (!is_in && !is_out) {
                source->has_comment = source->has_comment || line.size > 0;
                return 0;
        }
        /* Declarations stand where a reader looks for them: on top. */
        if (source->sql.size > 0)
                return FAIL_AT(source, "-- %.*s lies below the beginning of the statement",
                               EV_STR_ARG(is_in ? in : out));
        line.data += is_in ? in.size : out.size;
        line.size -= is_in ? in.size : out.size;
        return parse_list(source, line, is_in ? &source->in : &source->out);
}

/* SQL. Each function reads one lexical element at source->at; PostgreSQL 15, section 4.1. */

/* Copies and counts lines, for the messages. */
static int copy(struct source *source, size_t size)
{
        assert(size <= strlen(source->at));

        for (size_t i = 0; i < size; ++i)
                source->line += source->at[i] == '\n';
        source->at += size;
        return ev_buffer_append(&source->sql, source->at - size, size);
}

/* A comment is looked into, because the declarations stand in comments: psql and editors still
 * take the file as plain SQL. */
static int skip_line_comment(struct source *source)
{
        size_t size = strcspn(source->at, "\n");
        int r = parse_comment_line(source, (struct ev_str){ source->at, size });

        assert(strncmp(source->at, "--", 2) == 0);

        source->at += size;
        return r;
}

/* They nest in PostgreSQL, unlike in C. */
static int skip_block_comment(struct source *source)
{
        unsigned depth = 0;

        assert(strncmp(source->at, "/*", 2) == 0);

        do {
                bool opens = strncmp(source->at, "/*", 2) == 0;
                bool closes = strncmp(source->at, "*/", 2) == 0;

                /* The end of the file inside of a comment. */
                if (!*source->at)
                        return FAIL_AT(source, "a comment does not end");
                depth += opens;
                depth -= closes;
                source->line += *source->at == '\n';
                source->at += opens || closes ? 2 : 1;
        } while (depth > 0);
        /* It separates words, as white space does. */
        return source->sql.size ? ev_buffer_append(&source->sql, " ", 1) : 0;
}

/* 'text', "name" and, with a backslash, E'text'. A doubled quote is two quoted pieces in a row. */
static int copy_quoted(struct source *source, bool has_escapes)
{
        char quote = *source->at;
        size_t size = 1;

        assert(quote == '\'' || quote == '"');

        while (source->at[size] && source->at[size] != quote)
                size += has_escapes && source->at[size] == '\\' && source->at[size + 1] ? 2 : 1;
        if (!source->at[size])
                return FAIL_AT(source, "a %c is not closed", quote);
        return copy(source, size + 1);
}

/* $1, $tag$…$tag$ or $$…$$. */
static int copy_dollar(struct source *source)
{
        const char *at = source->at;
        size_t tag = 1;
        const char *end;
        char mark[NAME_BYTES];

        assert(*at == '$');

        /* A parameter. $01 is one as well for PostgreSQL, so the number is read and not
         * compared. */
        if (isdigit((unsigned char)at[1])) {
                unsigned long number = strtoul(at + 1, NULL, 10);

                if (number < 1 || number > source->in.count)
                        return FAIL_AT(source, "$%lu: -- in: names %zu parameters", number,
                                       source->in.count);
                source->is_used[number - 1] = true;
                return copy(source, 1 + strspn(at + 1, "0123456789"));
        }
        while (isalnum((unsigned char)at[tag]) || at[tag] == '_')
                tag++;
        if (at[tag] != '$' || tag + 1 >= sizeof(mark))
                return FAIL_AT(source, "a $ that begins neither a parameter nor a quoted text");
        ev_str_copy((struct ev_str){ at, tag + 1 }, mark, sizeof(mark));
        /* Nothing inside has a meaning, not even a backslash: only the same mark ends it. */
        end = strstr(at + tag + 1, mark);
        if (!end)
                return FAIL_AT(source, "the text quoted with %s is not closed", mark);
        return copy(source, (size_t)(end - at) + tag + 1);
}

/* Words are copied whole so that the E of E'...' is seen as what it is, and not as the end of a
 * name such as "table'". */
static int copy_word(struct source *source)
{
        size_t size = 0;

        while (isalnum((unsigned char)source->at[size]) || source->at[size] == '_' ||
               (unsigned char)source->at[size] >= 0x80)
                size++;
        assert(size > 0);
        /* E'…' has escapes; U&'…', B'…' and X'…' have none that hide a quote. */
        if (size == 1 && (*source->at == 'E' || *source->at == 'e') && source->at[1] == '\'') {
                int r = copy(source, 1);

                return r < 0 ? r : copy_quoted(source, true);
        }
        return copy(source, size);
}

/* White space that ends a line goes, empty lines too; what stands between words stays. */
static int copy_space(struct source *source)
{
        size_t size = strspn(source->at, " \t\r\n");
        bool has_newline = memchr(source->at, '\n', size);
        size_t used = source->sql.size;
        int r;

        assert(size > 0);

        r = copy(source, size);
        if (r < 0)
                return r;
        /* Taken back: it was copied for the count of lines only. */
        source->sql.size = used;
        if (used == 0)
                return 0;
        return ev_buffer_append(&source->sql, has_newline ? "\n" : " ", 1);
}

/* Prepared statements hold one command; the server would say so too, but without a line. */
static int check_end(struct source *source)
{
        assert(*source->at == ';');

        source->at += strspn(source->at, "; \t\r\n");
        if (*source->at && strncmp(source->at, "--", 2) != 0 && strncmp(source->at, "/*", 2) != 0)
                return FAIL_AT(source, "a second statement follows: one statement a file");
        source->at += strlen(source->at);
        return 0;
}

/* The order matters only for the first two, which begin with operators. */
static int parse_element(struct source *source)
{
        const char *at = source->at;

        assert(*source->at);

        if (strncmp(at, "--", 2) == 0)
                return skip_line_comment(source);
        if (strncmp(at, "/*", 2) == 0)
                return skip_block_comment(source);
        if (*at == ';')
                return check_end(source);
        if (*at == '\'' || *at == '"')
                return copy_quoted(source, false);
        if (*at == '$')
                return copy_dollar(source);
        if (isspace((unsigned char)*at))
                return copy_space(source);
        if (isalnum((unsigned char)*at) || *at == '_' || (unsigned char)*at >= 0x80)
                return copy_word(source);
        return copy(source, 1);
}

static int parse(struct source *source)
{
        int r = 0;

        assert(source->sql.size == 0);

        source->at = source->text;
        source->line = 1;
        while (r == 0 && *source->at) {
                r = parse_element(source);
                /* As soon as the statement begins: the line of the message is then the one that
                 * lacks something. */
                if (source->sql.size > 0 && !source->has_comment)
                        return FAIL_AT(source,
                                       "no comment above it says what the statement is for");
        }
        if (r < 0)
                return r;
        while (source->sql.size && isspace(source->sql.data[source->sql.size - 1]))
                source->sql.size--;
        if (source->sql.size == 0)
                return FAIL_AT(source, "no statement");
        /* The server would infer no type for it and refuse, or bind a value that does nothing. */
        for (size_t i = 0; i < source->in.count; ++i)
                if (!source->is_used[i])
                        return FAIL_AT(source, "parameter %s ($%zu) is not used",
                                       source->in.items[i].name, i + 1);
        return 0;
}

/* Output. */

/* A line of SQL is a line of C, so that the generated file can be read beside its source. '?' is
 * escaped because of trigraphs, which gcc warns of. */
static int write_string(struct ev_buffer *out, struct ev_str text)
{
        int r = ev_buffer_append_str(out, EV_STR("\n                \""));

        assert(text.data);

        for (size_t i = 0; r == 0 && i < text.size; ++i) {
                char c = text.data[i];

                if (c == '\n')
                        r = ev_buffer_append_str(out, EV_STR("\\n\"\n                \""));
                else if (c == '"' || c == '\\' || c == '?')
                        r = ev_buffer_printf(out, "\\%c", c);
                else
                        r = ev_buffer_append(out, &c, 1);
        }
        return r < 0 ? r : ev_buffer_append_str(out, EV_STR("\""));
}

/* Oids as numbers: the generated file then needs no other header than the one of statements. */
static int write_params(struct ev_buffer *out, const struct source *source)
{
        const struct list *in = &source->in;
        int r;

        assert(in->count <= EV_STATEMENT_PARAMS_MAX);

        if (in->count == 0)
                return 0;
        r = ev_buffer_printf(out, "static const uint32_t %s_params[] = { ", source->name);
        for (size_t i = 0; r == 0 && i < in->count; ++i)
                r = ev_buffer_printf(out, "%s%u", i ? ", " : "", in->items[i].oid);
        if (r == 0)
                r = ev_buffer_printf(out, " };\nstatic const char *const %s_param_names[] = { ",
                                     source->name);
        for (size_t i = 0; r == 0 && i < in->count; ++i)
                r = ev_buffer_printf(out, "%s\"%s\"", i ? ", " : "", in->items[i].name);
        return r < 0 ? r : ev_buffer_append_str(out, EV_STR(" };\n"));
}

static int write_columns(struct ev_buffer *out, const struct source *source)
{
        const struct list *columns = &source->out;
        int r;

        assert(columns->count <= EV_STATEMENT_COLUMNS_MAX);

        if (columns->count == 0)
                return 0;
        r = ev_buffer_printf(out, "static const struct ev_column %s_columns[] = {\n", source->name);
        for (size_t i = 0; r == 0 && i < columns->count; ++i)
                r = ev_buffer_printf(out, "        { \"%s\", %u, %s },\n", columns->items[i].name,
                                     columns->items[i].oid,
                                     columns->items[i].nullable ? "true" : "false");
        return r < 0 ? r : ev_buffer_append_str(out, EV_STR("};\n"));
}

static int write_statement(struct ev_buffer *out, const struct source *source, const char *prefix)
{
        const char *name = source->name;
        int r;

        assert(source->sql.size > 0);

        r = write_params(out, source);
        if (r == 0)
                r = write_columns(out, source);
        if (r == 0)
                r = ev_buffer_printf(out,
                                     "const struct ev_statement %s_%s = {\n"
                                     "        .name = \"%s_%s\",\n        .text =",
                                     prefix, name, prefix, name);
        if (r == 0)
                r = write_string(out, ev_buffer_str(&source->sql));
        if (r == 0 && source->in.count)
                r = ev_buffer_printf(out,
                                     ",\n        .params = %s_params,\n"
                                     "        .param_names = %s_param_names,\n"
                                     "        .params_count = %zu",
                                     name, name, source->in.count);
        if (r == 0 && source->out.count)
                r = ev_buffer_printf(out,
                                     ",\n        .columns = %s_columns,\n"
                                     "        .columns_count = %zu",
                                     name, source->out.count);
        return r < 0 ? r : ev_buffer_append_str(out, EV_STR(",\n};\n\n"));
}

/* Files. */

/* A NUL would end the statement early, and what is no UTF-8 the server would refuse. */
static int read_text(struct source *source)
{
        FILE *file = fopen(source->path, "r");
        size_t size;

        assert(source->path[0]);

        if (!file)
                return ev_fail(EV_VERDICT_STOP, "%s: %s", source->path, strerror(errno));
        size = fread(source->text, 1, sizeof(source->text), file);
        fclose(file);
        /* The buffer has one byte more than the bound, which shows that there was more. */
        if (size > FILE_BYTES_MAX)
                return ev_fail(EV_VERDICT_STOP, "%s: longer than %d bytes", source->path,
                               FILE_BYTES_MAX);
        source->text[size] = '\0';
        if (strlen(source->text) != size || !ev_str_is_text((struct ev_str){ source->text, size }))
                return ev_fail(EV_VERDICT_STOP, "%s: not UTF-8 text", source->path);
        return 0;
}

/* The name with its prefix is what the statement is prepared under, which PostgreSQL cuts at 63
 * bytes: two long ones could become the same. */
static int read_source(struct source *source, const char *folder, struct ev_str name,
                       const char *prefix)
{
        int r;

        assert(folder && prefix);

        snprintf(source->path, sizeof(source->path), "%s/%.*s", folder, EV_STR_ARG(name));
        cut_end(&name, EV_STR(".sql"));
        if (!is_name(name) || name.size + strlen(prefix) + 1 > EV_STATEMENT_NAME_MAX)
                return ev_fail(EV_VERDICT_STOP,
                               "%s: the name is not of a-z, 0-9 and _, or longer than %zu bytes",
                               source->path, EV_STATEMENT_NAME_MAX - strlen(prefix) - 1);
        ev_str_copy(name, source->name, sizeof(source->name));
        r = read_text(source);
        return r < 0 ? r : parse(source);
}

/* Other files, such as a README, may lie beside the statements. */
static int is_sql(const struct dirent *entry)
{
        struct ev_str name = ev_str_of(entry->d_name);

        assert(entry);

        return cut_end(&name, EV_STR(".sql"));
}

/* Sorted, so that the output depends on the files alone and not on the file system. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
        assert(a && b);

        return strcmp((*a)->d_name, (*b)->d_name);
}

struct output {
        struct ev_buffer header;
        struct ev_buffer source;
        struct ev_buffer all;
};

/* Three texts grow side by side: declarations, definitions, and the list of all. */
static int begin_output(struct output *output, const char *prefix)
{
        static const char note[] = "/* Made by sqlgen; change the .sql files instead. */\n\n";
        int r;

        assert(prefix[0]);

        r = ev_buffer_printf(&output->header,
                             "#ifndef GENERATED_%s_H\n#define GENERATED_%s_H\n\n%s"
                             "#include \"store/statement.h\"\n\n",
                             prefix, prefix, note);
        if (r == 0)
                r = ev_buffer_printf(&output->source, "%s#include \"%s.h\"\n\n", note, prefix);
        return r < 0 ? r
                     : ev_buffer_printf(&output->all,
                                        "const struct ev_statement *const %s_all[] = {\n", prefix);
}

static int end_output(struct output *output, const char *prefix, size_t count)
{
        int r;

        assert(count > 0);

        r = ev_buffer_printf(&output->header,
                             "\n/* All of them, for the test that prepares them. */\n"
                             "extern const struct ev_statement *const %s_all[];\n"
                             "enum { %s_count = %zu };\n\n#endif\n",
                             prefix, prefix, count);
        if (r == 0)
                r = ev_buffer_append_str(&output->source, ev_buffer_str(&output->all));
        return r < 0 ? r : ev_buffer_append_str(&output->source, EV_STR("};\n"));
}

/* One file after the other, so the memory of one is enough. */
static int add_file(struct output *output, const char *folder, const char *file, const char *prefix)
{
        static struct source source; /* large, and one at a time */
        int r;

        assert(folder && file && prefix);

        /* What the file before it left. */
        ev_buffer_done(&source.sql);
        memset(&source, 0, sizeof(source));
        source.sql = EV_BUFFER_INIT(FILE_BYTES_MAX);
        r = read_source(&source, folder, ev_str_of(file), prefix);
        if (r == 0)
                r = write_statement(&output->source, &source, prefix);
        if (r == 0)
                r = ev_buffer_printf(&output->header, "extern const struct ev_statement %s_%s;\n",
                                     prefix, source.name);
        if (r == 0)
                r = ev_buffer_printf(&output->all, "        &%s_%s,\n", prefix, source.name);
        ev_buffer_done(&source.sql);
        return r;
}

/* Written only when all files are right: a build that fails leaves no half of a header behind. */
static int write_file(const char *path, const struct ev_buffer *text)
{
        FILE *file = fopen(path, "w");
        bool failed;

        assert(path && text->size > 0);

        if (!file)
                return ev_fail(EV_VERDICT_STOP, "%s: %s", path, strerror(errno));
        failed = fwrite(text->data, 1, text->size, file) != text->size;
        if (fclose(file) != 0 || failed)
                return ev_fail(EV_VERDICT_STOP, "%s: cannot be written", path);
        return 0;
}

static int generate(struct output *output, const char *prefix, const char *folder)
{
        struct dirent **entries = NULL;
        int count = scandir(folder, &entries, is_sql, by_name);
        int r;

        assert(prefix && folder);

        if (count < 0)
                return ev_fail(EV_VERDICT_STOP, "%s: %s", folder, strerror(errno));
        /* A folder without statements is a wrong path. */
        if (count == 0 || count > FILES_MAX)
                r = ev_fail(EV_VERDICT_STOP, "%s: %d .sql files; 1 to %d can be", folder, count,
                            FILES_MAX);
        else
                r = begin_output(output, prefix);
        for (int i = 0; i < count; ++i) {
                if (r == 0)
                        r = add_file(output, folder, entries[i]->d_name, prefix);
                free(entries[i]);
        }
        free(entries);
        return r < 0 ? r : end_output(output, prefix, (size_t)count);
}

static void output_done(struct output *output)
{
        assert(output);

        ev_buffer_done(&output->header);
        ev_buffer_done(&output->source);
        ev_buffer_done(&output->all);
}

int main(int argc, char **argv)
{
        _cleanup_(output_done) struct output output = {
                .header = EV_BUFFER_INIT(OUTPUT_BYTES_MAX),
                .source = EV_BUFFER_INIT(OUTPUT_BYTES_MAX),
                .all = EV_BUFFER_INIT(OUTPUT_BYTES_MAX),
        };
        int r;

        if (argc != 5 || !is_name(ev_str_of(argv[1]))) {
                fputs("usage: sqlgen PREFIX FOLDER HEADER SOURCE\n", stderr);
                return 2;
        }
        /* Header and source are written when all is right, so a failure leaves the old ones for
         * the next build to replace. */
        r = generate(&output, argv[1], argv[2]);
        if (r == 0)
                r = write_file(argv[3], &output.header);
        if (r == 0)
                r = write_file(argv[4], &output.source);
        if (r < 0)
                fprintf(stderr, "%s\n", ev_error_last()->text);
        return r < 0;
}
