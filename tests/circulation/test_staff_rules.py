"""The list of rules, the catalogue of kinds, import and export."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from circulation import demo
from circulation.app import MOST_BODY, MOST_OF
from rules.kinds import KINDS, RuleType, kinds_of
from rules.values import Days
from tests.circulation.running import Central, Staff
from tests.circulation.world import World, rule

TOML, CSV = "application/toml", "text/csv"
HEADER = "id;kind;org;media_type;value;unit\n"
GOOD_CSV = HEADER + "loan;periods.loan;A;;28;days\nrenewal;periods.renewal;A;;28;days\n"
DEMO = Path(demo.__file__).with_name("rules.toml").read_bytes()


@pytest.fixture
def staff(central: Central) -> Staff:
    """Somebody who makes rules, at branch N1."""
    return central.staff("rules", name="anna")


# --- the list that is walked ------------------------------------------------------------------------------------------


@pytest.mark.requirement("R4")
@pytest.mark.requirement("R8")
def test_the_list_is_the_one_the_engine_walks_numbered_with_what_is_inherited(world: World, staff: Staff) -> None:
    world.rules(
        rule("all", "periods.loan", Days(28)),
        rule("dvd", "periods.loan", Days(7), media_type="DVD"),
        rule("n1", "periods.loan", Days(14), "N1"),
        periods=None,
    )
    lines = staff.told("GET", "/rules", kind="periods.loan")["rules"]
    assert [(one["number"], one["rule"]["id"], one["inherited"]) for one in lines] == [
        (1, "n1", False),
        (2, "dvd", True),
        (3, "all", True),
    ]
    other = staff.told("GET", "/rules", kind="periods.loan", organisation="N2")["rules"]
    assert [one["rule"]["id"] for one in other] == ["dvd", "all"]


@pytest.mark.requirement("R8")
def test_rules_are_found_by_type_kind_level_and_organisation_with_their_state(world: World, staff: Staff) -> None:
    reminders = [
        rule(f"r{level}", "periods.overdue_reminder", Days(7 * n), level=level)
        for n, level in enumerate(("1", "2", "3", "4", "5", "6", "invoice"), start=1)
    ]
    world.rules(
        *reminders,
        rule("over", "periods.overdue_reminder", Days(1), "N1", level="1", valid_until=date(2026, 5, 31)),
        rule("next", "periods.overdue_reminder", Days(2), "N1", level="1", valid_from=date(2026, 6, 2)),
        rule("off", "periods.overdue_reminder", Days(3), "North", level="1", active=False),
        rule("off-n2", "periods.overdue_reminder", Days(3), "N2", level="1", active=False),
    )
    found = staff.told("GET", "/rules", type="periods", kind="periods.overdue_reminder", organisation="N1")
    assert [(one["level"], one["rule"]["id"], one["state"]) for one in found["rules"]] == [
        ("1", "next", "future"),
        ("1", "over", "expired"),
        *((level, f"r{level}", "active") for level in ("1", "2", "3", "4", "5", "6", "invoice")),
    ]
    assert [one["id"] for one in found["inactive"]] == ["off"]
    assert found["day"] == "2026-06-01"
    one_level = staff.told("GET", "/rules", kind="periods.overdue_reminder", level="2")
    assert ([one["rule"]["id"] for one in one_level["rules"]], one_level["inactive"]) == (["r2"], [])
    assert staff.told("GET", "/rules", type="counts")["rules"] == []


@pytest.mark.requirement("R78")
def test_the_list_of_any_set_or_draft_can_be_seen(world: World, central: Central, staff: Staff) -> None:
    world.rules(rule("old", "self_service.return", False))
    world.rules(rule("new", "self_service.return", False))
    draft = staff.told("POST", "/drafts", {"name": "x", "source": "1"})["id"]
    desk = central.staff("desk")
    for ruleset, expected in (("live", "new"), ("1", "old"), ("2", "new"), (draft, "old")):
        (line,) = desk.told("GET", "/rules", type="self_service", ruleset=ruleset)["rules"]
        assert line["rule"]["id"] == expected
    for ruleset in ("0", "3", "nothing"):
        assert desk.get("/rules", ruleset=ruleset).status_code == 404
    wrong = desk.get("/rules", organisation="N9")
    assert (wrong.status_code, wrong.json()["place"]) == (422, "organisation")
    assert desk.get("/rules", type="nothing").status_code == 422


def test_before_the_first_set_there_is_no_list(staff: Staff) -> None:
    assert staff.get("/rules").status_code == 404
    assert staff.get("/rules/export").status_code == 404
    assert staff.told("GET", "/rule-sets")["sets"] == []
    assert staff.get("/rule-sets/1").status_code == 404


# --- the catalogue ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R1")
@pytest.mark.requirement("R7")
def test_the_catalogue_has_every_type_and_kind_with_what_it_depends_on(staff: Staff) -> None:
    told = staff.told("GET", "/rules/kinds")
    assert len(told["types"]) == 7
    assert set(told["types"]["self_service"]) == {"en", "de"}
    kinds = {one["kind"]: one for one in told["kinds"]}
    assert set(kinds) == set(KINDS)
    of_machine = [key for key, one in kinds.items() if one["type"] == "self_service"]
    assert of_machine == list(kinds_of(RuleType.SELF_SERVICE, KINDS))
    reminder = kinds["circulation.enable_overdue_reminder"]
    assert reminder["levels"] == ["1", "2", "3", "4", "5", "6", "invoice"]
    assert "periods.overdue_reminder" in reminder["depends_on"]
    assert (kinds["periods.loan"]["unit"], kinds["periods.loan"]["organisation"]) == ("days", "session")
    assert (kinds["periods.grace"]["default"], kinds["periods.loan"]["default"]) == ({"days": 0}, None)
    assert "patron_category" not in kinds["self_service.checkout"]["fields"]


@pytest.mark.requirement("R9")
@pytest.mark.requirement("R10")
def test_each_kind_has_help_tip_and_example_in_every_language_of_staff(staff: Staff) -> None:
    told = staff.told("GET", "/rules/kinds")
    for one in told["kinds"]:
        assert set(one["texts"]) == {"en", "de"}
        for words in one["texts"].values():
            assert all(words[part] for part in ("name", "help", "tip", "example"))
        assert one["example"]["kind"] == one["kind"]
    assert {flow["name"]: len(flow["steps"]) for flow in told["flows"]} == {"overdue_notices": 3, "overdue_fees": 3}
    assert all(step["rules"] and set(step["texts"]) == {"en", "de"} for flow in told["flows"] for step in flow["steps"])


@pytest.mark.requirement("R10")
def test_following_the_flow_for_notices_leaves_no_error(world: World, staff: Staff) -> None:
    flows = {flow["name"]: flow for flow in staff.told("GET", "/rules/kinds")["flows"]}
    world.rules()
    draft = staff.told("POST", "/drafts", {"name": "x"})["id"]
    for step in flows["overdue_notices"]["steps"]:
        for one in step["rules"]:
            staff.told("POST", f"/drafts/{draft}/rules", one)
    assert staff.told("GET", f"/drafts/{draft}/check")["stops"] is False


# --- export and import ------------------------------------------------------------------------------------------------


def exported(staff: Staff, form: str, ruleset: str = "live") -> bytes:
    answer = staff.get("/rules/export", format=form, ruleset=ruleset)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == {"toml": TOML, "csv": CSV}[form]
    assert f"rules.{form}" in answer.headers["content-disposition"]
    return answer.content


def imported(staff: Staff, content: bytes, content_type: str) -> dict[str, Any]:
    answer = staff.raw("/drafts/import", content, content_type, name="imported")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(staff: Staff, content: bytes, content_type: str, **query: str) -> list[dict[str, Any]]:
    """Every problem of a document of which nothing is stored."""
    answer = staff.raw("/drafts/import", content, content_type, name="x", **query)
    assert (answer.status_code, answer.json()["error"]) == (422, "rules_wrong"), answer.text
    assert staff.told("GET", "/drafts")["drafts"] == []
    problems: list[dict[str, Any]] = answer.json()["problems"]
    return problems


NAUGHTY = '=1+1;"x"\n\'; DROP TABLE rule_set; -- <script>alert(1)</script> ü 雪国'


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("form", ["toml", "csv"])
def test_exporting_importing_and_exporting_again_gives_the_same_file(world: World, staff: Staff, form: str) -> None:
    summer: dict[str, Any] = {"valid_from": date(2026, 6, 1), "valid_until": date(2026, 8, 31)}
    message = {"de": NAUGHTY, "en": "Please ask.", "fr": "Demandez."}
    world.rules(
        rule("summer", "periods.loan", Days(42), name=NAUGHTY, comment=NAUGHTY, **summer),
        rule("no", "self_service.checkout", False, "N1", message=message, media_type=("DVD", "DVD18"), position=2),
        rule("off", "circulation.checkout", False, age_max=5, active=False, fiction=False),
    )
    first = exported(staff, form)
    answer = imported(staff, first, {"toml": TOML, "csv": CSV}[form])
    assert answer["check"]["differences"] == {"added": [], "removed": [], "changed": []}
    draft = answer["draft"]["id"]
    assert exported(staff, form, draft) == first
    for other in ("toml", "csv"):
        assert exported(staff, other, draft) == exported(staff, other)
    assert staff.told("POST", f"/drafts/{draft}/publish", {})["number"] == 2
    assert exported(staff, form, "2") == first


@pytest.mark.requirement("R79")
def test_an_import_makes_a_draft_and_tells_differences_and_findings_first(world: World, staff: Staff) -> None:
    world.rules(rule("gone", "self_service.return", False))
    content = (GOOD_CSV + "dvd;periods.loan;A;DVD;7;days\nfree;fees.overdue_reminder;A;;1;amount\n").encode()
    content = content.replace(b"media_type;value;unit", b"media_type;value;unit;level")
    answer = imported(staff, content.replace(b"1;amount", b"1,00;amount;1"), CSV)
    assert (answer["draft"]["name"], answer["draft"]["based_on"], answer["draft"]["count"]) == ("imported", 1, 4)
    assert [one["id"] for one in answer["check"]["differences"]["removed"]] == [
        "gone",
        "periods.loan",
        "periods.renewal",
    ]
    assert answer["check"]["stops"] is False
    assert "dependency_not_enabled" in [one["code"] for one in answer["check"]["findings"]]
    assert staff.told("GET", "/rule-sets")["sets"][0]["number"] == 1


@pytest.mark.requirement("R79")
@pytest.mark.parametrize(("language", "said"), [("en", "is not known"), ("de", "nicht bekannt")])
def test_an_unknown_media_type_is_named_with_row_and_column(staff: Staff, language: str, said: str) -> None:
    content = (HEADER + "loan;periods.loan;A;;28;days\n\nodd;periods.loan;A;VINYL;7;days\n").encode()
    (problem,) = refused(staff, content, CSV, language=language)
    assert (problem["line"], problem["key"], problem["rule"]) == (4, "when.media_type", "odd")
    assert problem["place"] == "row 4, column media_type"
    assert "VINYL" in problem["text"]
    assert said in problem["text"]


@pytest.mark.requirement("R56")
@pytest.mark.requirement("R79")
@pytest.mark.requirement("R80")
@pytest.mark.parametrize("form", ["toml", "csv"])
def test_every_problem_of_a_document_is_listed_and_nothing_is_stored(staff: Staff, form: str) -> None:
    documents = {
        CSV: "id;kind;org;patron_category;media_type;value;unit;valid_from;valid_until\n"
        "a;self_service.checkout;A;normal;;false;;;\n"
        "b;periods.loan;A;;VINYL;28;days;1.9.2026;1.8.2026\n"
        "b;periods.loan;Nowhere;;;28;weeks;;\n",
        TOML: 'format = "circulation-rules/1"\n'
        '[[rule]]\nid = "a"\nkind = "self_service.checkout"\norg = "A"\nwhen = { patron_category = ["normal"] }\n'
        "value = false\n"
        '[[rule]]\nid = "b"\nkind = "periods.loan"\norg = "A"\nwhen = { media_type = ["VINYL"] }\n'
        "value = { days = 28 }\nvalid_from = 2026-09-01\nvalid_until = 2026-08-01\n"
        '[[rule]]\nid = "b"\nkind = "periods.loan"\norg = "Nowhere"\nvalue = { weeks = 28 }\n',
    }
    content_type = {"toml": TOML, "csv": CSV}[form]
    problems = refused(staff, documents[content_type].encode(), content_type)
    codes = sorted(one["code"] for one in problems)
    odd = "unit_unknown" if form == "csv" else "value_notation"
    assert codes == sorted(
        ["patron_field", "code_unknown", "dates_reversed", "id_duplicate", "code_unknown", odd, "id_duplicate"]
    )
    assert all(one["line"] is not None and one["place"] for one in problems)


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("content_type", [CSV, TOML])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00i\x00d", HEADER.encode() + b"loan;periods.loan;A;\xc3;28;days\n", b"\xed\xa0\x80"]
)
def test_bytes_that_are_no_text_are_refused_with_their_line(staff: Staff, content: bytes, content_type: str) -> None:
    (problem,) = refused(staff, content, content_type)
    assert problem["line"] in (1, 2)
    assert "UTF-8" in problem["text"]


@pytest.mark.requirement("R79")
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", CSV),
        (b"", TOML),
        (b"\x00" * 64, CSV),
        (b"\x00" * 64, TOML),
        (b"id;id;kind\n", CSV),
        (b'id;kind;org;value\n"x;y\n', CSV),
        (b"[[rule", TOML),
        (b"x = " + b"[" * 50_000, TOML),
        (b'format = "circulation-rules/1"\nrule = 3', TOML),
        (b"format = 2026-01-01", TOML),
        (b"x = " + b"9" * 10_000, TOML),
        ((HEADER + "x;periods.loan;A;;" + "9" * 10_000 + ";days\n").encode(), CSV),
        ((b'id;kind;org;value;unit\n"a\nb";periods.loan;A;1;days\n'), CSV),
    ],
    ids=lambda value: f"{len(value)}-{value[:16]!r}" if isinstance(value, bytes) else value,
)
def test_what_is_no_rule_document_is_refused(staff: Staff, content: bytes, content_type: str) -> None:
    assert refused(staff, content, content_type)


@pytest.mark.parametrize("content_type", ["application/json", "", "text/csvx", "multipart/form-data; boundary=x"])
def test_a_document_of_another_type_is_refused(staff: Staff, content_type: str) -> None:
    answer = staff.raw("/drafts/import", GOOD_CSV.encode(), content_type, name="x")
    assert (answer.status_code, answer.json()["error"]) == (415, "content_type")
    assert staff.raw("/drafts/import", GOOD_CSV.encode(), "Text/CSV; charset=utf-8", name="x").status_code == 201
    assert staff.raw("/drafts/import", GOOD_CSV.encode(), CSV).status_code == 422  # a draft has a name


def test_a_document_may_be_large_but_not_of_any_size(staff: Staff) -> None:
    comment = "x" * 2000
    rows = "".join(f"l{n};periods.loan;N1;;{n % 50 + 1};days;d{n};{comment}\n" for n in range(600))
    content = (HEADER.strip() + ";department;comment\n" + rows).encode()
    assert MOST_BODY < len(content) < MOST_OF["/v1/staff/drafts/import"]
    assert imported(staff, content, CSV)["draft"]["count"] == 600
    answer = staff.raw("/drafts/import", b"x" * 10_000_000, CSV, name="x")
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert staff.raw("/drafts", b"x" * (MOST_BODY + 1), "application/json").status_code == 413
    assert len(staff.told("GET", "/drafts")["drafts"]) == 1


def test_very_many_findings_are_counted_and_the_gravest_told(staff: Staff) -> None:
    rows = "".join(f"l{n};periods.renewal;N1;;{n};days\n" for n in range(1, 41))
    answer = imported(staff, (HEADER + rows).encode(), CSV)["check"]
    assert (len(answer["findings"]), answer["findings"][0]["severity"]) == (500, "error")
    assert answer["more_findings"] > 300


def test_nobody_but_rule_staff_is_heard_before_a_document_is_read(central: Central) -> None:
    desk = central.staff("desk")
    assert desk.raw("/drafts/import", b"\xff", "application/json", name="x").status_code == 403
    assert central.stranger().raw("/drafts/import", b"\xff", "application/json", name="x").status_code == 401


@pytest.mark.requirement("R79")
def test_the_demo_rules_go_through(demo_central: Central) -> None:
    staff = demo_central.staff("rules", branch=demo.read_catalogue()["organisation"][-1]["id"])
    answer = imported(staff, DEMO, TOML)
    assert (answer["check"]["stops"], answer["check"]["loans"]) == (False, [])
    assert answer["check"]["differences"] == {"added": [], "removed": [], "changed": []}
