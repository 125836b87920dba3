#ifndef SHIPPING_RULES_H
#define SHIPPING_RULES_H

/* What stands against shipping goods to a country. Pure: rows in, findings out. */

#include "events.h"
#include "schemas/shipping.h"
#include "shipping/quotes.h"
#include "shipping/rows.h"

enum {
        HS_CODE_DIGITS_MAX = 10,
        FINDINGS_MAX = 8,
};

/* What is judged: a manifest that is about to be made. */
struct shipment {
        const struct ev_rows *rows;
        const struct country *destination; /* NULL: no country that we know */
        struct ev_str destination_country;
        struct ev_str currency;
        const struct manifest_item *items;
        size_t item_count;
        int64_t total_weight; /* kg, 3 places */
        const struct offers *offers;
        int64_t now;
};

/* Reasons, each once, in the order in which they were found, and what they are about. */
struct findings {
        size_t count;
        enum shipping_reason reasons[FINDINGS_MAX];
        size_t used; /* bytes of the text */
        char text[EV_REASON_TEXT_MAX];
};

/* The text, for people. */
struct ev_str findings_detail(const struct findings *findings);

/* Reads an HS code: dots removed, 6, 8 or 10 digits of a chapter from 01 to 97 that is not 77,
 * which the Harmonized System keeps free. *ret_digits borrows from the buffer. */
bool hs_code_read(struct ev_str code, char buffer[HS_CODE_DIGITS_MAX], struct ev_str *ret_digits);

/* Whether its value is above what the destination lets in free of duty. */
bool duty_is_due(const struct shipment *shipment);

/* Adds why it can never be shipped: the first of PROHIBITED_GOODS, UNKNOWN_COUNTRY,
 * WEIGHT_LIMIT_EXCEEDED, VALUE_LIMIT_EXCEEDED that applies. */
void find_rejection(const struct shipment *shipment, struct findings *findings);

/* Adds all that has to be mended before it can be shipped: MISSING_HS_CODE, INVALID_HS_CODE,
 * MISSING_ORIGIN, MISSING_DOCUMENTS, NO_RATE, COUNTRY_INACTIVE. It has no documents yet. */
void find_holds(const struct shipment *shipment, struct findings *findings);

#endif
