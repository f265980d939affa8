"""The fields of the rule editor: every rule there can be comes back as it was, also through what browsers do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.staff import rule_form
from circulation.staff.forms import Form
from rules.kinds import KINDS, Unit
from rules.plain import rule_to_plain
from rules.rule import Rule
from tests.rules.generated import rules


def through_a_browser(fields: rule_form.Fields) -> Form:
    """What a browser makes of fields that nobody touched: an input has one line, an area ends lines with CR LF, boxes
    are sent in the order of the page; and what the console reads of it."""
    sent: rule_form.Fields = {}
    for name, values in fields.items():
        if name in rule_form.CHOSEN:
            values = tuple(sorted(values))
        elif name in rule_form.AREAS or name.startswith(rule_form.MESSAGE):
            values = tuple(value.removeprefix("\n").replace("\n", "\r\n") for value in values)
        else:
            values = tuple(value.replace("\n", "") for value in values)
        sent[name] = tuple(value.strip() for value in values)
    return Form(sent)


@pytest.mark.requirement("R2")
@given(rules())
def test_a_rule_that_is_opened_and_sent_unchanged_is_the_same(rule: Rule) -> None:
    plain = rule_to_plain(rule)
    form = through_a_browser(rule_form.fields_of(plain))
    entered = rule_form.read(form, KINDS[rule.kind], plain)
    assert (entered.errors, entered.rule) == ([], plain)


@given(rules())
def test_fields_alone_hold_a_whole_rule(rule: Rule) -> None:
    plain = rule_to_plain(rule)
    entered = rule_form.read(Form(rule_form.fields_of(plain)), KINDS[rule.kind])
    assert (entered.errors, entered.rule) == ([], plain)


def entered_for(kind: str, **fields: str) -> rule_form.Entered:
    every = {"id": "x", "org": "A", "active": "1", **fields}
    return rule_form.read(Form({name: (value,) for name, value in every.items()}), KINDS[kind])


@pytest.mark.parametrize(
    ("kind", "fields", "value"),
    [
        ("circulation.renewal", {"value": "no"}, False),
        ("circulation.checkout", {"value": "min_age", "min_age": "18"}, {"min_age": 18}),
        ("counts.max_loans", {"number": "0"}, 0),
        ("periods.loan", {"days": "28"}, {"days": 28}),
        ("patron.debt_block", {"amount": "10,50"}, {"amount": "10.50"}),
        ("fees.overdue", {"basis": "per_day", "amount_1": "0,20"}, {"per_day": "0.20"}),
        ("fees.overdue", {"basis": "fixed", "amount_4": "5"}, {"fixed": "5.00"}),
        (
            "fees.overdue",
            {"basis": "per_day", "up_to_1": "7", "amount_1": "1", "up_to_3": "14", "amount_3": "2"},
            {"per_day": [{"up_to_days": 7, "amount": "1.00"}, {"up_to_days": 14, "amount": "2.00"}]},
        ),
    ],
)
def test_values_are_entered_as_people_write_them(kind: str, fields: dict[str, str], value: Any) -> None:
    entered = entered_for(kind, **fields)
    assert (entered.errors, entered.rule["value"]) == ([], value)


@pytest.mark.parametrize(
    ("kind", "fields", "place", "code"),
    [
        ("circulation.renewal", {}, "value", "field_missing"),
        ("circulation.checkout", {"value": "min_age"}, "min_age", "field_missing"),
        ("counts.max_loans", {"number": "many"}, "number", "field_number"),
        ("counts.max_loans", {"number": "9999999"}, "number", "value_range"),
        ("periods.loan", {"days": "-1"}, "days", "field_number"),
        ("patron.debt_block", {"amount": "1.234"}, "amount", "field_amount"),
        ("fees.overdue", {}, "amount_1", "field_missing"),
        ("fees.overdue", {"up_to_1": "7"}, "amount_1", "field_missing"),
        ("fees.overdue", {"amount_1": "1", "amount_2": "2"}, "up_to_1", "field_missing"),
        (
            "fees.overdue",
            {"up_to_1": "7", "amount_1": "1", "up_to_2": "7", "amount_2": "2"},
            *("up_to_2", "fee_steps"),
        ),
        ("periods.loan", {"days": "7", "valid_from": "31.2.2026"}, "valid_from", "field_day"),
        ("periods.loan", {"days": "7", "age_min": "x"}, "age_min", "field_number"),
        ("periods.loan", {"days": "7", "position": "1.5"}, "position", "field_number"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(kind: str, fields: dict[str, str], place: str, code: str) -> None:
    assert [(one.place, one.code) for one in entered_for(kind, **fields).errors] == [(place, code)]


def test_all_faults_are_told_at_once() -> None:
    entered = entered_for("periods.loan", days="x", valid_from="x", valid_until="y", age_min="z", name="Films")
    assert {one.place for one in entered.errors} == {"days", "valid_from", "valid_until", "age_min"}
    assert entered.rule["name"] == "Films"


def test_a_change_of_a_text_or_of_boxes_is_one() -> None:
    before = {"id": "x", "org": "A", "name": "Two  words", "when": {"media_type": ["DVD", "CD"]}, "value": {"days": 7}}
    fields = rule_form.fields_of({**before, "name": "Two words", "when": {"media_type": ["CD"]}})
    entered = rule_form.read(Form(fields), KINDS["periods.loan"], before)
    assert (entered.rule["name"], entered.rule["when"]) == ("Two words", {"media_type": ["CD"]})


def test_every_unit_has_a_field_for_its_faults() -> None:
    assert {rule_form.field_of("value", unit) for unit in Unit} == {"value", "number", "days", "amount", "up_to_1"}
    assert rule_form.field_of("when.media_type", Unit.DAYS) == "media_type"
    assert rule_form.field_of("message.de", Unit.DAYS) == "message_de"


def test_an_id_is_readable_and_free() -> None:
    kind = "periods.overdue_reminder"
    assert rule_form.suggested_id("Bücher für Große!", kind, "1", ()) == "buecher-fuer-grosse"
    assert rule_form.suggested_id("", kind, "1", ()) == "overdue-reminder-1"
    assert rule_form.suggested_id("漢字", kind, "1", {"overdue-reminder-1"}) == "overdue-reminder-1-2"
    assert rule_form.suggested_id("a", kind, "1", {"a", "a-2", "b"}) == "a-3"


@given(st.text(max_size=300), st.sets(st.sampled_from(["x", "x-2", "loan", "loan-2", "loan-3"])))
def test_an_id_of_any_name_can_be_one(name: str, taken: set[str]) -> None:
    made = rule_form.suggested_id(name, "periods.loan", None, taken)
    assert made not in taken
    assert 0 < len(made) <= 100
