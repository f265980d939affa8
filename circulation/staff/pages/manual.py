"""The manual for staff, chapter by chapter, with its pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import FileResponse

from circulation.errors import CirculationError
from circulation.staff import manual
from circulation.staff.manual import CHAPTERS, FOLDER
from circulation.staff.page import AnyPage
from circulation.staff.words import LANGUAGES

router = APIRouter(prefix="/manual")
PictureName = Annotated[str, Path(pattern=r"^[a-z0-9_-]+\.png$")]


@router.get("")
def contents(page: AnyPage) -> Response:
    """Every chapter with its sections."""
    chapters = [manual.chapter(name, page.words.language) for name in CHAPTERS]
    return page.show("manual/contents.html", chapters=chapters)


@router.get("/{chapter}")
def one_chapter(chapter: str, page: AnyPage) -> Response:
    """One chapter."""
    found = manual.chapter(chapter, page.words.language)
    if found is None:
        raise CirculationError("address_wrong", "there is no such chapter", 404)
    at = CHAPTERS.index(chapter)
    after = manual.chapter(CHAPTERS[at + 1], page.words.language) if at + 1 < len(CHAPTERS) else None
    return page.show("manual/chapter.html", chapter=found, after=after)


@router.get("/pictures/{language}/{name}")
def picture(language: str, name: PictureName, page: AnyPage) -> Response:
    """A picture of the manual."""
    file = FOLDER / "pictures" / language / name
    if language not in LANGUAGES or not file.is_file():
        raise CirculationError("address_wrong", "there is no such picture", 404)
    return FileResponse(file)
