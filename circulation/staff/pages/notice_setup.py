"""What due warnings need, line by line, each with the page where it is set up (R59)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from circulation.domain.noticing import DUNNING
from circulation.notices import checklist
from circulation.notices.content import OVERDUE, PAYMENT
from circulation.notices.task_types import CODES
from circulation.staff import task_words
from circulation.staff.page import AdminPage

router = APIRouter()
# Where the help tells of the rules that switch a kind on.
HELP = {
    CODES[OVERDUE]: "/rule-help/flow/overdue_notices",
    CODES[PAYMENT]: f"/rule-help/{DUNNING.enable}",
}


@router.get("/notices/setup")
def setup(page: AdminPage) -> Response:
    """How far it is, and what is next."""
    return page.show(
        "notice_setup/list.html",
        list=checklist.checklist(page.service),
        type=checklist.TYPE,
        others=checklist.others(page.service),
        help=HELP,
        task_words=task_words,
    )
