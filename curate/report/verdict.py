"""The answer of the first screen: is the set varied enough, and where not? Each sentence follows from a rule below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from curate.report.model import Breakdown, Diversity, Duplicates, Findings, Judgement, Metric, Style, Verdict

#: A measure differs from random draws where it is two standard deviations off their mean, and from LIMA's where it is
#: a tenth off: two sets of 1,000 good examples differ by about as much.
_DEVIATIONS: Final = 2.0
_TENTH: Final = 0.1
#: Shares from which a person should look: one near-duplicate or one damaged record in fifty.
_FEW: Final = 0.02
#: One kind holding more than so much of a set leaves too little to the others.
_HALF: Final = 0.5
#: Ten openers that begin so much more of the responses than LIMA's ten do.
_TWICE: Final = 2.0
_AGAINST: Final = ("coverage", "vendi", "nearest", "novelsum", "self_bleu", "tasks")
_BESIDE: Final = ("vendi", "nearest", "novelsum_flat", "self_bleu", "distinct_2", "tasks")


def verdict(parts: Mapping[str, Any]) -> Verdict:
    """One headline, and the judgements behind it: what is weak first."""
    found = [
        *_diversity(parts["diversity"]),
        *_repeats(parts["duplicates"]),
        *_balance(parts["tasks"], "task type", "tasks"),
        *_balance(parts["sources"], "source", "sources"),
        *_damage(parts["findings"]),
        *_style(parts["style"]),
    ]
    weak = [j for j in found if not j.good]
    good = [j for j in found if j.good]
    if not parts["set"].records:
        return Verdict(headline="There is no record to judge.", judgements=[])
    if any(j.section == "diversity" for j in weak):
        head = _mixed(parts["diversity"])
    else:
        head = "Diverse enough, but look at this." if weak else "Diverse enough: nothing stands out."
    return Verdict(headline=head, judgements=[*weak, *good])


def _mixed(found: Diversity) -> str:
    """The headline of a set that is worse than others in some measure."""
    better, worse = _sorted(found, _AGAINST, "random")
    if not better and not worse:
        better, worse = _sorted(found, _BESIDE, "lima")
    return "Mostly diverse, but not everywhere." if len(better) > len(worse) else "Not diverse enough."


def _diversity(found: Diversity) -> list[Judgement]:
    out: list[Judgement] = []
    there = {c.key for c in found.columns}
    if "random" in there:
        better, worse = _sorted(found, _AGAINST, "random")
        text = f"Against random draws of the pool, as many records each: {_names(better, worse)}."
        out.append(Judgement(good=not worse, text=text, section="diversity"))
    if "lima" in there:
        better, worse = _sorted(found, _BESIDE, "lima")
        text = f"Against LIMA, at {found.size:,} records each: {_names(better, worse)}."
        out.append(Judgement(good=not worse, text=text, section="diversity"))
    return out


def _sorted(found: Diversity, keys: tuple[str, ...], other: str) -> tuple[list[Metric], list[Metric]]:
    """The measures in which the set is clearly better than the column `other`, and those in which it is worse."""
    better: list[Metric] = []
    worse: list[Metric] = []
    for metric in found.metrics:
        standing = compare(metric, other) if metric.key in keys else 0
        if standing:
            (better if standing > 0 else worse).append(metric)
    return better, worse


def compare(metric: Metric, other: str) -> int:
    """1 where the set is clearly better than the column `other`, -1 where clearly worse, else 0."""
    mine, theirs = metric.values.get("set"), metric.values.get(other)
    if mine is None or theirs is None or mine.value is None or theirs.value is None:
        return 0
    if theirs.sd is not None:
        margin = _DEVIATIONS * max(theirs.sd, mine.sd or 0)
    else:
        margin = max(_TENTH * abs(theirs.value), _DEVIATIONS * (mine.sd or 0))
    gap = (mine.value - theirs.value) * (1 if metric.better == "higher" else -1)
    return 0 if abs(gap) <= margin else 1 if gap > 0 else -1


def _names(better: list[Metric], worse: list[Metric]) -> str:
    if not better and not worse:
        return "about the same in every measure"
    parts = [f"worse in {_list(worse)}"] if worse else []
    parts += [f"better in {_list(better)}"] if better else []
    return "; ".join(parts)


def _list(metrics: list[Metric]) -> str:
    names = [m.name if m.name.startswith("Vendi") or m.name == "NovelSum" else m.name[0].lower() + m.name[1:]
             for m in metrics]  # fmt: skip
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _repeats(found: list[Duplicates]) -> list[Judgement]:
    mine = found[0]
    if not mine.records:
        return []
    share = mine.redundant / mine.records
    text = f"{mine.redundant:,} of {mine.records:,} instructions ({share:.1%}) are near-duplicates of another one."
    return [Judgement(good=share <= _FEW, text=text, section="duplicates")]


def _balance(found: Breakdown, what: str, section: str) -> list[Judgement]:
    if not found.kinds or not found.set_of or found.effective_set is None:
        return []
    top = max(found.kinds, key=lambda k: k.set)
    share = top.set / found.set_of
    if share == 1 and section == "sources":  # one file has no balance to judge
        return []
    good = share <= _HALF
    text = (
        f"{share:.0%} are of the largest {what}, {top.value}; "
        f"in all as varied as {found.effective_set:.1f} equally frequent {what}s."
    )
    return [Judgement(good=good, text=text, section=section)]


def _damage(found: Findings) -> list[Judgement]:
    if not found.set_of or not found.checks:
        return []
    number = sum(c.set for c in found.checks)
    share = number / found.set_of
    top = max(found.checks, key=lambda c: c.set)
    most = f", most often {top.reason.replace('_', ' ')} ({top.set:,})" if top.set else ""
    text = f"Checks find {number:,} faults in {found.set_of:,} records ({share:.1%}){most}."
    return [Judgement(good=share <= _FEW, text=text, section="findings")]


def _style(found: Style) -> list[Judgement]:
    mine, lima = found.values["same_openers"].value, found.lima.get("same_openers")
    if not found.records or mine is None or lima is None or mine <= _TWICE * lima:
        return []
    text = f"Ten openers begin {mine:.0%} of the responses, against {lima:.0%} of LIMA's."
    return [Judgement(good=False, text=text, section="style")]
