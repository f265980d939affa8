"""Where the blocks of each screen stand, in portrait, in landscape and in the low layout: a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lane:
    """One column of a page.

    Attributes:
        left, right: edges, px; None = the page's margin, ``right`` counts from the right edge.
        above: slots from the top down. below: slots that end at the foot. fill: slot that takes what is between.
        foot: free space between the lowest slot and the tool bar, px.
        from_top: the lane begins at the screen's top instead of under the header.
        middle: what is above stands in the middle of the lane's height.
        ground: from this slot of ``below`` on the ground is another colour (low layout).
    """

    left: float | None = None
    right: float | None = None
    above: tuple[str, ...] = ()
    fill: str = ""
    below: tuple[str, ...] = ()
    foot: float = 40
    from_top: bool = False
    middle: bool = False
    ground: str = ""


def _left(right_edge: float, **lane: Any) -> Lane:
    """A left lane in landscape that ends at ``right_edge`` of 1920."""
    return Lane(48, 1920 - right_edge, **lane)


ARRANGEMENTS: dict[str, dict[str, tuple[Lane, ...]]] = {
    "stack": {
        "portrait": (Lane(above=("head", "progress"), fill="list", below=("actions",)),),
        "landscape": (
            _left(620, above=("head", "progress", "allowance"), below=("actions",), foot=36),
            Lane(676, 40, fill="list", from_top=True, foot=16),
        ),
        "low": (Lane(fill="list", below=("head", "progress", "current", "actions"), foot=56, ground="head"),),
    },
    "start": {
        "portrait": (Lane(fill="art", below=("head", "notice", "choices", "account", "languages"), foot=64),),
        "landscape": (
            _left(888, fill="art", below=("head", "notice"), foot=64),
            Lane(944, 56, above=("choices", "account", "languages")),
        ),
    },
    "card": {
        "portrait": (Lane(above=("head",), fill="art", below=("kept", "notice", "buttons"), foot=92),),
        "landscape": (
            _left(888, fill="art", foot=20),
            Lane(944, 56, above=("head", "kept", "notice"), below=("buttons",)),
        ),
    },
    "pin": {
        "portrait": (Lane(above=("steps", "head", "dots", "notice"), below=("keys", "buttons"), foot=48),),
        "landscape": (
            _left(888, above=("steps", "head", "dots", "notice")),
            Lane(944, 56, above=("keys",), below=("buttons",), foot=24),
        ),
    },
    "renew": {
        "portrait": (Lane(above=("head",), fill="list", below=("renew", "actions")),),
        "landscape": (
            _left(620, above=("head",), below=("renew", "actions"), foot=36),
            Lane(676, 40, fill="list", from_top=True, foot=16),
        ),
        "low": (Lane(fill="list", below=("head", "pager", "renew", "actions"), foot=56, ground="head"),),
    },
    "account": {
        "portrait": (Lane(above=("head", "notice", "tiles", "section"), fill="list", below=("renew", "actions")),),
        "landscape": (
            _left(820, above=("head", "notice", "tiles")),
            Lane(876, 40, above=("section",), fill="list", below=("renew", "actions"), foot=36),
        ),
        "low": (
            Lane(
                above=("section",),
                fill="list",
                below=("head", "notice", "tiles", "pager", "renew", "actions"),
                foot=56,
                ground="head",
            ),
        ),
    },
    "receipt": {
        "portrait": (Lane(above=("head", "card", "notice"), below=("choices",), foot=150),),
        "landscape": (_left(1080, above=("head", "card", "notice")), Lane(1136, 56, above=("choices",), middle=True)),
    },
    "message": {
        "portrait": (Lane(fill="art", below=("head", "card", "list", "small"), foot=48),),
        "landscape": (
            _left(888, fill="art", foot=40),
            Lane(944, 56, above=("head", "card"), below=("small",), foot=24, middle=True),
        ),
    },
    "goodbye": {
        "portrait": (Lane(above=("art", "head"), fill="list", foot=48),),
        "landscape": (
            _left(888, above=("art", "head"), middle=True),
            Lane(944, 56, fill="list", from_top=True, foot=24),
        ),
    },
    "parts": {
        "portrait": (Lane(above=("head", "card", "facts"), below=("buttons",)),),
        "landscape": (_left(980, above=("head", "card")), Lane(1036, 56, above=("facts",), below=("buttons",))),
        "low": (Lane(above=("head", "card"), below=("facts", "buttons")),),
    },
    "language": {
        "portrait": (Lane(fill="art", below=("head", "keys"), foot=40),),
        "landscape": (Lane(above=("head", "keys"), middle=True),),
    },
}
