"""What schemas/README.md promises about the schemas, as checks.

Every check has a tag, so that prove.py can say which one has to fail for which mistake."""

import json
import re
from typing import NamedTuple

import fastavro.schema

FIRST_ID = 700001
CONTEXTS = ("customer", "stock", "order", "shipping")
DECIMALS = {(14, 2), (8, 3), (7, 1), (7, 4)}
PLAIN_TYPES = {"string", "int", "long", "boolean"}
RANGES = {"int": (-2**31, 2**31 - 1), "long": (-2**63, 2**63 - 1)}
SECRETS = {"password_hash", "api_key"}
FALLBACKS = {"OrderConfirmation": "AUTO"}

# Every member that may stand somewhere: a misspelled "default" would else be silently ignored.
FIELD_MEMBERS = {"name", "type", "default", "doc", "secret", "aliases"}
NODE_MEMBERS = {
    "record": {"type", "name", "namespace", "doc", "quenty", "fields", "aliases"},
    "enum": {"type", "name", "doc", "symbols", "default", "aliases"},
    "array": {"type", "items"},
    "bytes": {"type", "logicalType", "precision", "scale"},
    "long": {"type", "logicalType"},
}
QUENTY_MEMBERS = {
    "ingress": ["kind", "topic", "key", "subject", "natural_key", "repeats", "outcomes"],
    "fact": ["kind", "topic", "subject", "key", "outcome"],
}
TOPIC_ENDS = {"ingress": "ingress.v1", "fact": "events.v1"}

ID_LINE = re.compile(
    r"([1-9]\d*) (quenty\.[a-z]+\.[A-Za-z]+) ([1-9]\d*) (\S+\.avsc)"
    r"(?: ([0-9a-f]{16}) [0-9a-f]{16})?")
SENTENCE = re.compile(r"[A-Za-z0-9].*\.")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CAMEL_CASE = re.compile(r"([A-Z][a-z0-9]+)+")


class Row(NamedTuple):
    """A line of schemas/ids."""
    id: int
    name: str
    version: int
    file: str
    lock: str | None


class Report:
    """Counts checks and keeps what failed."""

    def __init__(self):
        self.passed, self.failures = 0, []

    def check(self, ok, tag, text):
        """One check; `text` says where it fails and what is wrong there."""
        if ok:
            self.passed += 1
        else:
            self.failures.append((tag, text))
        return ok

    def finish(self):
        """Prints failures and figures; the exit status. No check at all is a failure too."""
        for tag, text in self.failures:
            print(f"FAIL {tag}: {text}")
        print(f"{self.passed} passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0


def check_all(root, report):
    """All checks of the schemas themselves. False: vectors cannot be made of them."""
    # From Avro's own tests: should fastavro turn its bytes round one day, this says why all differ.
    report.check(fingerprint('"int"') == 0x7275d51a3f395c8f, "fingerprint",
                 "the fingerprint of \"int\" is not the one of Avro's tests")
    rows = check_ids(root, report)
    schemas = {row: check_file(root, row, report) for row in rows}
    schemas = {row: schema for row, schema in schemas.items() if schema is not None}
    newest = {row.name: s for row, s in schemas.items() if not row.file.startswith("history/")}
    for row, schema in schemas.items():
        SchemaCheck(row, schema, newest, report).run()
    check_copies(newest, report)
    return len(schemas) == len(rows) > 0


# The list of ids

def id_lines(root):
    lines = (root / "schemas" / "ids").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def read_ids(root):
    found = (ID_LINE.fullmatch(line) for line in id_lines(root))
    return [Row(int(m[1]), m[2], int(m[3]), m[4], m[5]) for m in found if m]


def check_ids(root, report):
    """Ids rise, versions are complete, lines and files belong to each other. The usable rows."""
    for line in id_lines(root):
        report.check(ID_LINE.fullmatch(line), "ids-form", f"{line!r} is no line of ids")
    rows, last = read_ids(root), FIRST_ID - 1
    for row in rows:
        report.check(row.id > last, "ids-order", f"ids: {row.id} must be above {last}")
        last = max(last, row.id)
    for name in sorted({row.name for row in rows}):
        check_versions([row for row in rows if row.name == name], report)
    folder = root / "schemas"
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.avsc")}
    listed = [row.file for row in rows]
    for file in sorted(present | set(listed)):
        report.check(file in present, "ids-missing", f"{file}: in ids, but there is no such file")
        times = listed.count(file)
        report.check(times == 1, "ids-listed", f"{file}: stands {times} times in ids")
    return [row for row in rows if row.file in present]


def check_versions(rows, report):
    """The versions of one name are 1, 2, …; all but the last stand in history."""
    _, context, short = rows[0].name.split(".")
    for expected, row in enumerate(rows, 1):
        report.check(row.version == expected, "ids-versions",
                     f"ids: {row.name}: version {row.version} stands where {expected} belongs")
        path = f"{context}/{short}.avsc"
        if row is not rows[-1]:
            path = f"history/{context}/{short}.{row.version}.avsc"
        report.check(row.file == path, "ids-file",
                     f"ids: {row.name}: version {row.version} belongs in {path}")


# One file

def unique_members(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a member is given twice among {names}")
    return dict(pairs)


def check_file(root, row, report):
    """The schema, where the file is one."""
    try:
        text = (root / "schemas" / row.file).read_text("utf-8")
        schema = json.loads(text, object_pairs_hook=unique_members)
        canonical = fastavro.schema.to_parsing_canonical_form(json.loads(text))
    except Exception as e:
        report.check(False, "valid", f"{row.file}: {type(e).__name__}: {e}")
        return None
    report.check(True, "valid", row.file)
    if row.lock is not None:
        number = f"{fingerprint(canonical):016x}"
        report.check(number == row.lock, "ids-lock",
                     f"{row.file}: its fingerprint is {number}, locked is {row.lock}")
    return schema


def fingerprint(canonical):
    """CRC-64-AVRO as a number.

    fastavro gives its bytes in little-endian order, the order of single-object encoding."""
    digits = fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")
    return int.from_bytes(bytes.fromhex(digits), "little")


def nodes(node):
    """Every type object below a schema node, itself included."""
    if isinstance(node, list):
        for branch in node:
            yield from nodes(branch)
    elif isinstance(node, dict):
        yield node
        for below in [f["type"] for f in node.get("fields", [])] + [node.get("items")]:
            yield from nodes(below)


def named_types(schema):
    """Records and enums of a schema, by name, the event itself first."""
    return {node["name"]: node for node in nodes(schema) if "name" in node}


class SchemaCheck:
    """The checks of one schema version."""

    def __init__(self, row, schema, newest, report):
        self.row, self.schema, self.newest, self.report = row, schema, newest, report
        self.context, self.short = row.name.split(".")[1:]
        self.named = named_types(schema)
        self.fields = {f["name"]: f for f in schema.get("fields", [])}

    def check(self, ok, tag, text):
        return self.report.check(ok, tag, f"{self.row.file}: {text}")

    def run(self):
        full = f"{self.schema.get('namespace')}.{self.schema.get('name')}"
        ok = full == self.row.name and self.schema["type"] == "record" and self.context in CONTEXTS
        if not self.check(ok, "name", f"is not the record {self.row.name} of ids"):
            return
        for node in nodes(self.schema):
            self.check_node(node)
        self.check_type(self.schema, [])
        if self.newest.get(self.row.name) is self.schema:
            self.check_attribute()

    def check_node(self, node):
        """A type object: its members, and for a named type its name, doc and parts."""
        kind, name = node["type"], node.get("name")
        strange = set(node) - NODE_MEMBERS.get(kind, set(node))
        self.check(not strange, "members", f"{name or kind} has strange members {strange}")
        if name is None:
            return
        self.check_doc(name, node)
        self.check(CAMEL_CASE.fullmatch(name), "spelling", f"{name} is not in CamelCase")
        if node is not self.schema:
            self.check("namespace" not in node and "quenty" not in node, "nested",
                       f"{name} takes the namespace of its event and has no attribute")
        if kind == "enum":
            self.check_enum(node)
        for field in node.get("fields", []):
            self.check_field(f"{name}.{field['name']}", field)

    def check_doc(self, path, node):
        doc = node.get("doc")
        self.check(isinstance(doc, str) and SENTENCE.fullmatch(doc), "doc",
                   f"{path} has no doc, or it is no sentence")

    def check_enum(self, node):
        name, symbols = node["name"], node["symbols"]
        fallback = FALLBACKS.get(name, "OTHER" if symbols[0].isupper() else "unknown")
        self.check(node.get("default") == fallback, "enum-default",
                   f"{name} must have the default symbol {fallback}")
        self.check(name in FALLBACKS or symbols[-1] == fallback, "enum-last",
                   f"the last symbol of {name} must be {fallback}")

    def check_field(self, path, field):
        strange = set(field) - FIELD_MEMBERS
        self.check(not strange, "members", f"{path} has strange members {strange}")
        self.check_doc(path, field)
        self.check(SNAKE_CASE.fullmatch(field["name"]), "spelling", f"{path} is not in snake_case")
        if isinstance(field["type"], list):
            self.check(field.get("default", "none") is None, "optional",
                       f"{path} is optional and must have the default null")
        elif "default" in field:
            self.check(self.fits(field["type"], field["default"]), "default",
                       f"{path}: {field['default']!r} is no value of its type")
        secret = field["name"] in SECRETS
        self.check(field.get("secret", False) is secret, "secret",
                   f"{path}: \"secret\": true stands at {sorted(SECRETS)} and nowhere else")
        self.check(not secret or self.schema.get("quenty", {}).get("kind") == "ingress",
                   "secret-fact", f"{path}: a fact never carries a secret")

    def fits(self, node, value):
        """Whether a JSON value may be the default of a type; bytes have one letter a byte."""
        if isinstance(node, str):
            node = self.named.get(node, {"type": node})
        kind = node["type"]
        if kind in RANGES:
            return type(value) is int and RANGES[kind][0] <= value <= RANGES[kind][1]
        if kind == "enum":
            return value in node["symbols"]
        if kind == "bytes":
            if not isinstance(value, str) or not value or max(value) > "\xff":
                return False
            unscaled = int.from_bytes(value.encode("latin-1"), "big", signed=True)
            return abs(unscaled) < 10**node["precision"]
        expected = {"string": str, "boolean": bool}.get(kind)
        return isinstance(value, expected) if expected else kind == "array" and value == []

    def check_type(self, node, inside):
        """Nothing but the types of the README's table; `inside` names the records around it."""
        if isinstance(node, list):
            self.check(len(node) == 2 and node[0] == "null" and node[1] != "null", "union",
                       f"{json.dumps(node)[:60]}: the only union is [\"null\", T]")
            node = node[-1]
        kind = node if isinstance(node, str) else node["type"]
        if kind in self.named:
            self.check(kind not in inside, "recursion", f"{kind} is inside itself")
        elif kind == "array":
            self.check_type(node["items"], inside)
        elif kind == "record":
            for field in node["fields"]:
                self.check_type(field["type"], inside + [node["name"]])
        elif kind != "enum":
            self.check(is_known(kind, node), "type",
                       f"{json.dumps(node)} is none of the types in schemas/README.md")

    # The attribute "quenty"

    def check_attribute(self):
        quenty = self.schema.get("quenty")
        kind = quenty.get("kind") if isinstance(quenty, dict) else None
        if not self.check(kind in QUENTY_MEMBERS and list(quenty) == QUENTY_MEMBERS[kind], "quenty",
                          f"the members of \"quenty\" must be {QUENTY_MEMBERS.get(kind)}"):
            return
        topic = f"quenty.{self.context}.{TOPIC_ENDS[kind]}"
        self.check(quenty["topic"] == topic, "topic", f"the topic must be {topic}")
        self.check_subject(quenty["subject"], quenty["key"])
        if kind == "ingress":
            self.check_natural_key(quenty)
            self.check_outcomes(quenty["outcomes"])
            return
        outcome = "accepted"
        if self.short.endswith("Declined") or self.short == "OrderRejected":
            outcome = "refused"
        elif self.short.endswith("Repeated"):
            outcome = "repeated"
        self.check(quenty["outcome"] == outcome, "outcome", f"the outcome must be {outcome}")

    def check_subject(self, subject, key):
        several = isinstance(subject, list)
        subjects = subject if several else [subject]
        wanted = ["null", "string"] if several else "string"
        types = [self.fields.get(s, {}).get("type") for s in subjects]
        self.check(types and all(t == wanted for t in types), "subject",
                   f"subject {subject!r} must be a string field, or a list of optional ones")
        company = "company_id" if "company_id" in self.fields else None
        self.check(key == company, "key", f"the key must be {company}")
        first = set(subjects) | ({company} if company else set())
        self.check(set(list(self.fields)[:len(first)]) == first, "order",
                   f"the first fields must be {sorted(first)}")

    def check_natural_key(self, quenty):
        natural = quenty["natural_key"]
        ok = isinstance(natural, list) and len(set(natural)) == len(natural)
        self.check(ok and set(natural) <= self.fields.keys() and quenty["subject"] in natural,
                   "natural-key", f"natural_key {natural!r} must list fields with the subject")
        self.check(quenty["repeats"] in ("at_once", "by_state"), "repeats",
                   f"repeats {quenty['repeats']!r} is neither at_once nor by_state")

    def check_outcomes(self, outcomes):
        ok = isinstance(outcomes, list) and len(set(outcomes)) == len(outcomes)
        if not self.check(ok, "outcomes", f"outcomes {outcomes!r} must be a list, each once"):
            return
        for outcome in outcomes:
            kind = self.newest.get(outcome, {}).get("quenty", {}).get("kind")
            self.check(outcome.startswith(f"quenty.{self.context}.") and kind == "fact",
                       "outcome-known", f"the outcome {outcome} is no fact of this context")
        context = self.context.capitalize()
        refusal = "OrderRejected" if self.short == "OrderPlaced" else f"{context}RequestDeclined"
        ends = [refusal, f"{context}RequestRepeated"]
        missing = [e for e in ends if f"quenty.{self.context}.{e}" not in outcomes]
        self.check(not missing and len(outcomes) > len(ends), "outcome-missing",
                   f"besides what is granted, the outcomes must have {ends}")


def is_known(kind, node):
    logical = None if isinstance(node, str) else node.get("logicalType")
    if logical == "decimal":
        return kind == "bytes" and (node.get("precision"), node.get("scale")) in DECIMALS
    if logical == "timestamp-micros":
        return kind == "long"
    return logical is None and kind in PLAIN_TYPES


def check_copies(newest, report):
    """A type that stands in several files is the same text in each: one name, one meaning."""
    seen = {}
    for event, schema in sorted(newest.items()):
        for name, node in named_types(schema).items():
            full, text = f"{schema.get('namespace')}.{name}", json.dumps(node)
            first, expected = seen.setdefault(full, (event, text))
            report.check(text == expected, "copies",
                         f"{full} is defined differently in {first} and {event}")
