"""Every message that can be sent is composed, says what it must, and cannot be broken by what it says."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

import wording
from benchmarks import composing as composing_bench
from circulation.notices import gsm, letters, templates, vocabulary
from circulation.notices.composing import compose, linked, narrow, spoken
from circulation.notices.content import (
    DUE_WARNING,
    OVERDUE,
    PAYMENT,
    RECEIPT,
    RESERVATION,
    BranchSaid,
    Content,
    FeeSaid,
    LoanSaid,
    Reader,
    ReservationSaid,
    Sums,
)
from circulation.notices.letterhead import Letterhead
from circulation.notices.payment import transfer
from circulation.notices.saying import said, shown
from circulation.notices.templates import Words
from circulation.notices.types import EMAIL, LETTER, SMS, Message
from circulation.notices.vocabulary import INVOICE, LEVELS, WAYS
from tests.generated import examples

TODAY = date(2026, 6, 15)
IBAN = "DE89370400440532013000"
HEAD = Letterhead(
    address="Stadtbibliothek\nAm Markt 1\n12345 Musterstadt",
    contact="Tel. 0123 456",
    account="https://library.example/account",
    payee="Stadt Musterstadt",
    iban=IBAN,
    bic="COBADEFFXXX",
    reference="Bibliothek",
    code=True,
)
LOANS = (
    LoanSaid(1, "3001", "Der Prozess & <i>mehr</i>", "Franz Kafka", "BOOK", date(2026, 6, 10), 5, 1990),
    LoanSaid(2, "3002", "ألف ليلة وليلة", "مجهول", "BOOK", date(2026, 6, 12), 3, 2490),
    LoanSaid(3, "3003", "紅樓夢", "曹雪芹", "BOOK", date(2026, 6, 13), 2, 0),
)
FEES = (
    FeeSaid("overdue", "紅樓夢", date(2026, 5, 1), 250),
    FeeSaid("something_new", None, date(2026, 5, 3), 125),
)
RESERVED = tuple(ReservationSaid(str(one.id), one.title, one.author, date(2026, 6, 20), "A 12") for one in LOANS)
DUE = {"en": ("10 June", "12 June", "13 June"), "de": ("10. Juni", "12. Juni", "13. Juni")}
COLLECT = {"en": "20 June", "de": "20. Juni"}


def content(kind: str, level: str = "", channel: str = EMAIL, language: str = "en", **more: object) -> Content:
    invoiced = sum(loan.invoiced for loan in LOANS) if (kind, level) == (OVERDUE, INVOICE) else 0
    base = Content(
        key="n1.a",
        kind=kind,
        level=level,
        language=language,
        channel=channel,
        to="Mira Vogel\nWaldweg 3\n12345 Musterstadt" if channel == LETTER else "mira@example.org",
        patron=Reader("p1", "Mira", "Vogel"),
        branch=BranchSaid("N1", "Zweigstelle Nord"),
        library="Stadtbibliothek",
        currency="EUR",
        today=TODAY,
        loans=LOANS if kind in (DUE_WARNING, OVERDUE, RECEIPT) else (),
        fees=FEES if kind == PAYMENT else (),
        reservations=RESERVED if kind == RESERVATION else (),
        sums=Sums(150, invoiced, 375),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def made(one: Content, words: Words | None = None, head: Letterhead = HEAD) -> Message:
    known = words or templates.shipped(one.kind, one.level, one.channel, one.language)
    return compose(one, known, head, one.language)


def every(*channels: str) -> list[tuple[str, str, str, str]]:
    return list(_every(channels))


def _every(channels: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    for language in wording.languages():
        for kind, ways in WAYS.items():
            for level in LEVELS[kind] or ("",):
                yield from ((language, kind, level, way) for way in ways if way in channels)


def pages(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def money(minor: int, language: str) -> str:
    return wording.written((minor, "EUR"), language)


def plain_spaces(text: str) -> str:
    return " ".join(text.split())


def expected(one: Content) -> list[str]:
    """What has to be read in a message, whatever its words."""
    language = one.language
    if one.kind == PAYMENT:
        return [money(250, language), money(125, language), money(525, language), "紅樓夢"]
    titles = [loan.title for loan in LOANS]
    if one.kind == RESERVATION:
        return [*titles, COLLECT[language], "A 12"]
    due = [*titles, *DUE[language]]
    if (one.kind, one.level) == (OVERDUE, INVOICE):
        return [*due, money(1990, language), money(2490, language), money(1990 + 2490 + 525, language)]
    sums = {DUE_WARNING: [money(150, language)], OVERDUE: [money(150, language), money(525, language)]}
    return due + sums.get(one.kind, [money(375, language)])


@pytest.mark.requirement("R58")
@pytest.mark.parametrize(("language", "kind", "level", "channel"), every(EMAIL))
def test_an_email_says_every_title_day_and_amount_in_both_parts(
    language: str, kind: str, level: str, channel: str
) -> None:
    one = content(kind, level, channel, language)
    message = made(one)
    assert message.html is not None
    html = ElementTree.fromstring(message.html.partition("\n")[2] if message.html.startswith("\n") else message.html)
    read = plain_spaces("".join(html.itertext()))
    text = plain_spaces(message.text)
    for what in expected(one):
        assert plain_spaces(what) in text
        assert plain_spaces(what) in read
    assert html.attrib["lang"] == language
    assert html.attrib["dir"] == "ltr"
    assert "Mira Vogel" in text
    assert (message.key, message.to, message.pdf) == (one.key, one.to, None)
    if level.isdigit() and int(level) > 1:
        assert level in text


@pytest.mark.requirement("R31")
@pytest.mark.parametrize(("language", "kind", "level", "channel"), every(LETTER))
def test_a_letter_has_the_address_and_says_the_same(language: str, kind: str, level: str, channel: str) -> None:
    one = content(kind, level, channel, language)
    message = made(one)
    assert message.pdf is not None
    read = pages(message.pdf)
    for line in (*one.to.splitlines(), "Am Markt 1"):
        assert line in read
    text = plain_spaces(message.text)
    for what in expected(one):
        assert plain_spaces(what) in text
    amounts = [what for what in expected(one) if "€" in what]
    for what in amounts:
        assert plain_spaces(what) in plain_spaces(read)
    assert message.html is None


@pytest.mark.requirement("R49")
@pytest.mark.parametrize(("language", "kind", "level", "channel"), every(SMS))
def test_a_text_message_is_one_and_without_a_name(language: str, kind: str, level: str, channel: str) -> None:
    message = made(content(kind, level, channel, language))
    assert gsm.size(message.text) == gsm.Size("gsm", gsm.size(message.text).units, 1)
    assert "Vogel" not in message.text
    assert "\n" not in message.text
    assert (message.subject, message.html, message.pdf) == ("", None, None)
    if kind in (OVERDUE, RESERVATION):
        assert "Der Prozess" in message.text
        assert "+2" in message.text  # the titles GSM has no letters for


@pytest.mark.requirement("R49")
def test_a_due_warning_never_goes_out_on_paper() -> None:
    assert not vocabulary.exists(DUE_WARNING, "", LETTER)
    with pytest.raises(Exception, match="no text"):
        templates.shipped(DUE_WARNING, "", LETTER, "en")


@pytest.mark.parametrize(("language", "kind", "level", "channel"), every(EMAIL, LETTER))
def test_a_subject_is_short_and_says_nothing_personal(language: str, kind: str, level: str, channel: str) -> None:
    parsed = templates.shipped(kind, level, channel, language)
    assert templates.mistakes(kind, level, channel, parsed) == ()
    long = content(kind, level, channel, language, patron=Reader("p", "Personal", "Personal"))
    subject = compose(replace(long, channel=EMAIL), parsed, HEAD, language).subject
    assert 0 < len(subject) <= 60
    assert "Personal" not in subject
    assert not any(loan.title in subject for loan in LOANS)


@pytest.mark.parametrize(("language", "kind", "level", "channel"), every(EMAIL, SMS, LETTER))
def test_every_shipped_text_has_no_mistake(language: str, kind: str, level: str, channel: str) -> None:
    assert templates.mistakes(kind, level, channel, templates.shipped(kind, level, channel, language)) == ()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_free_reminder_says_that_it_guarantees_nothing(language: str) -> None:
    free = made(content(DUE_WARNING, language=language, sums=Sums())).text
    costs = made(content(DUE_WARNING, language=language)).text
    service = {"en": "free service without guarantee", "de": "kostenloser Service ohne Gewähr"}[language]
    still_due = {"en": "even if no reminder arrives", "de": "wenn keine Erinnerung ankommt"}[language]
    assert service in free
    assert service not in costs
    assert still_due in free
    assert still_due in costs
    assert wording.say_staff("notice.no_more", {}, language) in free


def test_one_item_is_said_in_the_singular() -> None:
    one = made(content(DUE_WARNING, loans=LOANS[:1]))
    assert one.subject == "An item is due on Wed 10 June"
    assert "this item by Wed 10 June, or renew" in one.text
    assert "It was due on Wed 10 June." in made(content(OVERDUE, "1", loans=LOANS[:1])).text


def test_every_name_of_every_vocabulary_has_a_value_and_a_meaning() -> None:
    known = wording.codes(wording.STAFF)
    for _, kind, level, channel in every(EMAIL, SMS, LETTER):
        words = vocabulary.of_body(kind, level, channel)
        for name in words.values | words.of_items | words.blocks:
            assert f"template.name.{name}" in known
        anywhere = "".join(f"{{{name}}}" for name in sorted(words.values))
        of_items = "".join(f"{{{name}}}" for name in sorted(words.of_items))
        body = f"{anywhere}\n{{each}}{of_items}{{end}}"
        body += "".join(f"\n\n{{{name}}}" for name in sorted(words.blocks))
        subject = "".join(f"{{{name}}}" for name in sorted(vocabulary.of_subject(kind).values))
        wanted = Words("" if channel == SMS else subject, body)
        assert templates.mistakes(kind, level, channel, wanted) == ()
        made(content(kind, level, EMAIL if channel == LETTER else channel), wanted)


# --- what a catalogue may hold ----------------------------------------------------------------------------------------

ANY = st.text(max_size=400)


@settings(max_examples=examples(150))
@given(ANY, ANY, ANY)
def test_any_title_and_name_leaves_a_mail_whole(title: str, first: str, last: str) -> None:
    loans = (replace(LOANS[0], title=title, author=first), LOANS[1])
    message = made(content(OVERDUE, "1", loans=loans, patron=Reader("p", first, last)))
    assert message.html is not None
    html = ElementTree.fromstring(message.html.strip())
    assert {part.tag.rpartition("}")[2] for part in html.iter()} <= {
        *("html", "head", "meta", "title", "body", "table", "thead", "tbody", "tr", "th", "td", "p", "br", "a"),
        *("strong", "span"),
    }
    assert shown(title) in "".join(html.itertext())
    assert shown(title) in message.text
    message.text.encode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", message.text)
    assert len([line for line in message.text.split("\n") if line.startswith("* ")]) == len(loans)


@settings(max_examples=examples(12))
@given(ANY, ANY)
def test_any_title_and_name_becomes_a_page(title: str, name: str) -> None:
    loans = (replace(LOANS[0], title=title), LOANS[1])
    message = made(content(OVERDUE, "1", LETTER, loans=loans, patron=Reader("p", name, name), to=f"{name}\n{title}"))
    assert message.pdf is not None
    assert message.pdf.startswith(b"%PDF-")
    assert "Waldweg" not in pages(message.pdf)


@settings(max_examples=examples(100))
@given(ANY, ANY)
def test_any_title_leaves_a_text_message_as_short(title: str, library: str) -> None:
    loans = (replace(LOANS[0], title=title),)
    message = made(content(OVERDUE, "1", SMS, loans=loans))
    assert gsm.size(message.text).parts == 1
    made(content(OVERDUE, "1", SMS, loans=loans, library=library)).text.encode()


def test_text_from_right_to_left_does_not_turn_what_stands_beside_it() -> None:
    text = made(content(OVERDUE, "1", patron=Reader("p", "فيروز", "Vogel"))).text
    assert "\u2068ألف ليلة وليلة\u2069\n" in text
    assert "Hello \u2068فيروز Vogel\u2069,\n" in text
    assert "\u2068" not in made(content(RESERVATION, channel=SMS)).text
    spoofed = made(content(OVERDUE, "1", loans=(replace(LOANS[0], title="a\u202eb\u2069c"),))).text
    assert "* abc\n" in spoofed


def test_html_keeps_text_apart_by_its_own_means() -> None:
    html = made(content(OVERDUE, "1", patron=Reader("p", "فيروز", "Vogel"))).html or ""
    assert '<strong><span dir="auto">ألف ليلة وليلة</span></strong>' in html
    assert 'Hello <span dir="auto">فيروز Vogel</span>,' in html
    assert (
        linked("\u2068<b>\u2069 \u2068 \u2069\u2069")
        == '<span dir="auto">&lt;b&gt;</span> <span dir="auto"> </span>\u2069'
    )


@pytest.mark.parametrize(
    ("kind", "level", "beside", "below"),
    [
        (DUE_WARNING, "", "Wed 10 June", "Franz Kafka"),
        (OVERDUE, "1", "Wed 10 June", "Franz Kafka\nLate: 5 days"),
        (OVERDUE, INVOICE, "€19.90", "Franz Kafka\nDue: Wed 10 June"),
        (PAYMENT, "1", "€2.50", "紅樓夢\nDate: Fri 1 May"),
        (RESERVATION, "", "Sat 20 June", "Franz Kafka\nShelf: A 12"),
    ],
)
def test_on_a_telephone_two_columns_say_everything(kind: str, level: str, beside: str, below: str) -> None:
    table = said(content(kind, level), HEAD, "en").table
    found = narrow(table)
    assert (len(found.heads), found.sums, len(found.lines)) == (2, table.sums, len(table.lines))
    assert (found.lines[0].more, found.lines[0].cells) == (below, (beside,))


def test_a_table_of_titles_alone_is_narrow() -> None:
    table = said(content(RESERVATION, reservations=(ReservationSaid("1", "A", "", None),)), HEAD, "en").table
    assert narrow(table) == table


def test_only_addresses_of_pages_can_be_followed() -> None:
    assert linked('see https://a.example/x?b=1&c="2') == (
        'see <a href="https://a.example/x?b=1&amp;c=">https://a.example/x?b=1&amp;c=</a>&#34;2'
    )
    assert linked("javascript:alert(1) http://a.example <b>") == "javascript:alert(1) http://a.example &lt;b&gt;"
    assert "</a>." in linked("https://a.example/x.")


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "fallback", "found"),
    [("de", "en", "de"), ("de-AT", "en", "de-AT"), ("fr", "de", "de"), ("fr", "", "en"), ("", "de", "de")],
)
def test_a_patron_is_written_to_in_a_language_there_is(wanted: str, fallback: str, found: str) -> None:
    assert spoken(wanted, fallback) == found


# --- text messages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain", "size"),
    [
        ("Füße für €", "Füße für €", gsm.Size("gsm", 11, 1)),
        ("„Čapek“ \u2013 Żyła…", '"Capek" - Zyla...', gsm.Size("gsm", 17, 1)),
        ("a" * 160, "a" * 160, gsm.Size("gsm", 160, 1)),
        ("a" * 161, "a" * 161, gsm.Size("gsm", 161, 2)),
        ("a" * 307, "a" * 307, gsm.Size("gsm", 307, 3)),
        ("紅" * 70, "紅" * 70, gsm.Size("ucs2", 70, 1)),
        ("紅" * 71, "紅" * 71, gsm.Size("ucs2", 71, 2)),
        ("😀", "😀", gsm.Size("ucs2", 2, 1)),
        ("", "", gsm.Size("gsm", 0, 0)),
    ],
)
def test_letters_of_text_messages(text: str, plain: str, size: gsm.Size) -> None:
    assert gsm.plain(text) == plain
    assert gsm.size(plain) == size


# --- letters ----------------------------------------------------------------------------------------------------------


def test_a_letter_lies_in_its_window_and_has_numbered_pages() -> None:
    many = tuple(replace(LOANS[0], id=number, title=f"Title {number}") for number in range(60))
    message = made(content(OVERDUE, "2", LETTER, loans=many))
    assert message.pdf is not None
    reader = PdfReader(io.BytesIO(message.pdf))
    count = len(reader.pages)
    assert count >= 3
    millimetres = 72 / 25.4
    found: dict[str, tuple[float, float]] = {}

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        x, y = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        found.setdefault(text.strip(), (x / millimetres, 297 - y / millimetres))

    reader.pages[0].extract_text(visitor_text=visit)
    x, y = found["Mira Vogel"]
    assert x == pytest.approx(25, abs=0.5)
    assert 64 <= y <= 69  # the foot of the first of six lines from 63 to 90 mm: below the sender's, inside the window
    for number, page in enumerate(reader.pages, 1):
        text = plain_spaces(page.extract_text())
        assert f"{number} / {count}" in text
        assert ("Title Due Late" in text) == ("Title 59" in text or number < count)
    assert float(reader.pages[0].mediabox.height) == pytest.approx(297 * millimetres, abs=1)


def test_a_letter_has_its_fonts_with_it_for_every_script() -> None:
    message = made(content(OVERDUE, "1", LETTER, patron=Reader("p", "فيروز", "王")))
    assert message.pdf is not None
    page = PdfReader(io.BytesIO(message.pdf)).pages[0]
    read = page.extract_text()
    assert "紅樓夢" in read
    assert "\ufffd" not in read
    fonts = [font.get_object()["/DescendantFonts"][0] for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    names = {str(font["/BaseFont"]).partition("+")[2] for font in fonts}
    assert {"Noto-Sans", "Noto-Sans-Arabic", "Noto-Sans-CJK-SC"} <= names
    assert all({"/FontFile2", "/FontFile3"} & font["/FontDescriptor"].keys() for font in fonts)


@pytest.mark.parametrize("lines", range(22, 30))  # where a sheet is full
def test_no_page_of_a_letter_has_its_last_line_alone(lines: int) -> None:
    body = "{items}\n\n" + "\n".join(["a line"] * lines) + "\n\nKind regards"
    message = made(content(RESERVATION, channel=LETTER, reservations=RESERVED[:1]), Words("Ready", body))
    assert message.pdf is not None
    last = PdfReader(io.BytesIO(message.pdf)).pages[-1].extract_text()
    assert "a line" in last
    assert "Kind regards" in last


def test_letters_for_printing_begin_on_a_sheet_of_their_own() -> None:
    one = made(content(RESERVATION, channel=LETTER)).pdf
    assert one is not None
    joined = PdfReader(io.BytesIO(letters.joined([one, one])))
    assert len(joined.pages) == 4
    assert "Mira Vogel" in joined.pages[2].extract_text()
    assert joined.pages[1].extract_text() == ""


def test_making_a_page_reads_nothing_from_anywhere(tmp_path: object) -> None:
    secret = "/etc/hostname"
    marked = f'<p>here</p><img src="file://{secret}"><img src="https://library.example/a.png"><link rel="attachment" href="file://{secret}">'
    made_pages = PdfReader(io.BytesIO(letters.pdf(marked)))
    assert "here" in made_pages.pages[0].extract_text()
    assert dict(made_pages.attachments) == {}
    assert not made_pages.pages[0].images


def test_how_to_pay_stands_where_money_is_asked_for_only() -> None:
    shows = "DE89 3704 0044 0532 0130 00"
    assert shows in made(content(PAYMENT, "1")).text
    assert shows in made(content(OVERDUE, INVOICE, LETTER)).text
    assert shows not in made(content(DUE_WARNING)).text
    assert shows not in made(content(OVERDUE, "1", sums=Sums())).text
    assert "IBAN" not in made(content(PAYMENT, "1"), head=replace(HEAD, iban=None)).text


def test_a_transfer_is_written_as_banking_apps_read_it() -> None:
    assert transfer(HEAD, 12345, "Bibliothek n1").split("\n") == [
        *("BCD", "002", "1", "SCT", "COBADEFFXXX", "Stadt Musterstadt", IBAN, "EUR123.45", "", "", "Bibliothek n1")
    ]


# --- the benchmark ----------------------------------------------------------------------------------------------------


def test_the_benchmark_composes_every_way() -> None:
    figures = composing_bench.measure({EMAIL: 3, SMS: 3, LETTER: 1})
    assert [(one.channel, one.count) for one in figures] == [(EMAIL, 3), (SMS, 3), (LETTER, 1)]
    assert all(one.per_second > 0 for one in figures)
