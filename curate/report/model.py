"""The form of `report.json`: every number of an audit, as models from which the schema is made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a report: cannot be changed, and has no fields but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Totals(Part):
    """One side of an audit, the set or the pool, in numbers; all of its records are counted."""

    name: str
    records: int
    tokens: int
    sources: int
    turns: int = Field(description="User turns of all records.")
    multi_turn: int = Field(description="Records with more than one user turn.")
    prompt_words: int
    response_words: int
    texts: int = Field(description="Records whose text the other measures see: all, or a seeded sample.")


class Account(Part):
    """One line of the accounts of reading: `records` of the input had the fate `name`."""

    name: str
    records: int
    text: str


class Reason(Part):
    """Records that a stage dropped for one reason."""

    reason: str
    text: str
    records: int


class StageAccount(Part):
    """What one stage of a run did: rows in, kept, and dropped by reason."""

    step: int
    stage: str
    kind: str
    rows: int
    kept: int
    unknown: int
    dropped: list[Reason]


class Overlap(Part):
    """Records that a stage dropped for `reason`, for which its rule `also` held as well."""

    stage: str
    reason: str
    also: str
    records: int


class Quantiles(Part):
    """Of word counts: the value below which that share of the records lies, and the largest."""

    p5: int
    p25: int
    p50: int
    p75: int
    p95: int
    p99: int
    max: int


class Histogram(Part):
    """Records by length in words. Bin i holds lengths from `edges[i]` up to, not including, `edges[i + 1]`."""

    edges: list[int]
    set: list[int]
    pool: list[int] | None
    above_set: int
    above_pool: int | None
    set_quantiles: Quantiles
    pool_quantiles: Quantiles | None


class Kind(Part):
    """Records of one kind (a source, a task type, a language) among those looked at."""

    value: str
    set: int
    pool: int | None
    lima: float | None = Field(None, description="LIMA's share, 0 to 1.")


class Breakdown(Part):
    """Records by kind. `set_of` and `pool_of` say how many were looked at, all or a seeded sample."""

    kinds: list[Kind]
    set_of: int
    pool_of: int | None
    effective_set: float | None
    effective_pool: float | None
    error: float = Field(description="Largest standard error of a share of the sampled side, 0 where all were seen.")


class Text(Part):
    """One record, its texts cut to an excerpt."""

    id: str
    source: str
    instruction: str
    response: str
    stage: str | None = None
    reason: str | None = None
    value: str | None = None


class Cluster(Part):
    """Records that are near-duplicates of each other; the first few as examples."""

    records: int
    examples: list[Text]


class Duplicates(Part):
    """Near-duplicates of one side: `redundant` is how many would go if one of each cluster stayed."""

    side: Literal["set", "pool"]
    records: int
    clusters: int
    clustered: int
    redundant: int
    threshold: float
    examples: list[Cluster]


class Point(Part):
    """A record on the map; `x` and `y` from 0 to 1,000."""

    id: str
    x: int
    y: int
    kept: bool
    text: str


class Map(Part):
    """Instructions on the plane of their two main directions."""

    points: list[Point]
    kept: int
    others: int
    explained: float = Field(description="Share of the variance that the plane shows, 0 to 1.")


class Mark(Part):
    """`records`, the best first, reach `share` of the coverage of all."""

    share: float
    records: int


class Coverage(Part):
    """Coverage against size: `values[i]` is the mean highest cosine of the ground with the first `sizes[i]` records."""

    sizes: list[int]
    values: list[float]
    marks: list[Mark]
    candidates: int
    ground: int
    of: Literal["set", "pool"]


class Value(Part):
    """A measured value; `sd` is the standard deviation over `draws` seeded draws, where there are several."""

    value: float | None
    sd: float | None = None


class Column(Part):
    """A set of records that is measured beside others."""

    key: str
    name: str
    records: int
    draws: int = 1


class Metric(Part):
    """One measure of diversity in every column."""

    key: str
    name: str
    better: Literal["higher", "lower"]
    text: str
    source: str
    values: dict[str, Value]


class Diversity(Part):
    """Measures of diversity, every column at `size` records but `whole`, which is all of the set."""

    size: int
    columns: list[Column]
    metrics: list[Metric]


class Verb(Part):
    """A verb that instructions begin with, and the objects it most often has."""

    verb: str
    records: int
    nouns: list[tuple[str, int]]


class Verbs(Part):
    """The most frequent verbs; `seen` records were looked at, `found` of them have a verb."""

    seen: int
    found: int
    verbs: list[Verb]


class Finding(Part):
    """Records in which a check found something, with examples of the evidence."""

    check: str
    reason: str
    text: str
    set: int
    pool: int | None
    examples: list[Text]


class Findings(Part):
    """What checks find in the set, whether or not the run had them. `contamination` is empty where no check ran."""

    set_of: int
    pool_of: int | None
    checks: list[Finding]
    contamination: list[Reason]
    contamination_examples: list[Text]
    contamination_checked: bool


class Opener(Part):
    """Words that responses begin with."""

    words: str
    records: int


class Style(Part):
    """How uniformly responses are written; shares from 0 to 1."""

    records: int
    openers: list[Opener]
    values: dict[str, Value]
    lima: dict[str, float]


class Samples(Part):
    """Records drawn by the seed."""

    kept: list[Text]
    dropped: list[Text]


class Judgement(Part):
    """One sentence about the set, and the section that shows why."""

    good: bool
    text: str
    section: str


class Verdict(Part):
    """The answer of the first screen."""

    headline: str
    judgements: list[Judgement]


class Report(Part):
    """An audit of one dataset: every number that its page shows."""

    schema_: Literal[1] = Field(1, alias="schema")
    name: str
    seed: int
    tokenizer: str
    verdict: Verdict
    set: Totals
    pool: Totals | None
    accounts: list[Account]
    stages: list[StageAccount]
    overlaps: list[Overlap]
    prompts: Histogram
    responses: Histogram
    tasks: Breakdown
    sources: Breakdown
    languages: Breakdown
    duplicates: list[Duplicates]
    map: Map
    coverage: Coverage
    diversity: Diversity
    verbs: Verbs | None
    findings: Findings
    style: Style
    samples: Samples
    inputs: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    versions: dict[str, str]
