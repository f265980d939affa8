"""Changing rules in the console: drafts, the rule editor, the check, publishing, import and export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from circulation.rulebook import drafts, starting
from circulation.service import Service
from circulation.staff import rule_form
from circulation.staff.pages import draft as draft_pages
from circulation.staff.pages import draft_check
from circulation.staffing import DESK, RULES
from circulation.store import house, rulesets
from rules.flows import FLOWS
from rules.kinds import KINDS
from rules.plain import rule_to_plain
from rules.rule import Rule
from rules.values import Days
from tests.circulation.running import SECONDS, Central
from tests.circulation.world import World, rule
from tests.console.conftest import Open, session_of

HOSTILE = """<script>alert(1)</script>'"; DROP TABLE patron;--"""
LIMITS = (
    rule("cds", "counts.max_loans", 10, media_type="CD", name="Ten CDs"),
    rule("dvds", "counts.max_loans", 10, media_type="DVD", name="Ten films"),
    rule("all", "counts.max_loans", 15, name="Fifteen in all"),
)


def draft_of(service: Service, *rules: Rule, name: str = "Autumn") -> str:
    """A draft from what is in force with these rules added."""
    id_ = str(drafts.create(service, "ben", name)["id"])
    if rules:
        drafts.add_rules(service, "ben", id_, rules)
    return id_


def rules_of(service: Service, draft: str) -> dict[str, dict[str, object]]:
    with service.database.reading() as db:
        return {one["id"]: one for one in drafts.shown(db, draft)["rules"]}


class Browser:
    """Forms sent without a browser's window."""

    def __init__(self, running: Central, *roles: str, name: str = "anna") -> None:
        self.url = f"{running.url}/staff"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.cookies.set("staff", session_of(running.service, *roles, name=name))
        self.csrf = str(re.search('name="csrf" value="([^"]+)"', self.get("/drafts").text)[1])  # type: ignore[index]

    def get(self, path: str, **asked: str) -> requests.Response:
        return self.http.get(f"{self.url}{path}", params=asked, timeout=SECONDS)

    def post(self, path: str, given: object = None, **more: object) -> requests.Response:
        fields = [("csrf", self.csrf), *(given.items() if isinstance(given, dict) else given or ())]  # type: ignore[misc]
        return self.http.post(f"{self.url}{path}", data=fields, timeout=SECONDS, allow_redirects=False, **more)  # type: ignore[arg-type]


@pytest.fixture
def browser_of(central: Central) -> Iterator[Browser]:
    """Somebody who makes rules, without a window."""
    found = Browser(central, RULES)
    yield found
    found.http.close()


# --- an empty library, by hand ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R10")
@pytest.mark.requirement("R22")
@pytest.mark.requirement("R78")
@pytest.mark.requirement("R80")
def test_an_empty_library_comes_from_suggested_rules_to_published_ones(central: Central, opened: Open) -> None:
    page = opened(central)
    page.goto(f"{central.url}/staff/drafts")
    page.check("text=overdue notices")
    page.click("text=Start with these rules")
    expect(page.locator("[role=status]")).to_have_text("The draft is begun.")
    expect(page.get_by_text("Four weeks for everything")).to_be_visible()

    page.click("text=Four weeks for everything")
    page.fill("#days", "21")
    page.click("text=Save the rule")
    expect(page.locator("[role=status]")).to_have_text("The rule is saved in the draft.")

    page.click("text=Add a rule")
    page.click("a.card:has-text('Maximum loans per patron')")
    page.fill("#name", "Ten CDs")
    page.check("text=CD")
    page.fill("#number", "10")
    page.click("text=Look at it")
    expect(page.locator(".looked")).to_contain_text("Everybody: between 30 and 40 loans at most")
    expect(page.locator(".looked")).to_contain_text("It stands at number 1 of 2 in the list of Branch A.")
    page.click("text=Save the rule")

    page.click("text=Check and publish")
    expect(page.locator("#findings + details, .note.ok").first).to_be_visible()
    expect(page.locator("details.group", has_text="Overdue reminders")).to_contain_text("works")
    page.fill("#note", "The first ones")
    page.click("text=Publish these rules")
    page.wait_for_url(re.compile(r"/staff/rule-sets/1$"))
    with central.service.database.reading() as db:
        published = {one.id: one for one in house.rule_set(db, 1).rules}
        assert house.installation(db).live == 1
    assert published["loan"].value == Days(21)
    assert published["ten-cds"].when.media_type == ("CD",)


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R46")
def test_an_error_is_shown_at_the_rule_and_stops_publishing(central: Central, opened: Open) -> None:
    draft = starting.begin(central.service, "ben", "First", starting.SETS, lambda _: "")
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/drafts/{draft}/rule?id=reminder-2-days")
    page.fill("#days", "7")
    page.click("text=Look at it")
    expect(page.locator(".looked .badge.stop")).to_have_text("error")
    expect(page.locator(".looked")).to_contain_text("Level 2 comes after 7 days, level 1 after 7")
    page.click("text=Save the rule")
    page.click("text=Check and publish")
    expect(page.locator(".note.stop")).to_contain_text("Errors stop publishing")
    expect(page.locator("text=Publish these rules")).to_have_count(0)
    page.click("details.group[open] a:has-text('reminder-2-days')")
    expect(page.locator("#days")).to_have_value("7")


@pytest.mark.requirement("R79")
def test_an_import_with_an_unknown_media_type_names_row_and_column(central: Central, opened: Open) -> None:
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/drafts")
    table = "id;kind;org;media_type;value;unit\nloan;periods.loan;A;;28;days\nlp;periods.loan;A;VINYL;x;days\n"
    page.set_input_files("#document", {"name": "r.csv", "mimeType": "text/csv", "buffer": table.encode()})
    page.click("text=Bring it in")
    row = page.locator("tr", has_text="VINYL")
    expect(row.locator("td").nth(0)).to_have_text("3")
    expect(row.locator("td").nth(1)).to_have_text("media_type")
    expect(row.locator("td").nth(3)).to_have_text('"VINYL" is not known here.')
    expect(page.locator("tbody tr")).to_have_count(2)
    with central.service.database.reading() as db:
        assert not rulesets.drafts(db)


# --- the editor -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("kind", KINDS)
def test_the_editor_offers_what_a_kind_allows_and_explains_it(world: World, browser_of: Browser, kind: str) -> None:
    draft = draft_of(world.service)
    shown = browser_of.get(f"/drafts/{draft}/rule", kind=kind)
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
def test_every_fault_of_a_rule_is_told_at_its_field(world: World, browser_of: Browser) -> None:
    draft = draft_of(world.service)
    given = {"kind": "self_service.checkout", "org": "Nowhere", "media_type": "VINYL", "patron_category": "staff"}
    given |= {"valid_from": "2026-09-01", "valid_until": "2026-08-01", "position": "x", "do": "save", "active": "1"}
    answer = browser_of.post(f"/drafts/{draft}/rule", {**given, "message_de": "{nothing}"})
    assert answer.status_code == 422
    told = dict(re.findall('<span class="fault" id="([a-z_]+)-hint">([^<]+)', answer.text))
    assert set(told) == {*("org", "media_type", "patron_category"), *("valid_until", "position", "value", "message_de")}
    assert "cannot ask about the patron" in told["patron_category"]
    assert told["value"] == "This field has to be filled in."
    assert not rules_of(world.service, draft)


@pytest.mark.requirement("R33")
def test_a_fee_with_periods_is_entered_and_its_jumps_are_told(world: World, browser_of: Browser) -> None:
    draft = draft_of(world.service)
    given = {"kind": "fees.overdue", "org": "A", "active": "1", "basis": "per_day", "up_to_1": "7", "amount_1": "1"}
    given |= {"up_to_2": "14", "amount_2": "2,00", "up_to_3": "9999", "amount_3": "3.00"}
    looked = browser_of.post(f"/drafts/{draft}/rule", {**given, "do": "look"})
    assert "The fee jumps: 7 days 7.00, 8 days 16.00" in looked.text
    assert "The fee jumps: 14 days 28.00, 15 days 45.00" in looked.text
    assert 'value="overdue"' in looked.text  # an id made of the kind
    assert browser_of.post(f"/drafts/{draft}/rule", {**given, "do": "save"}).status_code == 303
    steps = [{"up_to_days": day, "amount": text} for day, text in ((7, "1.00"), (14, "2.00"), (9999, "3.00"))]
    assert rules_of(world.service, draft)["overdue"]["value"] == {"per_day": steps}


@pytest.mark.requirement("R25")
def test_a_queue_minimum_is_said_in_words(world: World, browser_of: Browser) -> None:
    draft = draft_of(world.service)
    for number, words in (("0", "1st reservation"), ("2", "2 reservations")):
        given = {"kind": "counts.queue_min_renewals", "org": "A", "active": "1", "number": number, "do": "look"}
        assert words in browser_of.post(f"/drafts/{draft}/rule", given).text


@pytest.mark.requirement("R2")
def test_a_rule_of_each_kind_is_opened_and_saved_as_it_is(world: World, browser_of: Browser) -> None:
    """What the page shows is what it reads again; the fields of the page, not those of the translation, are sent."""
    more = {"position": 3, "comment": " two\nlines ", "active": False, "valid_from": "2026-06-01"}
    every = [starting.suggested(), *(tuple(one for step in flow for one in step) for flow in FLOWS.values())]
    rules = [rule_to_plain(one) for group in every for one in group if "BLURAY" not in one.when.media_type]
    draft = draft_of(world.service)
    for plain in rules:
        drafts.insert_rule(world.service, "ben", draft, {**plain, **more, "message": {"de": "Nein", "fr": "Non"}})
    before = rules_of(world.service, draft)
    for key in before:
        shown = browser_of.get(f"/drafts/{draft}/rule", id=key)
        saved = browser_of.post(f"/drafts/{draft}/rule", [*fields_of(shown.text), ("do", "save")])
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


def test_a_copy_is_a_new_rule_with_an_id_of_its_own(world: World, browser_of: Browser) -> None:
    draft = draft_of(world.service, LIMITS[0])
    shown = browser_of.get(f"/drafts/{draft}/rule", copy="cds")
    assert browser_of.post(f"/drafts/{draft}/rule", [*fields_of(shown.text), ("do", "save")]).status_code == 303
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


def test_a_rule_that_was_deleted_meanwhile_can_be_saved_as_a_new_one(world: World, browser_of: Browser) -> None:
    draft = draft_of(world.service, *LIMITS)
    sent = [*fields_of(browser_of.get(f"/drafts/{draft}/rule", id="cds").text), ("do", "save")]
    drafts.delete_rule(world.service, "ben", draft, "cds")
    answer = browser_of.post(f"/drafts/{draft}/rule", sent)
    assert answer.status_code == 409
    assert "Somebody else deleted this rule" in answer.text
    again = [one if one[0] not in ("replaces", "seen") else (one[0], "") for one in sent]
    assert browser_of.post(f"/drafts/{draft}/rule", again).status_code == 303
    assert rules_of(world.service, draft)["cds"] == rule_to_plain(LIMITS[0])


@pytest.mark.parametrize("action", ["switch", "rule/delete"])
def test_a_list_that_is_no_longer_true_changes_nothing(world: World, browser_of: Browser, action: str) -> None:
    draft = draft_of(world.service, *LIMITS)
    seen = drafts.mark(rules_of(world.service, draft)["cds"])
    drafts.change_rule(world.service, "ben", draft, "cds", {"value": 5})
    answer = browser_of.post(f"/drafts/{draft}/{action}", {"id": "cds", "seen": seen})
    assert answer.status_code == 409
    assert "Somebody else changed this rule" in answer.text
    assert rules_of(world.service, draft)["cds"]["value"] == 5


def test_a_draft_changed_since_its_check_is_checked_again(world: World, browser_of: Browser) -> None:
    world.rules()
    draft = draft_of(world.service, *LIMITS)
    page = browser_of.get(f"/drafts/{draft}/check").text
    seen = re.search('name="seen" value="([^"]+)"', page)
    assert seen is not None
    drafts.delete_rule(world.service, "ben", draft, "cds")
    answer = browser_of.post(f"/drafts/{draft}/publish", {"seen": seen[1], "note": "as seen"})
    assert answer.status_code == 409
    assert "Here is the new check" in answer.text
    assert 'value="as seen"' in answer.text


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R4")
def test_rules_are_moved_switched_deleted_and_put_back(central: Central, opened: Open) -> None:
    service, draft = central.service, draft_of(central.service, *LIMITS)
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/drafts/{draft}")
    names = page.locator("table.draft th[scope=row] a")
    expect(names).to_have_text(["Ten CDs", "Ten films", "Fifteen in all"])
    page.get_by_role("button", name="Move up: Ten films").click()
    expect(names).to_have_text(["Ten films", "Ten CDs", "Fifteen in all"])
    expect(page.get_by_role("button", name="Move down: Ten CDs")).to_have_count(0)
    page.get_by_role("button", name="Switch off: Fifteen in all").click()
    expect(page.locator("tr.faded")).to_contain_text("switched off")
    page.get_by_role("button", name="Switch on: Fifteen in all").click()
    expect(page.locator("tr.faded")).to_have_count(0)
    before = rules_of(service, draft)["cds"]
    page.get_by_role("button", name="Delete: Ten CDs").click()
    expect(page.locator("h1")).to_have_text("Deleted: Ten CDs")
    assert faults(page) == []
    assert "cds" not in rules_of(service, draft)
    page.click("text=Put it back")
    expect(names).to_have_count(3)
    assert rules_of(service, draft)["cds"] == before


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R8")
def test_the_list_of_an_organisation_is_the_one_that_is_walked(world: World, browser_of: Browser) -> None:
    own = rule("branch", "periods.loan", Days(7), "N1", name="Of the branch")
    elsewhere = rule("other", "periods.loan", Days(9), "N2", name="Of another")
    expired = rule("old", "periods.loan", Days(3), name="Last year", valid_until=date(2025, 1, 1))
    draft = draft_of(world.service, own, elsewhere, expired, rule("a", "periods.loan", Days(28), name="Of all"))
    shown = browser_of.get(f"/drafts/{draft}", organisation="N1").text
    rows = re.findall('<td class="number">([^<]*)</td>\n<th scope="row"><a[^>]*>([^<]+)</a>', shown)
    assert rows == [("1", "Of the branch"), ("2", "Last year"), ("3", "Of all")]
    assert "expired" in shown
    assert shown.count('class="badge info">inherited') == 2
    for asked, names in (
        ({"type": "counts"}, []),
        ({"kind": "periods.loan", "only": "off"}, []),
        ({"type": "periods", "only": "added"}, ["Of the branch", "Of another", "Last year", "Of all"]),
    ):
        found = re.findall('<th scope="row"><a[^>]*>([^<]+)</a>', browser_of.get(f"/drafts/{draft}", **asked).text)
        assert sorted(found) == sorted(names)
    assert browser_of.get(f"/drafts/{draft}", organisation="Nowhere").status_code == 404


def test_a_long_draft_is_shown_in_parts_and_its_check_is_announced(
    world: World, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_pages, "SHOWN", 2)
    monkeypatch.setattr(draft_pages, "CHECKED_AT_ONCE", 2)
    monkeypatch.setattr(draft_check, "MANY", 2)
    draft = draft_of(world.service, *LIMITS)
    first = browser_of.get(f"/drafts/{draft}").text
    assert ("Ten CDs" in first, "Fifteen in all" in first, "badge stop" in first) == (True, False, False)
    rest = browser_of.get(f"/drafts/{draft}", after="dvds").text
    assert ("Ten CDs" in rest, "Fifteen in all" in rest) == (False, True)
    monkeypatch.setattr(draft_pages, "CHECKED_AT_ONCE", 3)
    assert "badge stop" in browser_of.get(f"/drafts/{draft}").text
    waiting = browser_of.get(f"/drafts/{draft}/check")
    assert waiting.headers["Refresh"] == f"0; url=/staff/drafts/{draft}/check?now=1"
    assert "3 rules are being checked" in waiting.text
    assert "Publish" in browser_of.get(f"/drafts/{draft}/check", now="1").text


# --- beginning, bringing in, giving out -------------------------------------------------------------------------------


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("form", ["toml", "csv"])
def test_a_draft_is_exported_and_brought_in_again(world: World, browser_of: Browser, form: str) -> None:
    draft = draft_of(world.service, *LIMITS)
    document = browser_of.get(f"/drafts/{draft}/export", form=form)
    assert document.headers["Content-Disposition"] == f'attachment; filename="draft.{form}"'
    answer = browser_of.post("/drafts/import", files={"document": (f"Autumn.{form}", document.content)})
    assert answer.status_code == 303
    made = answer.headers["location"].rpartition("/")[2]
    assert rules_of(world.service, made) == rules_of(world.service, draft)
    assert "Autumn" in browser_of.get(f"/drafts/{made}").text
    again = browser_of.get(f"/drafts/{made}/export", form=form)
    assert again.content == document.content
    assert browser_of.get(f"/drafts/{draft}/export", form="yaml").status_code == 404


@pytest.mark.requirement("R79")
def test_a_wrong_toml_document_is_told_by_line_and_key(world: World, browser_of: Browser) -> None:
    text = 'format = "circulation-rules/1"\n\n[[rule]]\nid = "x"\nkind = "periods.loan"\norg = "A"\nvalue = 7\n'
    answer = browser_of.post("/drafts/import", files={"document": ("rules.toml", text.encode())})
    assert answer.status_code == 422
    assert re.search('<td class="number">7</td><td><code>value</code></td><td>x</td>', answer.text)
    assert not re.search("/staff/drafts/[0-9a-f]{8}-", answer.text)


def test_a_file_is_needed_and_of_a_kind_that_can_be_read(world: World, browser_of: Browser) -> None:
    assert "Please choose a file." in browser_of.post("/drafts/import", {"import_name": "x"}).text
    told = browser_of.post("/drafts/import", files={"document": ("rules.xlsx", b"x")})
    assert (told.status_code, "must end in .toml or .csv" in told.text) == (422, True)


def test_a_draft_is_begun_from_any_source_renamed_and_given_up(world: World, browser_of: Browser) -> None:
    world.rules()
    first = draft_of(world.service, *LIMITS, name="First")
    for source, count in (("live", 2), ("1", 2), (first, 5)):
        answer = browser_of.post("/drafts", {"name": "Second", "source": source})
        made = answer.headers["location"].rpartition("/")[2]
        assert len(rules_of(world.service, made)) == count
    assert "This field has to be filled in." in browser_of.post("/drafts", {"name": ""}).text
    assert browser_of.post(f"/drafts/{first}/rename", {"name": "Winter"}).status_code == 303
    assert "Winter" in browser_of.get("/drafts").text
    assert browser_of.post(f"/drafts/{first}/sets", [("sets", "overdue_fees")]).status_code == 303
    assert "fee-grace" in rules_of(world.service, first)
    assert browser_of.post(f"/drafts/{first}/delete").status_code == 303
    assert browser_of.get(f"/drafts/{first}").status_code == 404


def test_a_rule_in_force_is_changed_by_beginning_a_draft(world: World, browser_of: Browser) -> None:
    world.rules()
    assert 'name="rule" value="periods.loan"' in browser_of.get("/drafts", rule="periods.loan").text
    answer = browser_of.post("/drafts", {"name": "x", "rule": "periods.loan"})
    assert answer.headers["location"].endswith("/rule?id=periods.loan")
    gone = browser_of.post("/drafts", {"name": "x", "rule": "nothing"})
    assert "/rule" not in gone.headers["location"]


def test_the_begin_of_an_empty_library_needs_a_tick(world: World, browser_of: Browser) -> None:
    assert "Start with these rules" in browser_of.get("/drafts").text
    answer = browser_of.post("/drafts/sets")
    assert (answer.status_code, "Please tick at least one." in answer.text) == (422, True)
    world.rules()
    assert "Start with these rules" not in browser_of.get("/drafts").text


# --- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R79")
@pytest.mark.requirement("R80")
def test_the_check_shows_findings_differences_and_what_changes_for_loans(world: World, browser_of: Browser) -> None:
    world.rules(rule("gone", "counts.max_renewals", 2, name="Twice"))
    world.lent(world.patron(), "DVD")
    draft = draft_of(
        world.service,
        rule("dvd", "periods.loan", Days(7), media_type="DVD", name="A week for films"),
        rule("child", "periods.loan", Days(14), age_group="child", name="Children"),
        rule("two", "circulation.enable_overdue_reminder", True, level="2", name="Second"),
    )
    drafts.change_rule(world.service, "ben", draft, "periods.renewal", {"value": {"days": 21}})
    drafts.delete_rule(world.service, "ben", draft, "gone")
    shown = browser_of.get(f"/drafts/{draft}/check").text
    assert "A child borrowing a DVD matches both; rule 1 (14 days) wins" in shown
    assert "Level 2 is enabled but has no period; nothing would be sent" in shown
    assert ("3 added" in shown, "1 removed" in shown) == (True, True)
    assert re.search("<td>Value</td><td>28 days</td><td>21 days</td>", shown)
    lines = re.findall('<td class="number">1</td>\n<td>([^<]+)</td><td>([^<]+)</td>', shown)
    assert ("28 days (“periods.loan”)", "7 days (“A week for films”)") in lines
    assert ("at most 2 (“Twice”)", "no limit (no rule)") in lines


@pytest.mark.requirement("R78")
def test_an_outdated_draft_is_published_only_if_that_is_meant(world: World, browser_of: Browser) -> None:
    world.rules()
    draft = draft_of(world.service, LIMITS[0])
    world.rules()
    assert "outdated" in browser_of.get("/drafts").text
    seen = drafts.mark(list(rules_of(world.service, draft).values()))
    stopped = browser_of.post(f"/drafts/{draft}/publish", {"seen": seen})
    assert (stopped.status_code, "Another set was published" in stopped.text) == (409, True)
    done = browser_of.post(f"/drafts/{draft}/publish", {"seen": seen, "anyway": "1", "note": "meant"})
    assert done.headers["location"] == "/staff/rule-sets/3"


# --- everything -------------------------------------------------------------------------------------------------------


def faults(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the screen."""
    found = [one["id"] for one in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *(["wide"] if wide > 0 else [])]


@pytest.mark.parametrize("width", [1280, 640])
def test_the_editor_is_open_to_everybody_and_fits(central: Central, opened: Open, width: int) -> None:
    draft = starting.begin(central.service, "ben", "First", starting.SETS, lambda _: "")
    drafts.add_rules(central.service, "ben", draft, LIMITS)
    page = opened(central, RULES)
    page.set_viewport_size({"width": width, "height": 900})
    asked = ("?id=all", "?id=fee", "?id=reminder-2-fee", "?kind=circulation.checkout", "?kind=self_service.return", "")
    for path in (*(f"/rule{one}" for one in asked), "", "/check", "?organisation=N1"):
        page.goto(f"{central.url}/staff/drafts/{draft}{path}")
        assert (path, faults(page)) == (path, [])
    page.goto(f"{central.url}/staff/drafts/{draft}/rule?kind=fees.overdue")
    page.fill("#up_to_2", "x")
    page.click("text=Look at it")
    assert faults(page) == []


def test_hostile_text_comes_back_harmless(world: World, browser_of: Browser) -> None:
    service, draft = world.service, draft_of(world.service, name=HOSTILE)
    texts = {"name": HOSTILE, "comment": HOSTILE, "id": HOSTILE, "department": HOSTILE, "material_type": HOSTILE}
    texts |= {"message_de": HOSTILE, "message_en": HOSTILE, "audience": HOSTILE}
    given = {"kind": "circulation.checkout", "org": "A", "active": "1", "value": "no", **texts}
    pages = [browser_of.post(f"/drafts/{draft}/rule", {**given, "do": "look"}).text]
    assert browser_of.post(f"/drafts/{draft}/rule", {**given, "do": "save"}).status_code == 303
    kept = rules_of(service, draft)[HOSTILE]
    assert (kept["name"], kept["when"]["department"]) == (HOSTILE, [HOSTILE])  # type: ignore[index]
    odd = {**given, "value": HOSTILE, "org": HOSTILE, "media_type": HOSTILE, "position": HOSTILE, "age_min": HOSTILE}
    pages.append(browser_of.post(f"/drafts/{draft}/rule", {**odd, "id": "x", "do": "save"}).text)
    conflict = {**given, "replaces": HOSTILE, "seen": "other", "do": "save", "name": "x"}
    pages.append(browser_of.post(f"/drafts/{draft}/rule", conflict).text)
    pages += [browser_of.get(path).text for path in ("/drafts", f"/drafts/{draft}", f"/drafts/{draft}/check")]
    pages.append(browser_of.get(f"/drafts/{draft}/rule", id=HOSTILE).text)
    pages.append(browser_of.post("/drafts/sets", [("sets", HOSTILE)]).text)
    pages.append(browser_of.post("/drafts", {"name": HOSTILE, "source": HOSTILE}).text)
    table = f'id,kind,org,value,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\n'
    pages.append(browser_of.post("/drafts/import", files={"document": ("x.csv", table.encode())}).text)
    browser_of.post(f"/drafts/{draft}/rule/delete", {"id": HOSTILE, "seen": drafts.mark(kept)})
    pages.append(browser_of.get(f"/drafts/{draft}/deleted", id=HOSTILE).text)
    for text in pages:
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for query in ({"kind": HOSTILE}, {"organisation": HOSTILE}, {"after": HOSTILE, "type": HOSTILE, "only": HOSTILE}):
        assert "<script>alert" not in browser_of.get(f"/drafts/{draft}", **query).text


@pytest.mark.parametrize("path", ["", "/{}", "/{}/rule", "/{}/check", "/{}/export", "/{}/deleted?id=x"])
def test_drafts_are_for_those_who_make_rules(world: World, central: Central, path: str) -> None:
    draft = draft_of(world.service)
    desk = session_of(world.service, DESK, name="ben")
    url = f"{central.url}/staff/drafts{path.format(draft)}"
    answer = requests.get(url, cookies={"staff": desk}, timeout=SECONDS)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path", ["/nothing", "/nothing/rule", "/nothing/check", "/nothing/export", "/{}/rule?kind=x", "/{}/rule?id=x"]
)
def test_what_is_not_there_is_said_to_be_missing(world: World, browser_of: Browser, path: str) -> None:
    draft = draft_of(world.service)
    assert browser_of.get(f"/drafts{path.format(draft)}").status_code == 404
