/* avrogen: from the schemas of this folder to C, at build time.
 *
 *      avrogen SCHEMAS OUTPUT   writes structs, descriptors and the table of schemas into OUTPUT
 *      avrogen --lock SCHEMAS   locks the versions that `ids` does not lock yet
 *
 * It also judges: each schema is valid, `ids` is consistent, nothing that was published was edited,
 * and the newest version and each before it can read each other. Whatever is wrong ends the build
 * with the file's name. A file whose text would be the same is left alone, so that nothing is
 * compiled in vain; each is written aside and renamed, so that none is ever half there.
 *
 * Input is what developers wrote, in a repository: mistakes are to be expected and malice is not.
 * If the process dies, the output is the old one or the new one, file by file, and the build runs
 * it again.
 *
 * For each context, which is a folder here and the last part of a namespace, OUTPUT gets a header
 * and a source; and both once more for the table of all versions:
 *
 *       order.h      struct order_placed { … };  extern const struct ev_record order_placed_record;
 *       order.c      the descriptors: fields, contracts, records, enums
 *       registry.h   extern const struct ev_registered schemas_registry[];
 *       registry.c   the table, with the text of every schema */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "avrogen.h"
#include "base/error.h"

enum {
        ID_FIRST = 700001, /* far from a schema registry's, which count from 1 */
};

/* quenty.order.OrderPlaced is OrderPlaced, of the context order. A name without dots is short, and
 * has no context. */
struct ev_str avrogen_short_name(struct ev_str full_name)
{
        const char *dot = memrchr(full_name.data, '.', full_name.size);

        assert(full_name.size > 0);
        if (!dot)
                return full_name;
        return (struct ev_str){ dot + 1, (size_t)(full_name.data + full_name.size - dot - 1) };
}

/* The part before the last dot, and of that the part behind its last dot. */
struct ev_str avrogen_context(struct ev_str full_name)
{
        const char *dot = memrchr(full_name.data, '.', full_name.size);

        assert(full_name.size > 0);
        if (!dot || dot == full_name.data)
                return EV_STR("");
        return avrogen_short_name(
                (struct ev_str){ full_name.data, (size_t)(dot - full_name.data) });
}

/* Whether a file is there and says the same already. One that cannot be read is written again, and
 * then says why it cannot be. */
static bool has_text(const char *path, struct ev_str text)
{
        _cleanup_buffer_ struct ev_buffer present = EV_BUFFER_INIT(AVROGEN_FILE_MAX);

        assert(path);
        assert(text.data);

        return access(path, F_OK) == 0 && ev_buffer_read_file(&present, path) == 0 &&
               ev_str_equal(ev_buffer_str(&present), text);
}

/* Aside and renamed: a compiler that runs at the same time, or a build that is interrupted, sees
 * all of the file or the one before it. The result of fclose() counts, for a full disk is often
 * told there. */
static int write_file(const char *path, struct ev_str text)
{
        char aside[AVROGEN_PATH_MAX + 8];
        FILE *file;
        bool written;

        assert(path && text.data);

        if (has_text(path, text))
                return 0;
        snprintf(aside, sizeof(aside), "%s.new", path);
        file = fopen(aside, "we");
        if (!file)
                return ev_fail(EV_VERDICT_STOP, "cannot create %s: %s", aside, strerror(errno));
        written = fwrite(text.data, 1, text.size, file) == text.size;
        if (fclose(file) || !written || rename(aside, path) < 0)
                return ev_fail(EV_VERDICT_STOP, "cannot write %s: %s", path, strerror(errno));
        return 0;
}

/* Ids rise, and the versions of a name are 1, 2, …: the last one is the newest. An id that was used
 * once stands in values on the topics for ever, so a list in rising order, to which lines are only
 * appended, is one in which a mistake shows. */
static int check_order(struct avrogen *gen, struct avrogen_version *version)
{
        uint32_t expected = 1;

        assert(version >= gen->versions);

        for (struct avrogen_version *earlier = gen->versions; earlier < version; ++earlier) {
                /* Equal ones are found by this too. */
                if (earlier->line.id >= version->line.id)
                        return ev_fail(EV_VERDICT_STOP, "ids: %" PRIu32 " must be above %" PRIu32,
                                       version->line.id, earlier->line.id);
                if (!ev_str_equal(earlier->line.name, version->line.name))
                        continue;
                /* The last of the name so far decides; a gap or a second one of a number does not
                 * match it. */
                expected = earlier->line.version + 1;
                earlier->newest = false;
        }
        if (version->line.version != expected)
                return ev_fail(EV_VERDICT_STOP,
                               "ids: %.*s: version %" PRIu32 " stands where %" PRIu32 " belongs",
                               EV_STR_ARG(version->line.name), version->line.version, expected);
        version->newest = true;
        assert(version->line.version > 0);
        return 0;
}

/* What avrogen asks of a line besides what everybody does. */
static int take_line(const struct ev_schema_line *line, struct avrogen_version *version)
{
        assert(version);

        *version = (struct avrogen_version){
                .line = *line,
                .context = avrogen_context(line->name),
                .text = EV_BUFFER_INIT(EV_SCHEMA_BYTES_MAX),
        };
        if (line->id < ID_FIRST || version->context.size == 0)
                return ev_fail(EV_VERDICT_STOP,
                               "ids: %" PRIu32 " %.*s: ids begin at %d, and names have a context",
                               line->id, EV_STR_ARG(line->name), ID_FIRST);
        return 0;
}

static int read_ids(struct avrogen *gen)
{
        char path[AVROGEN_PATH_MAX];
        struct ev_schema_line line;
        struct ev_str rest;
        int r;

        assert(gen->versions_count == 0);

        snprintf(path, sizeof(path), "%s/ids", gen->folder);
        r = ev_buffer_read_file(&gen->ids, path);
        rest = ev_buffer_str(&gen->ids);
        while (r == 0 && (r = ev_schema_ids_next(&rest, &line)) == 0) {
                struct avrogen_version *version = &gen->versions[gen->versions_count];

                if (gen->versions_count == AVROGEN_VERSIONS_MAX)
                        return ev_fail(EV_VERDICT_STOP, "ids: more than %d versions",
                                       AVROGEN_VERSIONS_MAX);
                r = take_line(&line, version);
                if (r == 0)
                        r = check_order(gen, version);
                ++gen->versions_count;
        }
        if (r < 0)
                return ev_trace(r);
        return gen->versions_count > 0 ? 0 : ev_fail(EV_VERDICT_STOP, "ids: no schema is listed");
}

/* Keys and subjects become headers and columns of text. -1 is a key that is not there, which is
 * fine. */
static bool is_string_field(const struct ev_schema *schema, int32_t place)
{
        assert(place < (int32_t)schema->record->fields_count);

        return place < 0 || schema->record->fields[place].type.type == EV_TYPE_STRING;
}

/* What the engine takes for granted of an event. One namespace for all its types, because the
 * namespace decides into which file they are written. */
static int check_event(const struct avrogen_version *version)
{
        const struct ev_schema *schema = version->schema;
        const struct ev_schema_contract *contract = &schema->contract;

        assert(version->line.name.size > 0);
        assert(schema);

        if (!ev_str_equal(schema->record->name, version->line.name))
                return ev_fail(EV_VERDICT_STOP, "the record is %.*s, but ids says %.*s",
                               EV_STR_ARG(schema->record->name), EV_STR_ARG(version->line.name));
        if (!contract->given)
                return ev_fail(EV_VERDICT_STOP, "the attribute \"quenty\" is missing");
        for (uint32_t i = 0; i < contract->subject_count; ++i)
                if (!is_string_field(schema, (int32_t)contract->subject[i]))
                        return ev_fail(EV_VERDICT_STOP, "quenty.subject must name strings");
        if (!is_string_field(schema, contract->key))
                return ev_fail(EV_VERDICT_STOP, "quenty.key must name a string");
        for (uint32_t i = 0; i < schema->named_count; ++i)
                if (!ev_str_equal(avrogen_context(schema->named[i]->name), version->context))
                        return ev_fail(EV_VERDICT_STOP, "%.*s lies in another namespace",
                                       EV_STR_ARG(schema->named[i]->name));
        return 0;
}

/* A lock is the promise that what readers depend on stays; doc texts may become better. The error
 * says how a change is made, for whoever sees it wanted to make one. */
static int check_lock(const struct avrogen_version *version)
{
        assert(version->schema);

        if (!version->line.is_locked || (version->fingerprint == version->line.fingerprint &&
                                         version->lock == version->line.lock))
                return 0;
        return ev_fail(EV_VERDICT_STOP,
                       "this schema was published as %" PRIu32 " and has been edited since. Put "
                       "the published text back, move it to history/, and make the change a new "
                       "version (schemas/README.md, \"Changing an event\")",
                       version->line.id);
}

/* Every check that one file can be given, in the order in which a person would mend them. The
 * path stands before whatever is wrong. */
static int load_schema(const struct avrogen *gen, struct avrogen_version *version)
{
        char path[AVROGEN_PATH_MAX];
        int r;

        assert(gen->folder);
        assert(!version->schema);

        snprintf(path, sizeof(path), "%s/%.*s", gen->folder, EV_STR_ARG(version->line.file));
        r = ev_buffer_read_file(&version->text, path);
        if (r == 0)
                r = ev_schema_parse(ev_buffer_str(&version->text), &version->schema);
        if (r == 0)
                r = ev_schema_validate(ev_buffer_str(&version->text));
        if (r == 0)
                r = check_event(version);
        if (r == 0)
                r = ev_schema_fingerprint(version->schema, &version->fingerprint);
        if (r == 0)
                r = ev_schema_lock(version->schema, &version->lock);
        if (r == 0)
                r = check_lock(version);
        if (r < 0)
                return ev_fail_while("%s", path);
        return 0;
}

/* check_order() has marked one of each name. */
static const struct avrogen_version *find_newest(const struct avrogen *gen, struct ev_str name)
{
        for (size_t i = 0; i < gen->versions_count; ++i)
                if (gen->versions[i].newest && ev_str_equal(gen->versions[i].line.name, name))
                        return &gen->versions[i];
        assert(name.size > 0);
        assert(false && "every name has a newest version");
        return NULL;
}

/* Values of every version lie on the topics for ever, and subscribers upgrade when they like.
 * Against the newest alone: that is the only version that anything is written in from now on. */
static int check_compatible(const struct avrogen *gen, const struct avrogen_version *version)
{
        const struct avrogen_version *newest = find_newest(gen, version->line.name);
        char older[64], newer[64];
        int r;

        assert(version->schema);

        if (version->newest)
                return 0;
        snprintf(older, sizeof(older), "version %" PRIu32, version->line.version);
        snprintf(newer, sizeof(newer), "version %" PRIu32, newest->line.version);
        /* 1 is an answer and below 0 a failure; here both end the build, with their text. */
        r = ev_schema_compatible(version->schema, older, newest->schema, newer);
        if (r)
                return ev_fail_while("%s/%.*s breaks version %" PRIu32 " (%.*s)", gen->folder,
                                     EV_STR_ARG(newest->line.file), version->line.version,
                                     EV_STR_ARG(version->line.file));
        return 0;
}

/* All versions first, then what holds between them. */
static int load(struct avrogen *gen)
{
        int r;

        assert(gen->versions_count == 0);

        r = read_ids(gen);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < gen->versions_count; ++i) {
                r = load_schema(gen, &gen->versions[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        for (size_t i = 0; i < gen->versions_count; ++i) {
                r = check_compatible(gen, &gen->versions[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* Both texts are made before the first file is touched: a failure leaves no header without its
 * source. */
static int write_context(const struct avrogen *gen, struct ev_str context, const char *output)
{
        _cleanup_buffer_ struct ev_buffer header = EV_BUFFER_INIT(AVROGEN_FILE_MAX);
        _cleanup_buffer_ struct ev_buffer source = EV_BUFFER_INIT(AVROGEN_FILE_MAX);
        char path[AVROGEN_PATH_MAX];
        int r;

        assert(output);
        assert(context.size > 0);

        r = avrogen_write_header(gen, context, &header);
        if (r == 0)
                r = avrogen_write_source(gen, context, &source);
        if (r < 0)
                return ev_trace(r);
        snprintf(path, sizeof(path), "%s/%.*s.h", output, EV_STR_ARG(context));
        r = write_file(path, ev_buffer_str(&header));
        if (r < 0)
                return ev_trace(r);
        snprintf(path, sizeof(path), "%s/%.*s.c", output, EV_STR_ARG(context));
        return ev_trace(write_file(path, ev_buffer_str(&source)));
}

/* The table that gives each id its schema, for programs that meet any of them. */
static int write_registry(const struct avrogen *gen, const char *output)
{
        _cleanup_buffer_ struct ev_buffer header = EV_BUFFER_INIT(AVROGEN_FILE_MAX);
        _cleanup_buffer_ struct ev_buffer source = EV_BUFFER_INIT(AVROGEN_FILE_MAX);
        char path[AVROGEN_PATH_MAX];
        int r;

        assert(gen->versions_count > 0);
        assert(output);

        r = avrogen_write_registry_header(&header);
        if (r == 0)
                r = avrogen_write_registry_source(gen, &source);
        if (r < 0)
                return ev_trace(r);
        snprintf(path, sizeof(path), "%s/registry.h", output);
        r = write_file(path, ev_buffer_str(&header));
        if (r < 0)
                return ev_trace(r);
        snprintf(path, sizeof(path), "%s/registry.c", output);
        return ev_trace(write_file(path, ev_buffer_str(&source)));
}

/* Everything is judged before anything is written. */
static int generate(struct avrogen *gen, const char *output)
{
        int r;

        assert(output);

        r = load(gen);
        if (r == 0)
                r = avrogen_collect_types(gen);
        for (size_t i = 0; r == 0 && i < gen->contexts_count; ++i)
                r = write_context(gen, gen->contexts[i], output);
        if (r == 0)
                r = write_registry(gen, output);
        return ev_trace(r);
}

/* The list again, with the locks of the lines that have none. Locked lines stay as they are: a
 * lock that could be renewed would lock nothing. */
static int write_locks(struct avrogen *gen)
{
        _cleanup_buffer_ struct ev_buffer out = EV_BUFFER_INIT(EV_SCHEMA_IDS_BYTES_MAX);
        struct ev_str rest = ev_buffer_str(&gen->ids), line;
        char path[AVROGEN_PATH_MAX];
        size_t next = 0;
        int r;

        assert(gen->ids.size > 0);

        while (!ev_str_is_null(line = ev_str_take(&rest, '\n'))) {
                const struct avrogen_version *version = NULL;

                /* The same lines that read_ids() took for versions, in the same order. */
                if (line.size > 0 && line.data[0] != '#')
                        version = &gen->versions[next++];
                r = ev_buffer_append_str(&out, line);
                if (r == 0 && version && !version->line.is_locked)
                        r = ev_buffer_printf(&out, " %016" PRIx64 " %016" PRIx64,
                                             version->fingerprint, version->lock);
                if (r == 0)
                        r = ev_buffer_append(&out, "\n", 1);
                if (r < 0)
                        return ev_trace(r);
        }
        assert(next == gen->versions_count);
        snprintf(path, sizeof(path), "%s/ids", gen->folder);
        return ev_trace(write_file(path, ev_buffer_str(&out)));
}

/* Locks only what could be built: a schema that is refused is not published either. */
static int lock(struct avrogen *gen)
{
        int r = load(gen);

        assert(gen->folder);

        return r < 0 ? ev_trace(r) : ev_trace(write_locks(gen));
}

/* Freed although the process ends anyway: the tests run this with a checker of leaks. */
static void avrogen_free(struct avrogen **gen)
{
        assert(gen);

        if (!*gen)
                return;
        /* All slots and not only those that were counted: a line that failed half way may hold
         * memory. */
        for (size_t i = 0; i < AVROGEN_VERSIONS_MAX; ++i) {
                ev_buffer_done(&(*gen)->versions[i].text);
                ev_schema_free((*gen)->versions[i].schema);
        }
        ev_buffer_done(&(*gen)->ids);
        free(*gen);
}

/* Two positional arguments and no options beside --lock: only the build and `deploy/dev` call
 * this. */
int main(int argc, char **argv)
{
        _cleanup_(avrogen_free) struct avrogen *gen = calloc(1, sizeof(*gen));
        bool locks = argc == 3 && strcmp(argv[1], "--lock") == 0;
        int r;

        if (!gen || argc != 3) {
                fputs("usage: avrogen SCHEMAS OUTPUT\n       avrogen --lock SCHEMAS\n", stderr);
                return 2;
        }
        gen->ids = EV_BUFFER_INIT(EV_SCHEMA_IDS_BYTES_MAX);
        gen->folder = locks ? argv[2] : argv[1];
        r = locks ? lock(gen) : generate(gen, argv[2]);
        if (r < 0)
                fprintf(stderr, "avrogen: %s\n", ev_error_last()->text);
        return r < 0 ? 1 : 0;
}
