"""Where a file has our fields: mapping files, and the mapping without one (the format is told in the package's page).

Responsible for reading a mapping file with every problem and its line, for what a mapping makes of a text, and for the
commented mapping to begin with. Not responsible for files of data (sources) or for what a text means (readers).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import wording
from circulation.importing import places
from circulation.importing.faults import Fault, FaultError, MappingFileError, Problem
from circulation.importing.fields import Field, Kind

FORMAT = "circulation-import/1"
COPIES = "952"  # Koha's
ENCODINGS = ("leader", "utf-8", "latin-1")
CSV, MARC = "csv", "marc"
MOST_BYTES = 1_000_000

_TOP = ("format", "kind", "copies", "encoding", CSV, MARC)
_TAKE = ("from", "always", "values", "otherwise")
_SECTION = re.compile(r"\s*\[\s*[\"']?([A-Za-z_]+)[\"']?(?:\s*\.\s*[\"']?([A-Za-z_]+)[\"']?)?\s*\]")
_KEY = re.compile(r"\s*(?:[\"']?(csv|marc)[\"']?\s*\.\s*)?[\"']?([A-Za-z_]+)[\"']?\s*[=.]")


@dataclass(frozen=True, slots=True)
class Take:
    """Where one field comes from.

    Attributes:
        place: column, or place in a MARC record; None = nowhere, it is ``otherwise`` always.
        values: text there -> our text; a text that is not among them becomes ``otherwise``. None = as it is there.
        otherwise: our text where there is nothing, and for texts not among the values; None = there is no such.
        written: somebody has asked for it in particular, so its column must be there.
    """

    place: str | None
    values: Mapping[str, str] | None = None
    otherwise: str | None = None
    written: bool = False

    def of(self, text: str) -> str:
        """Our text for the one found there; "" is nothing.

        Raises:
            FaultError: it is not among the values.
        """
        found = text.strip()
        if self.values is not None and found in self.values:
            return self.values[found].strip()
        if found and self.values is None:
            return found
        if self.otherwise is not None:
            return self.otherwise.strip()
        if found:
            raise FaultError("not_among_values")
        return ""

    @property
    def constants(self) -> tuple[str, ...]:
        """Every text of ours it can say whatever is found."""
        said = (*(self.values or {}).values(), *(() if self.otherwise is None else (self.otherwise,)))
        return tuple(dict.fromkeys(text.strip() for text in said))


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A mapping that can be used.

    Attributes:
        csv, marc: field -> where it comes from, in each kind of file.
        copies: MARC field of which each is one item.
        encoding: of MARC files, one of ``ENCODINGS``.
        written: there is a mapping file: a column it does not name is no mistake.
        lines: "csv.title" -> line of the mapping file, as far as it was found.
    """

    csv: Mapping[str, Take]
    marc: Mapping[str, Take]
    copies: str = COPIES
    encoding: str = ENCODINGS[0]
    written: bool = False
    lines: Mapping[str, int] | None = None

    def of(self, section: str) -> Mapping[str, Take]:
        """The part for CSV or for MARC."""
        return self.csv if section == CSV else self.marc

    def problem(self, key: str, fault: Fault, found: str | None = None) -> Problem:
        """A problem at a key of the mapping file."""
        return Problem((self.lines or {}).get(key, 0), fault, key, found=found)


def standard(kind: Kind, copies: str = COPIES) -> FileMapping:
    """The mapping without a file: CSV columns named as our fields, MARC records as Koha writes them."""
    return FileMapping(
        {field.name: Take(field.name) for field in kind.fields},
        {field.name: Take(_of_copy(field.marc, copies)) for field in kind.fields if field.marc is not None},
        copies,
    )


def _of_copy(place: str, copies: str) -> str:
    return place.replace("copy$", f"{copies}$")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(content: bytes, kind: Kind) -> FileMapping:
    """Read a mapping file.

    Raises:
        MappingFileError: with every problem.
    """
    document, lines = _parsed(content)
    problems = list(_top_problems(document, kind, lines))
    copies = document.get("copies", COPIES)
    basis = standard(kind, copies if isinstance(copies, str) else COPIES)
    parts: dict[str, dict[str, Take]] = {}
    for section in (CSV, MARC):
        raw = document.get(section, {})
        parts[section], wrong = _part(section, raw if isinstance(raw, Mapping) else {}, kind, basis.of(section))
        problems += (_at(lines, key, fault) for key, fault in wrong)
    if problems:
        raise MappingFileError(problems)
    encoding = str(document.get("encoding", ENCODINGS[0]))
    return replace(basis, csv=parts[CSV], marc=parts[MARC], encoding=encoding, written=True, lines=lines)


def _at(lines: Mapping[str, int], key: str, fault: Fault) -> Problem:
    return Problem(lines.get(key, 0), fault, key)


def _parsed(content: bytes) -> tuple[Mapping[str, object], Mapping[str, int]]:
    text = ""
    try:
        text = content.decode("utf-8-sig")
        return tomllib.loads(text), _lines(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MappingFileError([Problem(line, Fault("map_not_utf8"))]) from None
    except RecursionError:
        raise MappingFileError([Problem(0, Fault("map_not_toml", {"why": "nested too deeply"}))]) from None
    except ValueError as error:  # TOMLDecodeError, and numbers Python does not read
        raise MappingFileError(
            [Problem(_line_of(str(error), text), Fault("map_not_toml", {"why": str(error)}))]
        ) from None


def _line_of(why: str, text: str) -> int:
    """The line the TOML reader names; 0 if it names none."""
    found = re.search(r"at line ([0-9]+)", why)
    at_end = text.count("\n") + 1 if "at end of document" in why else 0
    return int(found[1]) if found else at_end


def _lines(text: str) -> dict[str, int]:
    """Where each key stands, by its name with its section."""
    found: dict[str, int] = {}
    section: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        header, key = _SECTION.match(line), _KEY.match(line)
        if header:
            section = [name for name in header.groups() if name]
            found.setdefault(".".join(section), number)
        elif key:
            names = [*section, *(name for name in key.groups() if name)]
            found.setdefault(".".join(names[:2]), number)
    return found


def _top_problems(document: Mapping[str, object], kind: Kind, lines: Mapping[str, int]) -> Iterator[Problem]:
    at = partial(_at, lines)
    for key in document:
        if key not in _TOP:
            yield at(key, Fault("map_unknown_key", {"known": ", ".join(_TOP)}))
    if document.get("format") != FORMAT:
        yield at("format", Fault("map_format", {"wanted": FORMAT}))
    if document.get("kind", kind.name) != kind.name:
        yield at("kind", Fault("map_kind", {"wanted": kind.name}))
    copies = document.get("copies", COPIES)
    if not (isinstance(copies, str) and places.TAG.fullmatch(copies)):
        yield at("copies", Fault("map_place"))
    if document.get("encoding", ENCODINGS[0]) not in ENCODINGS:
        yield at("encoding", Fault("map_one_of", {"known": ", ".join(ENCODINGS)}))
    for section in (CSV, MARC):
        if not isinstance(document.get(section, {}), Mapping):
            yield at(section, Fault("map_section"))
    if MARC in document and not kind.marc:
        yield at(MARC, Fault("map_no_marc"))


def _part(
    section: str, raw: Mapping[str, object], kind: Kind, basis: Mapping[str, Take]
) -> tuple[dict[str, Take], list[tuple[str, Fault]]]:
    """One section over what holds without it; what it says ``false`` of is left out."""
    takes, wrong = dict(basis), []
    for name, value in raw.items():
        key, field = f"{section}.{name}", kind.by_name.get(name)
        if field is None:
            wrong.append((key, Fault("map_unknown_field", {"known": ", ".join(kind.by_name)})))
            continue
        try:
            take = _take(value, section)
        except FaultError as error:
            wrong.append((key, error.fault))
            continue
        if take is not None:
            plain = replace(take, written=False)
            takes[name] = plain if plain == basis.get(name) else take
        elif field.needed:
            wrong.append((key, Fault("map_needed")))
        else:
            takes.pop(name, None)
    return takes, wrong


def _take(value: object, section: str) -> Take | None:
    if value is False:
        return None
    if isinstance(value, str):
        return Take(_placed(value, section), written=True)
    if not isinstance(value, Mapping) or set(value) - set(_TAKE) or ("from" in value) == ("always" in value):
        raise FaultError("map_shape")
    if "always" in value:
        if len(value) > 1:
            raise FaultError("map_shape")
        return Take(None, otherwise=_constant(value["always"]), written=True)
    values = value.get("values")
    if values is not None and not isinstance(values, Mapping):
        raise FaultError("map_shape")
    table = None if values is None else {str(key).strip(): _constant(text) for key, text in values.items()}
    otherwise = _constant(value["otherwise"]) if "otherwise" in value else None
    return Take(_placed(value["from"], section), table, otherwise, written=True)


def _placed(value: object, section: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FaultError("map_shape")
    if section == MARC:
        try:
            places.places(value)
        except ValueError:
            raise FaultError("map_place") from None
    return value.strip()


def _constant(value: object) -> str:
    """A constant as a file would have it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | date():
            return str(value)
        case _:
            raise FaultError("map_shape")


# --- to begin with ----------------------------------------------------------------------------------------------------


def commented(kind: Kind, language: str) -> str:
    """A mapping file that changes nothing, with a word on every field and on what can be said."""
    say = partial(wording.say_staff, params={}, locale=language)
    lines = [*_comment(say("import.map.head")), f'format = "{FORMAT}"', f'kind = "{kind.name}"', ""]
    sections = {CSV: _csv_lines(kind, say)}
    if kind.marc:
        lines += [*_comment(say("import.map.copies")), f'copies = "{COPIES}"']
        lines += [*_comment(say("import.map.encoding")), f'encoding = "{ENCODINGS[0]}"', ""]
        sections[MARC] = _marc_lines(kind, say)
    for section, said in sections.items():
        lines += [*_comment(say(f"import.map.{section}")), f"[{section}]", *said, ""]
    return "\n".join([*lines, *_comment(say("import.map.more"))]) + "\n"


def _csv_lines(kind: Kind, say: partial[str]) -> list[str]:
    return [f'{field.name} = "{field.name}"  # {_meaning(kind, field, say)}' for field in kind.fields]


def _marc_lines(kind: Kind, say: partial[str]) -> list[str]:
    """Fields Koha's records have not are shown with a sign before them."""
    return [
        f'{field.name} = "{_of_copy(field.marc, COPIES)}"  # {_meaning(kind, field, say)}'
        if field.marc is not None
        else f'# {field.name} = "{COPIES}$..."  # {_meaning(kind, field, say)}'
        for field in kind.fields
    ]


def _meaning(kind: Kind, field: Field, say: partial[str]) -> str:
    needed = f" ({say('import.map.needed')})" if field.needed else ""
    return say(f"import.meaning.{kind.name}.{field.name}") + needed


def _comment(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.split("\n")]
