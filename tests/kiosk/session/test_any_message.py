"""Any message in any state is taken: no pair is unhandled, whatever arrives late, twice or never asked for."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import get_args

import pytest

from drivers import api as d
from kiosk import messages as m
from kiosk.central import api as c
from kiosk.session.machine import HANDLERS, step
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import NOON, TODAY, World, uid_of

UIDS = [uid_of(number) for number in range(1, 14)]
CODES = ["item_state", "counts.max_loans", "abandoned", "patron.debt_block", "self_service.return"]


def _flat(union: object) -> list[type]:
    found: list[type] = []
    for part in get_args(union):
        found += _flat(part) if get_args(part) else [part]
    return found


def _samples(world: World, chance: random.Random) -> list[m.Message]:
    """One message of every type, with values of this world and values that were never asked for."""
    item = chance.choice([*world.items, "never-seen"])
    uid = chance.choice(UIDS)
    operation = chance.choice([*world.state.operations, "no-such-operation"])
    session = chance.choice([world.state.session, world.state.session - 1, 99])
    params: dict[str, c.Scalar] = {"state": "on_loan", "own": True, "due": "2026-06-29", "have": 1, "max": 1}
    params["media_type"] = "BOOK"
    reason = c.Reason(chance.choice(CODES), params)
    outcomes: list[c.Outcome] = [
        c.Done(TODAY),
        c.Done(None, was_on_loan=False),
        c.Refused(reason),
        c.Refused(reason, (), True),
        c.Unknown("x"),
    ]
    outcome = chance.choice(outcomes)
    answers: list[c.PatronSession | c.SignInRefused] = [
        world.patron_session(),
        c.SignInRefused("pin_wrong", 2),
        c.SignInRefused("locked", None, NOON),
        c.SignInRefused("machine_locked"),
    ]
    request = chance.choice([*world.state.writes, 12345])
    security = chance.choice(list(d.Security))
    card = c.CardIdentifier("barcode", "29999000000018")
    account = c.Account((), (), (), 0, "EUR", None)
    tag = d.ItemTag(uid, item, 1, 1, None, security, None, "iso28560-3", None)
    return [
        d.DeviceUp("pad", d.DeviceInfo("pad", "1")),
        d.DeviceDown(chance.choice(["pad", "printer", "card"]), "lost", "gone"),
        d.TagsChanged("pad", (uid,), (chance.choice(UIDS),), chance.choice([0, 2])),
        d.ItemRead("pad", tag),
        d.ItemRead("pad", d.TagProblem(uid, chance.choice(list(d.Unreadable)), None, "x")),
        d.SecuritySet(
            "pad", request, uid, security, chance.choice([security, None]), chance.choice([None, "tag_lost"])
        ),
        d.CardSeen("card", d.CardUid(b"\x04\x01\x02\x03")),
        d.CardRefused("card", chance.choice(list(d.CardProblem))),
        d.CardGone("card"),
        d.CodeScanned("scanner", d.ScannedCode("29999000000018")),
        d.Printed("printer", chance.choice([world.state.printing or 0, 7]), chance.choice([None, "no_paper"])),
        d.PrinterChanged("printer", d.PrinterStatus(True, False, chance.choice(list(d.Paper)))),
        m.Borrow(),
        m.Return(),
        m.ShowAccount(),
        m.Pin("1234"),
        m.Renew(chance.choice([(), (item,)])),
        m.RenewRow(item),
        m.LeaveSetOut(item),
        m.Finish(),
        m.Back(),
        m.MoreTime(),
        m.ChooseReceipt(chance.choice(["print", "mail", "none", "by pigeon"])),
        m.ChooseLanguage(chance.choice(["de", "en", "xx"])),
        m.AskHelp(),
        m.CardTyped(card),
        m.SignedIn(session, chance.choice(answers)),
        m.OperationAnswered(operation, outcome),
        m.BatchEnded((operation,)),
        m.SettleFailed(operation, "x"),
        m.AccountLoaded(session, account),
        m.ReceiptMailed(
            chance.choice([world.state.printing or 0, 7]), chance.choice([None, "unreachable", "receipt_no_address"])
        ),
        m.RequestFailed(session, chance.choice(["sign_in", "account", "look_up"]), "unreachable"),
        m.ItemsLookedUp((world.item_state(item),)),
        m.ItemListChanged(c.ItemList("3", {})),
        m.RulesChanged(world.rules),
        m.CentralUp("generation-2"),
        m.CentralDown("x"),
        m.HeartbeatAnswered(c.HeartbeatAnswer((item,))),
        m.JournalFailed("x"),
        m.JournalWorks(),
        m.ThreadDied("pad", "x"),
        m.TimePassed(),
    ]


def test_every_message_type_has_exactly_one_handler() -> None:
    assert set(HANDLERS) == set(_flat(m.Message))


@pytest.mark.parametrize("seed", range(60))
def test_no_message_in_any_state_is_an_exception(seed: int) -> None:
    chance = random.Random(seed)
    world = make_world()
    for _ in range(150):
        message = chance.choice(_samples(world, chance))
        world.now += chance.choice([0.0, 0.1, 2.0, 95.0])
        now = m.Now(world.now, NOON + timedelta(seconds=world.now))
        world.state, _ = step(world.state, message, now)
        world.commands.clear()
        world.requests.clear()


def test_a_step_is_a_function_of_its_arguments_alone() -> None:
    world = make_world()
    now = m.Now(world.now, NOON)
    before = repr(world.state)
    assert step(world.state, m.Borrow(), now) == step(world.state, m.Borrow(), now)
    assert repr(world.state) == before
