/* What the registrations share: refusals, and texts that have to fit their columns.
 *
 * A refusal is a fact and goes to everybody who reads customer facts. It says what was asked, but
 * never a secret. */

#include "registration.h"

#include <assert.h>

enum { VALUE_BYTES_MAX = 256 }; /* of a value in a detail: enough to know it again */

/* Null is an optional text that was not given; the codec lets no required one be null. */
static bool fits(const struct text_rule *rule)
{
        assert(rule->characters_max > 0);

        if (ev_str_is_null(rule->value))
                return true;
        return ev_str_characters(rule->value) <= rule->characters_max &&
               (rule->value.size > 0 || rule->may_be_empty);
}

bool refuses_texts(const struct text_rule *rules, size_t count, struct refusal *ret_refusal)
{
        assert(rules && ret_refusal);

        for (size_t i = 0; i < count; ++i) {
                if (fits(&rules[i]))
                        continue;
                *ret_refusal =
                        (struct refusal){ CUSTOMER_REASON_INVALID_FIELD, rules[i].field,
                                          rules[i].is_secret ? EV_STR_NULL : rules[i].value,
                                          rules[i].value.size == 0 ? "is empty" : "is too long" };
                return true;
        }
        return false;
}

int refuse(struct ev_case *c, const struct refusal *refusal)
{
        struct ev_str value = ev_str_cut(refusal->value, VALUE_BYTES_MAX);

        assert(refusal->field && refusal->what);

        return ev_trace(ev_refuse(c, (int32_t)refusal->reason, "%s%s%.*s %s", refusal->field,
                                  value.size > 0 ? " " : "", EV_STR_ARG(value), refusal->what));
}
