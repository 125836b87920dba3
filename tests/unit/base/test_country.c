#include "support/unit.h"

#include <stdio.h>

#include "base/country.h"
#include "base/json.h"
#include "base/macro.h"

UNIT_SUITE(country);

enum { LETTERS = 26, ASSIGNED = 249 };

/* The list of the iso-codes package. */
static struct ev_json *load_iso_codes(void)
{
        static char text[1024 * 1024];
        FILE *file = fopen("/usr/share/iso-codes/json/iso_3166-1.json", "re");
        struct ev_json *root = NULL;
        size_t size;

        cr_assert_not_null(file);
        size = fread(text, 1, sizeof(text), file);
        fclose(file);
        cr_assert_eq(ev_json_parse((struct ev_str){ text, size }, sizeof(text), &root), 0);
        return root;
}

/* Every code of two letters. */
Test(country, the_codes_are_those_of_iso_codes)
{
        _cleanup_(ev_json_free_p) struct ev_json *root = load_iso_codes();
        const struct ev_json *rows = ev_json_get(root, EV_STR("3166-1"));
        char assigned[LETTERS * LETTERS] = { 0 };

        cr_assert_eq(ev_json_count(rows), ASSIGNED);
        for (size_t i = 0; i < ev_json_count(rows); ++i) {
                struct ev_str code =
                        ev_json_string(ev_json_get(ev_json_item(rows, i), EV_STR("alpha_2")));

                cr_assert_eq(code.size, 2);
                assigned[(code.data[0] - 'A') * LETTERS + code.data[1] - 'A'] = 1;
        }
        for (size_t i = 0; i < sizeof(assigned); ++i) {
                char code[] = { (char)('A' + i / LETTERS), (char)('A' + i % LETTERS), '\0' };

                cr_assert_eq(ev_country_is_known(ev_str_of(code)), assigned[i], "%s", code);
        }
}

/* A byte of any value in either place. */
Test(country, anything_else_is_no_country)
{
        static const char *const others[] = { "",   "C",  "CO ", "COL", "co", "Co",
                                              "cO", "UK", "EU",  "XK",  "ZZ" };
        char code[2];

        for (size_t i = 0; i < EV_ARRAY_SIZE(others); ++i)
                cr_assert_not(ev_country_is_known(ev_str_of(others[i])), "%s", others[i]);
        cr_assert_not(ev_country_is_known(EV_STR_NULL));
        for (int i = 0; i < 256; ++i) {
                if (i >= 'A' && i <= 'Z')
                        continue;
                code[0] = (char)i;
                code[1] = 'O';
                cr_assert_not(ev_country_is_known((struct ev_str){ code, 2 }), "%d first", i);
                code[0] = 'C';
                code[1] = (char)i;
                cr_assert_not(ev_country_is_known((struct ev_str){ code, 2 }), "%d second", i);
        }
}
