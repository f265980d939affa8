"""What a person does at the machine, as the lines that its program takes.

Two ways to the same machine: ``kiosk headless`` takes what was chosen, ``kiosk demo`` takes what was touched, typed or
scanned on its screen. Pure. Not responsible for sending (stage).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Line = Mapping[str, object]
Screen = Mapping[str, Any]


def chosen(intent: str, fields: Mapping[str, Any], _: Screen) -> tuple[Line, ...]:
    """For ``kiosk headless``: the intent itself."""
    return ({"intent": intent, **fields},)


def touched(intent: str, fields: Mapping[str, Any], screen: Screen) -> tuple[Line, ...]:
    """For ``kiosk demo``: what a person touches to choose it on this screen, control by control."""
    names = _CONTROLS[intent](fields, screen["screen"])
    return tuple({"touch": name} for name in names)


def _pin(fields: Mapping[str, Any], _: str) -> Iterable[str]:
    return (*(f"key-{digit}" for digit in fields["digits"]), "key-ok")


def _renew(fields: Mapping[str, Any], _: str) -> Iterable[str]:
    chosen_rows = [f"row:{item}" for item in fields.get("items", ())]
    return (*(["tile:loans", *chosen_rows] if chosen_rows else ()), "renew")


def _finish(_: Mapping[str, Any], screen: str) -> Iterable[str]:
    """The last pages go by themselves: there is nothing to touch."""
    return () if screen in ("Goodbye", "ClearPad") else ("finish",)


_CONTROLS: Mapping[str, Callable[[Mapping[str, Any], str], Iterable[str]]] = {
    "borrow": lambda _, __: ("borrow",),
    "return": lambda _, __: ("return",),
    "show_account": lambda _, __: ("account",),
    "pin": _pin,
    "renew": _renew,
    "renew_row": lambda fields, _: (f"renew:{fields['item']}",),
    "leave_set_out": lambda fields, _: (f"row:{fields['item']}", "leave-set"),
    "finish": _finish,
    "back": lambda _, screen: ("stay" if screen == "LeaveOpen" else "back",),
    "more_time": lambda _, __: ("more-time",),
    "choose_receipt": lambda fields, _: (f"receipt:{fields['way']}",),
    "choose_language": lambda fields, _: ("tool-language", f"language:{fields['language']}"),
    "ask_help": lambda _, __: ("tool-help",),
}
