"""Rules as staff see and change them: the list that is walked, published sets, drafts, import, check and publishing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

import wording
from circulation.api import rule_models as m
from circulation.api import staff_access
from circulation.api.access import TheService
from circulation.api.finding_models import PublishProblem, RulesProblem
from circulation.api.models import Code, Problem, Whole, Words
from circulation.api.staff_access import RuleReaders, RuleStaff
from circulation.api.staff_problems import findings, left_out
from circulation.api.staff_values import LANGUAGES, Language, in_every_language
from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing
from circulation.service import Service
from circulation.store import house
from circulation.store import rulesets as store
from rules.compiled import compile_rules
from rules.evaluate import Decision
from rules.examples import EXAMPLES
from rules.finding import value_words
from rules.flows import FLOWS
from rules.kinds import KINDS, Kind, RuleType
from rules.overview import overview
from rules.plain import rule_to_plain
from rules.rule import Rule
from rules.values import value_to_plain

router = APIRouter(prefix="/staff", tags=["rules"])
CONFLICT = staff_access.CONFLICT
WRONG: dict[int | str, dict[str, Any]] = {422: {"model": RulesProblem, "description": "something is wrong with it"}}
STOPPED: dict[int | str, dict[str, Any]] = {409: {"model": PublishProblem, "description": "it cannot be published"}}
UNKNOWN_FORM: dict[int | str, dict[str, Any]] = {415: {"model": Problem, "description": "it is neither TOML nor CSV"}}
MEDIA_TYPES = {"toml": "application/toml", "csv": "text/csv"}
DOCUMENT = {"content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()}}
RuleSetName = Annotated[Code, Query(description='"live", the number of a set, or the id of a draft')]
RuleId = Annotated[Words, Query(alias="id", description="id of a rule of this draft")]


# --- the list that is walked ------------------------------------------------------------------------------------------


@router.get("/rules")
def rules(
    service: TheService,
    staff: RuleReaders,
    organisation: Code | None = None,
    type: RuleType | None = None,
    kind: Code | None = None,
    level: Code | None = None,
    ruleset: RuleSetName = drafts.LIVE,
) -> m.RuleList:
    """The numbered lists the engine walks for an organisation, by default the session's own (R4, R8)."""
    place = organisation or staff.branch
    with service.database.reading() as db:
        found = drafts.rule_set(db, ruleset)
        day = local_day(service.clock(), house.installation(db).time_zone)
    if place not in found.organisations.nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {place}", place="organisation")
    lines = overview(compile_rules(found), place, day, type, kind, level)
    chain = found.organisations.chain(place)
    wanted = [rule for rule in found.rules if not rule.active and rule.org in chain]
    return m.RuleList(
        ruleset=ruleset,
        organisation=place,
        day=day,
        rules=[
            m.ListedRule(
                number=line.number,
                kind=line.rule.kind,
                level=line.rule.level,
                state=line.state,
                inherited=line.inherited,
                rule=rule_to_plain(line.rule),
            )
            for line in lines
        ],
        inactive=[rule_to_plain(rule) for rule in wanted if _asked(rule, type, kind, level)],
    )


def _asked(rule: Rule, rule_type: RuleType | None, kind: str | None, level: str | None) -> bool:
    of_type = rule_type in (None, KINDS[rule.kind].rule_type)
    return of_type and kind in (None, rule.kind) and level in (None, rule.level)


@router.get("/rules/kinds")
def kinds(staff: RuleReaders) -> m.RuleKinds:
    """The catalogue of rule kinds with its help (R1, R7, R9, R10)."""
    return m.RuleKinds(
        types={rule_type: in_every_language(f"type.{rule_type.value}") for rule_type in RuleType},
        kinds=[_kind(kind) for kind in KINDS.values()],
        flows=[_flow(name) for name in FLOWS],
    )


def _kind(kind: Kind) -> m.RuleKind:
    words = {part: in_every_language(f"{part}.{kind.key}") for part in ("kind", "help", "tip", "example")}
    return m.RuleKind(
        kind=kind.key,
        type=kind.rule_type,
        unit=kind.unit,
        levels=list(kind.levels),
        fields=sorted(kind.fields),
        organisation=kind.organisation,
        default=None if kind.default is None else value_to_plain(kind.default),
        depends_on=list(kind.depends_on),
        example=rule_to_plain(EXAMPLES[kind.key].rule(kind.key, "A")),
        texts={
            language: m.KindTexts(
                name=words["kind"][language],
                help=words["help"][language],
                tip=words["tip"][language],
                example=words["example"][language],
            )
            for language in LANGUAGES
        },
    )


def _flow(name: str) -> m.Flow:
    steps = [
        m.FlowStep(texts=in_every_language(f"flow.{name}.{number}"), rules=[rule_to_plain(rule) for rule in step])
        for number, step in enumerate(FLOWS[name], start=1)
    ]
    return m.Flow(name=name, texts=in_every_language(f"flow.{name}"), steps=steps)


# --- published sets ---------------------------------------------------------------------------------------------------


@router.get("/rule-sets")
def rule_sets(service: TheService, staff: RuleStaff) -> m.RuleSets:
    """Every published set (R78)."""
    with service.database.reading() as db:
        live = house.installation(db).live
        return m.RuleSets(sets=[m.RuleSetHead(**row._mapping, live=row.number == live) for row in store.sets(db)])  # noqa: SLF001


@router.get("/rule-sets/{number}")
def rule_set(number: Whole, service: TheService, staff: RuleStaff) -> m.RuleSetWhole:
    """One published set with its rules; it never changes (R78)."""
    with service.database.reading() as db:
        row = store.set_of(db, number)
        if row is None:
            raise CirculationError("not_found", "there is no such rule set", 404)
        live = house.installation(db).live == number
        return m.RuleSetWhole(**row._mapping, live=live, rules=store.set_rules(db, number))  # noqa: SLF001


@router.get("/rules/export", response_class=Response, responses={200: {"description": "the document", **DOCUMENT}})
def export(
    service: TheService,
    staff: RuleStaff,
    format: Annotated[str, Query(pattern="^(toml|csv)$")] = "toml",
    ruleset: RuleSetName = drafts.LIVE,
) -> Response:
    """A set or draft as a document that can be imported again without loss (R79)."""
    with service.database.reading() as db:
        content = drafts.exported(db, ruleset, format)
    named = {"Content-Disposition": f'attachment; filename="rules.{format}"'}
    return Response(content, media_type=MEDIA_TYPES[format], headers=named)


# --- drafts -----------------------------------------------------------------------------------------------------------


@router.get("/drafts")
def drafts_list(service: TheService, staff: RuleStaff) -> m.Drafts:
    """Every draft."""
    with service.database.reading() as db:
        return m.Drafts(drafts=[_head(db, dict(row._mapping)) for row in store.drafts(db)])  # noqa: SLF001


def _head(db: Connection, known: Mapping[str, Any]) -> m.DraftHead:
    return m.DraftHead(**known, outdated=known["based_on"] != house.installation(db).live)


def _whole(shown: Mapping[str, Any]) -> m.Draft:
    return m.Draft(**shown, count=len(shown["rules"]))


@router.post("/drafts", status_code=201)
def create_draft(body: m.NewDraft, service: TheService, staff: RuleStaff) -> m.Draft:
    """Begin a draft from the live set, another set or another draft."""
    return _whole(drafts.create(service, staff.name, body.name, body.source))


async def _document(request: Request) -> tuple[str, bytes]:
    """The form of a document by its content type, and its bytes."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = next((form for form, media_type in MEDIA_TYPES.items() if media_type == given), None)
    if form is None:
        detail = f"the content type is one of {', '.join(MEDIA_TYPES.values())}"
        raise CirculationError("content_type", detail, 415)
    return form, await request.body()


@router.post(
    "/drafts/import",
    status_code=201,
    responses={**WRONG, **UNKNOWN_FORM},
    openapi_extra={"requestBody": {"required": True, **DOCUMENT}},
)
def import_draft(
    service: TheService,
    staff: RuleStaff,
    document: Annotated[tuple[str, bytes], Depends(_document)],
    name: Annotated[Words, Query(description="of the draft")],
    language: Language = "en",
) -> m.Imported:
    """A draft with the rules of a document, all or nothing, and what is to be known about it (R79)."""
    form, content = document
    id_ = drafts.import_document(service, staff.name, name, content, form)
    with service.database.reading() as db:
        shown = dict(drafts.shown(db, id_))
    head = m.DraftHead(count=len(shown.pop("rules")), **shown)
    return m.Imported(draft=head, check=_checked(service, id_, language))


@router.get("/drafts/{draft}")
def draft(draft: Code, service: TheService, staff: RuleStaff) -> m.Draft:
    """One draft with its rules."""
    with service.database.reading() as db:
        return _whole(drafts.shown(db, draft))


@router.patch("/drafts/{draft}")
def rename_draft(draft: Code, body: m.DraftName, service: TheService, staff: RuleStaff) -> m.Draft:
    """Give a draft another name."""
    return _whole(drafts.rename(service, staff.name, draft, body.name))


@router.delete("/drafts/{draft}", status_code=204)
def delete_draft(draft: Code, service: TheService, staff: RuleStaff) -> None:
    """Give a draft up."""
    drafts.delete(service, staff.name, draft)


@router.post("/drafts/{draft}/rules", status_code=201, responses=WRONG)
def insert_rule(
    draft: Code, body: m.RulePlain, service: TheService, staff: RuleStaff, language: Language = "en"
) -> m.RuleAnswer:
    """Add a rule, in the notation of rule documents."""
    return m.RuleAnswer(rule=drafts.insert_rule(service, staff.name, draft, body))


@router.put("/drafts/{draft}/rules", responses=WRONG)
def replace_rule(
    draft: Code, body: m.RulePlain, service: TheService, staff: RuleStaff, rule: RuleId, language: Language = "en"
) -> m.RuleAnswer:
    """Put another rule in the place of one."""
    return m.RuleAnswer(rule=drafts.replace_rule(service, staff.name, draft, rule, body))


@router.patch("/drafts/{draft}/rules", responses=WRONG)
def change_rule(
    draft: Code, body: m.RulePlain, service: TheService, staff: RuleStaff, rule: RuleId, language: Language = "en"
) -> m.RuleAnswer:
    """Change keys of a rule; null takes a key away."""
    return m.RuleAnswer(rule=drafts.change_rule(service, staff.name, draft, rule, body))


@router.delete("/drafts/{draft}/rules", status_code=204)
def delete_rule(draft: Code, service: TheService, staff: RuleStaff, rule: RuleId) -> None:
    """Take a rule out of a draft."""
    drafts.delete_rule(service, staff.name, draft, rule)


# --- check and publish ------------------------------------------------------------------------------------------------


@router.get("/drafts/{draft}/check")
def check_draft(draft: Code, service: TheService, staff: RuleStaff, language: Language = "en") -> m.DraftChecked:
    """Findings, rules that differ from those in force, and what current loans would meet (R79, R80)."""
    return _checked(service, draft, language)


def _checked(service: Service, id_: str, language: str) -> m.DraftChecked:
    found = publishing.check(service, id_)
    changed = found.differences
    return m.DraftChecked(
        stops=found.stops,
        findings=findings(found.findings, language),
        more_findings=left_out(found.findings),
        differences=m.Differences(
            added=[rule_to_plain(rule) for rule in changed.added],
            removed=[rule_to_plain(rule) for rule in changed.removed],
            changed=[m.ChangedRule(before=rule_to_plain(a), after=rule_to_plain(b)) for a, b in changed.changed],
        ),
        loans=[
            m.LoanChange(
                kind=one.change.kind,
                level=one.change.level,
                organisation=one.change.cell.organisation,
                loans=one.loans,
                before=_result(one.change.before, language),
                after=_result(one.change.after, language),
            )
            for one in found.loans
        ],
    )


def _result(decision: Decision, language: str) -> m.Result:
    rule = decision.rule.id if decision.rule is not None else None
    if decision.value is None:
        return m.Result(value=None, text=None, rule=rule)
    words = value_words(decision.value)
    text = wording.say_staff(words.code, words.params, language)
    return m.Result(value=value_to_plain(decision.value), text=text, rule=rule)


@router.post("/drafts/{draft}/publish", responses=STOPPED)
def publish(
    draft: Code, body: m.PublishAsked, service: TheService, staff: RuleStaff, language: Language = "en"
) -> m.Published:
    """Make a draft the live set; errors stop it (R78, R80)."""
    number, told = publishing.publish(service, staff.name, draft, body.note, anyway=body.anyway)
    return m.Published(number=number, findings=findings(told, language), more_findings=left_out(told))
