"""The API's documents. What is not named here is refused: a body cannot make a kiosk a desk or another branch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from unicodedata import category

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


def _printable(text: str) -> str:
    if any(category(sign) == "Cc" for sign in text):
        raise ValueError("control characters are not allowed")
    return text


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("no such instant") from None


Code = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_printable)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
OperationId = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_printable)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Since = Annotated[AwareDatetime, AfterValidator(_utc)]


class Asked(BaseModel):
    """A request body: extra fields are an error."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Answer(BaseModel):
    """An answer body."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """Why a request was not served."""

    error: str
    detail: str
    place: str | None = None


class Health(Answer):
    """The service is there."""

    status: Literal["ok"]
    version: str


class EnrolAsked(Asked):
    """A one-time code for a machine key."""

    code: Code
    name: Words
    version: Version


class EnrolAnswer(Answer):
    """What a new machine needs. ``server_public_key``: base64 of a Curve25519 public key."""

    machine: str
    key: str
    branch: str
    branch_name: str
    library: str
    owner: list[str]
    timezone: str
    currency: str
    generation: str
    server_public_key: str


class CardAsked(Asked):
    """What identifies a card."""

    kind: Literal["uid", "barcode"]
    value: Code


class SignInAsked(Asked):
    """Card and PIN."""

    card: CardAsked
    pin: Annotated[str, StringConstraints(min_length=1, max_length=32)]


class Reason(Answer):
    """Why something was refused: a code of the refusal table and its parameters."""

    code: str
    params: dict[str, str | int | bool | None]
    site_text: dict[str, str]


class SignedIn(Answer):
    """A patron session. ``mail``: whether a receipt can be sent by e-mail; null = this library sends none."""

    outcome: Literal["signed_in"]
    token: str
    patron: str
    first_name: str
    language: str | None
    loans: int
    limit: int | None
    notices: list[Reason]
    mail: bool | None


class SignInRefused(Answer):
    """Not signed in."""

    outcome: Literal["refused"]
    code: Literal["pin_wrong", "locked", "machine_locked"]
    tries_left: int | None = None
    until: datetime | None = None


class OperationAsked(Asked):
    """One operation. Its id is the machine's and names this content for good."""

    id: OperationId
    action: Literal["checkout", "return", "renewal"]
    item: Code


class OperationsAsked(Asked):
    """A batch. ``rules``: number of the rule set the machine decided with."""

    rules: Whole | None
    patron: Code | None
    operations: Annotated[list[OperationAsked], Field(min_length=1, max_length=20)]


class ReceiptAsked(Asked):
    """A receipt by e-mail. ``id`` is the machine's and names this receipt; ``operations``: of the session, in order."""

    id: OperationId
    operations: Annotated[list[OperationId], Field(min_length=1, max_length=1000)]


class Done(Answer):
    """It is done."""

    id: str
    action: str | None
    item: str | None
    outcome: Literal["done"]
    due: date | None
    was_on_loan: bool


class Refused(Answer):
    """It was not done."""

    id: str
    action: str | None
    item: str | None
    outcome: Literal["refused"]
    reason: Reason
    all_reasons: list[Reason]
    still_on_loan: bool


class OperationError(Answer):
    """The operation could not be taken as asked."""

    id: str
    outcome: Literal["error"]
    error: str
    detail: str


Line = Done | Refused | OperationError


def line_of(line: dict[str, Any]) -> Line:
    """An operation's line as a document."""
    kinds: dict[str, type[Done] | type[Refused] | type[OperationError]] = {
        "done": Done,
        "refused": Refused,
        "error": OperationError,
    }
    return kinds[line["outcome"]](**line)


class SealedRequest(OperationAsked):
    """What is needed of a sealed request; it may come from an older or newer machine and say more."""

    model_config = ConfigDict(extra="ignore")

    patron: Code | None


class SealedOperation(Asked):
    """A request as the machine sealed it before it was sent."""

    id: OperationId
    sealed: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class ResendAsked(Asked):
    """Sealed requests, after a restore."""

    operations: Annotated[list[SealedOperation], Field(min_length=1, max_length=100)]


class ResendAnswer(Answer):
    """What became of them."""

    operations: list[Line]


class Loan(Answer):
    """A current loan."""

    item: str
    title: str
    author: str
    media_type: str
    due: date
    overdue: bool
    renewals: int


class Ready(Answer):
    """An item set aside."""

    item: str
    title: str
    author: str
    media_type: str
    collect_by: date | None
    shelf: str | None


class Fee(Answer):
    """An open fee in minor units."""

    reason: str
    amount: int
    title: str | None


class Account(Answer):
    """A patron's account."""

    loans: list[Loan]
    ready: list[Ready]
    fees: list[Fee]
    owed: int
    currency: str
    limit: int | None


class Record(Answer):
    """What machines know of an item."""

    item: str
    title: str
    author: str
    media_type: str
    parts: int
    material_type: str | None
    department: str | None
    audience: str | None
    fiction: bool | None


class Items(Answer):
    """The item list."""

    items: list[Record]


class LookUpAsked(Asked):
    """Items to look up."""

    items: Annotated[list[Code], Field(min_length=1, max_length=50)]


class ItemState(Answer):
    """An item's state now."""

    item: str
    record: Record | None
    on_loan: bool
    state: str


class LookUpAnswer(Answer):
    """States, in the order asked."""

    items: list[ItemState]


class DoubtAsked(Asked):
    """An item whose security bit is in doubt."""

    item: Code
    wanted: Literal["armed", "disarmed"]
    last: Literal["armed", "disarmed"] | None
    since: Since


class HeartbeatAsked(Asked):
    """How a machine is."""

    version: Version
    rules: Whole | None
    devices: Annotated[dict[Code, Code], Field(max_length=20)]
    doubts: Annotated[list[DoubtAsked], Field(max_length=1000)]
    clock_trusted: bool


class HeartbeatAnswer(Answer):
    """Items whose doubt staff have cleared."""

    cleared: list[str]


RuleDocument = dict[str, Any]
