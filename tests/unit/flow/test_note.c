#include "support/unit.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "flow/checkpoint.h"
#include "flow/note.h"

UNIT_SUITE(note);

enum { FILE_MAX = 1024 * 1024 };

/* Notes that golang.org/x/mod/sumdb/note made (tests/vectors/merkle). */
static struct ev_json *read_vectors(void)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(FILE_MAX);
        struct ev_json *json = NULL;

        cr_assert_eq(ev_buffer_read_file(&text, EV_VECTORS "/merkle/vectors.json"), 0);
        cr_assert_eq(ev_json_parse(ev_buffer_str(&text), FILE_MAX, &json), 0);
        return json;
}

static struct ev_str text_of(const struct ev_json *object, struct ev_str name)
{
        return ev_json_string(ev_json_get(object, name));
}

static void key_of(const struct ev_json *item, struct ev_str which, struct ev_note_key *key)
{
        cr_assert_eq(ev_note_key_parse(key, text_of(item, which)), 0);
}

Test(note, keys_and_notes_are_those_of_another_implementation)
{
        _cleanup_(ev_json_free_p) struct ev_json *json = read_vectors();
        const struct ev_json *list = ev_json_get(json, EV_STR("notes"));

        cr_assert(ev_json_count(list) > 10);
        for (size_t i = 0; i < ev_json_count(list); ++i) {
                _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
                const struct ev_json *item = ev_json_item(list, i);
                struct ev_str theirs = text_of(item, EV_STR("note")), text;
                struct ev_note_key private_key, public_key;
                char chars[EV_NOTE_KEY_TEXT_MAX];

                key_of(item, EV_STR("private"), &private_key);
                key_of(item, EV_STR("public"), &public_key);
                ev_note_key_public_text(&private_key, chars);
                cr_assert(ev_str_equal(ev_str_of(chars), text_of(item, EV_STR("public"))));
                ev_note_key_private_text(&private_key, chars);
                cr_assert(ev_str_equal(ev_str_of(chars), text_of(item, EV_STR("private"))));
                cr_assert_eq(ev_note_verify(theirs, &public_key, &text), 0);
                cr_assert_eq(ev_buffer_append_str(&note, text), 0);
                cr_assert_eq(ev_note_sign(&note, &private_key), 0);
                cr_assert(ev_str_equal(ev_buffer_str(&note), theirs));
        }
}

/* Go's parser took the texts with a line more, too, before they were signed. */
static void check_checkpoints(struct ev_str name, int64_t last_seq)
{
        _cleanup_(ev_json_free_p) struct ev_json *json = read_vectors();
        const struct ev_json *list = ev_json_get(json, name);

        cr_assert(ev_json_count(list) > 10);
        for (size_t i = 0; i < ev_json_count(list); ++i) {
                _cleanup_buffer_ struct ev_buffer again = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
                const struct ev_json *item = ev_json_item(list, i);
                char root[EV_DIGEST_TEXT_MAX];
                struct ev_checkpoint found;
                struct ev_note_key key;
                struct ev_str text;

                key_of(item, EV_STR("public"), &key);
                cr_assert_eq(ev_note_verify(text_of(item, EV_STR("note")), &key, &text), 0);
                cr_assert_eq(ev_checkpoint_parse(&found, text), 0);
                cr_assert_str_eq(found.origin, "go.sum database tree");
                cr_assert_eq(found.size, i);
                cr_assert_eq(found.last_seq, last_seq ? last_seq + (int64_t)i : 0);
                ev_digest_format(found.root.bytes, root);
                cr_assert(ev_str_equal(
                        ev_str_of(root),
                        ev_json_string(ev_json_item(ev_json_get(json, EV_STR("roots")), i))));
                cr_assert_eq(ev_checkpoint_write(&found, &again), 0);
                cr_assert(ev_str_equal(ev_buffer_str(&again), text));
        }
}

Test(note, a_checkpoint_says_size_and_root)
{
        check_checkpoints(EV_STR("notes"), 0);
}

Test(note, a_checkpoint_says_the_number_of_its_last_entry)
{
        check_checkpoints(EV_STR("extended"), 1);
}

static void sign(struct ev_buffer *note, const char *text, const struct ev_note_key *key)
{
        ev_buffer_clear(note);
        cr_assert_eq(ev_buffer_append_str(note, ev_str_of(text)), 0);
        cr_assert_eq(ev_note_sign(note, key), 0);
}

/* Each byte of the text and of the signature, one after the other. */
Test(note, what_was_changed_does_not_verify)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
        struct ev_note_key key;
        struct ev_str text;

        cr_assert_eq(ev_note_key_new(&key, EV_STR("quenty/order_db")), 0);
        sign(&note, "quenty/order_db\n12\nabc\n", &key);
        cr_assert_eq(ev_note_verify(ev_buffer_str(&note), &key, &text), 0);
        cr_assert(ev_str_equal(text, EV_STR("quenty/order_db\n12\nabc\n")));
        for (size_t i = 0; i < note.size; ++i) {
                uint8_t kept = note.data[i];

                note.data[i] = kept == 'x' ? 'y' : 'x';
                cr_assert_neq(ev_note_verify(ev_buffer_str(&note), &key, &text), 0, "byte %zu", i);
                note.data[i] = kept;
        }
        for (size_t size = 0; size < note.size; ++size)
                cr_assert_neq(ev_note_verify((struct ev_str){ (char *)note.data, size }, &key,
                                             &text),
                              0);
}

Test(note, signatures_of_others_are_passed_over)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX), theirs = note;
        struct ev_note_key key, other;
        struct ev_str line, text;

        cr_assert_eq(ev_note_key_new(&key, EV_STR("us")), 0);
        cr_assert_eq(ev_note_key_new(&other, EV_STR("us")), 0);
        sign(&note, "a\n\nb\n", &key);
        sign(&theirs, "a\n\nb\n", &other);
        cr_assert_eq(ev_note_verify(ev_buffer_str(&theirs), &key, &text), EV_NOTE_UNSIGNED);
        line = ev_buffer_str(&note);
        line.data += strlen("a\n\nb\n\n");
        line.size -= strlen("a\n\nb\n\n");
        cr_assert_eq(ev_buffer_append_str(&theirs, line), 0);
        cr_assert_eq(ev_note_verify(ev_buffer_str(&theirs), &key, &text), 0);
        cr_assert_eq(ev_note_verify(ev_buffer_str(&theirs), &other, &text), 0);
        cr_assert(ev_str_equal(text, EV_STR("a\n\nb\n")));
}

static int verify_with(struct ev_buffer *note, const char *line, const struct ev_note_key *key)
{
        size_t size = note->size;
        struct ev_str text;
        int r;

        cr_assert_eq(ev_buffer_append_str(note, ev_str_of(line)), 0);
        r = ev_note_verify(ev_buffer_str(note), key, &text);
        note->size = size;
        return r;
}

/* Behind the signature that is asked for, too. */
Test(note, every_line_under_a_text_is_looked_at)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX), other = note;
        char line[EV_NOTE_NAME_MAX + 100];
        struct ev_note_key key;

        cr_assert_eq(ev_note_key_new(&key, EV_STR("us")), 0);
        sign(&note, "a\n", &key);
        sign(&other, "b\n", &key);
        cr_assert_eq(verify_with(&note, "\xe2\x80\x94 them QUFBQUFB\n", &key), 0);
        cr_assert_lt(verify_with(&note, "\xe2\x80\x94 them\n", &key), 0);
        cr_assert_lt(verify_with(&note, "them QUFBQUFB\n", &key), 0);
        cr_assert(ev_str_copy((struct ev_str){ (const char *)other.data + strlen("b\n\n"),
                                               other.size - strlen("b\n\n") },
                              line, sizeof(line)));
        cr_assert_eq(verify_with(&note, line, &key), EV_NOTE_FORGED);
        for (size_t i = 1; i < EV_NOTE_SIGNATURES_MAX; ++i)
                cr_assert_eq(ev_buffer_append_str(&note, EV_STR("\xe2\x80\x94 them QUFB\n")), 0);
        cr_assert_eq(verify_with(&note, "", &key), 0);
        cr_assert_lt(verify_with(&note, "\xe2\x80\x94 them QUFB\n", &key), 0);
}

Test(note, control_characters_are_in_none)
{
        _cleanup_buffer_ struct ev_buffer note = EV_BUFFER_INIT(EV_NOTE_BYTES_MAX);
        struct ev_note_key key;
        struct ev_str text;

        cr_assert_eq(ev_note_key_new(&key, EV_STR("us")), 0);
        sign(&note, "\xc3\xa9 \x7f\n", &key);
        cr_assert_eq(ev_note_verify(ev_buffer_str(&note), &key, &text), 0);
        sign(&note, "a\tb\n", &key);
        cr_assert_lt(ev_note_verify(ev_buffer_str(&note), &key, &text), 0);
        sign(&note, "a\x1b[2Jb\n", &key);
        cr_assert_lt(ev_note_verify(ev_buffer_str(&note), &key, &text), 0);
        sign(&note, "a\r\n", &key);
        cr_assert_lt(ev_note_verify(ev_buffer_str(&note), &key, &text), 0);
}

Test(note, keys_that_are_none_are_refused)
{
        static const char *const texts[] = {
                "",
                "us",
                "us+12345678",
                "us+1234567+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "us+12345678+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* another hash */
                "us+12345678+AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* another algorithm */
                "+12345678+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "PRIVATE+KEY+us+12345678+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        };
        struct ev_note_key key;

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i) {
                cr_assert_lt(ev_note_key_parse(&key, ev_str_of(texts[i])), 0, "%s", texts[i]);
                cr_assert_null(strstr(ev_error_last()->text, "AQAA"));
        }
        cr_assert_lt(ev_note_key_new(&key, EV_STR("a b")), 0);
        cr_assert_lt(ev_note_key_new(&key, EV_STR("a+b")), 0);
        cr_assert_lt(ev_note_key_new(&key, EV_STR("")), 0);
}

Test(note, texts_that_are_no_checkpoint_are_refused)
{
        static const char *const texts[] = {
                "",
                "a\n",
                "a\n1\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=",
                "\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n",
                "a\n01\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n",
                "a\n-1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n",
                "a\n9223372036854775808\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS5=\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfQ==\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\n\nb\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\nlast-seq 0\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\nlast-seq 07\n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\nlast-seq 7 \n",
                "a\n1\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\nlast-seq 7\nlast-seq 8\n",
        };
        struct ev_checkpoint found;

        for (size_t i = 0; i < EV_ARRAY_SIZE(texts); ++i)
                cr_assert_lt(ev_checkpoint_parse(&found, ev_str_of(texts[i])), 0, "%s", texts[i]);
        cr_assert_eq(ev_checkpoint_parse(
                             &found,
                             EV_STR("a\n0\nTTDhjiUGBDGaxa4H0TuLzLrG3LbKJ4VLgpQsaTpsfS4=\nmore\n")),
                     0);
        cr_assert_eq(found.size, 0);
}
