#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "store/tables.h"
#include "store/type.h"

UNIT_SUITE(tables);

struct thing {
        struct ev_row row;
        int32_t id;
        struct ev_str name;
        bool has_size;
        int32_t size;
        int64_t weight;
};

static const struct ev_table_column columns[] = {
        EV_COLUMN(struct thing, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct thing, name, TEXT, EV_COLUMN_FIXED),
        EV_COLUMN_NULLABLE(struct thing, size, INT4, 0),
        EV_COLUMN_DECIMAL(struct thing, weight, 3, 0),
};
static const struct ev_table things = {
        .name = "things",
        .row_size = sizeof(struct thing),
        .columns = columns,
        .column_count = EV_ARRAY_SIZE(columns),
        .find_by = &columns[1],
};

/* A statement that fits, to be spoilt. */
struct fixture {
        uint32_t params[1];
        struct ev_column loaded[4];
        struct ev_statement statement;
        unsigned lists[1];
        struct ev_load load;
};

static void begin(struct fixture *f)
{
        *f = (struct fixture){
                .params = { EV_OID_TEXT },
                .loaded = { { "id", EV_OID_INT4, false },
                            { "name", EV_OID_VARCHAR, true },
                            { "size", EV_OID_INT4, true },
                            { "weight", EV_OID_NUMERIC, false } },
        };
        f->statement = (struct ev_statement){ .name = "load_things",
                                              .text = "SELECT …",
                                              .params = f->params,
                                              .params_count = 1,
                                              .columns = f->loaded,
                                              .columns_count = EV_ARRAY_SIZE(f->loaded) };
        f->load = (struct ev_load){ &things, &f->statement, f->lists, 1 };
}

static void refused(const struct fixture *f, const char *said)
{
        cr_assert_eq(ev_load_check(&f->load), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_not_null(strstr(ev_error_last()->text, said), "%s", ev_error_last()->text);
}

Test(tables, a_load_that_fits_is_taken)
{
        struct fixture f;

        begin(&f);
        cr_assert_eq(ev_load_check(&f.load), 0, "%s", ev_error_last()->text);
        f.loaded[1].oid = EV_OID_TEXT;
        cr_assert_eq(ev_load_check(&f.load), 0, "a varchar is read as the text it is");
        f.loaded[2].nullable = false;
        cr_assert_eq(ev_load_check(&f.load), 0, "a place for NULL need not be used");
}

Test(tables, a_load_must_have_the_tables_columns)
{
        struct fixture f;

        begin(&f);
        f.loaded[2].name = "length";
        refused(&f, "length");
        begin(&f);
        f.loaded[0].oid = EV_OID_INT8;
        refused(&f, "id");
        begin(&f);
        --f.statement.columns_count;
        refused(&f, "3 columns");
        begin(&f);
        f.load.list_count = 0;
        refused(&f, "1 parameters");
}

/* A NULL that has no place in the struct would be read as 0. */
Test(tables, a_load_may_give_null_only_where_the_row_has_a_place_for_it)
{
        struct fixture f;

        begin(&f);
        f.loaded[3].nullable = true;
        refused(&f, "weight");
        begin(&f);
        f.loaded[0].nullable = true;
        refused(&f, "id");
}

Test(tables, a_table_without_keys_is_saved_by_insert_alone)
{
        static const struct ev_table_column only[] = { EV_COLUMN(struct thing, id, INT4, 0) };
        static const struct ev_table ledger = { .name = "ledger",
                                                .row_size = sizeof(struct thing),
                                                .columns = only,
                                                .column_count = 1 };
        const struct ev_table *const tables[] = { &things, &ledger };
        struct ev_save *save = NULL;

        cr_assert_eq(ev_save_new(&save, tables, EV_ARRAY_SIZE(tables)), 0);
        cr_assert_null(ev_save_free(save));
        cr_assert_null(ev_save_free(NULL));
}

/* What is taken, beside what takes it: a fold adds to both, and only the other one is saved. */
Test(tables, a_table_of_read_columns_is_added_to_and_never_saved)
{
        static const struct ev_table_column only[] = { EV_COLUMN(struct thing, name, TEXT,
                                                                 EV_COLUMN_READ) };
        static const struct ev_table names = { .name = "things",
                                               .row_size = sizeof(struct thing),
                                               .columns = only,
                                               .column_count = 1,
                                               .find_by = &only[0] };
        const struct ev_table *const tables[] = { &names };
        struct ev_arena *arena = NULL;
        struct ev_rows *rows = NULL;
        struct ev_save *save = NULL;
        size_t statements = 1;

        cr_assert_eq(ev_arena_new(&arena, 1 << 20), 0);
        cr_assert_eq(ev_rows_new(&rows, tables, 1, (struct ev_id_source){ 0 }), 0);
        ev_rows_begin(rows, arena);
        cr_assert_eq(ev_rows_put(rows, &names, &(struct thing){ .name = EV_STR("old") }), 0);
        cr_assert_eq(ev_rows_add(rows, &names, &(struct thing){ .name = EV_STR("new") }, NULL), 0);
        cr_assert_not_null(ev_rows_find(rows, &names, EV_STR("new")));
        ev_rows_remove(rows, ev_rows_find(rows, &names, EV_STR("old")));
        cr_assert_null(ev_rows_find(rows, &names, EV_STR("old")));

        cr_assert_eq(ev_save_new(&save, tables, 1), 0);
        cr_assert_eq(ev_save_queue(save, NULL, rows, &statements), 0, "no database was needed");
        cr_assert_eq(statements, 0);
        ev_save_free(save);
        ev_rows_free(rows);
        ev_arena_free(arena);
}
