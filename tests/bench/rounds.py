"""Rounds: what is compared is measured in turns, the order changing, and what counts is the median of
the ratios within a round. A round in which others used the machine is made again."""

import statistics

from machine import FOREIGN_MAX

REPEATS_MAX = 2  # of one round; then it counts, and its foreign share is shown


class Sample:
    """One measurement: a rate (or whatever is compared), and what the machine did meanwhile."""

    def __init__(self, value, watch=None, **more):
        self.value, self.more = value, more
        self.cpu = watch.cpu if watch else {}
        self.foreign = watch.foreign if watch else 0.0

    def as_json(self):
        return {"value": self.value, "foreign": round(self.foreign, 3),
                "cpu_s": {name: round(value, 3) for name, value in self.cpu.items()}, **self.more}


class Rounds:
    """variants: {name: function that measures and returns a Sample}."""

    def __init__(self, variants, rounds, say):
        self.variants, self.say, self.samples, self.repeated = variants, say, [], 0
        for number in range(rounds):
            self.samples.append(self._good_round(number))

    def _good_round(self, number):
        for repeats in range(REPEATS_MAX + 1):
            samples = self._round(number)
            if all(sample.foreign <= FOREIGN_MAX for sample in samples.values()):
                break
            if repeats < REPEATS_MAX:
                self.repeated += 1
                self.say("others took too much of the machine: once more")
        return samples

    def _round(self, number):
        names = list(self.variants)
        turn = number % len(names)
        samples = {name: self.variants[name]() for name in names[turn:] + names[:turn]}
        self.say(f"round {number + 1}: " + "   ".join(
            f"{name} {samples[name].value:,.0f} (foreign {samples[name].foreign:.0%})" for name in names))
        return samples

    def values(self, name):
        return [samples[name].value for samples in self.samples]

    def median(self, name):
        return statistics.median(self.values(name))

    def ratios(self, name, base):
        return [a / b for a, b in zip(self.values(name), self.values(base))]

    def ratio(self, name, base):
        return statistics.median(self.ratios(name, base))

    def cpu_micros(self, name, part, count):
        """Of a part, for each of the count things done in a measurement; the median."""
        return statistics.median(samples[name].cpu.get(part, 0.0) for samples in self.samples) / count * 1e6

    def as_json(self):
        return [{name: sample.as_json() for name, sample in samples.items()} for samples in self.samples]
