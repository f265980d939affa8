"""The command ``circulation``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection

import wording
from circulation import audit, demo, logs, machines, setting_up, staffing
from circulation import backup as backups
from circulation.command_line import (
    DatabaseUrl,
    SecretsFolder,
    StaffLanguage,
    bytes_of,
    console,
    errors,
    existing,
    opened,
    password_from,
    told,
)
from circulation.errors import CirculationError
from circulation.importing.commands import export_app, import_app
from circulation.jobs.commands import jobs_app
from circulation.notices.commands import mail_app
from circulation.rulebook import drafts, publishing
from circulation.store import house
from circulation.store.engine import Database
from rules.finding import Finding
from rules.problems import RuleFileError
from rules.publishing import stops_publishing
from rules.rule import Rule

app = typer.Typer(help="The central circulation service of the library.", no_args_is_help=True)
rules_app = typer.Typer(help="Circulation rules.", no_args_is_help=True)
admin_app = typer.Typer(help="Members of staff who may sign in.", no_args_is_help=True)
machine_app = typer.Typer(help="Self-service machines.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens with which programs act for members of staff.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
app.add_typer(admin_app, name="admin")
app.add_typer(machine_app, name="machine")
app.add_typer(token_app, name="token")
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
app.add_typer(jobs_app, name="jobs")
app.add_typer(mail_app, name="mail")


@app.command()
@told
def serve(
    database: DatabaseUrl,
    secrets: SecretsFolder = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.", min=0, max=65535)] = 8080,
    ready_file: Annotated[Path | None, typer.Option(help="Write the address to this file once it listens.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="TLS key (PEM).")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy in front does TLS.")] = False,
) -> None:
    """Serve the machine API until stopped."""
    from circulation import serving  # not with every command: it has every page and route, and takes a second

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key are given together")
    tls = (tls_cert, tls_key) if tls_cert is not None and tls_key is not None else None
    serving.refuse_plain_beyond_loopback(host, tls is not None, behind_proxy)
    with opened(database, secrets, server=True) as service:
        serving.serve(service, host, port, ready_file, tls, behind_proxy)


@contextmanager
def _as_it_is(found: Database) -> Iterator[Database]:
    """A database of whatever version; closed after the block."""
    logs.configure()
    try:
        yield found
    finally:
        found.close()


@app.command()
@told
def backup(file: Path, database: DatabaseUrl) -> None:
    """Write everything into a new file, while machines go on; the secrets folder is not in it and kept elsewhere."""
    with _as_it_is(existing(database)) as found:
        backups.backup(found, file)
    console.print(f"{file} is written, {file.stat().st_size} bytes; keep a copy of the secrets folder elsewhere")


@app.command()
@told
def restore(
    file: Path,
    database: DatabaseUrl,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what is in the database.")] = False,
) -> None:
    """Put a backup in the place of a database; machines then send again what they know to be newer."""
    with _as_it_is(Database(database)) as found:
        generation = backups.restore(found, file, replace)
    console.print(f"{file} is restored as generation {generation}", highlight=False)


@app.command()
@told
def init(
    library: Annotated[str, typer.Argument(help="Name of the library.")],
    database: DatabaseUrl,
    isil: Annotated[str, typer.Option(help="The library's ISIL, e.g. DE-Mus1.")],
    currency: Annotated[str, typer.Option(help="ISO code of the currency, e.g. EUR.")],
    time_zone: Annotated[str, typer.Option(help="E.g. Europe/Berlin.")],
    branch: Annotated[str, typer.Option(help="Code of the first branch; more are added later.")],
    branch_name: Annotated[str, typer.Option(help="Name of the first branch.")],
    account: Annotated[str | None, typer.Option(help="Code of the library as a whole; the ISIL if not given.")] = None,
    secrets: SecretsFolder = None,
) -> None:
    """Set up an empty database for a library with one branch."""
    asked = setting_up.Library(library, isil, currency, time_zone, account or isil, branch, branch_name)
    with opened(database, secrets, new=True) as service:
        setting_up.set_up(service, asked)
    console.print(f"{library} is set up with the branch {branch}\n\n{setting_up.NEXT_STEPS}", highlight=False)


@app.command("demo-data")
@told
def demo_data(
    database: DatabaseUrl,
    secrets: SecretsFolder = None,
    machine_branch: Annotated[str | None, typer.Option(help="Also print an enrolment code for this branch.")] = None,
) -> None:
    """Fill an empty database with an invented library."""
    with opened(database, secrets, new=True) as service:
        data = demo.fill(service, machine_branch)
        code = machines.new_code(service, machine_branch) if machine_branch is not None else None
    table = Table("patron", "category", "card barcode", "card UID", "PIN", title="Demo cards")
    for patron in data["patron"]:
        name = f"{patron['first_name']} {patron['last_name']}"
        table.add_row(name, patron["category"], patron["barcode"], patron["card_uid"], patron["pin"])
    console.print(table)
    console.print(f"{len(data['item'])} items of {len(data['media_type'])} media types, rule set 1 is live")
    if code is not None:
        console.print(f"enrolment code: {code}", highlight=False)


@rules_app.command("publish")
@told
def rules_publish(
    file: Path, database: DatabaseUrl, secrets: SecretsFolder = None, language: StaffLanguage = "en"
) -> None:
    """Make a rule file (TOML or CSV) the live set; nothing changes if anything stops publishing (rules check)."""
    with opened(database, secrets) as service:
        with service.database.reading() as db:
            rules = _rules(file, db)
        try:
            number, findings = publishing.publish_rules(service, audit.COMMAND_LINE, rules, file.name)
        except publishing.FindingsError as error:
            _tell(error.findings, language)
            raise
    _tell(findings, language)
    console.print(f"rule set {number} is live: {len(rules)} rules", highlight=False)


@rules_app.command("check")
@told
def rules_check(
    file: Path, database: DatabaseUrl, secrets: SecretsFolder = None, language: StaffLanguage = "en"
) -> None:
    """Tell all that is to be known about a rule file before it is published; nothing is changed."""
    with opened(database, secrets) as service, service.database.reading() as db:
        rules = _rules(file, db)
        findings = publishing.findings(service, db, rules)
    _tell(findings, language)
    if stops_publishing(findings):
        raise CirculationError("rules", "with these errors the set should not be published")
    console.print(f"{len(rules)} rules, no error", highlight=False)


def _tell(findings: Iterable[Finding], language: str) -> None:
    say = partial(wording.say_staff, locale=language)
    for one in findings:
        console.print(f"{one.severity}: {one.sentence(say)} [{', '.join(one.rules)}]", highlight=False)


def _rules(file: Path, db: Connection) -> tuple[Rule, ...]:
    """The rules of a file, TOML unless its name ends in .csv; everything wrong with them is told first."""
    house.installation(db)
    form = "csv" if file.suffix.lower() == ".csv" else "toml"
    try:
        return drafts.READERS[form](bytes_of("rules", file), house.known_codes(db))
    except RuleFileError as error:
        for problem in error.problems:
            errors.print(f"{file}: {problem}", markup=False, highlight=False)
        raise CirculationError("rules", f"{len(error.problems)} problems; nothing was published") from None


@admin_app.command("create")
@told
def admin_create(
    name: str,
    database: DatabaseUrl,
    secrets: SecretsFolder = None,
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file.")] = None,
) -> None:
    """Make a member of staff with every role."""
    password = password_from(password_file)
    with opened(database, secrets) as service:
        staffing.create(service, audit.COMMAND_LINE, name, password, staffing.ROLES, may_override=True)
    console.print(f"{name} may sign in", highlight=False)


@token_app.command("create")
@told
def token_create(
    name: str,
    branch: Annotated[str, typer.Option(help="Where it works; the rules of this branch decide.")],
    label: Annotated[str, typer.Option(help="What it is for.")],
    database: DatabaseUrl,
    secrets: SecretsFolder = None,
    days: Annotated[int | None, typer.Option(help="How long it holds; until it is revoked if not given.")] = None,
) -> None:
    """Print a token with which a program acts for a member of staff; it is shown this once."""
    with opened(database, secrets) as service:
        made = staffing.create_token(service, audit.COMMAND_LINE, name, branch, label, days)
    typer.echo(made["token"])


@token_app.command("list")
@told
def token_list(database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Every token, with the id by which it is revoked."""
    with opened(database, secrets) as service:
        rows = staffing.tokens(service)
    table = Table("id", "staff", "branch", "label", "last used", "until")
    for row in rows:
        used = row["used_at"].isoformat(timespec="seconds")
        until = row["expires"].isoformat(timespec="seconds") if row["expires"] else ""
        table.add_row(row["id"], row["staff"], row["branch"], row["label"], used, until)
    console.print(table)


@token_app.command("revoke")
@told
def token_revoke(
    id_: Annotated[str, typer.Argument(metavar="ID")], database: DatabaseUrl, secrets: SecretsFolder = None
) -> None:
    """End a token."""
    with opened(database, secrets) as service:
        staffing.revoke_token(service, audit.COMMAND_LINE, id_)
    console.print(f"token {id_} is revoked", highlight=False)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service."""
    from circulation.app import document_text

    typer.echo(document_text(), nl=False)


@machine_app.command("enrol")
@told
def machine_enrol(branch: str, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Print a one-time code with which one machine of a branch can be enrolled within a day."""
    with opened(database, secrets) as service:
        code = machines.new_code(service, branch)
    typer.echo(code)


@machine_app.command("list")
@told
def machine_list(database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """How every machine was when it was last heard of."""
    with opened(database, secrets) as service:
        rows = machines.listed(service)
    table = Table("machine", "branch", "last heard of", "version", "rules", "devices", "clock", "in doubt", "alarm")
    for row in rows:
        devices = ", ".join(f"{name} {state}" for name, state in (row["devices"] or {}).items())
        seen = row["seen_at"].isoformat(timespec="seconds") if row["seen_at"] else "never"
        clock = {True: "right", False: "wrong", None: ""}[row["clock_trusted"]]
        alarm = row["alarm_at"].isoformat(timespec="seconds") if row["alarm_at"] else ""
        cells = (
            row["name"],
            row["branch"],
            seen,
            row["version"],
            row["rules"],
            devices,
            clock,
            row["doubts"] or 0,
            alarm,
        )
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    console.print(table)


@app.command()
@told
def doubts(
    database: DatabaseUrl,
    secrets: SecretsFolder = None,
    clear: Annotated[str | None, typer.Option(help="Item that staff have looked at.")] = None,
) -> None:
    """Items whose security bit may be wrong; they are shown to staff until healed or cleared."""
    with opened(database, secrets) as service:
        if clear is not None and not machines.clear_doubt(service, clear):
            raise CirculationError("doubts", f"item {clear} is not in doubt")
        rows = machines.doubts(service)
    table = Table("item", "title", "machine", "should be", "last read", "since", "cleared")
    for row in rows:
        since = row["since"].isoformat(timespec="seconds")
        cleared = "yes" if row["cleared"] else ""
        table.add_row(row["item"], row["title"] or "", row["name"], row["wanted"], row["last"] or "?", since, cleared)
    console.print(table)
