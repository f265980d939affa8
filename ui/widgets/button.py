"""Buttons: filled, framed, "not now"; large choices; tiles and switches. Looks stand in ``theme.kv``."""

from __future__ import annotations

from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty

from ui.widgets.plate import PlateColumn, PlateLine, Tappable


class ButtonLooks(Tappable):
    """Colours of everything that can be touched, by its kind and state."""

    kind = OptionProperty("secondary", options=["primary", "secondary", "chosen"])
    text = StringProperty("")

    def fill_token(self, kind: str, possible: bool, pressed: bool) -> str:
        """Ground."""
        if not possible:
            return "disabled_soft"
        if kind == "primary":
            return "edge" if pressed and self.look.choices.theme != "contrast" else "primary"
        return "primary_soft" if kind == "chosen" or pressed else "surface"

    def ink_token(self, kind: str, possible: bool) -> str:
        """Words and symbols."""
        if not possible:
            return "disabled"
        return "on_primary" if kind == "primary" else "ink"

    def frame_token(self, kind: str, possible: bool) -> str:
        """Frame."""
        if not possible:
            return "edge"
        return "primary" if kind in {"primary", "chosen"} else "edge"


class TextButton(ButtonLooks, PlateLine):
    """Symbol and label side by side. ``note``: a word at its end ("not now")."""

    icon = StringProperty("")
    icon_side = NumericProperty(52)
    role = StringProperty("lead")
    label_lines = NumericProperty(2)
    note = StringProperty("")
    ink = StringProperty("")


class BigChoice(ButtonLooks, PlateColumn):
    """Symbol, word and note under each other: borrow, return."""

    icon = StringProperty("")
    note = StringProperty("")


class WideChoice(ButtonLooks, PlateLine):
    """Symbol at the start, word and note beside it: ways to get a receipt."""

    icon = StringProperty("")
    note = StringProperty("")


class Tile(ButtonLooks, PlateColumn):
    """A tile of the account: symbol, word, number, note; with a check when chosen."""

    icon = StringProperty("")
    number = StringProperty("")
    note = StringProperty("")


class Choice(ButtonLooks, PlateColumn):
    """One of several settings; with a check when chosen."""

    sample = StringProperty("")
    sample_px = NumericProperty(44)
    sample_theme = StringProperty("")


class OnOff(ButtonLooks, PlateLine):
    """A setting that is on or off, in words and as a switch."""

    icon = StringProperty("")
    on = BooleanProperty(False)
    word = StringProperty("")


class Key(ButtonLooks, PlateLine):
    """One key of a pad."""

    icon = StringProperty("")
    bar = BooleanProperty(False)
