"""A judge behind an OpenAI-compatible endpoint: asks, retries, keeps to its limits, and remembers answers by content.

What a server sends is never trusted: an answer counts only if it is the JSON object that was asked for. No text of a
server and no key goes into a result, a message or the cache.
"""

from __future__ import annotations

from curate.judge.asking import begin, judge, require_client
from curate.judge.model import FAILURES, Judged, Plan

__all__ = ["FAILURES", "Judged", "Plan", "begin", "judge", "require_client"]
