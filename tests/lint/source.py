"""What the lints share: which files there are, and C taken apart into tokens and functions.

This is no compiler. It knows comments, strings, preprocessor lines, brackets and the one shape of
code that clang-format leaves, which is enough for rules about shape; a file whose brackets do not
close is refused and not guessed at.
"""

import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRODUCT = ("libevents/", "workers/", "schemas/")

# Where money and rates are computed: no floating point, neither in the source nor in the program.
MONEY = re.compile(
    r"libevents/base/(decimal|ratio)[^/]*|workers/order/.*|workers/shipping/rate[^/]*"
    r"|(libevents|workers)/.*/[^/]*(money|currency)[^/]*"
)

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<char>'(?:[^'\\\n]|\\.)*')
      | (?P<directive>^[ \t]*\#(?:/\*.*?\*/|\\\n|[^\n])*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
      | (?P<sign>[^\s\w])""",
    re.S | re.M | re.X,
)
BLOCK_WORDS = {"if", "for", "while", "switch", "do", "else"}
NO_FUNCTION = BLOCK_WORDS | {"struct", "union", "enum", "typedef"}


class Token:
    def __init__(self, kind, text, line, column):
        self.kind, self.text, self.line, self.column = kind, text, line, column


class Function:
    """A definition: `first` and `last` are the lines of its braces, `tokens` lie between them."""

    def __init__(self, name, first, last, tokens):
        self.name, self.first, self.last, self.tokens = name, first, last, tokens
        self.lines = last - first + 1

    def count(self, word):
        return sum(t.kind == "word" and t.text == word for t in self.tokens)


class Source:
    def __init__(self, path):
        self.path = path
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.text = file.read()
        self.tokens, self.comment_lines, self.includes, self.macro_words = [], set(), [], []
        for token in tokens_of(self.text):
            if token.kind == "comment":
                self._note_comment(token.text, token.line)
            elif token.kind == "directive":
                self._note_directive(token)
            else:
                self.tokens.append(token)
        self.functions = list(functions_of(self))
        self.filled_lines = {n for n, l in enumerate(self.text.split("\n"), 1) if l.strip()}
        self.comment_lines &= self.filled_lines

    def _note_comment(self, text, line):
        self.comment_lines.update(range(line, line + text.count("\n") + 1))

    def _note_directive(self, token):
        match = re.match(r'[ \t]*#\s*include\s*([<"])([^>"]+)[>"]', token.text)
        if match:
            self.includes.append((token.line, match.group(2), match.group(1) == "<"))
            return
        for part in tokens_of(token.text.replace("#", " ", 1)):
            if part.kind == "comment":
                self._note_comment(part.text, token.line + part.line - 1)
            elif part.kind == "word":
                self.macro_words.append(Token("word", part.text, token.line + part.line - 1, 0))


def tokens_of(text):
    line, line_start, position = 1, 0, 0
    for match in TOKEN.finditer(text):
        gap = text[position : match.start()]
        if "\n" in gap:
            line += gap.count("\n")
            line_start = match.start() - len(gap) + gap.rindex("\n") + 1
        yield Token(match.lastgroup, match.group(), line, match.start() - line_start)
        if "\n" in match.group():
            line += match.group().count("\n")
            line_start = match.start() + match.group().rindex("\n") + 1
        position = match.end()


def function_name(head):
    """The name if the tokens before an opening brace declare a function, else None."""
    words = [t.text for t in head]
    if not words or words[-1] != ")" or words[0] in NO_FUNCTION and "(" not in words:
        return None
    depth, name = 0, None
    for before, word in zip([""] + words, words):
        if word == "=" and depth == 0:
            return None
        if word == "(" and depth == 0 and name is None and not re.fullmatch(r"_\w*_", before):
            name = before
        depth += {"(": 1, ")": -1}.get(word, 0)
    return name if name and re.fullmatch(r"[A-Za-z]\w*", name) and name not in NO_FUNCTION else None


def functions_of(source):
    depth, head, start = 0, [], None
    for index, token in enumerate(source.tokens):
        if token.text == "{" and token.kind == "sign":
            if depth == 0:
                start = (function_name(head), token.line, index + 1)
            depth += 1
        elif token.text == "}" and token.kind == "sign":
            depth -= 1
            if depth < 0:
                raise SystemExit(f"{source.path}:{token.line}: a brace too many")
            if depth == 0:
                name, first, begin = start
                if name:
                    yield Function(name, first, token.line, source.tokens[begin:index])
                    head = []
        elif depth == 0:
            head = [] if token.text == ";" else head + [token]
    if depth:
        raise SystemExit(f"{source.path}: a brace is not closed")


def files(*endings, under=("",)):
    """Committed files and those about to be, by ending and folder; what git ignores is not ours."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    return sorted(
        path
        for path in set(listed)
        if path.endswith(endings or "")
        and path.startswith(tuple(under))
        and os.path.isfile(os.path.join(ROOT, path))
    )


def sources(under=PRODUCT, endings=(".c", ".h")):
    """All of them taken apart. None at all is a fault of the lint or of the tree."""
    found = files(*endings, under=under)
    if not found:
        raise SystemExit(f"no sources under {', '.join(under)}")
    return [Source(path) for path in found]


class Command:
    """How a file is compiled in a build: one entry of its compile_commands.json."""

    def __init__(self, entry):
        self.arguments = shlex.split(entry["command"])
        self.folder = entry["directory"]
        self.path = os.path.relpath(os.path.join(self.folder, entry["file"]), ROOT)
        self.generated = self.path.startswith("build/")
        object_file = self.arguments[self.arguments.index("-o") + 1]
        self.object = os.path.relpath(os.path.join(self.folder, object_file), ROOT)

    def is_built(self):
        return os.path.isfile(os.path.join(ROOT, self.object))

    def flags(self):
        """The arguments without compiler, input and output."""
        kept, skip = [], False
        for argument in self.arguments[1:]:
            if argument in {"-o", "-MF", "-MT"}:
                skip = True
            elif skip:
                skip = False
            elif argument not in {"-c", "-MD"} and not argument.endswith(".c"):
                kept.append(argument)
        return kept


def commands(preset):
    """Those of a build that has been made: what a lint looks at must be there."""
    path = os.path.join(ROOT, "build", preset, "compile_commands.json")
    if not os.path.isfile(path):
        raise SystemExit(f"build/{preset} is missing: run `deploy/dev build {preset}` first")
    with open(path, encoding="utf-8") as file:
        return [Command(entry) for entry in json.load(file)]


def finish(faults, looked_at):
    """Prints the faults and, last, what was looked at; the lint's end."""
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults in {looked_at}" if faults else looked_at)
    sys.exit(1 if faults else 0)
