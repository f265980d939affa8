"""What the mail server of a world answers (R74): to which mails it says no, for now or for good, and which it loses.

Cases are written for people: outcomes are known by words such as "temporary" or "permanent", or by codes of SMTP; mails
by address, by patron, or by their place among all that are tried ("the 40th").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from circulation.notices.types import SERVER, Accepted, Lost, Message, Outcome, Refused
from tests.cases.reading import Case, CaseError

TAKEN = Accepted("250 taken")
_NOW_NOT = Refused("451 try again later", permanent=False)
_DOWN = Refused("no connection", permanent=False, about=SERVER)
_NEVER = Refused("550 there is no such mailbox", permanent=True)
_GONE = Lost("no answer")
# Words that tell an outcome, the first that fits decides; how often it holds where nothing says so: None = always.
_OUTCOMES: tuple[tuple[re.Pattern[str], Outcome, int | None], ...] = (
    (re.compile(r"^4\d\d(?!\d)|temporar|4xx|gr[ea]ylist|busy|later|soft"), _NOW_NOT, 1),
    (re.compile(r"down|^off$|offline|unreachable|unavailable"), _DOWN, None),
    (re.compile(r"lost|lose|uncertain|no_(answer|reply)|hang|close|disconnect|drop|break|time[sd]?_?out"), _GONE, None),
    (re.compile(r"crash|kill|dies|died"), _GONE, None),
    (re.compile(r"^5\d\d(?!\d)|permanent|5xx|refus|reject|bounce|unknown|invalid|fail|hard|bad"), _NEVER, None),
    (re.compile(r"^2\d\d(?!\d)|accept|^ok$|^up$|taken|works|normal|^available"), TAKEN, None),
)
_WHO = re.compile("to|for|who|e?mail|address(es)?|recipients?|patrons?|mails?|nth|number")
_ANSWER = re.compile(
    "answer|code|reply|status|outcome|how|with|response|result|error|kind|type|state|default|otherwise"
)
_ANSWERS = re.compile(
    "answers|replies|responses|outcomes|results|behaviou?rs?|exceptions?|except|per_(recipient|address|patron)"
)
_FIRST = re.compile("(on_)?first_(attempt|try|time|delivery)")  # what is answered to it, not to those after it
_ONCE = re.compile("once|first_(attempt|try|time|delivery)_only|only_(once|first.*)")
_TIMES = re.compile("times|attempts|count|tries")
_FROM, _UNTIL = ("from", "since"), ("until",)
_SAYS_NOTHING = frozenset(["note", "comment", "about", "host", "port", "text"])
_ALWAYS = 10**6
_PLACE = re.compile(r"(?:the )?(\d+)(?:st|nd|rd|th)?(?: mail| message)?")
_EVERYBODY = frozenset(
    {
        *("all", "everyone", "everybody", "every", "any", "*", "others", "all others", "everything", "everything else"),
        *("the rest", "rest", "the others", "all other", "everyone else", "everybody else"),
    }
)
_MOMENT = timedelta(minutes=1)  # what it answers "at" a time


@dataclass
class Answer:
    """One thing the server does.

    Attributes:
        to: address it does so to; None = to all.
        place: only to the mail at this place among all that are tried; None = to each.
        times: how often, None = always, or as usual for the outcome while it is read.
        first, until: in this time only.
    """

    outcome: Outcome
    times: int | None = None
    to: str | None = None
    place: int | None = None
    first: datetime | None = None
    until: datetime | None = None

    @property
    def takes_all(self) -> bool:
        """It says only that mails are taken; what is said of single ones comes first."""
        return self.outcome == TAKEN and self.to is None and self.place is None

    def fits(self, message: Message, place: int, now: datetime) -> bool:
        """Whether it is for this mail; it is used up by that."""
        theirs = self.to in (None, message.to) and self.place in (None, place)
        in_time = (self.first is None or now >= self.first) and (self.until is None or now < self.until)
        if not theirs or not in_time or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def server(case: Case, zone: str, clock: Callable[[], datetime]) -> Callable[[Message], Outcome]:
    """What becomes of each mail in the world of a case."""
    found = _Reading(case, ZoneInfo(zone)).answers(case.world.get("mail_server", {}), Answer(TAKEN))
    answers = sorted(found, key=lambda one: one.takes_all)
    tried = 0

    def answer(message: Message) -> Outcome:
        nonlocal tried
        tried += 1
        return next((one.outcome for one in answers if one.fits(message, tried, clock())), TAKEN)

    return answer


def _has_tables(said: Any) -> bool:
    return isinstance(said, list) and any(isinstance(one, Mapping) for one in said)


class _Reading:
    """Reading what a world says of its mail server. What is not known is an error."""

    def __init__(self, case: Case, zone: ZoneInfo) -> None:
        self.place, self.zone = f"{case.id}.mail_server", zone
        self.addresses = {str(one["id"]): one.get("email") for one in case.world.get("patrons", ())}

    def answers(self, said: Any, base: Answer, *, decided: bool = False) -> Iterator[Answer]:
        """Answers of a table, a list of tables, or a word.

        Args:
            said: what the world says.
            base: what is known of them already.
            decided: the outcome is.
        """
        if isinstance(said, list):
            for one in said:
                yield from self.answers(one, base, decided=decided)
        elif isinstance(said, Mapping):
            yield from self._table(said, base, decided=decided)
        else:
            yield self._outcome(said, base)

    def _table(self, said: Mapping[str, Any], base: Answer, *, decided: bool) -> Iterator[Answer]:
        left = {key: value for key, value in said.items() if key not in _SAYS_NOTHING}
        for key in list(left):
            base = self._modified(key, left, base)
        for key in [key for key in left if _ANSWERS.fullmatch(key)]:
            yield from self.answers(left.pop(key), base, decided=decided)
        for key in [key for key in left if _FIRST.fullmatch(key)]:
            yield from self.answers(left.pop(key), replace(base, times=1), decided=decided)
        for key in [key for key in left if _WHO.fullmatch(key) and _has_tables(left[key])]:
            yield from self.answers(left.pop(key), base, decided=decided)
        who = [target for key in list(left) if _WHO.fullmatch(key) for target in self._who(left.pop(key))]
        for key in [key for key in left if _ANSWER.fullmatch(key) or (who and left[key] is True)]:
            value = left.pop(key)
            found = self._outcome(key if value is True else value, base)
            if found.outcome == TAKEN and left and not who:  # the others say what it does to single mails
                yield found
            else:
                base, decided = found, True
        if who or (decided and not left):
            yield from (replace(base, **target) for target in who or [{}])
        for key, value in left.items():
            yield from self._named(key, value, base, decided=decided)

    def _modified(self, key: str, left: dict[str, Any], base: Answer) -> Answer:
        """The answer with what a key says of how often or when, which is taken out."""
        if _TIMES.fullmatch(key):
            return replace(base, times=int(left.pop(key)))
        if key == "always" or _ONCE.fullmatch(key):
            return replace(base, times=1 if left.pop(key) == (key != "always") else _ALWAYS)
        if key == "at" and isinstance(left[key], date):
            at = self._instant(left.pop(key))
            return replace(base, first=at, until=at + _MOMENT)
        value, end = left[key], key.rpartition("_")[2]
        if end not in (*_FROM, *_UNTIL) or not isinstance(value, date):
            return base
        del left[key]
        if end != key:
            left.setdefault(key.rpartition("_")[0], True)  # "down_until" says that it is down
        at = self._instant(value)
        return replace(base, until=at) if end in _UNTIL else replace(base, first=at)

    def _instant(self, value: date) -> datetime:
        at = value if isinstance(value, datetime) else datetime.combine(value, time())
        return at if at.tzinfo is not None else at.replace(tzinfo=self.zone)

    def _named(self, key: str, value: Any, base: Answer, *, decided: bool) -> Iterator[Answer]:
        """A key that is an outcome, or somebody to whom its value happens, which may be one answer after another."""
        if "@" in key or key in self.addresses:
            several = value if isinstance(value, list) else [value]
            for number, one in enumerate(several, 1):
                aimed = replace(base, to=self._address(key))
                if isinstance(one, date):
                    yield replace(aimed, until=self._instant(one), times=None)
                elif isinstance(one, int) and one < 100:  # no code: how often
                    yield replace(aimed, times=one)
                else:
                    last = number == len(several)
                    yield from (each if last else replace(each, times=1) for each in self.answers(one, aimed))
            return
        place = _PLACE.fullmatch(key)
        if place is not None:
            yield from self.answers(value, replace(base, place=int(place[1])))
            return
        found = base if decided else self._outcome(key, base)
        if isinstance(value, Mapping) or _has_tables(value):
            yield from self.answers(value, found, decided=True)
        elif value is False and found.outcome == TAKEN:
            yield replace(found, outcome=_DOWN)
        elif value is not False:
            yield from (replace(found, **target) for target in self._who(value))

    def _outcome(self, said: Any, base: Answer) -> Answer:
        word = str(said).lower().replace(" ", "_").replace("-", "_")
        known = next(((outcome, times) for words, outcome, times in _OUTCOMES if words.search(word)), None)
        if known is None:
            raise CaseError(f"{self.place}: unknown {said!r}")
        outcome, times = known
        if "always" in word or base.until is not None:
            times = None
        return replace(base, outcome=outcome, times=base.times if base.times is not None else times)

    def _who(self, said: Any) -> Iterator[dict[str, Any]]:
        if isinstance(said, list):
            for one in said:
                yield from self._who(one)
        elif said is True or (isinstance(said, str) and said in _EVERYBODY):
            yield {}
        elif isinstance(said, str) and ("@" in said or said in self.addresses):
            yield {"to": self._address(said)}
        else:
            place = _PLACE.fullmatch(str(said))
            if place is None:
                raise CaseError(f"{self.place}: nobody is {said!r}")
            yield {"place": int(place[1])}

    def _address(self, said: str) -> str:
        found = said if "@" in said else self.addresses[said]
        if found is None:
            raise CaseError(f"{self.place}: {said} has no e-mail address")
        return found
