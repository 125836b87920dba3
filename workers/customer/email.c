/* Mail addresses.
 *
 * An address is unique whatever its case, and the database's unique index on lower(email) has the
 * last word. What lower() does to letters outside of ASCII depends on the collation, so two
 * programs could disagree about them; but no such letter is accepted, here or by the table's CHECK.
 * That leaves A to Z, which every collation folds alike but for Turkish and Azeri ones (an I
 * without a dot), under which customer_db must not be made.
 *
 * Nothing here has a state. */

#include "email.h"

#include <assert.h>
#include <string.h>

enum { TOP_LEVEL_MIN = 2 }; /* letters behind the last dot */

/* Not isalpha(): that one asks the locale. */
static bool is_letter(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* What may stand before the @, and with `others` as in the CHECK behind it. */
static bool consists_of(struct ev_str text, const char *others)
{
        assert(others);

        for (size_t i = 0; i < text.size; ++i)
                if (!is_letter(text.data[i]) && !is_digit(text.data[i]) &&
                    (text.data[i] == '\0' || !strchr(others, text.data[i])))
                        return false;
        return text.size > 0;
}

static bool is_domain(struct ev_str domain)
{
        size_t letters = 0;

        assert(domain.data);

        while (letters < domain.size && is_letter(domain.data[domain.size - 1 - letters]))
                ++letters;
        /* A dot before the letters, and something before the dot. */
        return letters >= TOP_LEVEL_MIN && domain.size >= letters + 2 &&
               domain.data[domain.size - 1 - letters] == '.' && consists_of(domain, ".-");
}

bool email_is_valid(struct ev_str address)
{
        const char *at;
        size_t local;

        assert(!ev_str_is_null(address));

        at = memchr(address.data, '@', address.size);
        if (!at || address.size > EMAIL_MAX)
                return false;
        local = (size_t)(at - address.data);
        return consists_of((struct ev_str){ address.data, local }, "._%+-") &&
               is_domain((struct ev_str){ at + 1, address.size - local - 1 });
}

struct ev_str email_fold(struct ev_str address, char buffer[EMAIL_MAX])
{
        assert(address.size <= EMAIL_MAX);

        for (size_t i = 0; i < address.size; ++i) {
                char c = address.data[i];

                buffer[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
        return (struct ev_str){ buffer, address.size };
}
