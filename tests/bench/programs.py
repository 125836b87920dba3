"""Benchmarks that need no server: a program of this folder measures, in turns, within itself."""

import subprocess

from results import Result
from system import BUILD


def told(name, *words):
    """The lines "key value" that it prints."""
    done = subprocess.run([BUILD / "tests/bench" / name, *map(str, words)], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL)
    return {key: float(value) for key, value in (line.rsplit(None, 1) for line in done.stdout.splitlines() if line)}


def codec(options):
    """P7: the codec beside avro-c's generic values, on the values of a real order"""
    figures = told("bench-codec", "--rounds", options.scaled(21, 3))
    for way in ("decode", "encode"):
        bare = {"decode": "read", "encode": "write"}[way]
        yield Result(f"P7 {way}", f"avro-c's generic value ÷ our codec, {way}, {figures['types']:.0f} types together "
                     f"({figures[f'{bare}_ratio']:.1f} by avro_value_{bare}() alone, without its fields)",
                     figures[f"{way}_ratio"], goal=10, figures=figures)


def audit(options):
    """P12: facts that an auditor's reader checks in a second, on one core"""
    figures = told("bench-audit", "--rounds", options.scaled(21, 3))
    yield Result("P12", f"facts checked in a second on a core: opening {figures['open_ns']:.0f} ns, finding the schema "
                 f"{figures['find_ns']:.0f} ns, decoding {figures['decode_ns']:.0f} ns", figures["facts_per_s"], "facts/s",
                 goal=500_000)
