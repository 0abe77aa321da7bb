"""The well-known words of APIs, for guesses where a document says nothing."""

from .words import meaning_of, normalized, purpose_of, rank_of, well_known

__all__ = ["meaning_of", "normalized", "purpose_of", "rank_of", "well_known"]
