"""Which class shows which screen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kiosk import screens
from ui.screens.account import AccountPage
from ui.screens.borrow import BorrowPage
from ui.screens.card import CardPage
from ui.screens.clear_pad import ClearPadPage
from ui.screens.display import DisplaySheet
from ui.screens.goodbye import GoodbyePage
from ui.screens.help import HelpSheet
from ui.screens.language import LanguagePage
from ui.screens.leave_open import LeaveOpenSheet
from ui.screens.out_of_order import OutOfOrderPage
from ui.screens.parts import PartsPage
from ui.screens.pin import PinPage
from ui.screens.receipt_choice import ReceiptChoicePage
from ui.screens.renew import RenewPage
from ui.screens.return_ import ReturnPage
from ui.screens.start import StartPage
from ui.screens.starting import StartingPage
from ui.screens.time_out import TimeOutSheet

PAGES: Mapping[type[Any], type[Any]] = {
    screens.Starting: StartingPage,
    screens.Start: StartPage,
    screens.Card: CardPage,
    screens.Pin: PinPage,
    screens.Borrow: BorrowPage,
    screens.Return: ReturnPage,
    screens.Account: AccountPage,
    screens.Renew: RenewPage,
    screens.ReceiptChoice: ReceiptChoicePage,
    screens.Goodbye: GoodbyePage,
    screens.ClearPad: ClearPadPage,
    screens.OutOfOrder: OutOfOrderPage,
}
SHEETS: Mapping[type[Any], type[Any]] = {
    screens.LeaveOpen: LeaveOpenSheet,
    screens.TimeOutWarning: TimeOutSheet,
    screens.Help: HelpSheet,
}
LOCAL: Mapping[str, type[Any]] = {"display": DisplaySheet, "language": LanguagePage, "parts": PartsPage}
"""Screens of the ui's own: they change nothing in the core."""
SOON: Mapping[type[Any], tuple[type[Any], ...]] = {
    screens.Start: (CardPage, ReturnPage),
    screens.Card: (PinPage, StartPage),
    screens.Pin: (BorrowPage, AccountPage),
    screens.Account: (RenewPage,),
    screens.Borrow: (ReceiptChoicePage,),
    screens.Return: (ReceiptChoicePage,),
    screens.ReceiptChoice: (GoodbyePage, StartPage),
    screens.Goodbye: (StartPage, ClearPadPage),
    screens.ClearPad: (StartPage,),
}
"""Value shown -> pages the next touch may lead to. Built ahead, still empty, so that the touch is answered at once."""
RESTING = (screens.Start, screens.Starting, screens.OutOfOrder)
"""Values under which nobody needs to be there."""
UNATTENDED = (*RESTING, screens.Goodbye, screens.ClearPad)
"""Values without a running visit: a touch there is no sign that a patron wants more time."""
