"""Whatever stands in a text of the staff API: refused, or kept and given back as it is; never a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from circulation import staffing
from tests.circulation.running import STAFF_PASSWORD, Central, Staff
from tests.circulation.test_http import NASTY, changed, texts
from tests.circulation.world import World

SQL_AND_HTML = [
    "'; DROP TABLE rule_set; --",
    '" OR ""="',
    "<script>alert(1)</script>",
    "&amp; <b>ü</b> 雪国 %s {0} \\",
    "\u202e",
]
RULE = {
    "id": "x",
    "kind": "periods.loan",
    "name": "n",
    "org": "A",
    "when": {"department": ["d"]},
    "value": {"days": 7},
    "message": {"en": "m"},
    "comment": "c",
}
BODIES: dict[str, Any] = {
    "POST /sign-in": {"name": "anna", "password": STAFF_PASSWORD, "branch": "N1"},
    "POST /members": {"name": "bert", "password": STAFF_PASSWORD, "roles": ["desk"]},
    "PATCH /members/bert": {"password": STAFF_PASSWORD},
    "POST /tokens": {"staff": "anna", "branch": "N1", "label": "x"},
    "POST /drafts": {"name": "x", "source": "live"},
    "PATCH /drafts/{draft}": {"name": "x"},
    "POST /drafts/{draft}/rules": RULE,
    "PUT /drafts/{draft}/rules": RULE,
    "PATCH /drafts/{draft}/rules": RULE,
    "POST /drafts/{draft}/publish": {"note": "x"},
    "POST /organisations": {"id": "x", "name": "x", "parent": "A", "kind": "x"},
    "PATCH /organisations/N1": {"name": "x", "parent": "A", "kind": "x"},
    "PUT /organisations/N1/settings": {"settings": {"renewal_from": "today"}},
    "PATCH /organisations/N1/calendar": {"holidays": "DE", "tours": ["2026-06-01"]},
    "POST /organisations/N1/closings": {"first": "2026-06-01", "last": "2026-06-01", "note": "x"},
    "POST /media-types": {"code": "x", "names": {"en": "x"}},
    "POST /patron-categories": {"code": "x"},
    "POST /age-groups": {"code": "x", "least": 151, "most": 152},
    "POST /machines/codes": {"branch": "N1", "channel": "kiosk"},
    "POST /doubts/clear": {"item": "x"},
}


@pytest.fixture
def staff(world: World, central: Central) -> Staff:
    """Somebody with every role."""
    world.rules()
    return central.staff(*staffing.ROLES, name="anna")


def posted(staff: Staff, route: str, draft: str, content: bytes) -> Any:
    method, _, path = route.partition(" ")
    url = f"{staff.url}/v1/staff{path.format(draft=draft)}?id=x"
    return staff.http.request(method, url, data=content, headers={"Content-Type": "application/json"}, timeout=30)


def test_nasty_texts_in_any_field_are_handled(staff: Staff) -> None:
    draft = staff.told("POST", "/drafts", {"name": "x"})["id"]
    staff.told("POST", f"/drafts/{draft}/rules", RULE)
    before = staff.get("/rules/export").content
    for route, body in BODIES.items():
        for place in texts(body):
            for text in NASTY:
                if route.endswith("/publish"):
                    text += "\x00"  # so that the draft stays
                answer = posted(staff, route, draft, json.dumps(changed(body, place, text)).encode())
                assert answer.status_code < 500, (route, place, text, answer.text)
                if ("\x00" in text or "\ud800" in text) and place[-1] != "password":
                    assert answer.status_code in (422, 429), (route, place, text)
    assert staff.get("/rules/export").content == before


@pytest.mark.parametrize("text", SQL_AND_HTML)
def test_every_text_comes_back_as_it_was(staff: Staff, text: str) -> None:
    code = "x" + "".join(sign for sign in text if sign.isprintable() and sign != "/").strip()  # what a code may have
    draft = staff.told("POST", "/drafts", {"name": text})["id"]
    message = {"en": text.replace("{0}", "")}  # in braces stands a parameter
    body = {**RULE, "id": code, "name": text, "comment": f"{text}\n\t{text}", "message": message}
    body["when"] = {"department": [code]}
    assert staff.told("POST", f"/drafts/{draft}/rules", body)["rule"] == body
    assert body in staff.told("GET", f"/drafts/{draft}")["rules"]
    assert staff.told("GET", f"/drafts/{draft}/check")["differences"]["added"] == [body]
    assert staff.told("PATCH", f"/drafts/{draft}", {"name": text * 2})["name"] == text * 2
    number = staff.told("POST", f"/drafts/{draft}/publish", {"note": text})["number"]
    kept = staff.told("GET", f"/rule-sets/{number}")
    assert (kept["note"], body in kept["rules"]) == (text, True)
    made = staff.told("POST", "/organisations", {"id": code, "name": text, "parent": "A", "kind": code[:32].strip()})
    assert made in staff.told("GET", "/organisations")["organisations"]
    closing = {"first": "2026-05-01", "last": "2026-05-01", "open": False, "note": text}
    made = staff.told("POST", "/organisations/N1/closings", closing)
    assert made in staff.told("GET", "/organisations/N1/calendar")["closings"]
    made = staff.told("POST", "/media-types", {"code": code, "names": {"en": text}})
    assert made in staff.told("GET", "/media-types")["media_types"]
    staff.told("POST", "/tokens", {"staff": "anna", "branch": "N1", "label": text})
    assert staff.told("GET", "/tokens")["tokens"][0]["label"] == text
    assert any(line["details"].get("name") == text for line in staff.told("GET", "/audit")["lines"])


def test_odd_texts_in_an_address_are_handled(staff: Staff) -> None:
    for text in ("\x00", "\x01", "'", "%", "\u202e", "x" * 5000, "-1", "9" * 40):
        _odd_text(staff, text)


def _odd_text(staff: Staff, text: str) -> None:
    for path in ("/rules", "/rules/export"):
        for key in ("ruleset", "organisation", "kind", "level", "type", "format"):
            assert staff.get(path, **{key: text}).status_code in (200, 404, 422)
    for key in ("who", "action", "subject", "before", "most"):
        assert staff.get("/audit", **{key: text}).status_code in (200, 422)
    for path in ("/drafts/{}", "/drafts/{}/check", "/rule-sets/{}", "/organisations/{}/settings"):
        assert staff.http.get(f"{staff.url}/v1/staff{path.format(text)}", timeout=30).status_code in (404, 422)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"x":' + b"9" * 6000 + b"}"]
)
def test_a_body_that_is_no_json_object_is_refused(staff: Staff, content: bytes) -> None:
    draft = staff.told("POST", "/drafts", {"name": "x"})["id"]
    for route in BODIES:
        assert posted(staff, route, draft, content).status_code in (404, 422), route
