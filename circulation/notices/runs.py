"""A whole run of notices, and its dry run, which is the same but for writing (R47, R66, R67, R75).

Not responsible for when runs happen (jobs) or for single messages (sending).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from statistics import median

from circulation import audit
from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.jobs.running import Counts, Preview, Run
from circulation.notices import ending, ledger, selecting, sending
from circulation.notices.content import OVERDUE, Composer
from circulation.notices.lines import NO_ADDRESS, Asked, Skipped
from circulation.notices.selecting import Planned
from circulation.notices.sender import Sender, nowhere
from circulation.notices.types import Channel
from circulation.service import Service
from circulation.store import house
from circulation.store import notices as store

LAST_RUNS, TIMES_USUAL = 20, 3  # a run is unusual that would send more than 3 times the median of the last 20 (R47)
WAITING = "waits_for_confirmation"


def run(
    service: Service,
    asked: Asked,
    job: Run,
    channels: Mapping[str, Channel],
    composer: Composer,
    at: Callable[[str], None] = nowhere,
) -> Counts:
    """Write down what is due, and send it together with what waits from earlier runs.

    Args:
        service: the service.
        asked: what it is for.
        job: the run as the scheduler knows it.
        channels: ways for messages, by name.
        composer: makes messages of contents.
        at: called at each of ``sending.POINTS``.

    Raises:
        RunStoppedError: the run was told to end; a later one goes on with it.
    """
    sender = Sender(service, asked, job, channels, composer, at)
    ending.give_up_cut_off(sender)
    too_many = _too_many(service, asked, job) if asked.kind == OVERDUE else 0
    if too_many:
        sender.count(WAITING, too_many)
    else:
        _write_down(sender)
    sending.send_all(sender)
    with service.database.reading() as db:
        again = store.next_try(db, asked.kind, service.clock())
    if again is not None:
        job.ask_again(again)
    if not too_many and asked.kind == OVERDUE:
        with service.database.writing() as db:
            store.set_backlog(db, job.claim.task, None)
    return sender.counts


def _write_down(sender: Sender) -> None:
    for found in selecting.chosen(sender.service, sender.asked):
        if not found.messages and not any(one.is_new for one in found.skipped):
            continue
        sender.run.go_on()
        written = ledger.write(sender.service, sender.asked, sender.run.claim.run, found.patron)
        sender.count("messages", written.messages)
        sender.count("notices", written.notices)
        sender.count("skipped", written.skipped)
        sender.at(sending.PLANNED)


def missed_since(service: Service, task: int) -> date | None:
    """The first due day from which a task can have missed a loan: that of its first run (R66)."""
    with service.database.reading() as db:
        first = store.first_run(db, task)
        return local_day(first, house.installation(db).time_zone) if first is not None else None


# --- a backlog --------------------------------------------------------------------------------------------------------


def _too_many(service: Service, asked: Asked, job: Run) -> int:
    """How many reminders wait for confirmation; 0 = the run may go on (R47)."""
    would_send = sum(len(found.messages) for found in selecting.chosen(service, asked))
    with service.database.reading() as db:
        limit = selecting.place_of(service, db).settings().backlog_limit
        last = [counts for counts in store.last_counts(db, job.claim.type, LAST_RUNS) if WAITING not in counts]
        known = store.backlog_of(db, job.claim.task)
    usual = median([counts.get("messages", 0) for counts in last]) if last else 0
    if would_send <= limit or would_send <= TIMES_USUAL * usual:
        return 0
    if known is not None and known.confirmed_at is not None:
        return 0
    with service.database.writing() as db:
        store.set_backlog(db, job.claim.task, {"would_send": would_send, "found_at": service.clock()})
    return would_send


def confirm(service: Service, by: str, task: int) -> None:
    """Let the next run of a task send what it waits with, however much it is.

    Raises:
        CirculationError: it does not wait.
    """
    now = service.clock()
    with service.database.writing() as db:
        if not store.confirm_backlog(db, task, by, now):
            raise CirculationError("nothing_waits", "this task does not wait for a confirmation", 409)
        audit.note(db, now, by, "notices.confirm", f"task {task}")


# --- dry run ----------------------------------------------------------------------------------------------------------

ESTIMATED, WITHOUT, FEE = "estimated_fees", "without_address", "fee"


def dry_run(service: Service, asked: Asked) -> Preview:
    """What a run would send now, to whom and why, and what it would cost; nothing is sent, written or charged (R75)."""
    counts: Counter[str] = Counter(dict.fromkeys(("messages", "notices", WITHOUT, ESTIMATED), 0))
    lines: list[Mapping[str, str]] = []
    for found in selecting.chosen(service, asked):
        for planned in found.messages:
            counts.update({"messages": 1, "notices": len(planned.lines), ESTIMATED: planned.fee})
            lines.extend(_shown(planned))
        counts[WITHOUT] += sum(one.reason == NO_ADDRESS for one in found.skipped)
        lines.extend(_shown_skipped(found.patron, found.skipped))
    return Preview(dict(counts), tuple(lines), frozenset({ESTIMATED, FEE}))


def _shown(planned: Planned) -> Iterator[Mapping[str, str]]:
    for number, line in enumerate(planned.lines):
        yield {
            "patron": planned.to.person.id,
            "channel": planned.channel,
            "to": planned.address,
            "level": planned.level,
            "branch": planned.branch,
            "about": line.shown,
            "loan": str(line.about.get("loan_id", "")),
            "why": ", ".join(rule for rule in line.noticed.winners.values() if rule is not None),
            FEE: str(planned.fee if number == 0 else 0),
        }


def _shown_skipped(patron: str, skipped: Iterable[Skipped]) -> Iterator[Mapping[str, str]]:
    for one in skipped:
        yield {
            "patron": patron,
            "channel": "",
            "to": "",
            "level": one.line.noticed.level,
            "branch": one.line.branch,
            "about": one.line.shown,
            "loan": str(one.line.about.get("loan_id", "")),
            "why": one.reason if one.rule is None else f"{one.reason}: {one.rule}",
            FEE: "0",
        }
