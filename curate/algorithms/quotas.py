"""How many examples each group gets, seat by seat: a divisor method with temperature, minimums and maximums."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Seats:
    """Hands out places to groups one by one, so that the first `m` places are the allocation of `m`.

    Two rules say who may have the next place:

    1. While some group is below its minimum, only such groups may.
    2. After that, every group that is not at its maximum (or used up) may.

    Among those, a temperature picks the one group with the highest `n_g**(1/temperature) / (a_g + 1/2)`,
    where `n_g` is what the group has and `a_g` what it got so far, ties by name. That is the divisor method
    of Webster and Sainte-Laguë: shares follow `p_g ∝ n_g**(1/temperature)` (1: proportional to what is
    there; infinity: the same for all; 3: LIMA's choice for the 75 + 99 exchanges of StackExchange), and what
    a full group cannot use goes to the others in proportion. Divisor methods are the only ones that are
    house-monotone (Balinski & Young 1982, *Fair Representation*, ch. 4): a larger total never takes a place
    away, which the method of largest remainders cannot promise. Without it, no order of the chosen examples
    could have the result for a smaller size as its prefix.

    Without a temperature, all groups of the rule that applies may have the place, and the caller chooses.

    Parameters
    ----------
    counts : examples there are per group, each >= 0.
    temperature : > 0, `math.inf` allowed; None leaves the choice to the caller.
    minimum, maximum : places per group, in absolute numbers; groups that are not named have none. A minimum
        above what a group has, or above its maximum, is cut to that.
    there : how many of `counts` can be chosen, where that is a part of them; `counts` still decides the shares.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        *,
        temperature: float | None = None,
        minimum: Mapping[str, int] | None = None,
        maximum: Mapping[str, int] | None = None,
        there: Mapping[str, int] | None = None,
    ) -> None:
        if temperature is not None and not temperature > 0:
            raise ValueError(f"temperature must be above 0, not {temperature}")
        low, high = minimum or {}, maximum or {}
        self.names = sorted(counts)
        has = counts if there is None else there
        self.room = np.array([min(has.get(g, 0), high.get(g, counts[g])) for g in self.names], dtype=np.int64)
        self.need = np.minimum([low.get(g, 0) for g in self.names], self.room).astype(np.int64)
        self.taken = np.zeros(len(self.names), dtype=np.int64)
        self.shares: NDArray[np.float64] | None = None
        if temperature is not None:
            self.shares = np.array([math.pow(counts[g], 1 / temperature) for g in self.names], dtype=np.float64)

    def open(self) -> NDArray[np.bool_]:
        """Which groups, in the order of `names`, may have the next place; none when no place is left."""
        may = self.taken < self.need
        if not may.any():
            may = self.taken < self.room
        if self.shares is None or not may.any():
            return may
        claim = np.where(may, self.shares / (self.taken + 0.5), -1.0)
        only = np.zeros(len(may), dtype=np.bool_)
        only[int(np.argmax(claim))] = True
        return only

    def take(self, group: int) -> None:
        """Give the next place to the group at this position of `names`."""
        self.taken[group] += 1


def allocate(
    counts: Mapping[str, int],
    size: int,
    *,
    temperature: float = 1.0,
    minimum: Mapping[str, int] | None = None,
    maximum: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Places per group for a total of `size`, as `Seats` hands them out.

    Parameters
    ----------
    counts, temperature, minimum, maximum : as for `Seats`.
    size : places in all, >= 0.

    Returns
    -------
    Places per group, in the order of names. They sum to `size`, or to all that counts and maximums allow
    where that is less. When the minimums sum to more than `size`, each group has at most its minimum.
    """
    seats = Seats(counts, temperature=temperature, minimum=minimum, maximum=maximum)
    for _ in range(size):
        may = seats.open()
        if not may.any():
            break
        seats.take(int(np.argmax(may)))
    return {name: int(taken) for name, taken in zip(seats.names, seats.taken, strict=True)}
