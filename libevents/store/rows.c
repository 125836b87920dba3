/* The working set of a batch.
 *
 * Each table has a list of its rows in the order of arrival, an index by its text key and one by
 * its group. Everything but the tables' heads lies in the arena of the batch, so forgetting a batch
 * costs nothing and a batch that fails leaves nothing behind: if the process dies here, the
 * transaction that locked the rows is rolled back and the next owner loads them again.
 *
 * Rows never move: a pointer that was handed out is good until the batch ends, and shows what folds
 * do to it meanwhile. A row that is taken away stays in lists and indexes with a mark; a search
 * passes over it. Values are read and written through memcpy() at the offsets of the description,
 * so that a table needs no code of its own. */

#include "store/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sort.h"
#include "base/uuid.h"

enum { INDEX_MIN = 64 }; /* slots of an index at first: a small batch grows none */

/* Open addressing with linear probing; at most half full. A group's slot holds its first and its
 * last row. */
struct slot {
        uint64_t hash;        /* of the whole key: compared before the keys are */
        struct ev_row *first; /* NULL: the slot is empty */
        struct ev_row *last;  /* of a group, where the next one is linked */
};

struct index {
        struct slot *slots; /* in the arena */
        size_t capacity;    /* a power of two, or 0 */
        size_t used;        /* slots that are not empty: none is ever emptied */
};

/* The rows of one table. */
struct list {
        const struct ev_table *table; /* borrowed */
        struct ev_row *first;
        struct ev_row *last;
        size_t count;
        struct index by_key;      /* find_by */
        struct index by_group;    /* group_by */
        struct index by_identity; /* of loaded rows, where find_by cannot tell them apart */
};

struct ev_rows {
        struct ev_arena *arena; /* of the present batch; NULL before the first */
        struct ev_id_source ids;
        size_t row_count; /* over all tables, for EV_ROWS_MAX */
        size_t list_count;
        struct list lists[];
};

/* Whether the description points into its own columns. */
static bool column_of(const struct ev_table *table, const struct ev_table_column *column)
{
        assert(table->columns);

        return column >= table->columns && column < table->columns + table->column_count;
}

/* Columns that can be a group, an id or a drawn key. */
static bool is_integer(const struct ev_table_column *column)
{
        assert(column);

        return column->type == EV_COLUMN_INT4 || column->type == EV_COLUMN_INT8;
}

/* The offsets are offsetof()'s, so what can be wrong is that a line was copied from another table.
 */
bool ev_table_check(const struct ev_table *table)
{
        if (!table->name || table->row_size < sizeof(struct ev_row) ||
            table->row_size > EV_ROW_BYTES_MAX || table->column_count == 0 ||
            table->column_count > EV_TABLE_COLUMNS_MAX)
                return false;
        for (size_t i = 0; i < table->column_count; ++i)
                if (table->columns[i].offset < sizeof(struct ev_row) ||
                    table->columns[i].offset >= table->row_size)
                        return false;
        if (table->find_by &&
            !(column_of(table, table->find_by) && table->find_by->type == EV_COLUMN_TEXT))
                return false;
        if (table->group_by && !(column_of(table, table->group_by) && is_integer(table->group_by)))
                return false;
        return !table->drawn ||
               (column_of(table, table->drawn) && is_integer(table->drawn) && table->sequence);
}

/* One allocation for all tables' heads; rows come from the arena of each batch. */
int ev_rows_new(struct ev_rows **ret_rows, const struct ev_table *const tables[], size_t count,
                struct ev_id_source ids)
{
        struct ev_rows *rows;

        assert(ret_rows);
        assert(count <= EV_TABLES_MAX);

        rows = calloc(1, sizeof(*rows) + count * sizeof(rows->lists[0]));
        if (!rows)
                return ev_fail_memory("the working set");
        rows->ids = ids;
        rows->list_count = count;
        for (size_t i = 0; i < count; ++i) {
                assert(ev_table_check(tables[i]));
                rows->lists[i].table = tables[i];
        }
        *ret_rows = rows;
        return 0;
}

/* Rows are the arena's, which is not ours. */
struct ev_rows *ev_rows_free(struct ev_rows *rows)
{
        free(rows);
        return NULL;
}

/* Nothing is freed: what the last batch had lay in its arena. The indexes begin empty and grow
 * with what is loaded. */
void ev_rows_begin(struct ev_rows *rows, struct ev_arena *arena)
{
        assert(rows);
        assert(arena);

        rows->arena = arena;
        rows->row_count = 0;
        for (size_t i = 0; i < rows->list_count; ++i)
                rows->lists[i] = (struct list){ .table = rows->lists[i].table };
}

/* A worker has at most EV_TABLES_MAX tables: they are looked through. */
static const struct list *list_of(const struct ev_rows *rows, const struct ev_table *table)
{
        size_t i = 0;

        assert(rows && table);

        while (i < rows->list_count && rows->lists[i].table != table)
                ++i;
        assert(i < rows->list_count); /* the table is one of the worker's */
        return &rows->lists[i];
}

/* The same for whoever changes it; the cast is done by arithmetic, so that no qualifier is cast
 * away. */
static struct list *writable_list_of(struct ev_rows *rows, const struct ev_table *table)
{
        assert(rows->arena); /* ev_rows_begin() was called */

        return &rows->lists[list_of(rows, table) - rows->lists];
}

/* A text member of a row, which may be anywhere in its struct. */
static struct ev_str text_at(const void *row, const struct ev_table_column *column)
{
        struct ev_str text;

        assert(column->type == EV_COLUMN_TEXT);

        memcpy(&text, (const char *)row + column->offset, sizeof(text));
        return text;
}

/* An integer member, whatever its width, so that indexes need one kind of number only. */
static int64_t integer_at(const void *row, const struct ev_table_column *column)
{
        int32_t small;
        int64_t value;

        assert(is_integer(column));

        if (column->type == EV_COLUMN_INT4) {
                memcpy(&small, (const char *)row + column->offset, sizeof(small));
                return small;
        }
        memcpy(&value, (const char *)row + column->offset, sizeof(value));
        return value;
}

/* The same the other way; the caller has seen to it that the value fits. */
static void set_integer(void *row, const struct ev_table_column *column, int64_t value)
{
        int32_t small = (int32_t)value;

        assert(is_integer(column));
        assert(column->type == EV_COLUMN_INT8 || small == value); /* ev_rows_draw() has checked */

        if (column->type == EV_COLUMN_INT4)
                memcpy((char *)row + column->offset, &small, sizeof(small));
        else
                memcpy((char *)row + column->offset, &value, sizeof(value));
}

/* Fibonacci hashing (Knuth, The Art of Computer Programming 3, §6.4): neighbouring ids come to lie
 * apart. The upper half is the better one. */
static uint64_t integer_hash(int64_t value)
{
        return ((uint64_t)value * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

/* The number of a key column, for hashing and comparing; texts are told apart by their own. */
static uint64_t key_part_hash(const void *row, const struct ev_table_column *column)
{
        assert(column->flags & EV_COLUMN_KEY);

        switch (column->type) {
        case EV_COLUMN_TEXT: return ev_str_hash(text_at(row, column));
        case EV_COLUMN_INT4:
        case EV_COLUMN_INT8: return integer_hash(integer_at(row, column));
        case EV_COLUMN_UUID:
                return ev_str_hash(
                        (struct ev_str){ (const char *)row + column->offset, EV_UUID_BYTES });
        case EV_COLUMN_BOOL:
        case EV_COLUMN_NUMERIC:
        case EV_COLUMN_TIMESTAMPTZ:
        case EV_COLUMN_JSONB:
        case EV_COLUMN_TEXTS: break;
        }
        return 0; /* not told apart by the hash, only by the comparison */
}

/* Whether two rows have the same value in a key column. Two nulls are the same here, as in UNIQUE
 * NULLS NOT DISTINCT. */
static bool same_key_part(const void *a, const void *b, const struct ev_table_column *column)
{
        assert(column->type != EV_COLUMN_JSONB && column->type != EV_COLUMN_TEXTS); /* no keys */

        if (column->type == EV_COLUMN_TEXT)
                return ev_str_equal(text_at(a, column), text_at(b, column));
        if (is_integer(column))
                return integer_at(a, column) == integer_at(b, column);
        return memcmp((const char *)a + column->offset, (const char *)b + column->offset,
                      column->type == EV_COLUMN_BOOL   ? sizeof(bool)
                      : column->type == EV_COLUMN_UUID ? EV_UUID_BYTES
                                                       : sizeof(int64_t)) == 0;
}

/* Over all columns that are EV_COLUMN_KEY; 0 for a table without any. */
static uint64_t identity_hash(const struct ev_table *table, const void *row)
{
        uint64_t hash = 0;

        assert(row);

        for (size_t i = 0; i < table->column_count; ++i)
                if (table->columns[i].flags & EV_COLUMN_KEY)
                        hash = hash * 31 + key_part_hash(row, &table->columns[i]);
        return hash;
}

/* Whether two rows are the same row of the table. */
static bool same_identity(const struct ev_table *table, const void *a, const void *b)
{
        assert(a && b);

        for (size_t i = 0; i < table->column_count; ++i)
                if (table->columns[i].flags & EV_COLUMN_KEY &&
                    !same_key_part(a, b, &table->columns[i]))
                        return false;
        return true;
}

/* The slot of a row with the same key columns, or the empty slot where it would stand. */
static struct slot *identity_slot(const struct index *index, const struct ev_table *table,
                                  const void *row)
{
        uint64_t hash = identity_hash(table, row);
        size_t mask = index->capacity - 1;

        assert(index->used < index->capacity);

        for (size_t i = hash & mask;; i = (i + 1) & mask) {
                struct slot *slot = &index->slots[i];

                if (!slot->first || (slot->hash == hash && same_identity(table, slot->first, row)))
                        return slot;
        }
}

/* The slot of a key, or the empty slot where it would stand. */
static struct slot *text_slot(const struct index *index, const struct ev_table_column *column,
                              struct ev_str key)
{
        uint64_t hash = ev_str_hash(key);
        size_t mask = index->capacity - 1;

        assert(index->used < index->capacity);

        for (size_t i = hash & mask;; i = (i + 1) & mask) {
                struct slot *slot = &index->slots[i];

                if (!slot->first ||
                    (slot->hash == hash && ev_str_equal(text_at(slot->first, column), key)))
                        return slot;
        }
}

/* The slot of a group, or the empty one where it would stand. */
static struct slot *integer_slot(const struct index *index, const struct ev_table_column *column,
                                 int64_t key)
{
        uint64_t hash = integer_hash(key);
        size_t mask = index->capacity - 1;

        assert(index->used < index->capacity);

        for (size_t i = hash & mask;; i = (i + 1) & mask) {
                struct slot *slot = &index->slots[i];

                if (!slot->first || (slot->hash == hash && integer_at(slot->first, column) == key))
                        return slot;
        }
}

/* Doubles an index that would become more than half full. What is outgrown stays in the arena. */
static int make_room(struct ev_rows *rows, struct index *index)
{
        struct index larger = { .capacity = index->capacity ? index->capacity * 2 : INDEX_MIN,
                                .used = index->used };
        size_t mask = larger.capacity - 1;

        assert((larger.capacity & mask) == 0); /* a power of two, as the masks want it */

        if ((index->used + 1) * 2 <= index->capacity)
                return 0;
        larger.slots = ev_arena_take_array(rows->arena, larger.capacity, sizeof(struct slot));
        if (!larger.slots)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < index->capacity; ++i) {
                size_t at = index->slots[i].hash & mask;

                if (!index->slots[i].first)
                        continue;
                while (larger.slots[at].first)
                        at = (at + 1) & mask;
                larger.slots[at] = index->slots[i];
        }
        *index = larger;
        return 0;
}

/* A new row may take the key of one that was removed: the last one stands for the key. */
static int index_by_key(struct ev_rows *rows, struct list *list, struct ev_row *row)
{
        const struct ev_table_column *column = list->table->find_by;
        struct slot *slot;
        int r;

        assert(row);

        if (!column)
                return 0;
        r = make_room(rows, &list->by_key);
        if (r < 0)
                return ev_trace(r);
        slot = text_slot(&list->by_key, column, text_at(row, column));
        if (!slot->first)
                ++list->by_key.used;
        *slot = (struct slot){ ev_str_hash(text_at(row, column)), row, row };
        return 0;
}

/* Behind the last of its group: a group is read in the order of arrival. */
static int index_by_group(struct ev_rows *rows, struct list *list, struct ev_row *row)
{
        const struct ev_table_column *column = list->table->group_by;
        struct slot *slot;
        int r;

        assert(!row->next_in_group);

        if (!column)
                return 0;
        r = make_room(rows, &list->by_group);
        if (r < 0)
                return ev_trace(r);
        slot = integer_slot(&list->by_group, column, integer_at(row, column));
        if (slot->first) {
                slot->last->next_in_group = row;
                slot->last = row;
                return 0;
        }
        ++list->by_group.used;
        *slot = (struct slot){ integer_hash(integer_at(row, column)), row, row };
        return 0;
}

/* Behind all others: rows are written in the order in which they came. */
static void link_last(struct list *list, struct ev_row *row)
{
        assert((list->first != NULL) == (list->count > 0));

        if (list->last)
                list->last->next = row;
        else
                list->first = row;
        list->last = row;
        ++list->count;
}

/* Copies the image and puts it into list and indexes. The head of the image's struct is not looked
 * at. Where memory ends on the way, the batch has failed and its arena goes with it. */
static int append(struct ev_rows *rows, struct list *list, const void *image,
                  enum ev_row_state state, struct ev_row **ret_row)
{
        struct ev_row *row;
        int r;

        assert(state == EV_ROW_LOADED || state == EV_ROW_NEW);

        if (rows->row_count >= EV_ROWS_MAX)
                return ev_fail(EV_VERDICT_RECORD, "more than %d rows wanted by one batch",
                               EV_ROWS_MAX);
        row = ev_arena_take(rows->arena, list->table->row_size);
        if (!row)
                return ev_trace(EV_FAILED);
        /* The head of the image is the caller's stack; that of the row is ours. */
        memcpy(row, image, list->table->row_size);
        *row = (struct ev_row){ .state = state };

        r = index_by_key(rows, list, row);
        if (r < 0)
                return ev_trace(r);
        r = index_by_group(rows, list, row);
        if (r < 0)
                return ev_trace(r);
        link_last(list, row);
        ++rows->row_count;
        *ret_row = row;
        return 0;
}

/* A table that is only added to has no key, and nothing of it is ever loaded. */
static bool has_key(const struct ev_table *table)
{
        assert(table->column_count > 0);

        for (size_t i = 0; i < table->column_count; ++i)
                if (table->columns[i].flags & EV_COLUMN_KEY)
                        return true;
        return false;
}

/* Two loads of a batch may both bring a row: a lot by its product and by a reservation on it. Were
 * it there twice, a fold would change the one and the next decide look at the other. */
static int put_once(struct ev_rows *rows, struct list *list, const void *image)
{
        struct slot *slot;
        struct ev_row *row;
        int r = make_room(rows, &list->by_identity);

        assert(has_key(list->table));

        if (r < 0)
                return ev_trace(r);
        slot = identity_slot(&list->by_identity, list->table, image);
        if (slot->first)
                return 0;
        r = append(rows, list, image, EV_ROW_LOADED, &row);
        if (r < 0)
                return ev_trace(r);
        *slot = (struct slot){ identity_hash(list->table, row), row, row };
        ++list->by_identity.used;
        return 0;
}

/* What is there already stays, because a fold may have changed it: the database's image is the
 * older one. */
int ev_rows_put(struct ev_rows *rows, const struct ev_table *table, const void *image)
{
        struct list *list = writable_list_of(rows, table);
        struct ev_row *row;

        assert(image);

        if (!table->find_by && has_key(table))
                return ev_trace(put_once(rows, list, image));
        if (table->find_by && ev_rows_find(rows, table, text_at(image, table->find_by)))
                return 0;
        return ev_trace(append(rows, list, image, EV_ROW_LOADED, &row));
}

/* Columns whose member points to bytes elsewhere. */
static bool borrows(const struct ev_table_column *column)
{
        assert(column);

        return column->type == EV_COLUMN_TEXT || column->type == EV_COLUMN_JSONB ||
               column->type == EV_COLUMN_TEXTS;
}

/* Copies what an image borrows, so that a row outlives the fact it was made from. */
static int own_texts(struct ev_rows *rows, const struct ev_table *table, char *image)
{
        assert(image);

        for (size_t i = 0; i < table->column_count; ++i) {
                char *member = image + table->columns[i].offset;
                struct ev_str text;
                int r;

                if (!borrows(&table->columns[i]))
                        continue;
                memcpy(&text, member, sizeof(text));
                r = ev_rows_text(rows, text, &text);
                if (r < 0)
                        return ev_trace(r);
                memcpy(member, &text, sizeof(text));
        }
        return 0;
}

/* Draws the id of a new row that has none yet. Sequences begin at 1, so that 0 is nobody's. */
static int own_id(struct ev_rows *rows, const struct ev_table *table, void *image)
{
        int64_t id;
        int r;

        assert(image);

        if (!table->drawn || integer_at(image, table->drawn) != 0)
                return 0;
        r = ev_rows_draw(rows, table, &id);
        if (r < 0)
                return ev_trace(r);
        set_integer(image, table->drawn, id);
        return 0;
}

/* Two copies of the image: one in which texts and id are made its own, and the row itself. What
 * is wasted is the arena's, for as long as a batch. */
int ev_rows_add(struct ev_rows *rows, const struct ev_table *table, const void *image,
                const void **ret_row)
{
        struct ev_row *row;
        void *copy;
        int r;

        assert(image);
        assert(!table->find_by || !ev_rows_find(rows, table, text_at(image, table->find_by)));

        copy = ev_arena_take(rows->arena, table->row_size);
        if (!copy)
                return ev_trace(EV_FAILED);
        memcpy(copy, image, table->row_size);
        r = own_texts(rows, table, copy);
        if (r < 0)
                return ev_trace(r);
        r = own_id(rows, table, copy);
        if (r < 0)
                return ev_trace(r);
        r = append(rows, writable_list_of(rows, table), copy, EV_ROW_NEW, &row);
        if (r < 0)
                return ev_trace(r);
        if (ret_row)
                *ret_row = row;
        return 0;
}

/* The last row that had this key. A row that was removed and came again under the same key is the
 * one that is found. */
const void *ev_rows_find(const struct ev_rows *rows, const struct ev_table *table,
                         struct ev_str key)
{
        const struct list *list = list_of(rows, table);
        const struct slot *slot;

        assert(table->find_by);

        if (list->by_key.capacity == 0)
                return NULL;
        slot = text_slot(&list->by_key, table->find_by, key);
        return slot->first && !slot->first->removed ? slot->first : NULL;
}

/* The row itself or the next of its group that was not taken away. */
static const struct ev_row *first_kept(const struct ev_row *row)
{
        while (row && row->removed)
                row = row->next_in_group;
        return row;
}

/* In the order of arrival: loaded ones first, as their statement sorts them, then new ones. */
const void *ev_rows_first(const struct ev_rows *rows, const struct ev_table *table, int64_t group)
{
        const struct list *list = list_of(rows, table);

        assert(table->group_by);

        if (list->by_group.capacity == 0)
                return NULL;
        return first_kept(integer_slot(&list->by_group, table->group_by, group)->first);
}

/* The next one of the same group; to be called with what the two functions here returned. */
const void *ev_rows_next(const void *row)
{
        assert(row);

        return first_kept(((const struct ev_row *)row)->next_in_group);
}

/* Rows are handed out as const so that only folds write them; the memory itself is the arena's. */
static struct ev_row *writable(const void *row)
{
        union {
                const void *read;
                struct ev_row *write;
        } pointer = { .read = row };

        assert(row);
        assert(!pointer.write->removed);

        return pointer.write;
}

/* Says that the row will be written; what changes, the caller does. Called again for the same row
 * it changes nothing. */
void *ev_rows_change(struct ev_rows *rows, const void *row)
{
        assert(rows);

        writable(row)->changed = true;
        return writable(row);
}

/* A new row that is taken away is neither inserted nor deleted: it never was. */
void ev_rows_remove(struct ev_rows *rows, const void *row)
{
        assert(rows);

        writable(row)->removed = true;
}

/* For texts that a fold puts into a row: those of the fact are gone when the announcement
 * returns. */
int ev_rows_text(struct ev_rows *rows, struct ev_str text, struct ev_str *ret_copy)
{
        assert(rows);

        return ev_trace(ev_arena_copy(rows->arena, text, ret_copy));
}

/* The source is the database's sequences in a worker, and a counter in a test. */
int ev_rows_draw(struct ev_rows *rows, const struct ev_table *table, int64_t *ret_id)
{
        int64_t id;
        int r;

        assert(table->drawn);
        assert(ret_id);

        r = rows->ids.draw(rows->ids.context, table, &id);
        if (r < 0)
                return ev_trace(r);
        if (table->drawn->type == EV_COLUMN_INT4 && (id < 0 || id > INT32_MAX))
                return ev_fail(EV_VERDICT_STOP,
                               "the ids of %s are used up: its column %s has 32 bits", table->name,
                               table->drawn->name);
        *ret_id = id;
        return 0;
}

/* Each row is of one kind at most. One that was changed back to what it was is written all the
 * same: to find that out would cost more than the write. */
static bool is_kind(const struct ev_row *row, enum ev_rows_kind kind)
{
        assert(row);

        switch (kind) {
        case EV_ROWS_INSERTED: return row->state == EV_ROW_NEW && !row->removed;
        case EV_ROWS_UPDATED: return row->state == EV_ROW_LOADED && row->changed && !row->removed;
        case EV_ROWS_DELETED: return row->state == EV_ROW_LOADED && row->removed;
        }
        return false;
}

/* By bytes, as the database compares with COLLATE "C": in every worker the same. */
static int compare_by_text(const void *a, const void *b, void *column)
{
        assert(column);

        return ev_str_compare(text_at(*(const struct ev_row *const *)a, column),
                              text_at(*(const struct ev_row *const *)b, column));
}

/* Collected once for each table and kind when the batch ends. Where rows have no text to sort by,
 * their locks were taken with others' (a lot's with its product's). */
int ev_rows_collect(const struct ev_rows *rows, const struct ev_table *table,
                    enum ev_rows_kind kind, const struct ev_row *const **ret_list,
                    size_t *ret_count)
{
        const struct list *list = list_of(rows, table);
        const struct ev_row **found;
        size_t count = 0;

        assert(ret_list && ret_count);

        found = ev_arena_take_array(rows->arena, list->count, sizeof(struct ev_row *));
        if (!found)
                return ev_trace(EV_FAILED);
        for (const struct ev_row *row = list->first; row; row = row->next)
                if (is_kind(row, kind))
                        found[count++] = row;
        if (table->find_by) {
                struct ev_table_column column = *table->find_by;
                int r = ev_sort(rows->arena, found, count, sizeof(struct ev_row *), compare_by_text,
                                &column);

                if (r < 0)
                        return ev_trace(r);
        }
        *ret_list = found;
        *ret_count = count;
        return 0;
}
