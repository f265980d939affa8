"""Organisations as a list to choose from: those below stand under the one above, indented by their depth."""

from __future__ import annotations

from collections.abc import Iterator

from rules.organisation import OrganisationTree

INDENT = "\u2003"  # an em space: ordinary ones are folded in a list to choose from


def indented(tree: OrganisationTree) -> list[tuple[str, str]]:
    """Id and indented name of every organisation, from the top down, neighbours by name."""
    return [(id_, INDENT * (tree.depth(id_) - 1) + tree.nodes[id_].name) for id_ in downwards(tree)]


def downwards(tree: OrganisationTree, above: str | None = None) -> Iterator[str]:
    """Ids from the top down: each followed by all below it."""
    below = [node for node in tree.nodes.values() if node.parent == above]
    for node in sorted(below, key=lambda one: (one.name, one.id)):
        yield node.id
        yield from downwards(tree, node.id)
