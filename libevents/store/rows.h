#ifndef EV_STORE_ROWS_H
#define EV_STORE_ROWS_H

/* The working set of a batch: the rows that its events are about, in memory, locked in the
 * database.
 *
 * A table is described once, by its columns; the statements that save it are made from that. Rows
 * are loaded before the first event is decided, changed by folds as facts are announced, and saved
 * as *net images* when the batch ends: a row that came and went leaves no trace, one that changed
 * ten times is written once. Nothing here knows SQL or the network, so a decide or a fold can be
 * tested with rows put in by hand. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/macro.h"
#include "base/str.h"

enum {
        EV_TABLE_COLUMNS_MAX = 32,
        EV_TABLES_MAX = 24,        /* tables of one worker */
        EV_ROW_BYTES_MAX = 2048,   /* sizeof a row's struct */
        EV_ROWS_MAX = 1000 * 1000, /* rows of one working set, over all tables */
};

/* What a column is in PostgreSQL, and its member in the row's struct. */
enum ev_column_type {
        EV_COLUMN_BOOL,        /* bool */
        EV_COLUMN_INT4,        /* int32_t */
        EV_COLUMN_INT8,        /* int64_t */
        EV_COLUMN_TEXT,        /* struct ev_str; null slice = NULL */
        EV_COLUMN_NUMERIC,     /* int64_t, unscaled, in units of 10^-scale */
        EV_COLUMN_TIMESTAMPTZ, /* int64_t, microseconds since 1970, UTC */
        EV_COLUMN_UUID,        /* struct ev_uuid, never NULL */
        EV_COLUMN_JSONB,       /* struct ev_str, JSON text; null slice = NULL */
        EV_COLUMN_TEXTS,       /* a text[]: struct ev_str, the array as PostgreSQL writes it,
                                * `{A,"b c"}`; null slice = NULL. A load gives it as `x::text` */
};

enum ev_column_flag {
        EV_COLUMN_KEY = 1,   /* all of them name the row in UPDATE and DELETE; never changes */
        EV_COLUMN_FIXED = 2, /* written when the row is inserted, never again */
        EV_COLUMN_READ = 4,  /* comes with the row and is never written; a table of nothing else is
                              * an  index beside another one: folds may add to it, it is not saved */
};

struct ev_table_column {
        const char *name;
        enum ev_column_type type;
        unsigned flags;        /* enum ev_column_flag */
        unsigned scale;        /* EV_COLUMN_NUMERIC: places after the point */
        size_t offset;         /* of the member in the row's struct */
        size_t present_offset; /* of the bool that says whether it is not NULL; 0: it never is
                                * NULL, or the type itself can say */
};

/* `EV_COLUMN(struct lot, quantity, INT4, 0)`; a nullable number has a bool `has_<member>`. */
#define EV_COLUMN(row, member, kind, column_flags)                                \
        {                                                                         \
                .name = #member, .type = EV_COLUMN_##kind, .flags = column_flags, \
                .offset = offsetof(row, member)                                   \
        }
#define EV_COLUMN_NULLABLE(row, member, kind, column_flags)                                    \
        {                                                                                      \
                .name = #member, .type = EV_COLUMN_##kind, .flags = column_flags,              \
                .offset = offsetof(row, member), .present_offset = offsetof(row, has_##member) \
        }
#define EV_COLUMN_DECIMAL(row, member, places, column_flags)                       \
        {                                                                          \
                .name = #member, .type = EV_COLUMN_NUMERIC, .flags = column_flags, \
                .scale = places, .offset = offsetof(row, member)                   \
        }
#define EV_COLUMN_DECIMAL_NULLABLE(row, member, places, column_flags)              \
        {                                                                          \
                .name = #member, .type = EV_COLUMN_NUMERIC, .flags = column_flags, \
                .scale = places, .offset = offsetof(row, member),                  \
                .present_offset = offsetof(row, has_##member)                      \
        }

/* What saving has to do with a row, together with `changed` and `removed`. */
enum ev_row_state {
        EV_ROW_LOADED, /* stands in the database as it was loaded */
        EV_ROW_NEW,    /* does not stand there yet */
};

/* The head of every row's struct: `struct lot { struct ev_row row; int32_t id; … };` */
struct ev_row {
        struct ev_row *next;          /* of the same table, in the order of arrival */
        struct ev_row *next_in_group; /* of the same table and group, in the order of arrival */
        enum ev_row_state state;
        bool changed; /* by ev_rows_change() */
        bool removed; /* by ev_rows_remove(): nobody finds it any more */
};

struct ev_table {
        const char *name;                      /* in schema public */
        size_t row_size;                       /* sizeof the row's struct */
        const struct ev_table_column *columns; /* in the order in which a load gives them */
        size_t column_count;
        const struct ev_table_column *find_by;  /* TEXT, unique: ev_rows_find(); NULL: not by key */
        const struct ev_table_column *group_by; /* INT4 or INT8: ev_rows_first(); NULL: no groups */
        const struct ev_table_column *drawn; /* INT4 or INT8 id that new rows get from a sequence */
        const char *sequence;                /* of `drawn` */
};

/* Checks a description; for asserts and for start-up. */
bool ev_table_check(const struct ev_table *table);

/* Where ids of new rows come from. Returns 0 and an id that nobody else gets, or a failure. */
struct ev_id_source {
        int (*draw)(void *context, const struct ev_table *table, int64_t *ret_id);
        void *context;
};

/* Pointers to rows are good until the next ev_rows_begin(). */
struct ev_rows;

/* An empty working set over these tables (borrowed for its life). Ids are drawn from `ids`. */
int ev_rows_new(struct ev_rows **ret_rows, const struct ev_table *const tables[], size_t count,
                struct ev_id_source ids) _must_check_;
struct ev_rows *ev_rows_free(struct ev_rows *rows);
EV_DEFINE_CLEANUP(struct ev_rows *, ev_rows_free)

/* Begins a batch: forgets all rows. Rows and texts of the batch are taken from `arena`. */
void ev_rows_begin(struct ev_rows *rows, struct ev_arena *arena);

/* Puts a row that stands in the database into the set. `image` is copied; its texts are borrowed
 * until the batch ends. A row that is there already stays as it is: the same `find_by`, or where a
 * table has none the same EV_COLUMN_KEY columns. */
int ev_rows_put(struct ev_rows *rows, const struct ev_table *table, const void *image) _must_check_;

/* Adds a new row; its texts are copied too. A drawn id that is 0 is drawn. *ret_row, where it is
 * wanted, is the row in the set. */
int ev_rows_add(struct ev_rows *rows, const struct ev_table *table, const void *image,
                const void **ret_row) _must_check_;

/* The row with this key, or NULL; a removed one is not found. Only rows that were wanted are there:
 * NULL means that the database has none only where the key was. */
const void *ev_rows_find(const struct ev_rows *rows, const struct ev_table *table,
                         struct ev_str key);

/* The rows of a group, in the order of arrival; NULL at the end. Removed ones are left out. */
const void *ev_rows_first(const struct ev_rows *rows, const struct ev_table *table, int64_t group);
const void *ev_rows_next(const void *row);

/* The same row for writing: it will be saved. Neither its key nor its group may change; texts put
 * into it must live as long as the batch (ev_rows_text). */
void *ev_rows_change(struct ev_rows *rows, const void *row);

/* Takes a row away. */
void ev_rows_remove(struct ev_rows *rows, const void *row);

/* A copy of a text that lives as long as the batch. */
int ev_rows_text(struct ev_rows *rows, struct ev_str text, struct ev_str *ret_copy) _must_check_;

/* Draws an id for a row that is added later: facts carry the ids of rows they make. Fails (verdict:
 * stop) when the ids that fit the column are used up. */
int ev_rows_draw(struct ev_rows *rows, const struct ev_table *table, int64_t *ret_id) _must_check_;

/* What has to be written for a table when the batch ends. */
enum ev_rows_kind { EV_ROWS_INSERTED, EV_ROWS_UPDATED, EV_ROWS_DELETED };

/* The rows of one kind in the order in which they have to be written (sorted by key where a table
 * has one, so that two batches take their locks in one order). *ret_list lives as long as the
 * batch; the count may be 0. */
int ev_rows_collect(const struct ev_rows *rows, const struct ev_table *table,
                    enum ev_rows_kind kind, const struct ev_row *const **ret_list,
                    size_t *ret_count) _must_check_;

#endif
