"""Results of benchmarks: a table for people, JSON for programs."""

import json
import pathlib
import time

import machine


class Result:
    """A figure with its goal. goal: the least (or, where less is better, the most) that it should be."""

    def __init__(self, name, what, value, unit="", goal=None, less=False, rounds=None, **details):
        self.name, self.what, self.value, self.unit = name, what, value, unit
        self.goal, self.less, self.rounds, self.details = goal, less, rounds, details

    def verdict(self):
        if self.goal is None:
            return ""
        is_met = self.value <= self.goal if self.less else self.value >= self.goal
        return "met" if is_met else "missed"

    def goal_text(self):
        return "" if self.goal is None else f"{'≤' if self.less else '≥'} {self.goal:g}"

    def figure(self):
        digits = 0 if abs(self.value) >= 1000 else 1 if abs(self.value) >= 10 else 2
        return f"{self.value:,.{digits}f}{' ' if self.unit else ''}{self.unit}"

    def as_json(self):
        return {"name": self.name, "what": self.what, "value": self.value, "unit": self.unit, "goal": self.goal, "less": self.less,
                "verdict": self.verdict(), **self.details,
                **({"rounds": self.rounds.as_json(), "repeated": self.rounds.repeated} if self.rounds else {})}


def table(results, more=(), of=lambda result: ()):
    """As Markdown, so that it can stand in a README as it is. more: further columns, which `of` fills."""
    rows = [("", "what", "figure", "goal", "", *more)]
    rows += [(r.name, r.what, r.figure(), r.goal_text(), r.verdict(), *of(r)) for r in results]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def read_table(path):
    """All that a file has, with when and how it was measured."""
    found = [Result(r["name"], r["what"], r["value"], r["unit"], r["goal"], r.get("less", False), measured_at=r["measured_at"],
                    command=r["command"]) for r in json.loads(path.read_text())["results"]]
    return table(found, ("measured", "by"), lambda r: (r.details["measured_at"][:10], f"`{r.details['command']}`"))


def write_json(path, results, command):
    """Results of other benchmarks that the file has stay in it: each is as new as its own date."""
    kept = {}
    if path.exists():
        kept = {r["name"]: r for r in json.loads(path.read_text())["results"]}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    kept.update({r.name: {**r.as_json(), "measured_at": now, "command": command} for r in results})
    path.parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(f"{path}.new").write_text(json.dumps(
        {"machine": machine.describe(), "results": list(kept.values())}, indent=1, ensure_ascii=False) + "\n")
    pathlib.Path(f"{path}.new").rename(path)
