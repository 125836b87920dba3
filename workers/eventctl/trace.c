/* eventctl trace: what happened to an order, or what an event was caused by and led to, put
 * together from the databases' outboxes and what lies aside.
 *
 * The outbox says what was committed; whether it is on its topic already, and where, is told
 * beside. Nothing is changed. A database that does not answer is named, and the rest is told. */

#include "trace.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "output.h"

enum { OUT_BYTES_MAX = 256 * 1024 * 1024 };

const struct command_option trace_output_option = {
        "o", "FORMAT",
        "Either text, a tree for people, json, for programs, or mermaid, a flowchart that code "
        "hosts "
        "and wikis draw. The default is text."
};

/* Colours are asked for here, so that what writes stays without an environment. */
static int write_text(const struct trace *trace, struct ev_buffer *out)
{
        assert(trace && out);

        return ev_trace(trace_write_text(trace, output_is_coloured(), out));
}

static const struct form {
        const char *name;
        int (*write)(const struct trace *trace, struct ev_buffer *out);
} forms[] = {
        { "text", write_text },
        { "json", trace_write_json },
        { "mermaid", trace_write_mermaid },
};

/* Names are taken whole, as by output_format_of(); NULL, after a message, for another one. */
static const struct form *form_of(const struct command_input *input)
{
        const char *value = command_value(input, "o");

        assert(forms[0].write);

        if (!value)
                return &forms[0];
        for (size_t i = 0; i < EV_ARRAY_SIZE(forms); ++i)
                if (strcmp(value, forms[i].name) == 0)
                        return &forms[i];
        fprintf(stderr, "eventctl: -o: \"%s\" is neither text nor json nor mermaid\n", value);
        return NULL;
}

/* The result first, then what is wrong with it: a script that reads JSON has the errors in there,
 * too. */
static enum command_exit tell(const struct trace *trace, const struct form *form)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(OUT_BYTES_MAX);
        bool is_whole = trace_is_whole(trace);

        assert(trace->partitions > 0);

        if (form->write(trace, &out) < 0)
                return command_fail();
        if (!output_text(ev_buffer_str(&out)))
                return COMMAND_FAILED;
        if (trace->count == 0 && is_whole)
                fprintf(stderr, "eventctl: nothing is known of order or event %.*s\n",
                        EV_STR_ARG(trace->id));
        return trace->count > 0 && is_whole ? COMMAND_DONE : COMMAND_FAILED;
}

/* Until something is found, the id may be anybody's; trace_find() says whose it is. Places on
 * topics come last: they tell where a step lies, and not what belongs to the story. */
enum command_exit trace(const struct command_input *input)
{
        static struct trace story; /* large */
        _cleanup_(trace_done_p) struct trace *trace = &story;
        const struct form *form = form_of(input);

        assert(input->operand);

        if (!form)
                return COMMAND_USAGE;
        if (!trace_name_order(trace, ev_str_of(input->operand))) {
                fputs("eventctl: no order number and no id is that long\n", stderr);
                return COMMAND_USAGE;
        }
        if (trace_open(trace, input->config, input->operand) < 0)
                return command_fail();
        trace_find(trace);
        trace_grow(trace);
        trace_find_records(trace, input->config);
        return tell(trace, form);
}
