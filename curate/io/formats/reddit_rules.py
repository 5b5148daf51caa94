"""Which Reddit submissions are prompts and which comments may answer them.

References
----------
- Reddit's API documentation: identifiers with a type prefix (`t1_` comment, `t3_` submission), in base 36; texts have
  `<`, `>` and `&` written as HTML entities unless `raw_json=1` is asked for.
- r/WritingPrompts, "How to tag prompts": what the tags at the start of a title mean.
- Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: the two subreddits, and the title as the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from curate.io.formats.base import Record, field_error, kind_of
from curate.io.meta import refuse_reserved
from curate.io.model import Omit, RecordError, show
from curate.io.options import ReadOptions

WRITING_PROMPTS: Final = "writingprompts"

#: Tags of posts whose title is a prompt; of those whose prompt is a picture or a sound; and of all others.
_PROMPTS: Final = frozenset({"WP", "SP", "EU", "CW", "RF"})
_MEDIA: Final = frozenset({"IP", "MP"})
_OTHERS: Final = frozenset(
    {"PI", "PM", "OT", "CC", "TT", "FF", "META", "MODPOST", "MOD", "HELP", "PSA", "NEWS", "CONTEST", "SERIAL"}
)
_TAGS: Final = _PROMPTS | _MEDIA | _OTHERS
#: The same kinds as the site's labels (`link_flair_text`) name them.
_FLAIRS: Final = {
    "writing prompt": "WP",
    "simple prompt": "SP",
    "established universe": "EU",
    "constrained writing": "CW",
    "constrained": "CW",
    "reality fiction": "RF",
    "image prompt": "IP",
    "media prompt": "MP",
    "prompt inspired": "PI",
    "prompt me": "PM",
    "off topic": "OT",
    "theme thursday": "TT",
    "flash fiction": "FF",
    "constructive criticism": "CC",
    "moderator post": "MODPOST",
    "meta": "META",
}
_TAG: Final = r"[\[({]\s*([A-Za-z]{2,8})\s*[\])}]"
_FIRST_TAG: Final = re.compile(rf"\s*{_TAG}\s*(?:[:|–—-]\s*)?")
_WHOLE_TAG: Final = re.compile(_TAG)
#: Characters of a tag at a title's end, brackets and white space within them counted.
_TAG_CHARS: Final = 40

_GONE: Final = frozenset({"[deleted]", "[removed]", "[ removed by reddit ]", "[deleted by user]"})
#: Programs mark themselves by how their names end; a plain `bot` in lower case ends many a surname.
_BOT: Final = re.compile(r"(?:[a-z0-9]Bot|[_-][Bb]ot)\d*\Z")
_MODERATOR: Final = "automoderator"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A submission whose title is a prompt: its id, the text, its tags, and whether entities were undone."""

    id: str
    text: str
    tags: tuple[str, ...]
    unescaped: bool


@dataclass(frozen=True, slots=True)
class Story:
    """A comment right under a submission: its own id, the submission's, and its score."""

    id: str
    link: str
    score: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """Lowest for the best: the highest score, then the earliest id as a number in base 36."""
        return -self.score, len(self.id), self.id


def unescape(text: str) -> str:
    """`text` with the three entities undone that Reddit's API puts into texts."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def prompt_of(record: Record, options: ReadOptions) -> Prompt:
    """The prompt in a submission.

    Raises
    ------
    RecordError : a field that decides is missing or of the wrong type.
    Omit : the submission is no prompt, or one that is not wanted.
    """
    refuse_reserved(record)
    name, title = bare_id(record), _text(record, "title")
    subreddit = _text(record, "subreddit")
    if subreddit.casefold() not in {wanted.casefold() for wanted in options.subreddits}:
        raise Omit("other_subreddit", show(subreddit))
    _refuse_notices(record)
    gone = next((value for value in (title, record.get("selftext")) if _gone(value)), None)
    if gone is not None or record.get("removed_by_category") is not None:
        raise Omit("deleted_post", show(gone or record["removed_by_category"]))
    if _flag(record, "over_18") and not options.nsfw:
        raise Omit("nsfw")
    plain = unescape(title)
    tags: tuple[str, ...] = ()
    if subreddit.casefold() == WRITING_PROMPTS:
        plain, tags = _without_tags(plain, record.get("link_flair_text"))
    if not plain.strip():
        raise Omit("empty_text")
    return Prompt(name, plain, tags, unescape(title) != title)


def story_of(record: Record) -> Story:
    """The story in a comment.

    Raises
    ------
    RecordError : a field that decides is missing or of the wrong type.
    Omit : the comment is no answer to a submission.
    """
    name, body = bare_id(record), _text(record, "body")
    link, parent = _text(record, "link_id"), _text(record, "parent_id")
    score = _score(record)
    if _gone(body):
        raise Omit("deleted_post", show(body))
    _refuse_notices(record)
    if parent != link:
        raise Omit("not_top_level", show(parent))
    if not body.strip():
        raise Omit("empty_text")
    return Story(name, link.removeprefix("t3_"), score)


def _refuse_notices(record: Record) -> None:
    if _flag(record, "stickied"):
        raise Omit("stickied")
    author = record.get("author")
    if type(author) is str and (author.casefold() == _MODERATOR or _BOT.search(author)):
        raise Omit("bot_post", show(author))


def _visible_end(title: str, start: int, end: int) -> int:
    while end > start and title[end - 1].isspace():
        end -= 1
    return end


def _last_tag(title: str, start: int, end: int) -> re.Match[str] | None:
    """The tag with which `title[start:end]` ends; found from its end, as a search would start at every space."""
    end = _visible_end(title, start, end)
    opened = max(title.rfind(mark, max(start, end - _TAG_CHARS), end) for mark in "[({")
    return _WHOLE_TAG.fullmatch(title, opened, end) if opened >= 0 else None


def _without_tags(title: str, flair: Any) -> tuple[str, tuple[str, ...]]:
    """The title without the tags at its ends, and the tags; `Omit` for one that is no prompt by them."""
    tags: list[str] = []
    start, end = 0, len(title)
    while (found := _FIRST_TAG.match(title, start)) and found[1].upper() in _TAGS:
        tags.append(found[1].upper())
        start = found.end()
    while (found := _last_tag(title, start, end)) and found[1].upper() in _TAGS:
        tags.append(found[1].upper())
        end = found.start()
    if end < len(title):
        end = _visible_end(title, start, end)
    title = title[start:end]
    kinds = list(tags)
    if not kinds and type(flair) is str and flair.strip().casefold() in _FLAIRS:
        kinds.append(_FLAIRS[flair.strip().casefold()])
    if not kinds:
        raise Omit("untagged", show(title))
    for reason, group in (("no_prompt", _OTHERS), ("needs_media", _MEDIA)):
        for kind in kinds:
            if kind in group:
                raise Omit(reason, kind)
    return title, tuple(tags)


def _gone(text: object) -> bool:
    return type(text) is str and text.strip().casefold() in _GONE


def bare_id(record: Record) -> str:
    """The id of a submission or comment without its type prefix; raises `RecordError` for one that is no text."""
    return _text(record, "id").removeprefix("t1_").removeprefix("t3_")


def _text(record: Record, name: str) -> str:
    value = record.get(name)
    if type(value) is not str:
        raise field_error(record, name)
    return value


def _flag(record: Mapping[str, Any], name: str) -> bool:
    value = record.get(name)
    if value is not None and type(value) is not bool:
        raise field_error(record, name, what="true or false")
    return bool(value)


def _score(record: Record) -> int:
    """The score as a number: some dumps keep it as text."""
    value = record.get("score")
    if type(value) is str and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    if type(value) is not int:
        if "score" in record and value is not None:
            raise RecordError("wrong_type", f"The field `score` is {kind_of(value)}, not a whole number.")
        raise field_error(record, "score", what="a whole number")
    return value
