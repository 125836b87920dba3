#include "support/unit.h"

#include <stdio.h>

#include "base/error.h"
#include "store/rows.h"

UNIT_SUITE(rows);

struct product {
        struct ev_row row;
        int32_t id;
        struct ev_str sku;
};

static const struct ev_table_column product_columns[] = {
        EV_COLUMN(struct product, id, INT4, EV_COLUMN_KEY),
        EV_COLUMN(struct product, sku, TEXT, EV_COLUMN_FIXED),
};
static const struct ev_table products = {
        .name = "products",
        .row_size = sizeof(struct product),
        .columns = product_columns,
        .column_count = EV_ARRAY_SIZE(product_columns),
        .find_by = &product_columns[1],
        .drawn = &product_columns[0],
        .sequence = "products_id_seq",
};

struct lot {
        struct ev_row row;
        int64_t id;
        int32_t product_id;
        int32_t quantity;
};

static const struct ev_table_column lot_columns[] = {
        EV_COLUMN(struct lot, id, INT8, EV_COLUMN_KEY),
        EV_COLUMN(struct lot, product_id, INT4, EV_COLUMN_FIXED),
        EV_COLUMN(struct lot, quantity, INT4, 0),
};
static const struct ev_table lots = {
        .name = "lots",
        .row_size = sizeof(struct lot),
        .columns = lot_columns,
        .column_count = EV_ARRAY_SIZE(lot_columns),
        .group_by = &lot_columns[1],
};

static int draw_next(void *context, const struct ev_table *table, int64_t *ret_id)
{
        (void)table;
        *ret_id = ++*(int64_t *)context;
        return 0;
}

struct fixture {
        struct ev_rows *rows;
        struct ev_arena *arena;
        int64_t drawn;
};

static void begin(struct fixture *f, size_t bytes_max)
{
        static const struct ev_table *const tables[] = { &products, &lots };

        *f = (struct fixture){ .drawn = 100 };
        cr_assert_eq(ev_arena_new(&f->arena, bytes_max), 0);
        cr_assert_eq(ev_rows_new(&f->rows, tables, EV_ARRAY_SIZE(tables),
                                 (struct ev_id_source){ draw_next, &f->drawn }),
                     0);
        ev_rows_begin(f->rows, f->arena);
}

static void end(struct fixture *f)
{
        ev_rows_free(f->rows);
        ev_arena_free(f->arena);
}

static size_t count(struct fixture *f, const struct ev_table *table, enum ev_rows_kind kind)
{
        const struct ev_row *const *list;
        size_t n;

        cr_assert_eq(ev_rows_collect(f->rows, table, kind, &list, &n), 0);
        return n;
}

Test(rows, a_row_is_found_by_its_key)
{
        struct fixture f;
        const struct product *found;

        begin(&f, 1 << 20);
        cr_assert_null(ev_rows_find(f.rows, &products, EV_STR("A")));
        cr_assert_eq(ev_rows_put(f.rows, &products,
                                 &(struct product){ .id = 1, .sku = EV_STR("A") }),
                     0);
        found = ev_rows_find(f.rows, &products, EV_STR("A"));
        cr_assert_not_null(found);
        cr_assert_eq(found->id, 1);
        cr_assert_null(ev_rows_find(f.rows, &products, EV_STR("a")));
        end(&f);
}

Test(rows, a_row_that_is_put_twice_stays_as_it_was)
{
        struct fixture f;

        begin(&f, 1 << 20);
        for (int32_t id = 1; id <= 2; ++id)
                cr_assert_eq(ev_rows_put(f.rows, &products,
                                         &(struct product){ .id = id, .sku = EV_STR("A") }),
                             0);
        cr_assert_eq(((const struct product *)ev_rows_find(f.rows, &products, EV_STR("A")))->id, 1);
        end(&f);
}

Test(rows, a_row_without_a_key_to_find_it_by_is_known_by_its_key_columns)
{
        struct fixture f;
        const struct lot *lot;
        size_t n = 0;

        begin(&f, 1 << 22);
        for (int32_t turn = 0; turn < 2; ++turn)
                for (int64_t id = 1; id <= 300; ++id)
                        cr_assert_eq(ev_rows_put(f.rows, &lots,
                                                 &(struct lot){ .id = id,
                                                                .product_id = 7,
                                                                .quantity = turn }),
                                     0);
        for (lot = ev_rows_first(f.rows, &lots, 7); lot; lot = ev_rows_next(lot), ++n)
                cr_assert_eq(lot->quantity, 0, "the row that came first stays");
        cr_assert_eq(n, 300);
        end(&f);
}

static int draw_large(void *context, const struct ev_table *table, int64_t *ret_id)
{
        (void)context;
        (void)table;
        *ret_id = INT64_C(1) << 31;
        return 0;
}

Test(rows, an_id_that_does_not_fit_its_column_is_an_error)
{
        static const struct ev_table *const tables[] = { &products };
        struct ev_arena *arena;
        struct ev_rows *rows;
        int64_t id = -1;

        cr_assert_eq(ev_arena_new(&arena, 1 << 20), 0);
        cr_assert_eq(ev_rows_new(&rows, tables, 1, (struct ev_id_source){ draw_large, NULL }), 0);
        ev_rows_begin(rows, arena);
        cr_assert_eq(ev_rows_draw(rows, &products, &id), EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_STOP);
        cr_assert_eq(id, -1);
        cr_assert_eq(ev_rows_add(rows, &products, &(struct product){ .sku = EV_STR("A") }, NULL),
                     EV_FAILED);
        ev_rows_free(rows);
        ev_arena_free(arena);
}

Test(rows, many_rows_are_found_by_key_and_group)
{
        struct fixture f;
        char sku[16];

        begin(&f, 64 << 20);
        for (int32_t i = 0; i < 5000; ++i) {
                snprintf(sku, sizeof(sku), "SKU-%d", i);
                cr_assert_eq(ev_rows_add(f.rows, &products,
                                         &(struct product){ .id = i + 1, .sku = ev_str_of(sku) },
                                         NULL),
                             0);
                for (int32_t k = 0; k < 3; ++k)
                        cr_assert_eq(ev_rows_put(f.rows, &lots,
                                                 &(struct lot){ .id = i * 3 + k,
                                                                .product_id = i + 1,
                                                                .quantity = k }),
                                     0);
        }
        for (int32_t i = 0; i < 5000; ++i) {
                const struct product *product;
                int32_t quantity = 0;

                snprintf(sku, sizeof(sku), "SKU-%d", i);
                product = ev_rows_find(f.rows, &products, ev_str_of(sku));
                cr_assert_not_null(product);
                for (const struct lot *lot = ev_rows_first(f.rows, &lots, product->id); lot;
                     lot = ev_rows_next(lot))
                        cr_assert_eq(lot->quantity, quantity++, "in the order of arrival");
                cr_assert_eq(quantity, 3);
        }
        cr_assert_null(ev_rows_first(f.rows, &lots, 77777));
        end(&f);
}

Test(rows, net_images_only)
{
        struct fixture f;
        const void *added, *kept;

        begin(&f, 1 << 20);
        for (int64_t id = 1; id <= 3; ++id)
                cr_assert_eq(ev_rows_put(f.rows, &lots, &(struct lot){ .id = id, .product_id = 1 }),
                             0);
        kept = ev_rows_first(f.rows, &lots, 1);
        ((struct lot *)ev_rows_change(f.rows, kept))->quantity = 5;
        ((struct lot *)ev_rows_change(f.rows, kept))->quantity = 6;
        ev_rows_remove(f.rows, ev_rows_next(kept));
        cr_assert_eq(ev_rows_add(f.rows, &lots, &(struct lot){ .id = 9, .product_id = 2 }, &added),
                     0);
        ((struct lot *)ev_rows_change(f.rows, added))->quantity = 1;
        cr_assert_eq(count(&f, &lots, EV_ROWS_INSERTED), 1, "a new row that changed is one insert");
        cr_assert_eq(count(&f, &lots, EV_ROWS_UPDATED), 1, "two changes are one update");
        cr_assert_eq(count(&f, &lots, EV_ROWS_DELETED), 1);
        ev_rows_remove(f.rows, added);
        cr_assert_eq(count(&f, &lots, EV_ROWS_INSERTED), 0, "what came and went leaves no trace");
        cr_assert_eq(count(&f, &lots, EV_ROWS_DELETED), 1);
        end(&f);
}

Test(rows, removed_rows_are_not_found_and_their_key_is_free)
{
        struct fixture f;
        const struct product *again;

        begin(&f, 1 << 20);
        cr_assert_eq(ev_rows_put(f.rows, &products,
                                 &(struct product){ .id = 1, .sku = EV_STR("A") }),
                     0);
        ev_rows_remove(f.rows, ev_rows_find(f.rows, &products, EV_STR("A")));
        cr_assert_null(ev_rows_find(f.rows, &products, EV_STR("A")));
        cr_assert_eq(ev_rows_add(f.rows, &products, &(struct product){ .sku = EV_STR("A") }, NULL),
                     0);
        again = ev_rows_find(f.rows, &products, EV_STR("A"));
        cr_assert_eq(again->id, 101, "the id was drawn");
        end(&f);
}

Test(rows, what_is_written_is_sorted_by_key)
{
        static const char *const skus[] = { "C", "A", "D", "B" };
        const struct ev_row *const *list;
        struct fixture f;
        size_t n;

        begin(&f, 1 << 20);
        for (size_t i = 0; i < 4; ++i)
                cr_assert_eq(ev_rows_add(f.rows, &products,
                                         &(struct product){ .sku = ev_str_of(skus[i]) }, NULL),
                             0);
        cr_assert_eq(ev_rows_collect(f.rows, &products, EV_ROWS_INSERTED, &list, &n), 0);
        cr_assert_eq(n, 4);
        for (size_t i = 0; i < n; ++i)
                cr_assert_eq(((const struct product *)list[i])->sku.data[0], 'A' + (char)i);
        end(&f);
}

Test(rows, a_row_outlives_the_fact_it_was_made_from)
{
        char text[] = "SKU-1";
        const struct product *row;
        struct fixture f;

        begin(&f, 1 << 20);
        cr_assert_eq(ev_rows_add(f.rows, &products, &(struct product){ .sku = ev_str_of(text) },
                                 (const void **)&row),
                     0);
        text[0] = 'X';
        cr_assert(ev_str_equal(row->sku, EV_STR("SKU-1")));
        end(&f);
}

Test(rows, a_new_batch_forgets_the_old_one)
{
        struct fixture f;

        begin(&f, 1 << 20);
        cr_assert_eq(ev_rows_put(f.rows, &products,
                                 &(struct product){ .id = 1, .sku = EV_STR("A") }),
                     0);
        ev_arena_reset(f.arena);
        ev_rows_begin(f.rows, f.arena);
        cr_assert_null(ev_rows_find(f.rows, &products, EV_STR("A")));
        cr_assert_eq(count(&f, &products, EV_ROWS_UPDATED), 0);
        end(&f);
}

Test(rows, too_much_is_an_error_of_the_record)
{
        struct fixture f;
        int r = 0;

        begin(&f, 10000);
        for (int64_t id = 1; r == 0 && id < 1000; ++id)
                r = ev_rows_put(f.rows, &lots, &(struct lot){ .id = id, .product_id = 1 });
        cr_assert_eq(r, EV_FAILED);
        cr_assert_eq(ev_error_last()->verdict, EV_VERDICT_RECORD);
        end(&f);
}
