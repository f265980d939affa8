"""Steps about rule documents: drafts, publishing, import and export. They act as a member of staff does."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable
from typing import Any

from circulation.explaining import patron_text, reason_text
from rules.refusals import Reason
from tests.cases.playing import Out, Playing
from tests.cases.reading import CaseError, Step

TYPES = {"toml": "application/toml", "csv": "text/csv"}
BOM = b"\xef\xbb\xbf"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def reason_texts(reasons: Iterable[Out], languages: Iterable[str]) -> list[str]:
    """What is said of reasons, to staff and to patrons."""
    made = [Reason(raw["code"], raw["params"], raw["site_text"]) for raw in reasons]
    return [say(reason, language) for language in languages for reason in made for say in (reason_text, patron_text)]


def candidate(step: Out, looked: Out) -> Out:
    """A rule that was looked at."""
    matched = looked["result"] == "matched"
    return {
        "kind": step["kind"],
        "rule": looked["rule"],
        "number": looked["number"],
        "name": looked["name"],
        "org": looked["org"],
        "organisation": looked["org"],
        "result": looked["result"],
        "matched": matched,
        "field": looked.get("field"),
        "wanted": looked.get("wanted"),
        "was": looked.get("was"),
    }


def _text(play: Playing, name: str) -> str:
    kinds = (name, f"rules_{name}", f"csv_{name}")
    found = play.kept.get(name) or next((play.case.documents[k] for k in kinds if k in play.case.documents), None)
    if found is None and name == "draft":  # there is one draft besides the live set
        found = next((text for key, text in play.case.documents.items() if key.startswith("rules_")), None)
    if found is None:
        raise CaseError(f"{play.case.id}: there is no document {name!r}")
    return found


def _import(play: Playing, name: str, form: str, content: bytes) -> Any:
    staff = play.staff(play.first_branch())
    return staff.raw("/drafts/import", content, TYPES[form], name=name)


def _draft(play: Playing, name: str) -> Out:
    """A draft made of a document of the case."""
    answer = _import(play, name, "toml", _text(play, name).encode())
    if answer.status_code != 201:
        raise CaseError(f"{play.case.id}.{name}: {answer.text}")
    found: Out = answer.json()
    return found


def named_rules(play: Playing, name: str | None) -> int | str | None:
    """The rules a step names: "live", the number of a set, or a document, of which a draft is made."""
    if name is None or name == "live" or isinstance(name, int):
        return None if name == "live" else name
    return str(_draft(play, name)["draft"]["id"])


def _finding(raw: Out) -> Out:
    return {**raw, "org": raw["organisation"], "rule": raw["rules"][0] if raw["rules"] else None}


def publish(play: Playing, step: Step) -> Out:
    """Publish a document: a draft, checked, and live unless an error stops it."""
    name = step.inputs["rules"]
    answer = _import(play, name, "toml", _text(play, name).encode())
    if answer.status_code != 201:  # a rule that is wrong in itself stops the whole import
        problems = [{**p, "severity": "error", "rules": [p["rule"]]} for p in answer.json().get("problems") or ()]
        return {"published": False, "findings": problems, "no_findings": problems, "ruleset": live(play)}
    made = answer.json()
    done = play.staff(play.first_branch()).post(f"/drafts/{made['draft']['id']}/publish", {"anyway": True})
    body = done.json()
    findings = [_finding(raw) for raw in body.get("findings") or ()]
    published = done.status_code == 200
    return {
        "published": published,
        "findings": findings,
        "no_findings": findings,
        "ruleset": body["number"] if published else live(play),
    }


def live(play: Playing) -> int:
    """Number of the live set."""
    sets = play.staff(play.first_branch()).get("/rule-sets").json()["sets"]
    return next(int(one["number"]) for one in sets if one["live"])


def publish_check(play: Playing, step: Step) -> Out:
    """What publishing the rules of the case would say."""
    answer = play.staff(play.first_branch()).post("/drafts", {"name": "check", "source": "live"})
    checked = play.staff(play.first_branch()).get(f"/drafts/{answer.json()['id']}/check").json()
    findings = [_finding(raw) for raw in checked["findings"]]
    only = step.inputs.get("only")
    if only is not None:
        wanted = [only] if isinstance(only, str) else list(only)
        findings = [
            raw for raw in findings if raw["kind"] in wanted or raw["severity"] in wanted or raw["code"] in wanted
        ]
    return {"publishable": not checked["stops"], "findings": findings, "no_findings": findings}


def checkout_with_draft(play: Playing, step: Step) -> Out:
    """A checkout as the draft of the case would decide it."""
    inputs = step.inputs
    name = next((name for name in play.case.documents if name not in ("rules",) and name.startswith("rules")), "rules")
    body = {key: inputs[key] for key in ("item", "patron", "branch", "channel")}
    asked = {"action": "checkout", **body, "rules": named_rules(play, name), "on": step.at.date().isoformat()}
    found = play.staff(inputs["branch"]).post("/what-if", asked).json()
    return {
        "allowed": found["allowed"],
        "refusals": [reason["code"] for reason in found["reasons"]],
        "due": found["due"],
        "winners": {kind: rule for kind, rule in found["winners"].items() if rule is not None},
    }


def list_rules(play: Playing, step: Step) -> Out:
    """The list that is walked for a kind at an organisation."""
    kind, organisation = step.inputs["kind"], step.inputs.get("organisation", play.first_branch())
    answer = play.staff(play.first_branch()).get("/rules", kind=kind, organisation=organisation)
    rules = answer.json()["rules"]
    return {
        "rules_in_order": [line["rule"]["id"] for line in rules],
        "numbered_from": rules[0]["number"] if rules else None,
        "inherited": [line["rule"]["id"] for line in rules if line["inherited"]],
    }


# --- import and export ------------------------------------------------------------------------------------------------


def _export(play: Playing, form: str) -> str:
    answer = play.staff(play.first_branch()).get("/rules/export", format=form)
    return answer.content.decode("utf-8")


def export_toml(play: Playing, step: Step) -> Out:
    """The live set as TOML."""
    text = _export(play, "toml")
    play.kept[step.inputs.get("keep_as", step.id)] = text
    rules = tomllib.loads(text)["rule"]
    before = {rule["id"]: rule.get("name", "") for rule in tomllib.loads(_text(play, "rules"))["rule"]}
    return {
        "parses": True,
        "rules": len(rules),
        "names_unchanged": before == {rule["id"]: rule.get("name", "") for rule in rules},
        "identical_to": [name for name, other in play.kept.items() if other == text],
        "facts": [rule["id"] for rule in rules],
    }


def export_csv(play: Playing, step: Step) -> Out:
    """The live set as CSV."""
    text = _export(play, "csv")
    play.kept[step.inputs.get("keep_as", step.id)] = text
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    cells = [cell for row in rows[1:] for cell in row]
    return {
        "rows": len(rows) - 1,
        "no_cell_starts_with": sorted({cell[0] for cell in cells if cell.startswith(FORMULA)}),
        "data_rows_survive_line_breaks": len(rows) - 1 == len(tomllib.loads(_export(play, "toml"))["rule"]),
        "identical_to": [name for name, other in play.kept.items() if other == text],
    }


def _imported(play: Playing, step: Step, form: str, content: bytes) -> Out:
    answer = _import(play, step.inputs["document"], form, content)
    body = answer.json()
    if answer.status_code != 201:
        problems = body.get("problems") or ()
        errors = [{**p, "row": p["line"], "column": (p["key"] or "").removeprefix("when.")} for p in problems]
        return {
            "draft_created": False,
            "rules_imported": 0,
            "error": errors[0] if errors else {"text": body["detail"]},
            "facts": errors,
        }
    differences = body["check"]["differences"]
    return {
        "draft_created": True,
        "rules_imported": body["draft"]["count"],
        "differences": {key: [_id(raw) for raw in rows] for key, rows in differences.items() if isinstance(rows, list)},
        "same_rules_as": "live" if not any(rows for rows in differences.values() if isinstance(rows, list)) else None,
        "facts": body["check"]["findings"],
        "error": None,
    }


def _id(raw: Out) -> str:
    return str(raw["id"] if "id" in raw else raw["after"]["id"])


def import_toml(play: Playing, step: Step) -> Out:
    """A draft made of a TOML document."""
    return _imported(play, step, "toml", _text(play, step.inputs["document"]).encode())


def import_csv(play: Playing, step: Step) -> Out:
    """A draft made of a CSV document, with or without a byte order mark."""
    content = _text(play, step.inputs["document"]).removeprefix("\ufeff").encode()
    return _imported(play, step, "csv", BOM + content if step.inputs.get("prefix_bom") else content)
