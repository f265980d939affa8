"""Hold or scan a card."""

from __future__ import annotations

from kiosk import screens
from ui.sentences import Speaker
from ui.widgets.page import Page, load_kv

load_kv(__file__)

_FLOWS = {"borrow": "start.borrow", "account": "start.account"}


class CardPage(Page):
    """Asks for the card. "No card" answers where to go instead, at once and without a dialog."""

    def flow_code(self, view: screens.Card) -> str:
        """What the card is wanted for."""
        return _FLOWS.get(view.wanted, "")

    def fill(self, view: screens.Card, speaker: Speaker) -> None:
        """Words; what waits on the pad; what went wrong."""
        ids = self.ids
        self._speaker = speaker
        ids.head.words, rest = speaker.headline(view.headline)
        ids.head.line = rest or speaker.say("signin.barcode")
        ids.kept.shown = view.kept is not None
        ids.kept_fact.words = speaker.text(view.kept)
        if view.notice is not None or not ids.notice.asked:
            ids.notice.tell(view.notice, speaker)
        ids.no_card.text = speaker.say("signin.no_card")
        ids.back.text = speaker.say("btn.back")

    def no_card(self) -> None:
        """Say where to go instead."""
        self.ids.notice.asked = True
        self.ids.notice.tell(screens.Sentence("signin.no_card_help"), self._speaker)
        self.ids.no_card.shown = False
        self.arrange()
