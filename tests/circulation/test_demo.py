"""The demo library: what everybody who plays with it relies on."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from circulation.cli import app
from circulation.demo import FOLDER, read_catalogue
from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from rules import toml as rule_files
from tests.circulation.running import Central, codes, operation

CATALOGUE = read_catalogue()
ITEMS: list[dict[str, Any]] = CATALOGUE["item"]
PATRONS: dict[str, dict[str, Any]] = {patron["key"]: patron for patron in CATALOGUE["patron"]}


def check_digit(number: str) -> int:
    """Codabar's modulus 10 (Luhn) check digit of all digits but the last."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(number[:-1])]
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def test_item_numbers_are_fourteen_digits_with_a_right_check_digit() -> None:
    numbers = [item["id"] for item in ITEMS]
    assert len(numbers) == len(set(numbers)) >= 60
    for number in numbers:
        assert re.fullmatch(r"3\d{13}", number)
        assert check_digit(number) == int(number[-1]), number


def test_every_part_of_every_item_has_a_tag_of_its_own() -> None:
    tags = [tag for item in ITEMS for tag in item["tags"]]
    assert len(tags) == len(set(tags))
    assert all(re.fullmatch(r"E00401[0-9A-F]{10}", tag) for tag in tags)
    models = Counter(item["model"] for item in ITEMS)
    assert set(models) == {"iso28560-3", "iso28560-2"}
    assert models["iso28560-3"] > models["iso28560-2"] >= 3
    assert sum(len(item["tags"]) == 3 for item in ITEMS if item["media_type"] == "AUDIOBOOK") >= 3


def test_titles_are_written_in_many_scripts() -> None:
    wanted = {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "HIRAGANA"}
    found = {unicodedata.name(sign, "").split()[0] for item in ITEMS for sign in item["title"]}
    assert wanted <= found
    assert len({item["media_type"] for item in ITEMS}) >= 8


def test_cards_can_be_told_apart() -> None:
    uids = [patron["card_uid"] for patron in PATRONS.values()]
    barcodes = [patron["barcode"] for patron in PATRONS.values()]
    assert len(PATRONS) == len(set(uids)) == len(set(barcodes)) == 12
    assert all(re.fullmatch(r"(?!08)([0-9A-F]{8}|[0-9A-F]{14})", uid) for uid in uids)  # 08 begins a random UID
    assert {len(uid) for uid in uids} == {8, 14}
    assert all(re.fullmatch(r"2\d{13}", barcode) for barcode in barcodes)
    assert all(re.fullmatch(r"\d{4}", patron["pin"]) for patron in PATRONS.values())


def test_the_demo_rules_are_right_for_the_demo_codes(demo_service: Service) -> None:
    with demo_service.database.reading() as db:
        codes_there = house.known_codes(db)
    assert len(rule_files.read((FOLDER / "rules.toml").read_text("utf-8"), codes_there)) >= 10


def test_due_dates_follow_from_the_demo_rules(demo_service: Service) -> None:
    with demo_service.database.reading() as db:
        query = select(t.loan, t.item.c.media_type).join(t.item, t.item.c.id == t.loan.c.item_id)
        loans = list(db.execute(query))
    days = {(loan.media_type, (loan.due - loan.out_at.date()).days) for loan in loans}
    assert days == {("BOOK", 28), ("DVD", 7), ("GAME", 14)}
    assert {loan.rule_set for loan in loans} == {1}


@pytest.mark.requirement("R85")
@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("exp", "patron_state.expired"),
        ("nyv", "patron_state.not_yet_valid"),
        ("blk", "patron_state.blocked"),
        ("lst", "patron_state.card_lost"),
        ("dbt", "patron.debt_block"),
    ],
)
def test_each_patron_is_what_the_demo_says(demo_central: Central, key: str, code: str) -> None:
    machine, patron = demo_central.machine("N1"), PATRONS[key]
    card = {"kind": "uid", "value": patron["card_uid"]}
    answer = machine.post("/sign-in", {"card": card, "pin": patron["pin"]}).json()
    assert [notice["code"] for notice in answer["notices"]] == [code]


@pytest.mark.scenario("S5")
def test_max_has_fourteen_loans_of_which_some_can_be_renewed(demo_central: Central) -> None:
    machine, patron = demo_central.machine("N1"), PATRONS["max"]
    token = machine.token(patron["barcode"], patron["pin"])
    loans = machine.get("/account", Library_Session=token).json()["loans"]
    assert len(loans) == 14
    lines = machine.batch([operation("renewal", loan["item"]) for loan in loans], token)
    outcomes = Counter(line["outcome"] if line["outcome"] == "done" else codes(line)[0] for line in lines)
    assert outcomes == {"done": 11, "self_service.renewal": 2, "not_later": 1}
    free = [item["id"] for item in ITEMS if item["media_type"] == "BOOK" and not {"loan", "set_aside"} & set(item)]
    lines = machine.batch([operation("checkout", item) for item in free[:3]], token)
    assert [line["outcome"] for line in lines] == ["done", "refused", "refused"]


@pytest.mark.parametrize(
    ("media_type", "action"),
    [("DVD18", "checkout"), ("LAPTOP", "checkout"), ("LAPTOP", "return"), ("GAME", "return")],
)
def test_what_the_machine_does_not_do_in_the_demo(demo_central: Central, media_type: str, action: str) -> None:
    machine, patron = demo_central.machine("N1"), PATRONS["ada"]
    item = next(item["id"] for item in ITEMS if item["media_type"] == media_type)
    line = machine.do(action, item, machine.token(patron["barcode"], patron["pin"]))
    assert codes(line) == [f"self_service.{action}"]


def test_one_book_waits_for_her_and_one_for_somebody_else(demo_central: Central) -> None:
    machine, patron = demo_central.machine("N1"), PATRONS["ada"]
    token = machine.token(patron["barcode"], patron["pin"])
    (ready,) = machine.get("/account", Library_Session=token).json()["ready"]
    assert (ready["title"], ready["collect_by"]) == ("Die Vermessung der Welt", "2026-06-08")
    hers, others = (next(item["id"] for item in ITEMS if item.get("set_aside") == key) for key in ("ada", "ben"))
    assert machine.do("checkout", hers, token)["outcome"] == "done"
    assert machine.do("checkout", others, token)["reason"]["params"]["state"] == "set_aside"


def test_the_command_prints_cards_pins_and_a_code_and_fills_only_once(tmp_path: Path) -> None:
    env = {"CIRCULATION_DATABASE": f"sqlite:///{tmp_path}/demo.db"}

    def demo_data(*more: str) -> Any:
        return CliRunner().invoke(app, ["demo-data", *more], env=env, catch_exceptions=False)

    wrong = demo_data("--machine-branch", "N9")
    assert (wrong.exit_code, "no branch" in wrong.output) == (1, True)
    done = demo_data("--machine-branch", "N1")
    assert done.exit_code == 0
    for patron in PATRONS.values():
        for told in (patron["first_name"], patron["barcode"], patron["card_uid"], patron["pin"]):
            assert told in done.output
    assert re.search(r"enrolment code: [A-Z2-9]{12}\n", done.output)
    again = demo_data()
    assert (again.exit_code, "not empty" in again.output) == (1, True)


def test_days_count_from_the_day_it_is_filled(demo_service: Service) -> None:
    with demo_service.database.reading() as db:
        until = db.execute(select(t.patron.c.valid_until).where(t.patron.c.valid_until.is_not(None))).scalars().all()
        newest = db.execute(select(t.loan.c.out_at).order_by(t.loan.c.out_at.desc())).scalars().first()
    assert until == [date(2026, 5, 31)]
    assert newest == datetime(2026, 6, 1, 8, tzinfo=UTC)  # ten in the morning in Berlin
