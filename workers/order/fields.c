/* Checks of single fields. What a request says by itself is checked before what it says about rows,
 * so that one that can never be accepted is refused at once and waits for nothing. No state. */

#include "fields.h"

#include <assert.h>

/* Characters, as PostgreSQL counts them for varchar(n). */
const char *misfit_text(const struct text_field *fields, size_t count)
{
        assert(fields);

        for (size_t i = 0; i < count; ++i) {
                const struct text_field *field = &fields[i];

                assert(field->characters_max > 0);
                if (ev_str_is_null(field->value))
                        continue;
                if (ev_str_characters(field->value) > field->characters_max ||
                    (field->value.size == 0 && !field->may_be_empty))
                        return field->name;
        }
        return NULL;
}

bool is_amount(struct ev_str currency, int64_t amount)
{
        assert(!ev_str_is_null(currency));

        if (amount < 0)
                return false;
        return !ev_currency_is_accepted(currency) ||
               ev_currency_can_pay(currency, amount, FIELD_AMOUNT_SCALE);
}
