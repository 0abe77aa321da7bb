"""Update the examples in the pages of the rules, and the manual of the rules in docs/rules.md.

The prose of a page is written by hand; its example is what the check of the example reports.
"""

from __future__ import annotations

from rule_examples.pages import write_pages

if __name__ == "__main__":
    write_pages()
