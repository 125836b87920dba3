/* What facts mean for the state of an order and its manifest, by tables.
 *
 * Pure: facts in, state out. Nothing is computed but the pieces of lots, which facts tell as
 * changes. What does not go together can only come from an outbox that is not whole, and is an
 * error. */

#include "order_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "output.h"
#include "tail.h"
#include "types.h"
#include "wire/form.h"

enum { FORM_BYTES_MAX = 16 * 1024 * 1024 };

/* The columns of orders and order_extras, under their names, and the lines. What the order holds is
 * no value of it: facts tell it as changes. placed_event_id is left to the story of the order,
 * where it is the cause of the first fact. */
static const char *const order_fields[] = {
        "order_number",
        "status",
        "company_id",
        "customer_id",
        "total_amount",
        "currency",
        "origin_country",
        "destination_country",
        "placed_at",
        "confirmation",
        "reservation_ttl_s",
        "backorder",
        "preferred_location",
        "expires_at",
        "cancel_requested_at",
        "cancel_reason",
        "created_at",
        "updated_at",
        "lines",
};

/* The columns of manifests and manifest_orders, with its items and the quotes that hold. The
 * selected rate is told by the codes of the quote: rows have an id there, which no fact knows. */
static const char *const manifest_fields[] = {
        "unique_id",
        "status",
        "company_id",
        "order_number",
        "origin_country",
        "destination_country",
        "shipping_zone",
        "total_weight",
        "total_volume",
        "total_value",
        "currency",
        "duty_flag",
        "created_by",
        "selected_carrier_code",
        "selected_service_type",
        "estimated_delivery",
        "tracking_number",
        "documents",
        "held_reasons",
        "rejection_code",
        "retryable",
        "retry_until",
        "submitted_at",
        "approved_at",
        "shipped_at",
        "created_at",
        "updated_at",
        "items",
        "quotes",
};

static const struct order_part_kind order_kind = { "order", "OrderAccepted", order_fields,
                                                   EV_ARRAY_SIZE(order_fields) };
static const struct order_part_kind manifest_kind = { "manifest", "ManifestDrafted",
                                                      manifest_fields,
                                                      EV_ARRAY_SIZE(manifest_fields) };

/* What a rule does with a field of a fact and a value of the state. */
enum effect {
        COPIED,   /* the value becomes what the field has, null too */
        CLEARED,  /* the value becomes null */
        STAMPED,  /* the value becomes the fact's time, if the field is there and not null */
        FIRST,    /* the same, unless there is a time already */
        LEFT,     /* the field of the value's name says nothing about it … */
        LEFT_NULL /* … if it is null */
};

/* Where a fact says it otherwise than by a field of the value's name. Lines hold for one type of
 * fact, or for all (NULL); each line that holds is followed. */
static const struct rule {
        const char *type; /* NULL: any */
        enum effect effect;
        const char *field; /* of the fact; NULL: none is asked for */
        const char *value; /* of the state */
} rules[] = {
        /* A status is changed by facts that name both, and by those that begin something. */
        { NULL, COPIED, "new_status", "status" },
        { NULL, STAMPED, "new_status", "updated_at" },
        { "OrderAccepted", STAMPED, "order_number", "created_at" },
        { "OrderAccepted", STAMPED, "order_number", "updated_at" },
        { "OrderConfirmed", LEFT, NULL, "lines" }, /* these are for customs */
        { "OrderConfirmed", CLEARED, NULL, "expires_at" },
        /* A question and its answer leave the order's own time alone. */
        { "OrderCancellationPending", FIRST, "cancel_reason", "cancel_requested_at" },
        { "OrderCancellationDeclined", CLEARED, NULL, "cancel_requested_at" },
        { "OrderCancellationDeclined", CLEARED, NULL, "cancel_reason" },
        { "OrderCancelled", LEFT_NULL, NULL, "cancel_reason" },
        { "OrderCancelled", FIRST, "cancel_reason", "cancel_requested_at" },
        { "StockReserved", COPIED, "expires_at", "expires_at" },
        /* Holding a manifest leaves its time alone too; new quotes do not. */
        { "ManifestDrafted", STAMPED, "unique_id", "created_at" },
        { "ManifestDrafted", STAMPED, "unique_id", "updated_at" },
        { "RatesQuoted", STAMPED, "unique_id", "updated_at" },
        { "ManifestHeld", COPIED, "reasons", "held_reasons" },
        { "ManifestHeld", COPIED, "held_until", "retry_until" },
        { "ManifestSubmitted", CLEARED, NULL, "held_reasons" },
        { "ManifestSubmitted", CLEARED, NULL, "retry_until" },
        { "ManifestApproved", STAMPED, "unique_id", "approved_at" },
        { "ManifestRejected", COPIED, "reason", "rejection_code" },
        { "ManifestRejected", CLEARED, NULL, "held_reasons" },
        { "ManifestShipped", COPIED, "at", "shipped_at" },
};

/* What a fact does to the pieces of its lots. Those that are open may run out. */
static const struct move {
        const char *type;
        const char *from, *to; /* NULL: from nowhere */
} moves[] = {
        { "StockReserved", NULL, "open" },
        { "StockReleased", "open", "released" },
        { "StockConsumed", "open", "consumed" },
};

/* Lists of fields are checked once, at build time, against the room for their values. */
void order_state_begin(struct order_state *state)
{
        static_assert(EV_ARRAY_SIZE(order_fields) <= ORDER_STATE_FIELDS_MAX, "");
        static_assert(EV_ARRAY_SIZE(manifest_fields) <= ORDER_STATE_FIELDS_MAX, "");
        assert(state);

        state->order = (struct order_part){ .kind = &order_kind };
        state->manifest = (struct order_part){ .kind = &manifest_kind };
        state->holdings_count = state->forms_count = 0;
}

/* Values are void then. */
void order_state_done(struct order_state *state)
{
        assert(state);

        while (state->forms_count > 0)
                ev_json_free(state->forms[--state->forms_count]);
}

/* ---- Values ---- */

/* A linear search: a part has some twenty values. */
static struct order_value *find_value(struct order_part *part, struct ev_str name)
{
        assert(part->kind);

        for (size_t i = 0; i < part->kind->fields_count; ++i)
                if (ev_str_equal(ev_str_of(part->kind->fields[i]), name))
                        return &part->values[i];
        return NULL;
}

const struct order_value *order_state_value(const struct order_part *part, const char *name)
{
        assert(name);

        for (size_t i = 0; i < part->kind->fields_count; ++i)
                if (strcmp(part->kind->fields[i], name) == 0)
                        return &part->values[i];
        return NULL;
}

/* A field that a fact does not have is null, as one that it has as null. */
static bool is_null(const struct order_value *value)
{
        assert(value);

        return ev_json_type(value->node) == EV_JSON_NULL && !value->time[0];
}

/* Forgets a time that stood there. */
static void set(struct order_value *value, const struct ev_json *node)
{
        assert(value);

        *value = (struct order_value){ .node = node };
}

static void stamp(struct order_value *value, int64_t time)
{
        static_assert((int)EV_INSTANT_TEXT_MAX == (int)ORDER_STATE_TIME_MAX, "");
        assert(value);

        *value = (struct order_value){ 0 };
        ev_instant_format(time, value->time);
}

/* ---- One fact ---- */

/* A fact with its form. */
struct fact {
        const struct event_line *line;
        struct ev_str type; /* the last word of it */
        const struct ev_json *form;
};

/* Names of types are told apart by their last word: those of facts are all different. */
static bool is_of(const struct fact *fact, const char *type)
{
        assert(fact->type.size > 0);

        return !type || ev_str_equal(fact->type, ev_str_of(type));
}

static bool has_rule(const struct fact *fact)
{
        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i)
                if (rules[i].type && is_of(fact, rules[i].type))
                        return true;
        assert(fact->line);
        return false;
}

/* Refusals and repeats change nothing, and say what a stranger has asked for; but an answer that
 * takes a question back has its lines. */
static bool changes_something(const struct fact *fact)
{
        const struct ev_record *newest = types_newest(fact->line->event.type);
        enum ev_outcome outcome =
                newest && newest->contract ? newest->contract->outcome : EV_OUTCOME_NONE;

        assert(fact->form);

        return (outcome != EV_OUTCOME_REFUSED && outcome != EV_OUTCOME_REPEATED) || has_rule(fact);
}

/* Whether a field of the value's own name is what it becomes. */
static bool is_by_name(const struct fact *fact, struct ev_str name, const struct ev_json *node)
{
        assert(name.size > 0);

        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i)
                if (is_of(fact, rules[i].type) && ev_str_equal(name, ev_str_of(rules[i].value)) &&
                    (rules[i].effect == LEFT ||
                     (rules[i].effect == LEFT_NULL && ev_json_type(node) == EV_JSON_NULL)))
                        return false;
        return true;
}

/* A rule of another part's value is none for this one: rules name values, and not parts. */
static void follow(struct order_part *part, const struct fact *fact, const struct rule *rule)
{
        struct order_value *value = find_value(part, ev_str_of(rule->value));
        const struct ev_json *node =
                rule->field ? ev_json_get(fact->form, ev_str_of(rule->field)) : NULL;
        bool is_there = ev_json_type(node) != EV_JSON_NULL;

        assert(is_of(fact, rule->type));

        if (!value)
                return;
        if (rule->effect == CLEARED)
                set(value, NULL);
        else if (rule->effect == COPIED && node)
                set(value, node);
        else if (is_there && (rule->effect == STAMPED || (rule->effect == FIRST && is_null(value))))
                stamp(value, fact->line->event.time);
}

/* First by name, then by rule, so that rules have the last word. */
static int fold_part(struct order_part *part, const struct fact *fact)
{
        struct ev_json_member member = { 0 };

        assert(fact->form);

        if (part->exists == is_of(fact, part->kind->begin))
                return ev_fail(EV_VERDICT_STOP,
                               "%.*s of %.*s, number %" PRId64 ", %s: facts before it are missing",
                               EV_STR_ARG(fact->type), EV_STR_ARG(fact->line->event.subject),
                               fact->line->event.sequence,
                               part->exists ? "comes a second time" : "comes before its beginning");
        part->exists = true;
        while (ev_json_next(fact->form, &member)) {
                struct order_value *value = find_value(part, member.name);

                if (value && is_by_name(fact, member.name, member.value))
                        set(value, member.value);
        }
        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i)
                if (is_of(fact, rules[i].type))
                        follow(part, fact, &rules[i]);
        return 0;
}

/* ---- Pieces of lots ---- */

/* One for each lot and state, as the table's key has it; a lot is of one product, and so of one
 * line. */
static struct order_holding *find_holding(struct order_state *state, int64_t lot_id,
                                          const char *status)
{
        assert(state->holdings_count <= ORDER_STATE_HOLDINGS_MAX);

        for (size_t i = 0; i < state->holdings_count; ++i)
                if (state->holdings[i].lot_id == lot_id &&
                    strcmp(state->holdings[i].status, status) == 0)
                        return &state->holdings[i];
        return NULL;
}

/* What is empty goes, as its row does. */
static int take_away(struct order_state *state, int64_t lot_id, int64_t quantity,
                     const char *status)
{
        struct order_holding *holding = find_holding(state, lot_id, status);

        assert(quantity > 0);

        if (!holding || holding->quantity < quantity)
                return ev_fail(EV_VERDICT_STOP,
                               "%" PRId64 " pieces of the lot %" PRId64
                               " are not %s: facts before this are missing",
                               quantity, lot_id, status);
        holding->quantity -= quantity;
        if (holding->quantity == 0)
                *holding = state->holdings[--state->holdings_count];
        return 0;
}

/* The lot's own words are those of the fact that came first; they do not change. */
static int add(struct order_state *state, const struct fact *fact, const struct ev_json *lot,
               int64_t lot_id, int64_t quantity, const char *status)
{
        struct order_holding *holding = find_holding(state, lot_id, status);

        assert(quantity > 0);

        if (holding) {
                holding->quantity += quantity;
                set(&holding->expires_at, ev_json_get(fact->form, EV_STR("expires_at")));
                return 0;
        }
        if (state->holdings_count == ORDER_STATE_HOLDINGS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d lots", ORDER_STATE_HOLDINGS_MAX);
        state->holdings[state->holdings_count++] = (struct order_holding){
                .lot = lot,
                .lot_id = lot_id,
                .status = status,
                .quantity = quantity,
                .expires_at.node = ev_json_get(fact->form, EV_STR("expires_at")),
        };
        return 0;
}

/* A lot that stands twice in a fact is moved twice. */
static int move_lots(struct order_state *state, const struct fact *fact, const struct move *move)
{
        const struct ev_json *lots = ev_json_get(fact->form, EV_STR("lots"));
        int r = 0;

        assert(move->to);

        if (!state->order.exists)
                return ev_fail(EV_VERDICT_STOP, "%.*s of %.*s: facts before it are missing",
                               EV_STR_ARG(fact->type), EV_STR_ARG(fact->line->event.subject));
        for (size_t i = 0; r == 0 && i < ev_json_count(lots); ++i) {
                const struct ev_json *lot = ev_json_item(lots, i);
                int64_t id, quantity;

                if (!ev_json_int(ev_json_get(lot, EV_STR("inventory_item_id")), &id) ||
                    !ev_json_int(ev_json_get(lot, EV_STR("quantity")), &quantity) || quantity <= 0)
                        return ev_fail(EV_VERDICT_STOP, "%.*s has a lot that is none",
                                       EV_STR_ARG(fact->type));
                if (move->from)
                        r = take_away(state, id, quantity, move->from);
                if (r == 0)
                        r = add(state, fact, lot, id, quantity, move->to);
        }
        return ev_trace(r);
}

/* Stock says of the order only what its rules say, and of lots what became of them. */
static int fold_stock(struct order_state *state, const struct fact *fact)
{
        int r = 0;

        assert(fact->form);

        for (size_t i = 0; i < EV_ARRAY_SIZE(rules); ++i)
                if (rules[i].type && is_of(fact, rules[i].type))
                        follow(&state->order, fact, &rules[i]);
        for (size_t i = 0; r == 0 && i < EV_ARRAY_SIZE(moves); ++i)
                if (is_of(fact, moves[i].type))
                        r = move_lots(state, fact, &moves[i]);
        return ev_trace(r);
}

/* An order without a time limit holds its pieces without one. */
static void end_time_limits(struct order_state *state)
{
        assert(state->holdings_count <= ORDER_STATE_HOLDINGS_MAX);

        if (is_null(order_state_value(&state->order, "expires_at")))
                for (size_t i = 0; i < state->holdings_count; ++i)
                        set(&state->holdings[i].expires_at, NULL);
}

/* ---- All facts ---- */

/* Facts are read in their JSON form, whatever version wrote them: names are all that counts here.
 * Secrets are stars in it, and facts have none. */
static int keep_form(struct order_state *state, const struct event_line *line,
                     const struct ev_json **ret_form)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(FORM_BYTES_MAX);
        int r;

        assert(ret_form);

        if (state->forms_count == ORDER_STATE_FORMS_MAX)
                return ev_fail(EV_VERDICT_STOP, "more than %d facts", ORDER_STATE_FORMS_MAX);
        if (!line->value)
                return ev_fail(EV_VERDICT_STOP,
                               "%.*s of %.*s has the schema %u, which this program does not know",
                               EV_STR_ARG(line->event.type), EV_STR_ARG(line->event.subject),
                               line->schema_id);
        r = ev_form_print(line->record, line->value, &text);
        if (r == 0)
                r = ev_json_parse(ev_buffer_str(&text), FORM_BYTES_MAX,
                                  &state->forms[state->forms_count]);
        if (r == 0)
                *ret_form = state->forms[state->forms_count++];
        return ev_trace(r);
}

/* Facts about the order tell of its manifest nothing, and the other way round: a part is that of
 * the field that the subject comes from. Stock is about what the order holds. */
int order_state_fold(struct order_state *state, const struct event_line *line)
{
        struct fact fact = { .line = line, .type = tail_short_type(line->event.type) };
        bool is_stock = ev_str_starts_with(line->event.type, EV_STR("quenty.stock."));
        int r = keep_form(state, line, &fact.form);
        bool is_manifest;

        assert(line->event.has_time);

        if (r < 0 || !changes_something(&fact))
                return ev_trace(r);
        is_manifest = ev_json_get(fact.form, EV_STR("unique_id"));
        r = is_stock ? fold_stock(state, &fact)
                     : fold_part(is_manifest ? &state->manifest : &state->order, &fact);
        if (r == 0)
                end_time_limits(state);
        return ev_trace(r);
}

/* ---- For programs ---- */

struct ev_str order_state_text(const struct ev_json *node, char buffer[ORDER_STATE_TEXT_MAX])
{
        struct ev_str text = ev_json_string(node);
        int64_t number;
        bool truth;

        assert(buffer);

        if (!ev_str_is_null(text))
                return text;
        if (ev_json_bool(node, &truth))
                return truth ? EV_STR("true") : EV_STR("false");
        if (!ev_json_int(node, &number))
                return EV_STR_NULL;
        snprintf(buffer, ORDER_STATE_TEXT_MAX, "%" PRId64, number);
        return ev_str_of(buffer);
}

/* As deep as records may be in one another, of which the form was made. */
static void write_node(struct ev_json_writer *writer, const struct ev_json *node)
{
        struct ev_json_member member = { 0 };
        int64_t number = 0;
        bool truth = false;

        assert(writer);

        switch (ev_json_type(node)) {
        case EV_JSON_NULL: ev_json_write_null(writer); return;
        case EV_JSON_BOOL:
                (void)ev_json_bool(node, &truth);
                ev_json_write_bool(writer, truth);
                return;
        case EV_JSON_INT:
                (void)ev_json_int(node, &number);
                ev_json_write_int(writer, number);
                return;
        case EV_JSON_STRING: ev_json_write_string(writer, ev_json_string(node)); return;
        case EV_JSON_ARRAY:
                ev_json_array_begin(writer);
                for (size_t i = 0; i < ev_json_count(node); ++i)
                        write_node(writer, ev_json_item(node, i));
                ev_json_array_end(writer);
                return;
        case EV_JSON_OBJECT:
                ev_json_object_begin(writer);
                while (ev_json_next(node, &member)) {
                        ev_json_write_name(writer, member.name);
                        write_node(writer, member.value);
                }
                ev_json_object_end(writer);
                return;
        case EV_JSON_REAL: break;
        }
        assert(false && "a form has no floating point");
}

/* A fact's own time has no node. */
static void write_value(struct ev_json_writer *writer, const struct order_value *value)
{
        assert(value);

        if (value->time[0])
                ev_json_write_string(writer, ev_str_of(value->time));
        else
                write_node(writer, value->node);
}

/* A part as the value of a name that was written; null if it does not exist. The object is left
 * open. */
static bool write_part(struct ev_json_writer *writer, const struct order_part *part)
{
        ev_json_write_name(writer, ev_str_of(part->kind->name));
        if (!part->exists) {
                ev_json_write_null(writer);
                return false;
        }
        ev_json_object_begin(writer);
        for (size_t i = 0; i < part->kind->fields_count; ++i) {
                ev_json_write_name(writer, ev_str_of(part->kind->fields[i]));
                write_value(writer, &part->values[i]);
        }
        assert(part->kind->fields_count > 0);
        return true;
}

/* The lot as the fact names it, with what became of it. */
static void write_holding(struct ev_json_writer *writer, const struct order_holding *holding)
{
        struct ev_json_member member = { 0 };

        assert(holding->quantity > 0);

        ev_json_object_begin(writer);
        while (ev_json_next(holding->lot, &member))
                if (!ev_str_equal(member.name, EV_STR("quantity"))) {
                        ev_json_write_name(writer, member.name);
                        write_node(writer, member.value);
                }
        output_name_text(writer, "status", ev_str_of(holding->status));
        output_name_int(writer, "quantity", holding->quantity);
        ev_json_write_name(writer, EV_STR("expires_at"));
        write_value(writer, &holding->expires_at);
        ev_json_object_end(writer);
}

/* Every part has every member, so that programs need not ask what is there. */
int order_state_write_json(const struct order_state *state, struct ev_str at, struct ev_buffer *out)
{
        struct ev_json_writer writer = EV_JSON_WRITER_INIT(out);

        assert(state->order.exists || state->manifest.exists);

        ev_json_object_begin(&writer);
        output_name_text(&writer, "at", at);
        if (write_part(&writer, &state->order)) {
                ev_json_write_name(&writer, EV_STR("reservations"));
                ev_json_array_begin(&writer);
                for (size_t i = 0; i < state->holdings_count; ++i)
                        write_holding(&writer, &state->holdings[i]);
                ev_json_array_end(&writer);
                ev_json_object_end(&writer);
        }
        if (write_part(&writer, &state->manifest))
                ev_json_object_end(&writer);
        ev_json_object_end(&writer);
        if (ev_json_writer_end(&writer) < 0)
                return ev_trace(EV_FAILED);
        return ev_trace(ev_buffer_append(out, "\n", 1));
}
