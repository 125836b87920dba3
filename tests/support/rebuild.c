/* Rows as text, by the descriptions of their tables; and facts folded from their bytes. */

#include "support/rebuild.h"

#include <criterion/criterion.h>
#include <inttypes.h>

#include "base/error.h"
#include "base/uuid.h"
#include "wire/avro.h"

static void print_number(const struct ev_table_column *column, const void *member,
                         struct ev_buffer *text)
{
        int64_t number = column->type == EV_COLUMN_BOOL   ? *(const bool *)member
                         : column->type == EV_COLUMN_INT4 ? *(const int32_t *)member
                                                          : *(const int64_t *)member;

        cr_assert_eq(ev_buffer_printf(text, " %" PRId64, number), 0);
}

static void print_value(const struct ev_table_column *column, const char *row,
                        struct ev_buffer *text)
{
        const void *member = row + column->offset;
        struct ev_str value = { 0 };
        char id[EV_UUID_TEXT_MAX];

        if (column->present_offset && !*(const bool *)(row + column->present_offset)) {
                cr_assert_eq(ev_buffer_printf(text, " NULL"), 0);
                return;
        }
        if (column->type == EV_COLUMN_UUID) {
                ev_uuid_format(member, id);
                value = ev_str_of(id);
        } else if (column->type == EV_COLUMN_TEXT || column->type == EV_COLUMN_JSONB ||
                   column->type == EV_COLUMN_TEXTS) {
                value = *(const struct ev_str *)member;
        } else {
                print_number(column, member, text);
                return;
        }
        cr_assert_eq(value.data ? ev_buffer_printf(text, " \"%.*s\"", EV_STR_ARG(value))
                                : ev_buffer_printf(text, " NULL"),
                     0);
}

void rebuild_print(struct decide *t, const struct ev_table *except, struct ev_buffer *text)
{
        for (size_t i = 0; i < t->worker->table_count; ++i)
                for (int kind = EV_ROWS_INSERTED; kind <= EV_ROWS_DELETED; ++kind) {
                        const struct ev_table *table = t->worker->tables[i];
                        const struct ev_row *const *list;
                        size_t count;

                        if (table == except)
                                continue;
                        cr_assert_eq(ev_rows_collect(t->rows, table, (enum ev_rows_kind)kind, &list,
                                                     &count),
                                     0);
                        for (size_t row = 0; row < count; ++row) {
                                cr_assert_eq(ev_buffer_printf(text, "%s %c", table->name,
                                                              "+*-"[kind]),
                                             0);
                                for (size_t k = 0; k < table->column_count; ++k)
                                        print_value(&table->columns[k], (const char *)list[row],
                                                    text);
                                cr_assert_eq(ev_buffer_printf(text, "\n"), 0);
                        }
                }
}

static const struct ev_fold *find_fold(const struct ev_worker *worker,
                                       const struct ev_record *record)
{
        for (size_t i = 0; i < worker->fold_count; ++i)
                if (worker->folds[i].record == record)
                        return &worker->folds[i];
        return NULL;
}

void rebuild_fold(struct decide *again, const struct decide *live)
{
        for (const struct ev_announced *fact = live->cases.first; fact; fact = fact->next) {
                const struct ev_fold *fold = find_fold(again->worker, fact->record);
                const struct ev_fact_head head = { .id = fact->id,
                                                   .time = live->cases.now,
                                                   .causation_id = fact->causation_id };
                void *value = NULL;

                if (!fold)
                        continue;
                cr_assert_eq(ev_avro_decode(fact->record, fact->payload, again->arena, &value), 0,
                             "%s", ev_error_last()->text);
                cr_assert_eq(fold->fold(again->rows, &head, value), 0, "%s", ev_error_last()->text);
        }
}
