"""Drafts of `x-jobs`: the life of jobs, guessed from a document, with a reason for each guess."""

from .draft import Draft, draft_overlay
from .guess import Guess, KindDraft
from .render import render

__all__ = ["Draft", "Guess", "KindDraft", "draft_overlay", "render"]
