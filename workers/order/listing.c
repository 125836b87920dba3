/* A product is listed: ProductListingRequested → ProductListed.
 *
 * A SKU is unique over all companies. The same request again is a repeat, which the library finds;
 * another one under a known SKU is refused. Whoever lists the same SKU at the same moment on
 * another lane is found by the database's UNIQUE: that batch is run again and sees the product. */

#include <assert.h>
#include <stdio.h>

#include "fields.h"
#include "stock.h"

enum {
        NAME_MAX_CHARACTERS = 500, /* the column products.name */
        HS_DIGITS_MAX = 10,
        DIMENSIONS_MAX = 3 * (EV_DECIMAL_TEXT_MAX + 16), /* bytes, names and punctuation included */
        LENGTH_SCALE = 1,
};

/* Whether it is there already, and whether its company may sell. */
void want_product_listing(struct ev_wants *wants, const void *event)
{
        const struct product_listing_requested *request = event;

        assert(request);

        ev_want(wants, WANT_SKU, request->sku);
        ev_want(wants, WANT_COMPANY, request->company_id);
}

/* The code without its dots, in `buffer`; null where the request has none. False: it is none of 6,
 * 8 or 10 digits. Chapters are shipping's business: what a carrier's customs take, a catalogue need
 * not know. */
static bool read_hs_code(struct ev_str text, char buffer[HS_DIGITS_MAX], struct ev_str *ret_code)
{
        size_t count = 0;

        assert(buffer);

        *ret_code = EV_STR_NULL;
        if (ev_str_is_null(text))
                return true;
        for (size_t i = 0; i < text.size; ++i) {
                if (text.data[i] == '.')
                        continue;
                if (text.data[i] < '0' || text.data[i] > '9' || count == HS_DIGITS_MAX)
                        return false;
                buffer[count++] = text.data[i];
        }
        *ret_code = (struct ev_str){ buffer, count };
        return count >= 6 && count % 2 == 0;
}

/* The name of the first field that is wrong whatever it stands beside, or NULL. */
static const char *misfit(const struct product_listing_requested *request)
{
        const struct text_field texts[] = {
                { "sku", request->sku, FIELD_TEXT_MAX, false },
                { "company_id", request->company_id, FIELD_TEXT_MAX, false },
                { "name", request->name, NAME_MAX_CHARACTERS, false },
                { "category", request->category, FIELD_TEXT_MAX, false },
        };
        const struct {
                const char *name;
                bool is_present;
                int64_t value;
        } measures[] = {
                { "weight", request->has_weight, request->weight },
                { "length", request->has_length, request->length },
                { "width", request->has_width, request->width },
                { "height", request->has_height, request->height },
        };
        char digits[HS_DIGITS_MAX];
        struct ev_str code;
        const char *name = misfit_text(texts, EV_ARRAY_SIZE(texts));

        assert(request->sku.data);

        for (size_t i = 0; !name && i < EV_ARRAY_SIZE(measures); ++i)
                if (measures[i].is_present && measures[i].value < 0)
                        name = measures[i].name;
        if (!name && !is_amount(request->currency, request->price))
                name = "price";
        if (!name && request->has_cost && !is_amount(request->currency, request->cost))
                name = "cost";
        if (!name && !read_hs_code(request->hs_code, digits, &code))
                name = "hs_code";
        return name;
}

/* Refuses what can never be right, whatever the rows say; *ret_refused tells whether it did. */
static int refuse_by_itself(struct ev_case *c, const struct product_listing_requested *request,
                            bool *ret_refused)
{
        const char *name = misfit(request);

        *ret_refused = true;
        assert(request->currency.data);

        if (name)
                return ev_refuse(c, STOCK_REASON_INVALID_FIELD,
                                 "%s is empty, too long, negative, too fine for its currency, or "
                                 "not of its form",
                                 name);
        if (!ev_currency_is_accepted(request->currency))
                return ev_refuse(c, STOCK_REASON_CURRENCY_UNSUPPORTED,
                                 "currency %.*s is not accepted", EV_STR_ARG(request->currency));
        if (!ev_str_is_null(request->country_of_origin) &&
            !ev_country_is_known(request->country_of_origin))
                return ev_refuse(c, STOCK_REASON_UNKNOWN_COUNTRY,
                                 "country_of_origin %.*s is not in ISO 3166-1",
                                 EV_STR_ARG(request->country_of_origin));
        if (request->price > FIELD_AMOUNT_MAX ||
            (request->has_cost && request->cost > FIELD_AMOUNT_MAX))
                return ev_refuse(c, STOCK_REASON_AMOUNT_OUT_OF_RANGE,
                                 "price or cost is above 99999999.99");
        *ret_refused = false;
        return 0;
}

/* The id is drawn here: later facts name the product by it. */
static int announce_listed(struct ev_case *c, const struct product_listing_requested *request)
{
        char digits[HS_DIGITS_MAX];
        struct product_listed fact = {
                .sku = request->sku,
                .company_id = request->company_id,
                .name = request->name,
                .description = request->description,
                .category = request->category,
                .price = request->price,
                .currency = request->currency,
                .has_cost = request->has_cost,
                .cost = request->cost,
                .has_weight = request->has_weight,
                .weight = request->weight,
                .has_length = request->has_length,
                .length = request->length,
                .has_width = request->has_width,
                .width = request->width,
                .has_height = request->has_height,
                .height = request->height,
                .country_of_origin = request->country_of_origin,
                .active = true,
        };
        bool is_code = read_hs_code(request->hs_code, digits, &fact.hs_code);
        int r;

        assert(is_code);

        r = ev_draw(c, &products_table, &fact.product_id);
        if (r < 0)
                return r;
        return product_listed_announce(c, &fact);
}

/* ProductListed or a refusal; or it waits for its company. */
int decide_product_listing(struct ev_case *c, const void *event)
{
        const struct product_listing_requested *request = event;
        const struct party *company;
        bool is_refused;
        int r = refuse_by_itself(c, request, &is_refused);

        if (is_refused)
                return r;
        if (find_product(ev_rows_of(c), request->sku))
                return ev_refuse(c, STOCK_REASON_DUPLICATE_SKU, "sku %.*s is another product's",
                                 EV_STR_ARG(request->sku));
        company = party_company(ev_rows_of(c), request->company_id);
        if (!company && !ev_last_try(c))
                return ev_wait(c, "company");
        if (!company)
                return ev_refuse(c, STOCK_REASON_UNKNOWN_COMPANY, "no company has company_id %.*s",
                                 EV_STR_ARG(request->company_id));
        if (!company->active)
                return ev_refuse(c, STOCK_REASON_COMPANY_INACTIVE, "company %.*s is not active",
                                 EV_STR_ARG(request->company_id));
        return announce_listed(c, request);
}

/* ---- Folding ---- */

/* The product must not be there yet. */
void want_product_listed(struct ev_wants *wants, const void *event)
{
        const struct product_listed *fact = event;

        assert(fact);

        ev_want(wants, WANT_SKU, fact->sku);
}

/* What people read of three measures: `{"length": 10.0, "height": 3.0}`, only those that are known,
 * null without any. */
static int write_dimensions(struct ev_rows *rows, const struct product_listed *fact,
                            struct ev_str *ret_text)
{
        const struct {
                const char *name;
                bool is_present;
                int64_t value;
        } measures[] = {
                { "length", fact->has_length, fact->length },
                { "width", fact->has_width, fact->width },
                { "height", fact->has_height, fact->height },
        };
        char text[DIMENSIONS_MAX];
        size_t size = 0;

        assert(!fact->has_length || fact->length >= 0);

        for (size_t i = 0; i < EV_ARRAY_SIZE(measures); ++i) {
                char number[EV_DECIMAL_TEXT_MAX];

                if (!measures[i].is_present)
                        continue;
                ev_decimal_format(measures[i].value, LENGTH_SCALE, number);
                size += (size_t)snprintf(text + size, sizeof(text) - size, "%s\"%s\": %s",
                                         size ? ", " : "{", measures[i].name, number);
        }
        *ret_text = EV_STR_NULL;
        if (size == 0)
                return 0;
        assert(size + 1 < sizeof(text));
        text[size++] = '}';
        return ev_rows_text(rows, (struct ev_str){ text, size }, ret_text);
}

/* The product's row as the fact says it. */
static int add_product(struct ev_rows *rows, const struct ev_fact_head *head,
                       const struct product_listed *fact)
{
        struct product product = {
                .id = fact->product_id,
                .sku = fact->sku,
                .company_id = fact->company_id,
                .name = fact->name,
                .description = fact->description,
                .category = fact->category,
                .price = fact->price,
                .has_cost = fact->has_cost,
                .cost = fact->cost,
                .has_weight = fact->has_weight,
                .weight = fact->weight,
                .has_length = fact->has_length,
                .length = fact->length,
                .has_width = fact->has_width,
                .width = fact->width,
                .has_height = fact->has_height,
                .height = fact->height,
                .active = fact->active,
                .created_at = head->time,
                .updated_at = head->time,
        };
        int r = write_dimensions(rows, fact, &product.dimensions);

        assert(fact->product_id != 0);

        if (r < 0)
                return r;
        return ev_rows_add(rows, &products_table, &product, NULL);
}

/* A product and what stands beside it. A second one under its SKU cannot be told from the first:
 * in a rebuild that is an error. */
int fold_product_listed(struct ev_rows *rows, const struct ev_fact_head *head, const void *event)
{
        const struct product_listed *fact = event;
        int r;

        assert(head->time != 0);

        if (find_product(rows, fact->sku))
                return ev_fail(EV_VERDICT_STOP, "ProductListed of %.*s: it is listed already",
                               EV_STR_ARG(fact->sku));
        r = add_product(rows, head, fact);
        if (r < 0)
                return r;
        return ev_rows_add(rows, &product_extras_table,
                           &(struct product_extras){ .product_id = fact->product_id,
                                                     .currency = fact->currency,
                                                     .hs_code = fact->hs_code,
                                                     .country_of_origin = fact->country_of_origin },
                           NULL);
}
