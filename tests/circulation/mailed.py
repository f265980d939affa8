"""A library that warns by e-mail through a real mail server: its account, its tasks, many readers, and what arrived."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy import insert, select

from circulation.jobs import tasks
from circulation.notices import accounts
from circulation.notices.accounts import Account
from circulation.notices.channels.smtp_connecting import NONE
from circulation.notices.checks import MOST_PER_MINUTE
from circulation.notices.content import DUE_WARNING
from circulation.notices.task_types import CODES
from circulation.service import Service
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from tests.circulation.mail_server import HOST, Letter, MailServer
from tests.circulation.posting import DAILY, rows

ACCOUNT = "office"
_TITLE = re.compile(r"Book \d{4}")  # each book's own, so that a letter says itself what it is about
Period = tuple[int, int]  # a loan, and which of its loan periods


class Mailed:
    """The account, tested as staff test it, and what is lent. ``server`` keeps every letter before it answers."""

    def __init__(self, service: Service, server: MailServer) -> None:
        self.service, self.server = service, server
        self._numbers = count()
        office = Account("Office", HOST, server.port, NONE, "library@example.org", per_minute=MOST_PER_MINUTE)
        accounts.create(service, "anna", ACCOUNT, office)
        assert accounts.send_test(service, "anna", ACCOUNT, "anna@example.org").ok
        server.letters.clear()

    def task(self, kind: str = DUE_WARNING, *, name: str = "", at: str = DAILY["times"][0], **options: Any) -> int:
        """A task of a shipped type, every day."""
        given = {"account": ACCOUNT, **options}
        return tasks.create(self.service, "anna", tasks.Wanted(CODES[kind], name or kind, given, {"times": [at]}))

    def lend(self, due: str, *readers: str, loans: int = 1) -> list[int]:
        """So many loans for each of new readers, whose address begins with their name; reader by reader."""
        patron = {"category": "normal", "first_name": "M", "last_name": "V", "blocked": False, "card_lost": False}
        item = {"author": "A. Author", "media_type": "BOOK", "branch": "N1", "parts": 1, "state": "available"}
        loan = {"branch": "N1", "renewals": 0, "period": 28, "rule_set": 1, "rules": {}}
        loan |= {"out_at": datetime(2026, 5, 18, 8, tzinfo=UTC), "due": date.fromisoformat(due)}
        books = [(next(self._numbers), reader) for reader in readers for _ in range(loans)]
        with self.service.database.writing() as db:
            people = [{**patron, "id": one, "email": f"{one}@example.org", "pin_hash": "none"} for one in readers]
            db.execute(insert(t.patron), people)
            db.execute(insert(t.item), [{**item, "id": f"i{n:04}", "title": f"Book {n:04}"} for n, _ in books])
            lent = [{**loan, "item_id": f"i{n:04}", "patron_id": reader} for n, reader in books]
            found = db.execute(insert(t.loan).returning(t.loan.c.id, sort_by_parameter_order=True), lent)
            return list(found.scalars())

    def told(self) -> Counter[Period]:
        """How often each loan period was told of: by the words that arrived, and by the ledger, which must agree."""
        query = select(notice.c.loan_id, notice.c.loan_period, message.c.key, message.c.address, t.item.c.title)
        query = query.join(message, message.c.id == notice.c.message).join(t.loan, t.loan.c.id == notice.c.loan_id)
        known: dict[str, list[Any]] = defaultdict(list)
        for one in rows(self.service, query.join(t.item, t.item.c.id == t.loan.c.item_id)):
            known[one.key].append(one)
        found: Counter[Period] = Counter()
        for letter in self.server.letters:
            about = known[_key(letter)]
            assert set(_TITLE.findall(letter.text)) == {one.title for one in about}
            assert {(one.address,) for one in about} == {letter.to}
            found.update((one.loan_id, one.loan_period) for one in about)
        return found

    def ends(self) -> dict[Period, tuple[str, str | None]]:
        """State and reason of each notice, of which there is one for each loan period."""
        notices = rows(self.service, select(notice))
        found = {(one.loan_id, one.loan_period): (one.state, one.reason) for one in notices}
        assert len(found) == len(notices)
        return found


def _key(letter: Letter) -> str:
    """The ledger's key of the message a letter is."""
    return str(letter.read["Message-ID"]).strip("<>").partition("@")[0]


def readers(many: int, begins: str = "r") -> list[str]:
    """Names of so many readers."""
    return [f"{begins}{number:03}" for number in range(many)]
