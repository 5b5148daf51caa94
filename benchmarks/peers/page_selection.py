"""The section of `docs/benchmarks.md` on choosing by vectors."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers.tables import Result, goal, machine, number, table, times, why_not

SELECTION = """\
Vectors are drawn: clusters of unequal size with a spectrum that falls, as that of texts does (256 dimensions).
Libraries of linear algebra run on one thread. The objective of facility location is the mean over all points of the
highest cosine to a chosen one.
"""


def selection_rows(results: Result) -> Iterator[list[str]]:
    """One row for each choice by vectors and each program."""
    for name in ("k_center", "k_center, naive loop in full"):
        part = results[name]
        what = f"exact k-center, {part['points']:,} points, {part['size']:,} chosen"
        naive = part["naive loop"]
        run = f" ({naive['centres_run']} centres run, the rest extrapolated)" if "centres_run" in naive else ""
        same = "the same sequence" if part["same_sequence"] else "ANOTHER SEQUENCE"
        yield [what, "curate", number(part["curate"]["cpu_s"]), same, "", ""]
        ratio = part["times_faster"]
        yield [
            what,
            f"naive loop{run}",
            number(naive["cpu_s"]),
            "",
            f"{ratio:,.1f}x",
            goal({"must": 12, "ratio": ratio}),
        ]
    part = results["facility_location"]
    what = f"facility location, {part['held']:,} points, {part['size']:,} chosen"
    for name in ("curate, what peers hold", "apricot-select, lazy", "submodlib-py, lazy"):
        told = part[name]
        if "cpu_s" not in told:
            yield [what, name, why_not(told), "", "", ""]
            continue
        objective = f"objective {told['objective']:.5f}"
        judged = goal({"must": 3, "ratio": told["times_slower"]}) if "times_slower" in told else ""
        yield [what, name, number(told["cpu_s"]), objective, times(told, "times_slower"), judged]
    what = f"facility location, {part['points']:,} points, {part['size']:,} chosen"
    for name in ("curate, all points, exact", "curate, all points, stochastic"):
        yield [what, name, number(part[name]["cpu_s"]), f"objective {part[name]['objective']:.5f}", "", ""]
    part = results["semantic_dedup"]
    yield [
        f"semantic duplicates, {part['points']:,} points",
        "curate",
        number(part["cpu_s"]),
        f"{part['kept']:,} stay",
        "",
        "",
    ]
    part = part["side by side"]
    what = f"semantic duplicates, {part['points']:,} points"
    for name in ("curate", "semhash"):
        told = part[name]
        if "cpu_s" not in told:
            yield [what, name, why_not(told), "", "", ""]
            continue
        left = f"{told['kept']:,} stay, {told['kept_with_a_duplicate']:,} of them with a duplicate"
        yield [what, name, number(told["cpu_s"]), left, times(told, "times_slower"), ""]


def selection_section(results: Result) -> Iterator[str]:
    """Choosing by vectors."""
    yield "## Choosing by vectors\n"
    yield SELECTION
    yield table(["task", "program", "CPU-s", "result", "ratio", "goal"], list(selection_rows(results)))
    yield machine(results) + "\n"
    int8 = results["int8"]
    yield (
        f"Vectors are int8 in curate: of {int8['points']:,} points, the objective of {int8['size']:,} chosen by them "
        f"is {int8['int8_over_float32']:.6f} of that by float32.\n"
    )
