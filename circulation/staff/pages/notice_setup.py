"""What due warnings need, line by line, each with the page where it is set up (R59)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from circulation.jobs import tasks
from circulation.notices import checklist
from circulation.notices.task_types import CODES
from circulation.staff import task_words
from circulation.staff.page import AdminPage

router = APIRouter()


@router.get("/notices/setup")
def setup(page: AdminPage) -> Response:
    """How far it is, and what is next."""
    found = tasks.listed(page.service)
    return page.show(
        "notice_setup/list.html",
        list=checklist.checklist(page.service),
        type=checklist.TYPE,
        others=[
            (code, [one for one in found if one.type == code]) for code in CODES.values() if code != checklist.TYPE
        ],
        task_words=task_words,
    )
