/* A rebuild in miniature: steps of the live path are kept, folded again, and the rows compared. */

#include "support/refold.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "wire/avro.h"

/* A row that stood there, or a fact. */
struct refold_step {
        struct refold_step *next;
        const struct ev_table *table; /* NULL: a fact */
        const void *row;              /* in the live set, until the first event is decided … */
        void *image;                  /* … and a copy of it as it was then */
        const struct ev_record *record;
        struct ev_fact_head head;
        struct ev_bytes payload;
};

struct refold_id {
        struct refold_id *next;
        const struct ev_table *table;
        int64_t id;
        bool is_used; /* by the rebuild */
};

/* What a decide may write beside facts, and no rebuild can know. */
static const char *const secrets[] = { "password_hash", "api_key" };

static void *take(struct ev_arena *arena, size_t size)
{
        void *memory = ev_arena_take(arena, size);

        cr_assert_not_null(memory);
        return memory;
}

static struct refold_step *add_step(struct refold *refold, struct ev_arena *arena)
{
        struct refold_step *step = take(arena, sizeof(*step));

        if (refold->last)
                refold->last->next = step;
        else
                refold->first = step;
        refold->last = step;
        return step;
}

/* ---- What the live path has done ---- */

/* The row in the set that was just put there: the last of its key or group. */
static const void *find_row(const struct ev_rows *rows, const struct ev_table *table,
                            const void *image)
{
        const void *row, *last = NULL;
        int64_t group = 0;
        struct ev_str key;

        if (table->find_by) {
                memcpy(&key, (const char *)image + table->find_by->offset, sizeof(key));
                return ev_rows_find(rows, table, key);
        }
        cr_assert_not_null(table->group_by);
        if (table->group_by->type == EV_COLUMN_INT4) {
                int32_t small;

                memcpy(&small, (const char *)image + table->group_by->offset, sizeof(small));
                group = small;
        } else {
                memcpy(&group, (const char *)image + table->group_by->offset, sizeof(group));
        }
        for (row = ev_rows_first(rows, table, group); row; row = ev_rows_next(row))
                last = row;
        return last;
}

static void freeze(struct refold_step *step, struct ev_arena *arena)
{
        step->image = take(arena, step->table->row_size);
        memcpy(step->image, step->row, step->table->row_size);
}

void refold_put(struct refold *refold, const struct ev_cases *cases, const struct ev_table *table,
                const void *image)
{
        struct refold_step *step = add_step(refold, cases->arena);

        step->table = table;
        step->row = find_row(cases->rows, table, image);
        cr_assert_not_null(step->row);
        if (refold->is_live)
                freeze(step, cases->arena);
}

void refold_drawn(struct refold *refold, struct ev_arena *arena, const struct ev_table *table,
                  int64_t id)
{
        struct refold_id *drawn = take(arena, sizeof(*drawn));

        *drawn = (struct refold_id){ .table = table, .id = id };
        if (refold->last_id)
                refold->last_id->next = drawn;
        else
                refold->first_id = drawn;
        refold->last_id = drawn;
}

void refold_sweep(struct refold *refold, const struct ev_cases *cases)
{
        const struct ev_announced *fact = refold->swept ? refold->swept->next : cases->first;

        for (struct refold_step *step = refold->first; step && !refold->is_live; step = step->next)
                freeze(step, cases->arena);
        refold->is_live = true;
        for (; fact; fact = fact->next) {
                struct refold_step *step = add_step(refold, cases->arena);

                step->record = fact->record;
                step->head = (struct ev_fact_head){ .id = fact->id,
                                                    .time = cases->now,
                                                    .causation_id = fact->causation_id };
                step->payload = fact->payload;
                refold->swept = fact;
        }
}

void refold_received(struct refold *refold, struct ev_cases *cases, const struct ev_record *record,
                     const struct ev_event *event, const void *value)
{
        struct refold_step *step = add_step(refold, cases->arena);
        struct ev_str payload;

        step->record = record;
        step->head = (struct ev_fact_head){ .time = event->time,
                                            .causation_id = event->causation_id,
                                            .source = event->source,
                                            .sequence = event->sequence };
        cr_assert(ev_uuid_parse(event->id, &step->head.id));
        ev_buffer_clear(&cases->scratch);
        cr_assert_eq(ev_avro_encode(record, value, &cases->scratch), 0);
        cr_assert_eq(ev_arena_copy(cases->arena, ev_buffer_str(&cases->scratch), &payload), 0);
        step->payload = (struct ev_bytes){ (const uint8_t *)payload.data, payload.size };
}

/* ---- Again ---- */

/* The next one that the live path has drawn for the table. */
static int draw_again(void *context, const struct ev_table *table, int64_t *ret_id)
{
        const struct refold *refold = context;
        struct refold_id *drawn = refold->first_id;

        while (drawn && (drawn->is_used || drawn->table != table))
                drawn = drawn->next;
        cr_assert_not_null(drawn, "the rebuild draws more ids of %s than the live path",
                           table->name);
        drawn->is_used = true;
        *ret_id = drawn->id;
        return 0;
}

static void fold_again(const struct refold_step *step, const struct ev_worker *worker,
                       struct ev_rows *rows, struct ev_arena *arena)
{
        void *value = NULL;

        for (size_t i = 0; i < worker->fold_count; ++i) {
                if (worker->folds[i].record != step->record)
                        continue;
                cr_assert_eq(ev_avro_decode(step->record, step->payload, arena, &value), 0);
                cr_assert_eq(worker->folds[i].fold(rows, &step->head, value), 0,
                             "%s cannot be folded again: %s", step->record->name.data,
                             ev_error_last()->text);
        }
}

static bool is_secret(const struct ev_table_column *column)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(secrets); ++i)
                if (strcmp(column->name, secrets[i]) == 0)
                        return true;
        return false;
}

/* Bytes of a value that is no slice. */
static size_t width_of(const struct ev_table_column *column)
{
        switch (column->type) {
        case EV_COLUMN_BOOL: return sizeof(bool);
        case EV_COLUMN_INT4: return sizeof(int32_t);
        case EV_COLUMN_UUID: return EV_UUID_BYTES;
        case EV_COLUMN_INT8:
        case EV_COLUMN_NUMERIC:
        case EV_COLUMN_TIMESTAMPTZ: return sizeof(int64_t);
        case EV_COLUMN_TEXT:
        case EV_COLUMN_TEXTS:
        case EV_COLUMN_JSONB: break;
        }
        return 0;
}

static bool same_value(const struct ev_table_column *column, const char *a, const char *b)
{
        bool a_present = true, b_present = true;
        struct ev_str x, y;

        if (column->present_offset) {
                memcpy(&a_present, a + column->present_offset, sizeof(a_present));
                memcpy(&b_present, b + column->present_offset, sizeof(b_present));
        }
        if (a_present != b_present || !a_present)
                return a_present == b_present;
        if (width_of(column) > 0)
                return memcmp(a + column->offset, b + column->offset, width_of(column)) == 0;
        memcpy(&x, a + column->offset, sizeof(x));
        memcpy(&y, b + column->offset, sizeof(y));
        return ev_str_equal(x, y);
}

/* What has to be written for one table, live and again. */
static void compare(const struct ev_table *table, enum ev_rows_kind kind,
                    const struct ev_rows *live, const struct ev_rows *again)
{
        const struct ev_row *const *a, *const *b;
        size_t a_count, b_count;

        cr_assert_eq(ev_rows_collect(live, table, kind, &a, &a_count), 0);
        cr_assert_eq(ev_rows_collect(again, table, kind, &b, &b_count), 0);
        cr_assert_eq(a_count, b_count, "%s, kind %d: %zu rows live, %zu rebuilt", table->name, kind,
                     a_count, b_count);
        for (size_t row = 0; row < a_count; ++row)
                for (size_t i = 0; i < table->column_count; ++i)
                        cr_assert(is_secret(&table->columns[i]) ||
                                          same_value(&table->columns[i], (const char *)a[row],
                                                     (const char *)b[row]),
                                  "%s.%s of row %zu is another in a rebuild", table->name,
                                  table->columns[i].name, row);
}

/* Tests change and remove rows before the first event as it suits them. */
static void put_again(const struct refold_step *step, struct ev_rows *rows)
{
        const struct ev_row *head = step->image;

        cr_assert_eq(ev_rows_put(rows, step->table, step->image), 0);
        if (head->changed)
                ev_rows_change(rows, find_row(rows, step->table, step->image));
        if (head->removed)
                ev_rows_remove(rows, find_row(rows, step->table, step->image));
}

void refold_check(const struct refold *refold, struct ev_cases *cases)
{
        const struct ev_worker *worker = cases->worker;
        struct refold context = *refold;
        struct ev_rows *rows = NULL;

        cr_assert_eq(ev_rows_new(&rows, worker->tables, worker->table_count,
                                 (struct ev_id_source){ draw_again, &context }),
                     0);
        ev_rows_begin(rows, cases->arena);
        for (const struct refold_step *step = refold->first; step; step = step->next)
                if (step->table)
                        put_again(step, rows);
                else
                        fold_again(step, worker, rows, cases->arena);
        for (size_t i = 0; i < worker->table_count; ++i)
                for (int kind = EV_ROWS_INSERTED; kind <= EV_ROWS_DELETED; ++kind)
                        compare(worker->tables[i], (enum ev_rows_kind)kind, cases->rows, rows);
        ev_rows_free(rows);
}
