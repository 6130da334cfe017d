"""A series of measurements, its median and its spread."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`values` all in `unit`, as measured, in order."""

    name: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.name:<52} {self.median:9.2f} {self.unit:<4} ({low:.2f} to {high:.2f}, n={len(self.values)})"


def print_ratio(figure: Figure, baseline: Figure) -> None:
    """Both figures and how many times the baseline the first is, by medians."""
    print(figure)
    print(baseline)
    print(f"{'  ratio':<52} {figure.median / baseline.median:9.2f}")


def print_goal(figure: Figure, most: float) -> None:
    """The goal beside the median, and whether it is met."""
    verdict = "met" if figure.median <= most else "missed"
    print(f"{'  goal':<52} {most:9.2f} {figure.unit:<4} {verdict}")
