"""The editor of rules: what it offers, what it says of a rule, and two people at once (R2, R9, R25, R33)."""

from __future__ import annotations

import re
from html import unescape

import pytest
from playwright.sync_api import expect

from circulation.rulebook import drafts, starting
from circulation.staff import rule_form
from circulation.staffing import RULES
from rules.flows import FLOWS
from rules.kinds import KINDS
from rules.plain import rule_to_plain
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.conftest import Open, faults
from tests.console.drafting import LIMITS, draft_of, rules_of
from tests.console.sending import Sending


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("kind", KINDS)
def test_the_editor_offers_what_a_kind_allows_and_explains_it(world: World, maker: Sending, kind: str) -> None:
    draft = draft_of(world.service)
    shown = maker.get(f"/drafts/{draft}/rule", kind=kind)
    assert shown.status_code == 200
    fields = set(re.findall('name="([a-z_]+)"', shown.text))
    asked = {*rule_form.CHOSEN, *rule_form.FREE, "fiction"}
    assert fields & asked == KINDS[kind].fields - {"age"}
    assert ("age_min" in fields) == ("age" in KINDS[kind].fields)
    assert ("level" in fields) == bool(KINDS[kind].levels)
    for other in KINDS[kind].depends_on:
        assert f'href="/staff/rule-help/{other}"' in shown.text


@pytest.mark.requirement("R2")
@pytest.mark.requirement("R56")
def test_every_fault_of_a_rule_is_told_at_its_field(world: World, maker: Sending) -> None:
    draft = draft_of(world.service)
    given = {"kind": "self_service.checkout", "org": "Nowhere", "media_type": "VINYL", "patron_category": "staff"}
    given |= {"valid_from": "2026-09-01", "valid_until": "2026-08-01", "position": "x", "do": "save", "active": "1"}
    answer = maker.hand_in(f"/drafts/{draft}/rule", {**given, "message_de": "{nothing}"})
    assert answer.status_code == 422
    told = dict(re.findall('<span class="fault" id="([a-z_]+)-hint">([^<]+)', answer.text))
    assert set(told) == {*("org", "media_type", "patron_category"), *("valid_until", "position", "value", "message_de")}
    assert "cannot ask about the patron" in told["patron_category"]
    assert told["value"] == "This field has to be filled in."
    assert not rules_of(world.service, draft)


@pytest.mark.requirement("R33")
def test_a_fee_with_periods_is_entered_and_its_jumps_are_told(world: World, maker: Sending) -> None:
    draft = draft_of(world.service)
    given = {"kind": "fees.overdue", "org": "A", "active": "1", "basis": "per_day", "up_to_1": "7", "amount_1": "1"}
    given |= {"up_to_2": "14", "amount_2": "2,00", "up_to_3": "9999", "amount_3": "3.00"}
    looked = maker.hand_in(f"/drafts/{draft}/rule", {**given, "do": "look"})
    assert "The fee jumps: 7 days 7.00, 8 days 16.00" in looked.text
    assert "The fee jumps: 14 days 28.00, 15 days 45.00" in looked.text
    assert 'value="overdue"' in looked.text  # an id made of the kind
    assert maker.hand_in(f"/drafts/{draft}/rule", {**given, "do": "save"}).status_code == 303
    steps = [{"up_to_days": day, "amount": text} for day, text in ((7, "1.00"), (14, "2.00"), (9999, "3.00"))]
    assert rules_of(world.service, draft)["overdue"]["value"] == {"per_day": steps}


@pytest.mark.requirement("R25")
def test_a_queue_minimum_is_said_in_words(world: World, maker: Sending) -> None:
    draft = draft_of(world.service)
    for number, words in (("0", "1st reservation"), ("2", "2 reservations")):
        given = {"kind": "counts.queue_min_renewals", "org": "A", "active": "1", "number": number, "do": "look"}
        assert words in maker.hand_in(f"/drafts/{draft}/rule", given).text


@pytest.mark.requirement("R2")
def test_a_rule_of_each_kind_is_opened_and_saved_as_it_is(world: World, maker: Sending) -> None:
    """What the page shows is what it reads again; the fields of the page, not those of the translation, are sent."""
    more = {"position": 3, "comment": " two\nlines ", "active": False, "valid_from": "2026-06-01"}
    every = [starting.suggested(), *(tuple(one for step in flow for one in step) for flow in FLOWS.values())]
    rules = [rule_to_plain(one) for group in every for one in group if "BLURAY" not in one.when.media_type]
    draft = draft_of(world.service)
    for plain in rules:
        drafts.insert_rule(world.service, "ben", draft, {**plain, **more, "message": {"de": "Nein", "fr": "Non"}})
    before = rules_of(world.service, draft)
    for key in before:
        shown = maker.get(f"/drafts/{draft}/rule", id=key)
        saved = maker.hand_in(f"/drafts/{draft}/rule", [*fields_of(shown.text), ("do", "save")])
        assert (saved.status_code, key) == (303, key)
    assert rules_of(world.service, draft) == before


def fields_of(page: str) -> list[tuple[str, str]]:
    """What a browser sends of the editor's form if nobody touches it."""
    form = re.search('<form[^>]*class="panel">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    inside = form[1]
    found = [
        (one[1], unescape(one[2])) for one in re.finditer('<input type="hidden" name="([^"]+)" value="([^"]*)"', inside)
    ]
    for one in re.finditer("<input (?!type=.hidden)[^>]*>", inside):
        known = dict(re.findall(' (name|value)="([^"]*)"', one[0]))
        if "checkbox" not in one[0] or " checked" in one[0]:
            found.append((known["name"], unescape(known["value"])))
    for one in re.finditer('<textarea id="[^"]+" name="([^"]+)"[^>]*>\n?(.*?)</textarea>', inside, re.DOTALL):
        found.append((one[1], unescape(one[2]).replace("\n", "\r\n")))
    for one in re.finditer('<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', inside, re.DOTALL):
        chosen = re.search('<option value="([^"]*)" selected', one[2]) or re.search('<option value="([^"]*)"', one[2])
        found.append((one[1], unescape(chosen[1]) if chosen else ""))
    return [one for one in found if one[0] != "csrf"]


def test_a_copy_is_a_new_rule_with_an_id_of_its_own(world: World, maker: Sending) -> None:
    draft = draft_of(world.service, LIMITS[0])
    shown = maker.get(f"/drafts/{draft}/rule", copy="cds")
    assert maker.hand_in(f"/drafts/{draft}/rule", [*fields_of(shown.text), ("do", "save")]).status_code == 303
    rules = rules_of(world.service, draft)
    assert set(rules) == {"cds", "ten-cds"}
    assert {**rules["ten-cds"], "id": "cds"} == rules["cds"]


# --- two people -------------------------------------------------------------------------------------------------------


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(central: Central, opened: Open) -> None:
    service, draft = central.service, draft_of(central.service, *LIMITS)
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/drafts/{draft}/rule?id=cds")
    page.fill("#number", "12")
    drafts.change_rule(service, "ben", draft, "cds", {"value": 5, "name": "Five CDs"})
    page.click("text=Save the rule")
    expect(page.locator("h1")).to_have_text("Changed meanwhile: Ten CDs")
    expect(page.locator("tr", has_text="Value").locator("td")).to_have_text(["at most 5", "at most 12"])
    assert rules_of(service, draft)["cds"]["value"] == 5
    assert faults(page) == []
    page.click("text=Save mine instead")
    expect(page.locator("[role=status]")).to_have_text("The rule is saved in the draft.")
    assert (rules_of(service, draft)["cds"]["value"], rules_of(service, draft)["cds"]["name"]) == (12, "Ten CDs")


def test_a_rule_that_was_deleted_meanwhile_can_be_saved_as_a_new_one(world: World, maker: Sending) -> None:
    draft = draft_of(world.service, *LIMITS)
    sent = [*fields_of(maker.get(f"/drafts/{draft}/rule", id="cds").text), ("do", "save")]
    drafts.delete_rule(world.service, "ben", draft, "cds")
    answer = maker.hand_in(f"/drafts/{draft}/rule", sent)
    assert answer.status_code == 409
    assert "Somebody else deleted this rule" in answer.text
    again = [one if one[0] not in ("replaces", "seen") else (one[0], "") for one in sent]
    assert maker.hand_in(f"/drafts/{draft}/rule", again).status_code == 303
    assert rules_of(world.service, draft)["cds"] == rule_to_plain(LIMITS[0])


@pytest.mark.parametrize("action", ["switch", "rule/delete"])
def test_a_list_that_is_no_longer_true_changes_nothing(world: World, maker: Sending, action: str) -> None:
    draft = draft_of(world.service, *LIMITS)
    seen = drafts.mark(rules_of(world.service, draft)["cds"])
    drafts.change_rule(world.service, "ben", draft, "cds", {"value": 5})
    answer = maker.hand_in(f"/drafts/{draft}/{action}", {"id": "cds", "seen": seen})
    assert answer.status_code == 409
    assert "Somebody else changed this rule" in answer.text
    assert rules_of(world.service, draft)["cds"]["value"] == 5


def test_a_draft_changed_since_its_check_is_checked_again(world: World, maker: Sending) -> None:
    world.rules()
    draft = draft_of(world.service, *LIMITS)
    page = maker.get(f"/drafts/{draft}/check").text
    seen = re.search('name="seen" value="([^"]+)"', page)
    assert seen is not None
    drafts.delete_rule(world.service, "ben", draft, "cds")
    answer = maker.hand_in(f"/drafts/{draft}/publish", {"seen": seen[1], "note": "as seen"})
    assert answer.status_code == 409
    assert "Here is the new check" in answer.text
    assert 'value="as seen"' in answer.text
