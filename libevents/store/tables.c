/* Loads and saves a worker's tables.
 *
 * The texts of the saving statements are made once, at start. They hold nothing but names from the
 * tables' descriptions; values travel as binary arrays. If the process dies between load and save,
 * the transaction is rolled back and nothing was written.
 *
 *      INSERT INTO public.t (a, b) SELECT n.a, n.b FROM unnest($1::int4[], $2::text[]) AS n (a, b)
 *      UPDATE public.t AS t SET b = n.b FROM unnest(…) AS n (a, b) WHERE t.a = n.a
 *      DELETE FROM public.t AS t USING unnest(…) AS n (a) WHERE t.a = n.a
 *
 * An UPDATE writes every column that may change, whether it did or not: one statement for all rows,
 * prepared once, is worth more than the bytes. Columns that never change are left out of it, so
 * that no index on them is touched. */

#include "store/tables.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/params.h"
#include "store/type.h"

enum { TEXT_BYTES_MAX = 16 * 1024 }; /* of a statement: 32 columns take some 3 KiB */

/* SQL's name of each column type as it travels; a varchar is read as the text it is. An array of
 * texts travels as one text, since unnest() would take an array of arrays apart. */
static const char *const type_names[] = {
        [EV_COLUMN_BOOL] = "bool",       [EV_COLUMN_INT4] = "int4",
        [EV_COLUMN_INT8] = "int8",       [EV_COLUMN_TEXT] = "text",
        [EV_COLUMN_NUMERIC] = "numeric", [EV_COLUMN_TIMESTAMPTZ] = "timestamptz",
        [EV_COLUMN_UUID] = "uuid",       [EV_COLUMN_JSONB] = "jsonb",
        [EV_COLUMN_TEXTS] = "text",
};

/* The type that a column of the table has as a parameter; its name is in the table above, so it
 * is there. */
static const struct ev_type *sql_type(const struct ev_table_column *column)
{
        const struct ev_type *type = ev_type_by_name(ev_str_of(type_names[column->type]));

        assert(column->type < EV_ARRAY_SIZE(type_names));

        assert(type);
        return type;
}

/* ---- Loading ---- */

/* What the server says it sends must be what the struct holds. No conversions: an int4 that is
 * read as an int8 would be right today and wrong with the first migration. */
static bool is_loaded_as(const struct ev_table_column *column, uint32_t oid)
{
        assert(oid != 0);

        return oid == sql_type(column)->oid ||
               (column->type == EV_COLUMN_TEXT && oid == EV_OID_VARCHAR);
}

/* Whether NULL has a place in the row's struct. */
static bool holds_null(const struct ev_table_column *column)
{
        assert(column);

        return column->present_offset != 0 || column->type == EV_COLUMN_TEXT ||
               column->type == EV_COLUMN_JSONB || column->type == EV_COLUMN_TEXTS;
}

/* A NULL that has no place in the struct would be read as 0 there. */
static int check_nulls(const struct ev_load *load)
{
        const struct ev_table *table = load->table;

        assert(load->statement->columns_count == table->column_count);

        for (size_t i = 0; i < table->column_count; ++i)
                if (load->statement->columns[i].nullable && !holds_null(&table->columns[i]))
                        return ev_fail(EV_VERDICT_STOP,
                                       "column %s of statement %s may be NULL, and table %s has no "
                                       "place for that",
                                       table->columns[i].name, load->statement->name, table->name);
        return 0;
}

/* Names, types and order must be the same as in the table: the statement was written by hand, and
 * a column that was inserted in the middle of one of the two would put values into the wrong
 * members. */
int ev_load_check(const struct ev_load *load)
{
        const struct ev_statement *statement = load->statement;
        const struct ev_table *table = load->table;

        assert(ev_table_check(table));
        assert(load->list_count <= EV_LOAD_LISTS_MAX);

        if (statement->params_count != load->list_count ||
            statement->columns_count != table->column_count)
                return ev_fail(EV_VERDICT_STOP,
                               "statement %s has %zu parameters and %zu columns, table %s wants "
                               "%zu and %zu",
                               statement->name, statement->params_count, statement->columns_count,
                               table->name, load->list_count, table->column_count);
        for (size_t i = 0; i < table->column_count; ++i)
                if (strcmp(statement->columns[i].name, table->columns[i].name) != 0 ||
                    !is_loaded_as(&table->columns[i], statement->columns[i].oid))
                        return ev_fail(EV_VERDICT_STOP,
                                       "column %zu of statement %s is %s, table %s wants %s %s",
                                       i + 1, statement->name, statement->columns[i].name,
                                       table->name, table->columns[i].name,
                                       type_names[table->columns[i].type]);
        return ev_trace(check_nulls(load));
}

bool ev_due_check(const struct ev_statement *statement)
{
        assert(statement);

        return statement->params_count == 1 && statement->params[0] == EV_OID_INT4 &&
               statement->columns_count == 1 && !statement->columns[0].nullable &&
               (statement->columns[0].oid == EV_OID_TEXT ||
                statement->columns[0].oid == EV_OID_VARCHAR);
}

/* A NULL in a column without a place for it cannot come: ev_load_check() has seen that the
 * statement declares none, and the session refuses one that comes all the same. */
static int read_value(const struct ev_table_column *column, const struct ev_result *result,
                      size_t row, size_t index, char *image)
{
        union {
                bool boolean;
                int32_t int4;
                int64_t int8;
                struct ev_str text;
                struct ev_uuid uuid;
        } value = { 0 };
        bool present = !ev_result_is_null(result, row, index);
        size_t size = sizeof(value.int8);
        int r;

        assert(present || holds_null(column));

        if (column->present_offset)
                memcpy(image + column->present_offset, &present, sizeof(present));
        if (!present)
                return 0; /* the image is all zeros, which is a null slice too */

        switch (column->type) {
        case EV_COLUMN_BOOL:
                value.boolean = ev_result_bool(result, row, index);
                size = sizeof(value.boolean);
                break;
        case EV_COLUMN_INT4:
                value.int4 = ev_result_int4(result, row, index);
                size = sizeof(value.int4);
                break;
        case EV_COLUMN_INT8: value.int8 = ev_result_int8(result, row, index); break;
        case EV_COLUMN_TIMESTAMPTZ: value.int8 = ev_result_timestamptz(result, row, index); break;
        case EV_COLUMN_NUMERIC:
                r = ev_result_numeric(result, row, index, column->scale, &value.int8);
                if (r < 0)
                        return ev_trace(r);
                break;
        case EV_COLUMN_TEXT:
        case EV_COLUMN_JSONB:
        case EV_COLUMN_TEXTS:
                value.text = ev_result_text(result, row, index);
                size = sizeof(value.text);
                break;
        case EV_COLUMN_UUID:
                size = sizeof(value.uuid);
                value.uuid = ev_result_uuid(result, row, index);
                break;
        }
        memcpy(image + column->offset, &value, size);
        return 0;
}

/* The image is put together on the stack, all zeros before each row, and copied once; texts stay
 * where libpq has put them. */
int ev_load_receive(const struct ev_load *load, const struct ev_result *result,
                    struct ev_rows *rows)
{
        const struct ev_table *table = load->table;
        _Alignas(max_align_t) char image[EV_ROW_BYTES_MAX];
        int r;

        assert(table->row_size <= sizeof(image));

        for (size_t row = 0; row < ev_result_rows(result); ++row) {
                /* NULLs are left as zeros: null slices, and numbers that nobody reads. */
                memset(image, 0, table->row_size);
                for (size_t i = 0; i < table->column_count; ++i) {
                        r = read_value(&table->columns[i], result, row, i, image);
                        if (r < 0)
                                return ev_trace(r);
                }
                r = ev_rows_put(rows, table, image);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* ---- Saving ---- */

/* A statement over arrays, and which columns of the table they are. */
struct made {
        struct ev_statement statement;                 /* points to what follows */
        char name[EV_STATEMENT_NAME_MAX + 1];          /* "insert_products" */
        char *text;                                    /* ours */
        uint32_t params[EV_TABLE_COLUMNS_MAX];         /* types of the arrays … */
        const char *param_names[EV_TABLE_COLUMNS_MAX]; /* … and their columns' names */
        const struct ev_table_column *columns[EV_TABLE_COLUMNS_MAX];
        size_t column_count;
};

enum { KINDS = EV_ROWS_DELETED + 1 };

struct table_statements {
        const struct ev_table *table; /* borrowed */
        struct made made[KINDS];      /* text NULL: the table has no such statement */
};

struct ev_save {
        struct ev_params params; /* of one statement after the other */
        size_t table_count;
        size_t expected_count; /* results that ev_save_receive() will read … */
        struct {
                const struct made *made;
                size_t rows;
        } expected[EV_TABLES_MAX * KINDS]; /* … and how many rows each must have changed */
        struct table_statements tables[];
};

/* Which columns travel with which statement: KEY ones with all of them. */
static bool is_used(const struct ev_table_column *column, enum ev_rows_kind kind)
{
        assert(column->name);

        switch (kind) {
        case EV_ROWS_INSERTED: return !(column->flags & EV_COLUMN_READ);
        case EV_ROWS_UPDATED: return !(column->flags & (EV_COLUMN_READ | EV_COLUMN_FIXED));
        case EV_ROWS_DELETED: return column->flags & EV_COLUMN_KEY;
        }
        return false;
}

/* Fills in columns and parameters of a statement, one array each, and returns how many are keys. */
static size_t choose_columns(struct made *made, const struct ev_table *table,
                             enum ev_rows_kind kind)
{
        size_t keys = 0;

        assert(made->column_count == 0);

        for (size_t i = 0; i < table->column_count; ++i) {
                const struct ev_table_column *column = &table->columns[i];
                size_t at = made->column_count;

                if (!is_used(column, kind))
                        continue;
                made->columns[at] = column;
                made->params[at] = sql_type(column)->array_oid;
                made->param_names[at] = column->name;
                made->column_count = at + 1;
                keys += (column->flags & EV_COLUMN_KEY) != 0;
        }
        return keys;
}

/* One column in the format, with its name in place of each '@'. A value ("n.@") of a text[] is a
 * text on the way and becomes an array here. */
static int write_name(struct ev_buffer *text, const struct ev_table_column *column,
                      const char *format)
{
        int r = 0;

        assert(strchr(format, '@'));

        for (const char *c = format; *c && r == 0; ++c) {
                bool is_value = c > format && c[-1] == '.';

                if (*c != '@')
                        r = ev_buffer_append(text, c, 1);
                else if (is_value && column->type == EV_COLUMN_TEXTS)
                        r = ev_buffer_printf(text, "%s::text[]", column->name);
                else
                        r = ev_buffer_printf(text, "%s", column->name);
        }
        return ev_trace(r);
}

/* Writes the columns that have the flag (or have it not), each in the format, with `between`
 * between them. */
static int write_names(struct ev_buffer *text, const struct made *made, unsigned flag, bool with,
                       const char *format, const char *between)
{
        const char *before = "";
        int r;

        assert(between);

        for (size_t i = 0; i < made->column_count; ++i) {
                if (((made->columns[i]->flags & flag) != 0) != with)
                        continue;
                r = ev_buffer_printf(text, "%s", before);
                if (r == 0)
                        r = write_name(text, made->columns[i], format);
                if (r < 0)
                        return ev_trace(r);
                before = between;
        }
        return 0;
}

/* " FROM unnest($1::int4[], …) AS n (id, …)" */
static int write_source(struct ev_buffer *text, const struct made *made)
{
        int r = ev_buffer_printf(text, "unnest(");

        assert(made->column_count > 0);

        for (size_t i = 0; r == 0 && i < made->column_count; ++i)
                r = ev_buffer_printf(text, "%s$%zu::%s[]", i ? ", " : "", i + 1,
                                     type_names[made->columns[i]->type]);
        if (r == 0)
                r = ev_buffer_printf(text, ") AS n (");
        if (r == 0)
                r = write_names(text, made, 0, false, "@", ", ");
        if (r == 0)
                r = ev_buffer_printf(text, ")");
        return ev_trace(r);
}

/* Ids are among the columns: they were drawn before the row was made, so nothing has to come
 * back. */
static int write_insert(struct ev_buffer *text, const struct made *made,
                        const struct ev_table *table)
{
        int r = ev_buffer_printf(text, "INSERT INTO public.%s (", table->name);

        assert(made->column_count > 0);

        if (r == 0)
                r = write_names(text, made, 0, false, "@", ", ");
        if (r == 0)
                r = ev_buffer_printf(text, ") SELECT ");
        if (r == 0)
                r = write_names(text, made, 0, false, "n.@", ", ");
        if (r == 0)
                r = ev_buffer_printf(text, " FROM ");
        if (r == 0)
                r = write_source(text, made);
        return ev_trace(r);
}

/* A row is found by all its key columns. They are indexed: the worker plans by index only. */
static int write_where(struct ev_buffer *text, const struct made *made)
{
        int r = ev_buffer_printf(text, " WHERE ");

        assert(made->column_count > 0);

        if (r == 0)
                r = write_names(text, made, EV_COLUMN_KEY, true, "t.@ = n.@", " AND ");
        return ev_trace(r);
}

/* Everything but the keys is set. The rows are locked since they were loaded, so that no order
 * among them is needed here. */
static int write_update(struct ev_buffer *text, const struct made *made,
                        const struct ev_table *table)
{
        int r = ev_buffer_printf(text, "UPDATE public.%s AS t SET ", table->name);

        assert(made->column_count > 1); /* a key, and what changes */

        if (r == 0)
                r = write_names(text, made, EV_COLUMN_KEY, false, "@ = n.@", ", ");
        if (r == 0)
                r = ev_buffer_printf(text, " FROM ");
        if (r == 0)
                r = write_source(text, made);
        if (r == 0)
                r = write_where(text, made);
        return ev_trace(r);
}

/* Only tables whose folds take rows away ever send it. */
static int write_delete(struct ev_buffer *text, const struct made *made,
                        const struct ev_table *table)
{
        int r = ev_buffer_printf(text, "DELETE FROM public.%s AS t USING ", table->name);

        assert(made->column_count > 0);

        if (r == 0)
                r = write_source(text, made);
        if (r == 0)
                r = write_where(text, made);
        return ev_trace(r);
}

/* A session knows a statement by its name, and two tables of a worker may be one of the database,
 * found by different keys: from the second one on they have a number. */
static void set_name(struct made *made, const char *verb, const struct ev_table *table, size_t twin)
{
        int r = snprintf(made->name, sizeof(made->name), "%s_%s", verb, table->name);

        if (twin > 0)
                r = snprintf(made->name, sizeof(made->name), "%s_%s_%zu", verb, table->name,
                             twin + 1);
        assert(r > 0 && (size_t)r < sizeof(made->name));
}

/* Makes a table's statement of one kind, or leaves its text NULL where there is none. `twin` is the
 * number of tables before it that have its name. */
static int make_statement(struct made *made, const struct ev_table *table, enum ev_rows_kind kind,
                          size_t twin)
{
        static const struct {
                const char *verb;
                int (*write)(struct ev_buffer *, const struct made *, const struct ev_table *);
        } kinds[] = {
                [EV_ROWS_INSERTED] = { "insert", write_insert },
                [EV_ROWS_UPDATED] = { "update", write_update },
                [EV_ROWS_DELETED] = { "delete", write_delete },
        };
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(TEXT_BYTES_MAX);
        size_t keys = choose_columns(made, table, kind);
        int r;

        assert(kind < EV_ARRAY_SIZE(kinds));

        /* A table that is only added to has no key, and one of nothing but keys is never updated.
         * One that is only read is never written. */
        if (made->column_count == 0)
                return 0;
        if (kind != EV_ROWS_INSERTED && keys == 0)
                return 0;
        if (kind == EV_ROWS_UPDATED && keys == made->column_count)
                return 0;
        r = kinds[kind].write(&text, made, table);
        if (r < 0)
                return ev_trace(r);
        made->text = strndup((const char *)text.data, text.size);
        if (!made->text)
                return ev_fail_memory("a statement");
        set_name(made, kinds[kind].verb, table, twin);
        made->statement = (struct ev_statement){ .name = made->name,
                                                 .text = made->text,
                                                 .params = made->params,
                                                 .param_names = made->param_names,
                                                 .params_count = made->column_count };
        return 0;
}

/* All statements of all tables are made here, also those that will never be sent: they are texts,
 * prepared by the session at their first use. */
int ev_save_new(struct ev_save **ret_save, const struct ev_table *const tables[], size_t count)
{
        _cleanup_(ev_save_free_p) struct ev_save *save = NULL;
        int r;

        assert(ret_save);
        assert(count <= EV_TABLES_MAX);

        save = calloc(1, sizeof(*save) + count * sizeof(save->tables[0]));
        if (!save)
                return ev_fail_memory("the saving statements");
        save->params = EV_PARAMS_INIT(EV_SAVE_BYTES_MAX);
        save->table_count = count;
        for (size_t i = 0; i < count; ++i) {
                size_t twin = 0;

                for (size_t k = 0; k < i; ++k)
                        twin += strcmp(tables[k]->name, tables[i]->name) == 0;
                save->tables[i].table = tables[i];
                for (size_t kind = 0; kind < KINDS; ++kind) {
                        r = make_statement(&save->tables[i].made[kind], tables[i],
                                           (enum ev_rows_kind)kind, twin);
                        if (r < 0)
                                return ev_trace(r);
                }
        }
        *ret_save = save;
        save = NULL;
        return 0;
}

/* Accepts NULL, and what ev_save_new() had made when it failed. */
struct ev_save *ev_save_free(struct ev_save *save)
{
        if (!save)
                return NULL;
        for (size_t i = 0; i < save->table_count; ++i)
                for (size_t kind = 0; kind < KINDS; ++kind)
                        free(save->tables[i].made[kind].text);
        ev_params_done(&save->params);
        free(save);
        return NULL;
}

/* Made once and never changed. A table that cannot be updated or deleted from has fewer. */
const struct ev_statement *ev_save_statement(const struct ev_save *save, size_t index)
{
        assert(save);

        for (size_t i = 0; i < save->table_count; ++i)
                for (size_t kind = 0; kind < KINDS; ++kind)
                        if (save->tables[i].made[kind].text && index-- == 0)
                                return &save->tables[i].made[kind].statement;
        return NULL;
}

/* One element of an array: what stands at the column's place in the row's struct. */
static void append_value(struct ev_params *params, const struct ev_table_column *column,
                         const char *row)
{
        const void *member = row + column->offset;
        bool present = true;

        assert(column->offset >= sizeof(struct ev_row));

        if (column->present_offset)
                memcpy(&present, row + column->present_offset, sizeof(present));
        if (!present) {
                ev_params_null(params);
                return;
        }
        switch (column->type) {
        case EV_COLUMN_BOOL: ev_params_bool(params, *(const bool *)member); break;
        case EV_COLUMN_INT4: ev_params_int4(params, *(const int32_t *)member); break;
        case EV_COLUMN_INT8: ev_params_int8(params, *(const int64_t *)member); break;
        case EV_COLUMN_TEXT:
        case EV_COLUMN_JSONB:
        case EV_COLUMN_TEXTS: ev_params_text(params, *(const struct ev_str *)member); break;
        case EV_COLUMN_NUMERIC:
                ev_params_numeric(params, *(const int64_t *)member, column->scale);
                break;
        case EV_COLUMN_TIMESTAMPTZ: ev_params_timestamptz(params, *(const int64_t *)member); break;
        case EV_COLUMN_UUID: ev_params_uuid(params, member); break;
        }
}

/* Column by column, as unnest() takes them. */
static int queue_rows(struct ev_save *save, struct ev_db *db, const struct made *made,
                      const struct ev_row *const *list, size_t count)
{
        assert(made->text); /* a table that is changed has a key */

        ev_params_begin(&save->params, &made->statement);
        for (size_t i = 0; i < made->column_count; ++i) {
                ev_params_array(&save->params);
                for (size_t k = 0; k < count; ++k)
                        append_value(&save->params, made->columns[i], (const char *)list[k]);
                ev_params_array_end(&save->params);
        }
        return ev_trace(ev_db_queue(db, &made->statement, &save->params));
}

/* A table of nothing but read columns: what folds add to it is found by later events of the batch,
 * and stands in the database by what is saved of another table. */
static bool is_index(const struct table_statements *table)
{
        assert(table->table);

        return table->made[EV_ROWS_INSERTED].column_count == 0;
}

/* Queues what one table has of one kind, and notes how many rows must be changed by it. */
static int queue_kind(struct ev_save *save, struct ev_db *db, const struct ev_rows *rows,
                      const struct table_statements *table, enum ev_rows_kind kind)
{
        const struct made *made = &table->made[kind];
        const struct ev_row *const *list;
        size_t count;
        int r;

        assert(save->expected_count < EV_ARRAY_SIZE(save->expected));

        r = ev_rows_collect(rows, table->table, kind, &list, &count);
        if (r < 0)
                return ev_trace(r);
        if (count == 0 || is_index(table))
                return 0;
        r = queue_rows(save, db, made, list, count);
        if (r < 0)
                return ev_trace(r);
        save->expected[save->expected_count].made = made;
        save->expected[save->expected_count].rows = count;
        ++save->expected_count;
        return 0;
}

/* Rows go before new ones come, since a new one may take a key that is given up; and what refers to
 * others goes before them, so deletes run in the opposite order of tables. */
int ev_save_queue(struct ev_save *save, struct ev_db *db, const struct ev_rows *rows,
                  size_t *ret_statements)
{
        int r;

        assert(ret_statements);

        /* Of a batch before that was not received to its end too. */
        save->expected_count = 0;
        for (size_t i = save->table_count; i-- > 0;) {
                r = queue_kind(save, db, rows, &save->tables[i], EV_ROWS_DELETED);
                if (r < 0)
                        return ev_trace(r);
        }
        for (size_t i = 0; i < save->table_count; ++i) {
                r = queue_kind(save, db, rows, &save->tables[i], EV_ROWS_UPDATED);
                if (r == 0)
                        r = queue_kind(save, db, rows, &save->tables[i], EV_ROWS_INSERTED);
                if (r < 0)
                        return ev_trace(r);
        }
        *ret_statements = save->expected_count;
        return 0;
}

/* The number of rows that each statement changed is compared with that of its parameters: fewer
 * means that rows which this transaction had locked are not there, or not ours. */
int ev_save_receive(struct ev_save *save, struct ev_db *db)
{
        assert(save->expected_count <= EV_ARRAY_SIZE(save->expected));

        for (size_t i = 0; i < save->expected_count; ++i) {
                _cleanup_result_ struct ev_result *result = NULL;
                int r = ev_db_next(db, &result);

                if (r < 0)
                        return ev_trace(r);
                assert(r == 0);
                if (ev_result_affected(result) != save->expected[i].rows)
                        return ev_fail(EV_VERDICT_STOP,
                                       "%s changed %zu rows instead of %zu: they were changed "
                                       "without their lock",
                                       save->expected[i].made->name, ev_result_affected(result),
                                       save->expected[i].rows);
        }
        return 0;
}
