/* What stands against shipping goods: completeness, restrictions of the destination, limits.
 *
 * Restrictions are rows, never code: a rule holds for a span of time, for a category or for all,
 * for HS codes that begin with some digits or for all. A limit is one on the value of those items
 * that its rule is about, and says nothing about another currency: nothing is converted here.
 *
 * Pure functions of rows and a time; a dying process loses nothing. */

#include "shipping/rules.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Findings ---- */

/* Adds to the text; what does not fit is cut off, in the middle of a character at worst. */
_printf_(2, 3) static void tell(struct findings *findings, const char *format, ...)
{
        size_t room = sizeof(findings->text) - findings->used;
        va_list arguments;
        int size;

        assert(room > 0);

        va_start(arguments, format);
        size = vsnprintf(findings->text + findings->used, room, format, arguments);
        va_end(arguments);
        if (size > 0)
                findings->used += (size_t)size < room ? (size_t)size : room - 1;
}

/* Begins what is said about a reason. */
static void find(struct findings *findings, enum shipping_reason reason)
{
        assert(findings->count < FINDINGS_MAX);

        findings->reasons[findings->count++] = reason;
        if (findings->used > 0)
                tell(findings, "; ");
}

/* The longest beginning that is text: what was cut off may have been half of a character. */
struct ev_str findings_detail(const struct findings *findings)
{
        struct ev_str text = { findings->text, findings->used };

        assert(findings->used < sizeof(findings->text));

        while (!ev_str_is_text(text))
                --text.size;
        return text;
}

/* ---- Rules ---- */

/* In ASCII, as categories are compared. */
static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether two categories are the same in lower case. */
static bool same_category(struct ev_str a, struct ev_str b)
{
        assert(!ev_str_is_null(a));

        if (a.size != b.size)
                return false;
        for (size_t i = 0; i < a.size; ++i)
                if (lower(a.data[i]) != lower(b.data[i]))
                        return false;
        return true;
}

/* An item without a code is about to be held for that, so no rule by codes needs to know it. */
static bool is_about(const struct rule *rule, const struct manifest_item *item)
{
        assert(rule && item);

        return (ev_str_is_null(rule->category) || same_category(rule->category, item->category)) &&
               (ev_str_is_null(rule->hs_prefix) ||
                ev_str_starts_with(item->hs_code, rule->hs_prefix));
}

/* The next rule of the destination that holds now and has this level, behind `rule` (NULL: the
 * first). */
static const struct rule *next_rule(const struct shipment *shipment, struct ev_str level,
                                    const struct rule *rule)
{
        assert(shipment->destination);

        rule = rule ? ev_rows_next(rule)
                    : ev_rows_first(shipment->rows, &rules_table, shipment->destination->id);
        for (; rule; rule = ev_rows_next(rule))
                if (ev_str_equal(rule->level, level) && rule->valid_from <= shipment->now &&
                    (!rule->has_valid_to || shipment->now < rule->valid_to))
                        return rule;
        return NULL;
}

/* The first item that the rule is about, or NULL. */
static const struct manifest_item *first_item(const struct shipment *shipment,
                                              const struct rule *rule)
{
        assert(shipment->items || shipment->item_count == 0);

        for (size_t i = 0; i < shipment->item_count; ++i)
                if (is_about(rule, &shipment->items[i]))
                        return &shipment->items[i];
        return NULL;
}

/* Whether the items that the rule is about are worth more than it says. The sum of all items fits,
 * so that of some does. */
static bool is_above(const struct shipment *shipment, const struct rule *rule)
{
        int64_t value = 0;

        assert(rule->has_limit_value);

        if (!ev_str_equal(rule->limit_currency, shipment->currency))
                return false;
        for (size_t i = 0; i < shipment->item_count; ++i)
                if (is_about(rule, &shipment->items[i]))
                        value += shipment->items[i].value;
        return value > rule->limit_value;
}

bool duty_is_due(const struct shipment *shipment)
{
        const struct rule *rule = NULL;

        assert(shipment);

        if (!shipment->destination)
                return false;
        while ((rule = next_rule(shipment, EV_STR("DUTY_FREE_LIMIT"), rule)))
                if (is_above(shipment, rule))
                        return true;
        return false;
}

/* ---- What rejects ---- */

static void find_prohibited(const struct shipment *shipment, struct findings *findings)
{
        const struct rule *rule = NULL;
        const struct manifest_item *item = NULL;

        assert(shipment->destination);

        while (!item && (rule = next_rule(shipment, EV_STR("PROHIBITED"), rule)))
                item = first_item(shipment, rule);
        if (!item)
                return;
        find(findings, SHIPPING_REASON_PROHIBITED_GOODS);
        tell(findings, "item %td (category %.*s, hs_code %.*s) may not go to %.*s",
             item - shipment->items + 1, EV_STR_ARG(item->category), EV_STR_ARG(item->hs_code),
             EV_STR_ARG(shipment->destination_country));
}

static void find_value_limit(const struct shipment *shipment, struct findings *findings)
{
        const struct rule *rule = NULL;
        char limit[EV_DECIMAL_TEXT_MAX];

        assert(shipment->destination);

        do
                rule = next_rule(shipment, EV_STR("VALUE_LIMIT"), rule);
        while (rule && !is_above(shipment, rule));
        if (!rule)
                return;
        ev_decimal_format(rule->limit_value, RATE_MONEY_SCALE, limit);
        find(findings, SHIPPING_REASON_VALUE_LIMIT_EXCEEDED);
        tell(findings, "the value is above %s %.*s, the limit of %.*s", limit,
             EV_STR_ARG(rule->limit_currency), EV_STR_ARG(shipment->destination_country));
}

/* In the order of the contract, which names the first. */
void find_rejection(const struct shipment *shipment, struct findings *findings)
{
        char weight[EV_DECIMAL_TEXT_MAX];

        assert(findings->count == 0);

        if (!shipment->destination) {
                find(findings, SHIPPING_REASON_UNKNOWN_COUNTRY);
                tell(findings, "destination_country %.*s is not known",
                     EV_STR_ARG(shipment->destination_country));
                return;
        }
        find_prohibited(shipment, findings);
        if (findings->count == 0 && shipment->offers->too_heavy) {
                ev_decimal_format(shipment->total_weight, RATE_WEIGHT_SCALE, weight);
                find(findings, SHIPPING_REASON_WEIGHT_LIMIT_EXCEEDED);
                tell(findings, "%s kg is above what any service takes to %.*s", weight,
                     EV_STR_ARG(shipment->destination->zone));
        }
        if (findings->count == 0)
                find_value_limit(shipment, findings);
}

/* ---- What holds ---- */

/* The lint of the Harmonized System: World Customs Organization, HS Nomenclature 2022; chapter 77
 * is reserved, 98 and 99 are left to national use. */
bool hs_code_read(struct ev_str code, char buffer[HS_CODE_DIGITS_MAX], struct ev_str *ret_digits)
{
        size_t count = 0;
        int chapter;

        assert(ret_digits);

        for (size_t i = 0; i < code.size; ++i) {
                if (code.data[i] == '.')
                        continue;
                if (code.data[i] < '0' || code.data[i] > '9' || count == HS_CODE_DIGITS_MAX)
                        return false;
                buffer[count++] = code.data[i];
        }
        if (count != 6 && count != 8 && count != 10)
                return false;
        chapter = (buffer[0] - '0') * 10 + (buffer[1] - '0');
        *ret_digits = (struct ev_str){ buffer, count };
        return chapter >= 1 && chapter <= 97 && chapter != 77;
}

static bool lacks_hs_code(const struct manifest_item *item)
{
        return item->hs_code.size == 0;
}

static bool has_invalid_hs_code(const struct manifest_item *item)
{
        char buffer[HS_CODE_DIGITS_MAX];
        struct ev_str digits;

        assert(item);

        return !lacks_hs_code(item) && !hs_code_read(item->hs_code, buffer, &digits);
}

static bool lacks_origin(const struct manifest_item *item)
{
        return item->country_of_origin.size == 0;
}

/* Names the items that something is wrong with. */
static void find_items(const struct shipment *shipment, struct findings *findings,
                       enum shipping_reason reason, bool (*is_wrong)(const struct manifest_item *),
                       const char *what)
{
        bool found = false;

        assert(is_wrong && what);

        for (size_t i = 0; i < shipment->item_count; ++i) {
                if (!is_wrong(&shipment->items[i]))
                        continue;
                if (!found)
                        find(findings, reason);
                if (found)
                        tell(findings, ", %zu", i + 1);
                else
                        tell(findings, "items without %s: %zu", what, i + 1);
                found = true;
        }
}

/* What a revision, or whoever submits, has to list: every document of every rule that is about an
 * item. */
static void find_missing_documents(const struct shipment *shipment, struct findings *findings)
{
        const struct rule *rule = NULL;
        bool found = false;

        assert(shipment->destination);

        while ((rule = next_rule(shipment, EV_STR("DOCUMENTS"), rule))) {
                if (rule->documents.size == 0 || !first_item(shipment, rule))
                        continue;
                if (!found)
                        find(findings, SHIPPING_REASON_MISSING_DOCUMENTS);
                tell(findings, "%s%.*s",
                     found ? ", " : "missing documents: ", EV_STR_ARG(rule->documents));
                found = true;
        }
}

/* A limit in another currency is not a hold, but whoever mends the rest should know of it. */
static void tell_other_currencies(const struct shipment *shipment, struct findings *findings)
{
        const struct rule *rule = NULL;

        assert(findings->count > 0);

        while ((rule = next_rule(shipment, EV_STR("VALUE_LIMIT"), rule)))
                if (!ev_str_equal(rule->limit_currency, shipment->currency))
                        tell(findings, "; a limit in %.*s was not applied to %.*s",
                             EV_STR_ARG(rule->limit_currency), EV_STR_ARG(shipment->currency));
}

void find_holds(const struct shipment *shipment, struct findings *findings)
{
        assert(shipment->destination);
        assert(findings->count == 0);

        find_items(shipment, findings, SHIPPING_REASON_MISSING_HS_CODE, lacks_hs_code,
                   "an hs_code");
        find_items(shipment, findings, SHIPPING_REASON_INVALID_HS_CODE, has_invalid_hs_code,
                   "a valid hs_code");
        find_items(shipment, findings, SHIPPING_REASON_MISSING_ORIGIN, lacks_origin,
                   "a country_of_origin");
        find_missing_documents(shipment, findings);
        if (!shipment->offers->selected) {
                find(findings, SHIPPING_REASON_NO_RATE);
                tell(findings, "no service quotes %.*s in %.*s",
                     EV_STR_ARG(shipment->destination->zone), EV_STR_ARG(shipment->currency));
        }
        if (!shipment->destination->active) {
                find(findings, SHIPPING_REASON_COUNTRY_INACTIVE);
                tell(findings, "%.*s is not served at present",
                     EV_STR_ARG(shipment->destination_country));
        }
        if (findings->count > 0)
                tell_other_currencies(shipment, findings);
}
