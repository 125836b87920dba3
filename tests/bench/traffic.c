/* Events by number. Pure but for the memory of the event at hand: no clock and no random source, so
 * two runs with the same options send the same, and a run can be told from its numbers. */

#include "bench/traffic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "bench/tool.h"
#include "schemas/order.h"
#include "schemas/stock.h"
#include "wire/avro.h"

enum {
        PERIOD_MAX = TRAFFIC_KINDS * TRAFFIC_SHARE_MAX,
        PRICE = 1000, /* 10.00, unscaled */
        TTL_S = 900,  /* the schema's default */
        RUN_DIGITS = 8,
        NUMBER_DIGITS = 12, /* hexadecimal, the last ones of the id */
        HEXADECIMAL = 16,
        HUNDRED = 100,
};

/* What stands between the run and the number. */
static const char middle[] = "-0000-7000-8000-";

struct traffic {
        struct traffic_options options;
        uint64_t *below; /* of each company: the end of its share of all 64-bit numbers */
        /* The kinds repeat with a period: which one each place of it has, the how-manieth of its
         * kind that is, and how many there are. */
        int64_t period;
        enum traffic_kind kinds[PERIOD_MAX];
        int64_t ranks[PERIOD_MAX];
        int64_t counts[TRAFFIC_KINDS];

        char run[RUN_DIGITS + sizeof(middle)]; /* what each id begins with */
        char id[TRAFFIC_TEXT_MAX], key[TRAFFIC_TEXT_MAX], number[TRAFFIC_TEXT_MAX];
        char skus[TRAFFIC_LINES_MAX][TRAFFIC_TEXT_MAX];
        struct order_placed_line lines[TRAFFIC_LINES_MAX];
        struct ev_buffer value;
};

bool traffic_parse_shares(const char *text, int64_t shares[TRAFFIC_KINDS])
{
        struct ev_str list = ev_str_of(text);

        assert(text);

        for (size_t i = 0; i < TRAFFIC_KINDS; ++i)
                if (!ev_str_to_int64(ev_str_take(&list, ','), &shares[i]) ||
                    shares[i] > TRAFFIC_SHARE_MAX)
                        return false;
        return list.size == 0;
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
        assert(a >= 0 && b >= 0);

        return b ? greatest_divisor(b, a % b) : a;
}

/* Kinds in turn, each as evenly as can be (the smooth weighted round-robin of nginx): each gains its
 * share, and the one that has most is next. Of equals the first one is, so that there is always an
 * order before the cancellation that is about it. */
static void lay_out(struct traffic *traffic)
{
        int64_t gained[TRAFFIC_KINDS] = { 0 };

        assert(traffic->period > 0 && traffic->period <= PERIOD_MAX);

        for (int64_t place = 0; place < traffic->period; ++place) {
                enum traffic_kind next = TRAFFIC_ORDER;

                for (enum traffic_kind kind = TRAFFIC_ORDER; kind < TRAFFIC_KINDS; ++kind) {
                        gained[kind] += traffic->counts[kind];
                        if (gained[kind] > gained[next])
                                next = kind;
                }
                gained[next] -= traffic->period;
                traffic->kinds[place] = next;
                for (int64_t i = 0; i < place; ++i)
                        traffic->ranks[place] += traffic->kinds[i] == next;
        }
}

static void share_out_kinds(struct traffic *traffic)
{
        const int64_t *shares = traffic->options.shares;
        int64_t divisor = 0;

        assert(traffic->period == 0);

        for (size_t i = 0; i < TRAFFIC_KINDS; ++i)
                divisor = greatest_divisor(divisor, shares[i]);
        if (!divisor || shares[TRAFFIC_CANCELLATION] > shares[TRAFFIC_ORDER])
                tool_die("a mix needs events, and an order for each cancellation");
        for (size_t i = 0; i < TRAFFIC_KINDS; ++i) {
                traffic->counts[i] = shares[i] / divisor;
                traffic->period += traffic->counts[i];
        }
        lay_out(traffic);
}

/* The company of rank 1 is C-0. Shares are laid end to end over all 64-bit numbers; the last one
 * ends where they end, whatever was lost by rounding. */
static void share_out_companies(struct traffic *traffic)
{
        int64_t count = traffic->options.companies;
        double exponent = (double)traffic->options.skew_percent / HUNDRED, sum = 0, part = 0;

        assert(count > 0);

        traffic->below = calloc((size_t)count, sizeof(*traffic->below));
        if (!traffic->below)
                tool_die("no memory for %" PRId64 " companies", count);
        for (int64_t i = 0; i < count; ++i)
                sum += pow((double)(i + 1), -exponent);
        for (int64_t i = 0; i + 1 < count; ++i) {
                part += pow((double)(i + 1), -exponent);
                traffic->below[i] = (uint64_t)ldexp(part / sum, 63) << 1;
        }
        traffic->below[count - 1] = UINT64_MAX;
}

static void check_options(const struct traffic_options *options)
{
        assert(options->companies > 0 && options->skus > 0 && options->lines > 0);

        if (options->lines > options->skus)
                tool_die("an order of %" PRId64 " lines needs as many SKUs of a company",
                         options->lines);
        if (options->hot % options->lines || options->hot > options->companies * options->lines)
                tool_die("hot SKUs are a multiple of the lines, with that many of a company");
        if (options->hot && options->skew_percent)
                tool_die("a skew is over all companies, hot SKUs are of some: one or the other");
}

struct traffic *traffic_new(const struct traffic_options *options)
{
        struct traffic *traffic = calloc(1, sizeof(*traffic));

        check_options(options);
        if (!traffic)
                tool_die("no memory for events");
        traffic->options = *options;
        traffic->value = EV_BUFFER_INIT(EV_INGRESS_BYTES_MAX);
        snprintf(traffic->run, sizeof(traffic->run), "%08" PRIx32 "%s", options->run, middle);
        share_out_kinds(traffic);
        share_out_companies(traffic);
        assert(strlen(traffic->run) + NUMBER_DIGITS == TRAFFIC_ID_SIZE);
        return traffic;
}

struct traffic *traffic_free(struct traffic *traffic)
{
        if (!traffic)
                return NULL;
        ev_buffer_done(&traffic->value);
        free(traffic->below);
        free(traffic);
        return NULL;
}

enum traffic_kind traffic_kind_of(const struct traffic *traffic, int64_t n)
{
        assert(n >= 0);

        return traffic->kinds[n % traffic->period];
}

int64_t traffic_count(const struct traffic *traffic, enum traffic_kind kind, int64_t n)
{
        int64_t count = n / traffic->period * traffic->counts[kind];

        assert(n >= 0);

        for (int64_t place = 0; place < n % traffic->period; ++place)
                count += traffic->kinds[place] == kind;
        return count;
}

bool traffic_number_of(const struct traffic *traffic, struct ev_str id, int64_t *ret_n)
{
        size_t begin = TRAFFIC_ID_SIZE - NUMBER_DIGITS;
        int64_t n = 0;

        assert(ret_n);

        if (id.size != TRAFFIC_ID_SIZE || memcmp(id.data, traffic->run, begin) != 0)
                return false;
        for (size_t i = begin; i < id.size; ++i) {
                static const char digits[] = "0123456789abcdef";
                const char *digit = memchr(digits, id.data[i], HEXADECIMAL);

                if (!digit)
                        return false;
                n = n * HEXADECIMAL + (digit - digits);
        }
        *ret_n = n;
        return true;
}

/* ---- What an event is about ---- */

/* A number that looks random, the same for the same n: SplitMix64 (Sebastiano Vigna, public
 * domain). */
static uint64_t scatter(uint64_t n)
{
        n += UINT64_C(0x9e3779b97f4a7c15);
        n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
        return n ^ n >> 31;
}

/* The first company whose share ends above the number; the shares' ends rise. */
static int64_t skewed_company(const struct traffic *traffic, uint64_t number)
{
        int64_t low = 0, high = traffic->options.companies - 1;

        assert(traffic->below[high] == UINT64_MAX);

        while (low < high) {
                int64_t middle_one = (low + high) / 2;

                if (number < traffic->below[middle_one])
                        high = middle_one;
                else
                        low = middle_one + 1;
        }
        return low;
}

/* Which product comes first in an order of that number: from 1 on, as they are seeded. */
static int64_t first_product(const struct traffic *traffic, int64_t number)
{
        const struct traffic_options *options = &traffic->options;
        int64_t company, rank;

        assert(number >= 0);

        if (options->hot)
                return number % (options->hot / options->lines) + 1;
        if (!options->skew_percent)
                return number % (options->companies * options->skus) + 1;
        company = skewed_company(traffic, scatter((uint64_t)number));
        rank = (int64_t)(scatter(~(uint64_t)number) % (uint64_t)options->skus);
        return (company ? company : options->companies) + rank * options->companies;
}

/* Prefix and number, without the cost of printf: half a dozen of them are in an order. */
static struct ev_str text_of(char text[TRAFFIC_TEXT_MAX], const char *prefix, int64_t number)
{
        size_t size = strlen(prefix);
        char *at = text + size, *end;
        int64_t left = number;

        assert(number >= 0 && size < TRAFFIC_TEXT_MAX / 2);

        memcpy(text, prefix, size);
        end = at + 1;
        while (left /= 10)
                ++end;
        *end = '\0';
        left = number;
        for (char *digit = end; digit-- > at; left /= 10)
                *digit = (char)('0' + left % 10);
        return (struct ev_str){ text, (size_t)(end - text) };
}

static struct ev_str company_of(struct traffic *traffic, int64_t product)
{
        assert(product > 0);

        return text_of(traffic->key, "C-", product % traffic->options.companies);
}

/* ---- Events ---- */

/* Lines of products of one company, each of another product. */
static void fill_order(struct traffic *traffic, int64_t number, struct order_placed *order)
{
        const struct traffic_options *options = &traffic->options;
        int64_t first = first_product(traffic, number),
                products = options->companies * options->skus;
        bool is_abroad = strcmp(options->country, TRAFFIC_HOME) != 0;

        assert(options->lines <= TRAFFIC_LINES_MAX);

        for (int64_t i = 0; i < options->lines; ++i)
                traffic->lines[i] = (struct order_placed_line){
                        .sku = text_of(traffic->skus[i], "SKU-",
                                       (first - 1 + i * options->companies) % products + 1),
                        .quantity = 1,
                        .unit_price = PRICE,
                };
        *order = (struct order_placed){
                .order_number = text_of(traffic->number, "SO-", number),
                .company_id = company_of(traffic, first),
                .customer_id = EV_STR("U-1"),
                .currency = EV_STR("USD"),
                .total_amount = options->lines * PRICE,
                .destination_country = ev_str_of(options->country),
                .origin_country = is_abroad ? EV_STR(TRAFFIC_HOME) : EV_STR_NULL,
                .confirmation = ORDER_CONFIRMATION_AUTO,
                .reservation_ttl_s = TTL_S,
                .lines = traffic->lines,
                .lines_count = (size_t)options->lines,
        };
}

static void encode(struct traffic *traffic, const struct ev_record *record, const void *value,
                   struct traffic_event *event)
{
        uint8_t frame[EV_FRAME_ID_BYTES];
        int r;

        assert(record->contract && record->schema_id);

        ev_frame_write_id(record->schema_id, frame);
        ev_buffer_clear(&traffic->value);
        r = ev_buffer_append(&traffic->value, frame, sizeof(frame));
        if (r == 0)
                r = ev_avro_encode(record, value, &traffic->value);
        tool_check(r);
        event->record = record;
        event->value = (struct ev_bytes){ traffic->value.data, traffic->value.size };
}

static void make_order(struct traffic *traffic, int64_t number, struct traffic_event *event)
{
        struct order_placed order;

        assert(event->kind == TRAFFIC_ORDER);

        fill_order(traffic, number, &order);
        event->key = order.company_id;
        encode(traffic, &order_placed_record, &order, event);
}

static void make_cancellation(struct traffic *traffic, int64_t number, struct traffic_event *event)
{
        struct order_cancellation_requested request = {
                .order_number = text_of(traffic->number, "SO-", number),
                .reason = EV_STR("changed my mind"),
                .requested_by = EV_STR("U-1"),
        };

        assert(event->kind == TRAFFIC_CANCELLATION);

        event->key = company_of(traffic, first_product(traffic, number));
        encode(traffic, &order_cancellation_requested_record, &request, event);
}

static void make_receipt(struct traffic *traffic, int64_t number, struct traffic_event *event)
{
        int64_t product = first_product(traffic, number);
        struct goods_received receipt = {
                .sku = text_of(traffic->skus[0], "SKU-", product),
                .location = EV_STR("NORTH"),
                .quantity = 1,
                .reference_number = text_of(traffic->number, "GRN-", number),
                .received_by = EV_STR("bench"),
        };

        assert(event->kind == TRAFFIC_RECEIPT);

        event->key = company_of(traffic, product);
        encode(traffic, &goods_received_record, &receipt, event);
}

static void write_id(struct traffic *traffic, int64_t n)
{
        size_t end = TRAFFIC_ID_SIZE;

        assert(n >= 0 && n < INT64_C(1) << 4 * NUMBER_DIGITS);

        memcpy(traffic->id, traffic->run, TRAFFIC_ID_SIZE - NUMBER_DIGITS);
        for (int i = 0; i < NUMBER_DIGITS; ++i, n /= HEXADECIMAL)
                traffic->id[--end] = "0123456789abcdef"[n % HEXADECIMAL];
}

/* A cancellation is about the order that has the same rank in its period, which lies before it. */
void traffic_make(struct traffic *traffic, int64_t n, struct traffic_event *ret_event)
{
        enum traffic_kind kind = traffic_kind_of(traffic, n);
        enum traffic_kind about = kind == TRAFFIC_RECEIPT ? TRAFFIC_RECEIPT : TRAFFIC_ORDER;
        int64_t number = traffic->options.first + n / traffic->period * traffic->counts[about] +
                         traffic->ranks[n % traffic->period];

        assert(ret_event);

        write_id(traffic, n);
        *ret_event = (struct traffic_event){ .kind = kind, .id = { traffic->id, TRAFFIC_ID_SIZE } };
        switch (kind) {
        case TRAFFIC_ORDER: make_order(traffic, number, ret_event); break;
        case TRAFFIC_CANCELLATION: make_cancellation(traffic, number, ret_event); break;
        case TRAFFIC_RECEIPT: make_receipt(traffic, number, ret_event); break;
        case TRAFFIC_KINDS:
        default: abort();
        }
}
