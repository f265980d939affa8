"""The tree of organisations a rule can belong to: account, authority, branch. Not responsible for rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.problems import RulesError
from rules.rule import is_code


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation.

    Attributes:
        id: its code.
        name: for people.
        parent: id of the next higher one, None at the top.
        kind: what it is in the library's own terms, e.g. "account", "authority", "branch".
    """

    id: str
    name: str
    parent: str | None
    kind: str

    def __post_init__(self) -> None:
        if not is_code(self.id):
            raise ValueError(f"{self.id!r} cannot be an organisation's code")
        if not self.kind:
            raise ValueError(f"organisation {self.id} does not say what it is")


@dataclass(frozen=True, slots=True)
class OrganisationTree:
    """All organisations by id.

    Raises:
        ValueError: a parent is missing, an id does not fit its key, or the parents run in a circle.
    """

    nodes: Mapping[str, Organisation]
    _chains: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for key, node in self.nodes.items():
            if key != node.id:
                raise ValueError(f"organisation {node.id} is filed under {key}")
            if node.parent is not None and node.parent not in self.nodes:
                raise ValueError(f"organisation {key}: there is no {node.parent}")
        object.__setattr__(self, "_chains", {key: self._climb(key) for key in self.nodes})

    def _climb(self, start: str) -> tuple[str, ...]:
        chain: list[str] = []
        at: str | None = start
        while at is not None:
            if at in chain:
                raise ValueError(f"organisation {start}: its parents run in a circle")
            chain.append(at)
            at = self.nodes[at].parent
        return tuple(chain)

    def chain(self, organisation: str) -> tuple[str, ...]:
        """The organisation and all above it, deepest first.

        Raises:
            RulesError: there is no such organisation.
        """
        try:
            return self._chains[organisation]
        except KeyError:
            raise RulesError(f"there is no organisation {organisation!r}") from None

    def depth(self, organisation: str) -> int:
        """1 at the top."""
        return len(self.chain(organisation))
