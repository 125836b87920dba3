/* eventctl order show: an order, what it holds, and its manifest, as they were at a time.
 *
 * Everything comes out of the facts in the outboxes, so it needs no backup and holds up in front of
 * an auditor: what is shown is what was recorded by then. Nothing is changed. Who dies here has
 * lost nothing. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "command.h"
#include "order_state.h"
#include "output.h"
#include "trace.h"

enum { OUT_BYTES_MAX = 64 * 1024 * 1024, LIST_TEXT_MAX = 512, TABLE_COLUMNS_MAX = 8 };

/* ---- For people ----
 *
 * Tables of what is there; null values and empty lists are left out, since a person looks for what
 * is. Programs read JSON, which has every member. */

/* A list of a part, or what the order holds, as a table. Names of columns are those of the members.
 */
struct table {
        const char *list;
        struct output_column columns[TABLE_COLUMNS_MAX];
        size_t count;
};

static const struct table lines_table = { "lines",
                                          { { "sku", 24, false },
                                            { "product_id", 10, true },
                                            { "quantity", 8, true },
                                            { "unit_price", 12, false },
                                            { "total_price", 0, false } },
                                          5 };
static const struct table items_table = { "items",
                                          { { "description", 24, false },
                                            { "quantity", 8, true },
                                            { "weight", 10, false },
                                            { "value", 12, false },
                                            { "hs_code", 0, false } },
                                          5 };
static const struct table quotes_table = { "quotes",
                                           { { "carrier_code", 16, false },
                                             { "service_type", 16, false },
                                             { "total_cost", 12, false },
                                             { "currency", 8, false },
                                             { "transit_days", 12, true },
                                             { "valid_until", 0, false } },
                                           6 };
/* Names are those of people here: a row of JSON has the lot as facts spell it. */
static const struct output_column holding_columns[] = {
        { "lot", 6, true },         { "sku", 24, false },   { "location", 12, false },
        { "batch", 12, false },     { "status", 9, false }, { "quantity", 8, true },
        { "expires_at", 0, false },
};

/* Texts of a list, as "a, b". */
static struct ev_str join(const struct ev_json *list, char text[LIST_TEXT_MAX])
{
        size_t used = 0;

        assert(text);

        text[0] = '\0';
        for (size_t i = 0; i < ev_json_count(list) && used < LIST_TEXT_MAX - 1; ++i) {
                int size = snprintf(text + used, LIST_TEXT_MAX - used, "%s%.*s", i ? ", " : "",
                                    EV_STR_ARG(ev_json_string(ev_json_item(list, i))));

                used += size > 0 ? (size_t)size : 0;
        }
        return ev_str_of(text);
}

/* Null for null, and for lists of records. */
static struct ev_str text_of(const struct order_value *value, char text[LIST_TEXT_MAX])
{
        const struct ev_json *first =
                ev_json_count(value->node) > 0 && ev_json_type(value->node) == EV_JSON_ARRAY
                        ? ev_json_item(value->node, 0)
                        : NULL;

        assert(text);

        if (value->time[0])
                return ev_str_of(value->time);
        if (ev_json_type(first) == EV_JSON_STRING)
                return join(value->node, text);
        return order_state_text(value->node, text);
}

/* What it has; lists of records have tables of their own. */
static void show_part(const struct order_part *part)
{
        const struct output_column columns[] = { { part->kind->name, 22, false },
                                                 { "value", 0, false } };
        struct output output = { .columns = columns, .columns_count = 2 };

        assert(part->exists);

        output_begin(&output, NULL, 0, NULL);
        /* Lists of records have no text and so no row here. */
        for (size_t i = 0; i < part->kind->fields_count; ++i) {
                char text[LIST_TEXT_MAX];
                struct ev_str value = text_of(&part->values[i], text);

                if (!ev_str_is_null(value))
                        output_row(&output,
                                   (struct ev_str[]){ ev_str_of(part->kind->fields[i]), value },
                                   false);
        }
}

/* No table where there is nothing to list. */
static void show_list(const struct order_part *part, const struct table *table)
{
        const struct order_value *list = order_state_value(part, table->list);
        struct output output = { .columns = table->columns, .columns_count = table->count };

        assert(list);

        if (ev_json_count(list->node) == 0)
                return;
        putchar('\n');
        output_begin(&output, NULL, 0, NULL);
        for (size_t i = 0; i < ev_json_count(list->node); ++i) {
                char texts[TABLE_COLUMNS_MAX][ORDER_STATE_TEXT_MAX];
                struct ev_str values[TABLE_COLUMNS_MAX];

                for (size_t k = 0; k < table->count; ++k)
                        values[k] = order_state_text(ev_json_get(ev_json_item(list->node, i),
                                                                 ev_str_of(table->columns[k].name)),
                                                     texts[k]);
                output_row(&output, values, false);
        }
}

/* What became of the pieces, lot by lot, also of those that are not held any more. */
static void show_holdings(const struct order_state *state)
{
        struct output output = { .columns = holding_columns,
                                 .columns_count = EV_ARRAY_SIZE(holding_columns) };

        assert(state->order.exists);

        if (state->holdings_count == 0)
                return;
        putchar('\n');
        output_begin(&output, NULL, 0, NULL);
        for (size_t i = 0; i < state->holdings_count; ++i) {
                const struct order_holding *holding = &state->holdings[i];
                char numbers[2][OUTPUT_NUMBER_MAX], expires_at[LIST_TEXT_MAX];

                output_row(&output,
                           (struct ev_str[]){
                                   output_number(holding->lot_id, numbers[0]),
                                   ev_json_string(ev_json_get(holding->lot, EV_STR("sku"))),
                                   ev_json_string(ev_json_get(holding->lot, EV_STR("location"))),
                                   ev_json_string(
                                           ev_json_get(holding->lot, EV_STR("batch_number"))),
                                   ev_str_of(holding->status),
                                   output_number(holding->quantity, numbers[1]),
                                   text_of(&holding->expires_at, expires_at),
                           },
                           false);
        }
}

/* Blank lines between tables; they are flushed, and failures seen, at the end. */
static bool show_text(const struct order_state *state)
{
        assert(state->order.exists || state->manifest.exists);

        if (state->order.exists) {
                show_part(&state->order);
                show_list(&state->order, &lines_table);
                show_holdings(state);
        }
        if (state->manifest.exists) {
                if (state->order.exists)
                        putchar('\n');
                show_part(&state->manifest);
                show_list(&state->manifest, &items_table);
                show_list(&state->manifest, &quotes_table);
        }
        return output_text(EV_STR(""));
}

/* ---- The command ---- */

/* Without a time no fact is too late. */
static bool parse_at(const struct command_input *input, int64_t *ret_at)
{
        const char *text = command_value(input, "at");

        assert(ret_at);

        *ret_at = EV_INSTANT_MAX;
        if (!text || command_time(text, ret_at))
                return true;
        fprintf(stderr,
                "eventctl: --at: \"%s\" is no time such as 2025-01-31T12:00:00Z or 2025-01-31\n",
                text);
        return false;
}

/* Facts of a database in the order of their numbers; those of the other database are about the
 * other part. */
static int fold(struct order_state *state, const struct trace *story, int64_t at)
{
        int r = 0;

        assert(story->about == TRACE_ABOUT_ORDER);

        for (size_t i = 0; r == 0 && i < story->count; ++i)
                if (story->steps[i].at <= at)
                        r = order_state_fold(state, &story->steps[i].line);
        return ev_trace(r);
}

/* A moment is repeated as it was typed; null is now. */
static enum command_exit show(const struct command_input *input, const struct order_state *state,
                              enum output_format format)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(OUT_BYTES_MAX);
        const char *at = command_value(input, "at");
        int r = 0;

        assert(input->operand);

        if (format == OUTPUT_TEXT)
                return show_text(state) ? COMMAND_DONE : COMMAND_FAILED;
        r = order_state_write_json(state, ev_str_of(at), &out);
        if (r < 0)
                return command_fail();
        return output_text(ev_buffer_str(&out)) ? COMMAND_DONE : COMMAND_FAILED;
}

/* Half a state would be a wrong one: a database that does not answer ends it. */
static bool find(struct trace *story, const struct command_input *input)
{
        if (trace_open(story, input->config, input->operand) < 0) {
                command_complain();
                return false;
        }
        trace_find_order(story);
        for (size_t i = TRACE_ORDER_DB; i <= TRACE_SHIPPING_DB; ++i)
                if (story->errors[i][0])
                        fprintf(stderr, "eventctl: %s: not reached: %s\n", database_names[i],
                                story->errors[i]);
        assert(story->count <= TRACE_STEPS_MAX);
        return !story->errors[TRACE_ORDER_DB][0] && !story->errors[TRACE_SHIPPING_DB][0];
}

enum command_exit order_show(const struct command_input *input)
{
        static struct trace tale; /* large, as the state is */
        static struct order_state folded;
        _cleanup_(trace_done_p) struct trace *story = &tale;
        _cleanup_(order_state_done_p) struct order_state *state = &folded;
        enum output_format format;
        int64_t at;

        assert(input->operand);

        order_state_begin(state);
        if (!output_format_of(input, &format) || !parse_at(input, &at))
                return COMMAND_USAGE;
        if (!trace_name_order(story, ev_str_of(input->operand))) {
                fputs("eventctl: no order number is that long\n", stderr);
                return COMMAND_USAGE;
        }
        if (!find(story, input))
                return COMMAND_FAILED;
        if (fold(state, story, at) < 0)
                return command_fail();
        if (!state->order.exists && !state->manifest.exists) {
                fprintf(stderr, "eventctl: order %s: %s\n", input->operand,
                        story->count > 0 ? "no order of this number was accepted by then"
                                         : "no fact is about it");
                return COMMAND_FAILED;
        }
        return show(input, state, format);
}
