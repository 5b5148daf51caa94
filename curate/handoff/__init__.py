"""The finished set in the form that another program takes: its lines, and the small file that program wants."""

from __future__ import annotations

from curate.handoff.export import LAYOUTS, Exported, export

__all__ = ["LAYOUTS", "Exported", "export"]
