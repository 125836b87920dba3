/* What a schema says beside types: defaults, which Avro writes as JSON by the field's type, and our
 * own attribute "quenty" (schemas/README.md), the contract between an event and the engine.
 *
 * What is read here decides what other systems are promised, so nothing is guessed: a member that
 * is unknown, misplaced or of the wrong form is refused. It runs at the build and at a program's
 * start; if the process dies, nothing was changed.
 *
 * A contract, as it stands in a schema beside "fields":
 *
 *       "quenty": {
 *         "kind": "ingress",                         or "fact"
 *         "topic": "quenty.order.ingress.v1",
 *         "key": "company_id",                       null: no key
 *         "subject": "order_number",                 or a list: the first that is present
 *         "natural_key": ["order_number"],           ingress: by it a repeat is recognised
 *         "repeats": "at_once",                      ingress: or "by_state"
 *         "outcomes": ["quenty.order.OrderAccepted"] ingress; a fact has "outcome": "accepted"
 *       } */

#include <assert.h>

#include "base/clock.h"
#include "base/error.h"
#include "wire/schema_parser.h"

/* Avro writes the default of bytes as a string whose code points 0 to 255 are the bytes. In UTF-8,
 * those from U+0080 on take two bytes that begin with C2 or C3; the parser of JSON has judged the
 * text, so what begins such a pair is followed by its other half. */
static int bytes_of_string(struct ev_schema_parser *parser, struct ev_str text,
                           struct ev_str *ret_bytes)
{
        char *bytes = ev_schema_take(parser, text.size + 1, 1);
        size_t size = 0;

        assert(ret_bytes);
        assert(ev_str_is_text(text));

        if (!bytes)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < text.size; ++i) {
                unsigned char c = (unsigned char)text.data[i];

                /* C4 80 is U+0100, the first that is no byte. */
                if (c >= 0xc4)
                        return ev_schema_refuse(parser, "a default of bytes beyond U+00FF");
                if (c >= 0xc0)
                        c = (unsigned char)(c << 6 | (text.data[++i] & 0x3f));
                bytes[size++] = (char)c;
        }
        *ret_bytes = (struct ev_str){ bytes, size };
        return 0;
}

/* The bound is that of values: a default that could not be encoded could not be written again
 * either. */
static int parse_text_default(struct ev_schema_parser *parser, struct ev_str text,
                              enum ev_type type, struct ev_default *result)
{
        int r;

        assert(type == EV_TYPE_STRING || type == EV_TYPE_BYTES);

        if (ev_str_is_null(text))
                return ev_schema_refuse(parser, "its default must be a string");
        if (text.size > EV_STRING_BYTES_MAX)
                return ev_schema_refuse(parser, "a default of more than %d bytes",
                                        EV_STRING_BYTES_MAX);
        if (type == EV_TYPE_STRING)
                r = ev_arena_copy(parser->schema->arena, text, &result->text);
        else
                r = bytes_of_string(parser, text, &result->text);
        return ev_trace(r);
}

/* As Avro writes it: the bytes of the unscaled number, as code points. "\u0007\u00c6" is 1990,
 * 19.90 at scale 2: hardly what a person would write, but what Avro says. */
static int parse_decimal_default(struct ev_schema_parser *parser, struct ev_str text,
                                 const struct ev_schema_type *type, struct ev_default *result)
{
        struct ev_default bytes = { 0 };
        int r;

        assert(result);
        assert(type->type == EV_TYPE_DECIMAL);

        r = parse_text_default(parser, text, EV_TYPE_BYTES, &bytes);
        if (r < 0)
                return ev_trace(r);
        if (!ev_decimal_of_bytes((const uint8_t *)bytes.text.data, bytes.text.size, type->precision,
                                 &result->number))
                return ev_schema_refuse(parser, "its default is no decimal of its precision");
        return 0;
}

/* The ranges are those that values have, so that a default can be encoded. */
static int parse_number_default(struct ev_schema_parser *parser, const struct ev_json *node,
                                enum ev_type type, struct ev_default *result)
{
        int64_t min = type == EV_TYPE_INT         ? INT32_MIN
                      : type == EV_TYPE_TIMESTAMP ? EV_INSTANT_MIN
                                                  : INT64_MIN;
        int64_t max = type == EV_TYPE_INT         ? INT32_MAX
                      : type == EV_TYPE_TIMESTAMP ? EV_INSTANT_MAX
                                                  : INT64_MAX;

        assert(result);
        assert(min < max);

        if (!ev_json_int(node, &result->number) || result->number < min || result->number > max)
                return ev_schema_refuse(parser, "its default must be %s %s within its range",
                                        type == EV_TYPE_INT ? "an" : "a", ev_type_name(type));
        return 0;
}

/* Kept as the symbol's index, as a struct has it. The enum's own default is another thing: it
 * stands for symbols of newer writers. */
static int parse_symbol_default(struct ev_schema_parser *parser, struct ev_str symbol,
                                const struct ev_schema_named *named, struct ev_default *result)
{
        assert(result);
        assert(named->type == EV_TYPE_ENUM);

        for (uint32_t i = 0; i < named->symbols_count; ++i) {
                if (!ev_str_equal(symbol, named->symbols[i]))
                        continue;
                result->number = i;
                return 0;
        }
        return ev_schema_refuse(parser, "its default is no symbol of its enum");
}

/* By the type, as Avro's table of defaults says. Each case leaves in `result` what would lie in a
 * struct. Arrays have the empty default alone and records none, because a default is then at most
 * sixteen bytes of a struct and needs no memory of its own. */
static int parse_default(struct ev_schema_parser *parser, const struct ev_json *node,
                         const struct ev_schema_type *type, struct ev_default *result)
{
        bool flag;

        assert(result->given);

        switch (type->type) {
        case EV_TYPE_BOOLEAN:
                if (!ev_json_bool(node, &flag))
                        return ev_schema_refuse(parser, "its default must be true or false");
                result->number = flag;
                return 0;
        case EV_TYPE_INT:
        case EV_TYPE_LONG:
        case EV_TYPE_TIMESTAMP:
                return ev_trace(parse_number_default(parser, node, type->type, result));
        case EV_TYPE_DECIMAL:
                return ev_trace(parse_decimal_default(parser, ev_json_string(node), type, result));
        case EV_TYPE_STRING:
        case EV_TYPE_BYTES:
                return ev_trace(
                        parse_text_default(parser, ev_json_string(node), type->type, result));
        case EV_TYPE_ENUM:
                return ev_trace(
                        parse_symbol_default(parser, ev_json_string(node), type->named, result));
        case EV_TYPE_ARRAY:
                if (ev_json_type(node) != EV_JSON_ARRAY || ev_json_count(node) > 0)
                        return ev_schema_refuse(parser, "the only default supported is []");
                return 0;
        case EV_TYPE_RECORD: return ev_schema_refuse(parser, "a record cannot have a default");
        case EV_TYPE_INT_AS_LONG: break;
        }
        assert(false && "a schema has no types of plans");
        return EV_FAILED;
}

/* No default is not the same as null: without one, a reader refuses writers that do not have the
 * field. */
int ev_schema_parse_default(struct ev_schema_parser *parser, const struct ev_json *node,
                            const struct ev_schema_type *type, struct ev_default *ret_default)
{
        struct ev_default result = { .given = true };
        int r = 0;

        assert(ret_default);

        if (!node)
                return 0;
        /* A union's default is of its first branch, which is null in ours. */
        if (type->optional && ev_json_type(node) != EV_JSON_NULL)
                return ev_schema_refuse(parser, "the default of an optional field must be null");
        if (!type->optional)
                r = parse_default(parser, node, type, &result);
        if (r < 0)
                return ev_trace(r);
        *ret_default = result;
        return 0;
}

/* The place of a field among those of the record; the contract speaks of the whole event, so of
 * no field within another. */
static int field_index(struct ev_schema_parser *parser, const char *member, struct ev_str name,
                       uint32_t *ret_index)
{
        const struct ev_schema_named *record = parser->schema->record;

        assert(ret_index);
        assert(record);

        for (uint32_t i = 0; name.data && i < record->fields_count; ++i) {
                if (!ev_str_equal(record->fields[i].name, name))
                        continue;
                *ret_index = i;
                return 0;
        }
        return ev_schema_refuse(parser, "quenty.%s names no field of the record: \"%.*s\"", member,
                                EV_STR_ARG(name));
}

/* One field or a list of them. The order is kept: it is the order of a natural key's parts and of
 * the candidates for a subject. */
static int parse_field_list(struct ev_schema_parser *parser, const struct ev_json *node,
                            const char *member, const uint32_t **ret_list, uint32_t *ret_count)
{
        bool is_list = ev_json_type(node) == EV_JSON_ARRAY;
        size_t count = is_list ? ev_json_count(node) : 1;
        uint32_t *list;
        int r;

        assert(member);
        assert(ret_list && ret_count);

        if (count == 0 || count > EV_SCHEMA_FIELDS_MAX)
                return ev_schema_refuse(parser, "quenty.%s names no field", member);
        list = ev_schema_take(parser, count, sizeof(*list));
        if (!list)
                return ev_trace(EV_FAILED);
        for (size_t i = 0; i < count; ++i) {
                r = field_index(parser, member,
                                ev_json_string(is_list ? ev_json_item(node, i) : node), &list[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        *ret_list = list;
        *ret_count = (uint32_t)count;
        return 0;
}

/* Finds the word a member must be one of: its place in the list, which NULL ends. The list stands
 * in the order of the enum that the caller makes of the place. */
static int parse_word(struct ev_schema_parser *parser, const struct ev_json *node,
                      const char *member, const char *const words[], unsigned *ret_place)
{
        struct ev_str word = ev_json_string(ev_json_get(node, ev_str_of(member)));

        assert(ret_place);
        assert(words[0]);

        for (unsigned i = 0; word.data && words[i]; ++i) {
                if (!ev_str_equal(word, ev_str_of(words[i])))
                        continue;
                *ret_place = i;
                return 0;
        }
        return ev_schema_refuse(parser, "quenty.%s must be \"%s\" or \"%s\"%s", member, words[0],
                                words[1], words[2] ? " …" : "");
}

/* What is asked from outside: how a second asking is recognised, and which facts may answer it.
 * Outcomes are names only: the facts stand in schemas of their own, which may be read after this
 * one. That they exist is checked where all schemas are known. */
static int parse_ingress(struct ev_schema_parser *parser, const struct ev_json *node,
                         struct ev_schema_contract *contract)
{
        static const char *const repeats[] = { "at_once", "by_state", NULL };
        unsigned place = 0;
        int r;

        assert(parser && node);
        assert(contract->kind == EV_KIND_INGRESS);

        r = parse_word(parser, node, "repeats", repeats, &place);
        if (r < 0)
                return ev_trace(r);
        contract->repeats = (enum ev_repeats)place;
        r = parse_field_list(parser, ev_json_get(node, EV_STR("natural_key")), "natural_key",
                             &contract->natural_key, &contract->natural_key_count);
        if (r < 0)
                return ev_trace(r);
        r = ev_schema_copy_strings(parser, ev_json_get(node, EV_STR("outcomes")), "quenty.outcomes",
                                   EV_SCHEMA_FIELDS_MAX, &contract->outcomes,
                                   &contract->outcomes_count);
        if (r < 0)
                return ev_trace(r);
        /* A name that no fact can have would never be found, which nobody would notice. */
        for (uint32_t i = 0; i < contract->outcomes_count; ++i)
                if (!ev_schema_is_full_name(contract->outcomes[i]))
                        return ev_schema_refuse(parser, "quenty.outcomes: \"%.*s\" is no name",
                                                EV_STR_ARG(contract->outcomes[i]));
        /* Every request is answered, if only by a refusal. */
        if (contract->outcomes_count == 0)
                return ev_schema_refuse(parser, "quenty.outcomes is empty");
        return 0;
}

/* What happened: whether it says yes, no, or that it was said before. Every fact has to say one of
 * the three, also one that answers nobody: whoever asks later reads it from the header without
 * knowing the schema. */
static int parse_fact(struct ev_schema_parser *parser, const struct ev_json *node,
                      struct ev_schema_contract *contract)
{
        static const char *const outcomes[] = { "accepted", "refused", "repeated", NULL };
        unsigned place = 0;
        int r;

        assert(contract->kind == EV_KIND_FACT);

        r = parse_word(parser, node, "outcome", outcomes, &place);
        if (r < 0)
                return ev_trace(r);
        /* The words stand in the order of the enum, behind NONE. */
        contract->outcome = (enum ev_outcome)(EV_OUTCOME_ACCEPTED + place);
        assert(contract->outcome <= EV_OUTCOME_REPEATED);
        return 0;
}

/* A misspelt member would silently mean nothing. A table of which kind may have what, so that a
 * fact with a natural key, which would suggest that facts are deduplicated by it, is told. */
static int check_members(struct ev_schema_parser *parser, const struct ev_json *node,
                         enum ev_kind kind)
{
        static const struct {
                struct ev_str name;
                bool of_ingress, of_fact;
        } known[] = {
                { EV_STR_INIT("kind"), true, true },
                { EV_STR_INIT("topic"), true, true },
                { EV_STR_INIT("key"), true, true },
                { EV_STR_INIT("subject"), true, true },
                { EV_STR_INIT("repeats"), true, false },
                { EV_STR_INIT("natural_key"), true, false },
                { EV_STR_INIT("outcomes"), true, false },
                { EV_STR_INIT("outcome"), false, true },
        };
        struct ev_json_member member = { 0 };

        while (ev_json_next(node, &member)) {
                bool found = false;

                for (size_t i = 0; i < EV_ARRAY_SIZE(known); ++i)
                        if (ev_str_equal(member.name, known[i].name))
                                found = kind == EV_KIND_FACT ? known[i].of_fact
                                                             : known[i].of_ingress;
                if (!found)
                        return ev_schema_refuse(parser, "quenty.%.*s means nothing here",
                                                EV_STR_ARG(member.name));
        }
        assert(!member.position);
        return 0;
}

/* Topic, key and subject, which both kinds have. An event without a key goes to any partition and
 * has no order; it has a subject all the same, or nobody could say what it is about. */
static int parse_common(struct ev_schema_parser *parser, const struct ev_json *node,
                        struct ev_schema_contract *contract)
{
        const struct ev_json *key = ev_json_get(node, EV_STR("key"));
        uint32_t place;
        int r;

        assert(contract->key == 0);

        r = ev_schema_copy_string(parser, ev_json_get(node, EV_STR("topic")), &contract->topic);
        if (r < 0)
                return ev_trace(r);
        if (ev_str_is_null(contract->topic) || contract->topic.size == 0)
                return ev_schema_refuse(parser, "quenty.topic is missing");
        /* 0 would be the first field. */
        contract->key = -1;
        if (ev_json_type(key) != EV_JSON_NULL) {
                r = field_index(parser, "key", ev_json_string(key), &place);
                if (r < 0)
                        return ev_trace(r);
                contract->key = (int32_t)place;
        }
        return ev_trace(parse_field_list(parser, ev_json_get(node, EV_STR("subject")), "subject",
                                         &contract->subject, &contract->subject_count));
}

/* `given` is set last: a contract that was refused half way is none. */
int ev_schema_parse_contract(struct ev_schema_parser *parser, const struct ev_json *node)
{
        static const char *const kinds[] = { "ingress", "fact", NULL };
        struct ev_schema_contract *contract = &parser->schema->contract;
        unsigned place = 0;
        int r;

        assert(parser->schema->record);
        assert(!contract->given);

        if (!node)
                return 0;
        r = parse_word(parser, node, "kind", kinds, &place);
        if (r < 0)
                return ev_trace(r);
        contract->kind = (enum ev_kind)place;
        r = check_members(parser, node, contract->kind);
        if (r < 0)
                return ev_trace(r);
        r = parse_common(parser, node, contract);
        if (r < 0)
                return ev_trace(r);
        r = contract->kind == EV_KIND_FACT ? parse_fact(parser, node, contract)
                                           : parse_ingress(parser, node, contract);
        if (r < 0)
                return ev_trace(r);
        contract->given = true;
        return 0;
}
