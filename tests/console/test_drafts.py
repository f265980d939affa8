"""Changing rules in the console: drafts, their lists, the check, publishing, import and export."""

from __future__ import annotations

import re
from datetime import date

import pytest
import requests
from playwright.sync_api import expect

from circulation.rulebook import drafts, starting
from circulation.staff.pages import draft as draft_pages
from circulation.staff.pages import draft_check
from circulation.staffing import DESK, RULES
from circulation.store import house, rulesets
from rules.values import Days
from tests.circulation.running import SECONDS, Central
from tests.circulation.world import World, rule
from tests.console.conftest import Open, faults, session_of
from tests.console.drafting import LIMITS, draft_of, rules_of
from tests.console.looking import HOSTILE
from tests.console.sending import Sending

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
def test_the_list_of_an_organisation_is_the_one_that_is_walked(world: World, maker: Sending) -> None:
    own = rule("branch", "periods.loan", Days(7), "N1", name="Of the branch")
    elsewhere = rule("other", "periods.loan", Days(9), "N2", name="Of another")
    expired = rule("old", "periods.loan", Days(3), name="Last year", valid_until=date(2025, 1, 1))
    draft = draft_of(world.service, own, elsewhere, expired, rule("a", "periods.loan", Days(28), name="Of all"))
    shown = maker.get(f"/drafts/{draft}", organisation="N1").text
    rows = re.findall('<td class="number">([^<]*)</td>\n<th scope="row"><a[^>]*>([^<]+)</a>', shown)
    assert rows == [("1", "Of the branch"), ("2", "Last year"), ("3", "Of all")]
    assert "expired" in shown
    assert shown.count('class="badge info">inherited') == 2
    for asked, names in (
        ({"type": "counts"}, []),
        ({"kind": "periods.loan", "only": "off"}, []),
        ({"type": "periods", "only": "added"}, ["Of the branch", "Of another", "Last year", "Of all"]),
    ):
        found = re.findall('<th scope="row"><a[^>]*>([^<]+)</a>', maker.get(f"/drafts/{draft}", **asked).text)
        assert sorted(found) == sorted(names)
    assert maker.get(f"/drafts/{draft}", organisation="Nowhere").status_code == 404


def test_a_long_draft_is_shown_in_parts_and_its_check_is_announced(
    world: World, maker: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_pages, "SHOWN", 2)
    monkeypatch.setattr(draft_pages, "CHECKED_AT_ONCE", 2)
    monkeypatch.setattr(draft_check, "MANY", 2)
    draft = draft_of(world.service, *LIMITS)
    first = maker.get(f"/drafts/{draft}").text
    assert ("Ten CDs" in first, "Fifteen in all" in first, "badge stop" in first) == (True, False, False)
    rest = maker.get(f"/drafts/{draft}", after="dvds").text
    assert ("Ten CDs" in rest, "Fifteen in all" in rest) == (False, True)
    monkeypatch.setattr(draft_pages, "CHECKED_AT_ONCE", 3)
    assert "badge stop" in maker.get(f"/drafts/{draft}").text
    waiting = maker.get(f"/drafts/{draft}/check")
    assert waiting.headers["Refresh"] == f"0; url=/staff/drafts/{draft}/check?now=1"
    assert "3 rules are being checked" in waiting.text
    assert "Publish" in maker.get(f"/drafts/{draft}/check", now="1").text


# --- beginning, bringing in, giving out -------------------------------------------------------------------------------


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("form", ["toml", "csv"])
def test_a_draft_is_exported_and_brought_in_again(world: World, maker: Sending, form: str) -> None:
    draft = draft_of(world.service, *LIMITS)
    document = maker.get(f"/drafts/{draft}/export", form=form)
    assert document.headers["Content-Disposition"] == f'attachment; filename="draft.{form}"'
    answer = maker.hand_in("/drafts/import", files={"document": (f"Autumn.{form}", document.content)})
    assert answer.status_code == 303
    made = answer.headers["location"].rpartition("/")[2]
    assert rules_of(world.service, made) == rules_of(world.service, draft)
    assert "Autumn" in maker.get(f"/drafts/{made}").text
    again = maker.get(f"/drafts/{made}/export", form=form)
    assert again.content == document.content
    assert maker.get(f"/drafts/{draft}/export", form="yaml").status_code == 404


@pytest.mark.requirement("R79")
def test_a_wrong_toml_document_is_told_by_line_and_key(world: World, maker: Sending) -> None:
    text = 'format = "circulation-rules/1"\n\n[[rule]]\nid = "x"\nkind = "periods.loan"\norg = "A"\nvalue = 7\n'
    answer = maker.hand_in("/drafts/import", files={"document": ("rules.toml", text.encode())})
    assert answer.status_code == 422
    assert re.search('<td class="number">7</td><td><code>value</code></td><td>x</td>', answer.text)
    assert not re.search("/staff/drafts/[0-9a-f]{8}-", answer.text)


def test_a_file_is_needed_and_of_a_kind_that_can_be_read(world: World, maker: Sending) -> None:
    assert "Please choose a file." in maker.hand_in("/drafts/import", {"import_name": "x"}).text
    told = maker.hand_in("/drafts/import", files={"document": ("rules.xlsx", b"x")})
    assert (told.status_code, "must end in .toml or .csv" in told.text) == (422, True)


def test_a_draft_is_begun_from_any_source_renamed_and_given_up(world: World, maker: Sending) -> None:
    world.rules()
    first = draft_of(world.service, *LIMITS, name="First")
    for source, count in (("live", 2), ("1", 2), (first, 5)):
        answer = maker.hand_in("/drafts", {"name": "Second", "source": source})
        made = answer.headers["location"].rpartition("/")[2]
        assert len(rules_of(world.service, made)) == count
    assert "This field has to be filled in." in maker.hand_in("/drafts", {"name": ""}).text
    assert maker.hand_in(f"/drafts/{first}/rename", {"name": "Winter"}).status_code == 303
    assert "Winter" in maker.get("/drafts").text
    assert maker.hand_in(f"/drafts/{first}/sets", [("sets", "overdue_fees")]).status_code == 303
    assert "fee-grace" in rules_of(world.service, first)
    assert maker.hand_in(f"/drafts/{first}/delete").status_code == 303
    assert maker.get(f"/drafts/{first}").status_code == 404


def test_a_rule_in_force_is_changed_by_beginning_a_draft(world: World, maker: Sending) -> None:
    world.rules()
    assert 'name="rule" value="periods.loan"' in maker.get("/drafts", rule="periods.loan").text
    answer = maker.hand_in("/drafts", {"name": "x", "rule": "periods.loan"})
    assert answer.headers["location"].endswith("/rule?id=periods.loan")
    gone = maker.hand_in("/drafts", {"name": "x", "rule": "nothing"})
    assert "/rule" not in gone.headers["location"]


def test_the_begin_of_an_empty_library_needs_a_tick(world: World, maker: Sending) -> None:
    assert "Start with these rules" in maker.get("/drafts").text
    answer = maker.hand_in("/drafts/sets")
    assert (answer.status_code, "Please tick at least one." in answer.text) == (422, True)
    world.rules()
    assert "Start with these rules" not in maker.get("/drafts").text


# --- the check --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R79")
@pytest.mark.requirement("R80")
def test_the_check_shows_findings_differences_and_what_changes_for_loans(world: World, maker: Sending) -> None:
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
    shown = maker.get(f"/drafts/{draft}/check").text
    assert "A child borrowing a DVD matches both; rule 1 (14 days) wins" in shown
    assert "Level 2 is enabled but has no period; nothing would be sent" in shown
    assert ("3 added" in shown, "1 removed" in shown) == (True, True)
    assert re.search("<td>Value</td><td>28 days</td><td>21 days</td>", shown)
    lines = re.findall('<td class="number">1</td>\n<td>([^<]+)</td><td>([^<]+)</td>', shown)
    assert ("28 days (“periods.loan”)", "7 days (“A week for films”)") in lines
    assert ("at most 2 (“Twice”)", "no limit (no rule)") in lines


@pytest.mark.requirement("R78")
def test_an_outdated_draft_is_published_only_if_that_is_meant(world: World, maker: Sending) -> None:
    world.rules()
    draft = draft_of(world.service, LIMITS[0])
    world.rules()
    assert "outdated" in maker.get("/drafts").text
    seen = drafts.mark(list(rules_of(world.service, draft).values()))
    stopped = maker.hand_in(f"/drafts/{draft}/publish", {"seen": seen})
    assert (stopped.status_code, "Another set was published" in stopped.text) == (409, True)
    done = maker.hand_in(f"/drafts/{draft}/publish", {"seen": seen, "anyway": "1", "note": "meant"})
    assert done.headers["location"] == "/staff/rule-sets/3"


# --- everything -------------------------------------------------------------------------------------------------------


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


def test_hostile_text_comes_back_harmless(world: World, maker: Sending) -> None:
    service, draft = world.service, draft_of(world.service, name=HOSTILE)
    texts = {"name": HOSTILE, "comment": HOSTILE, "id": HOSTILE, "department": HOSTILE, "material_type": HOSTILE}
    texts |= {"message_de": HOSTILE, "message_en": HOSTILE, "audience": HOSTILE}
    given = {"kind": "circulation.checkout", "org": "A", "active": "1", "value": "no", **texts}
    pages = [maker.hand_in(f"/drafts/{draft}/rule", {**given, "do": "look"}).text]
    assert maker.hand_in(f"/drafts/{draft}/rule", {**given, "do": "save"}).status_code == 303
    kept = rules_of(service, draft)[HOSTILE]
    assert (kept["name"], kept["when"]["department"]) == (HOSTILE, [HOSTILE])  # type: ignore[index]
    odd = {**given, "value": HOSTILE, "org": HOSTILE, "media_type": HOSTILE, "position": HOSTILE, "age_min": HOSTILE}
    pages.append(maker.hand_in(f"/drafts/{draft}/rule", {**odd, "id": "x", "do": "save"}).text)
    conflict = {**given, "replaces": HOSTILE, "seen": "other", "do": "save", "name": "x"}
    pages.append(maker.hand_in(f"/drafts/{draft}/rule", conflict).text)
    pages += [maker.get(path).text for path in ("/drafts", f"/drafts/{draft}", f"/drafts/{draft}/check")]
    pages.append(maker.get(f"/drafts/{draft}/rule", id=HOSTILE).text)
    pages.append(maker.hand_in("/drafts/sets", [("sets", HOSTILE)]).text)
    pages.append(maker.hand_in("/drafts", {"name": HOSTILE, "source": HOSTILE}).text)
    table = f'id,kind,org,value,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\n'
    pages.append(maker.hand_in("/drafts/import", files={"document": ("x.csv", table.encode())}).text)
    maker.hand_in(f"/drafts/{draft}/rule/delete", {"id": HOSTILE, "seen": drafts.mark(kept)})
    pages.append(maker.get(f"/drafts/{draft}/deleted", id=HOSTILE).text)
    for text in pages:
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for query in ({"kind": HOSTILE}, {"organisation": HOSTILE}, {"after": HOSTILE, "type": HOSTILE, "only": HOSTILE}):
        assert "<script>alert" not in maker.get(f"/drafts/{draft}", **query).text


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
def test_what_is_not_there_is_said_to_be_missing(world: World, maker: Sending, path: str) -> None:
    draft = draft_of(world.service)
    assert maker.get(f"/drafts{path.format(draft)}").status_code == 404
