"""A message as it travels and as it is read: any language, any text, and no way out of a header (R60)."""

from __future__ import annotations

import re
from base64 import b64decode
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from circulation.notices.addresses import MailAddress, mail_address, telephone_number
from circulation.notices.channels import replies
from circulation.notices.channels.mail_text import Sender, written
from circulation.notices.types import Message
from tests.circulation.mailing import MORNING, message, sender
from tests.generated import examples

pytestmark = pytest.mark.requirement("R60")
MIRA = MailAddress("mira", "example.org")
OURS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"]
OF_THE_BODY = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
WORDS = st.one_of(
    st.text(max_size=120),
    st.text(alphabet=st.characters(categories=("Cc", "Cs", "Zl", "Zp", "Po", "Sm")), max_size=40),
    st.text(alphabet='=?utf8QBqb_\r\n :,<>@"\\()ä\u2028', max_size=80),
)


def read(message: Message, who: Sender | None = None, to: MailAddress = MIRA) -> EmailMessage:
    content = written(message, to, who or sender(), MORNING)
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(found: EmailMessage, kind: str = "plain") -> str:
    part = found.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


LANGUAGES = {
    "de": ("Rückgabe: „Die Straße“ ist bald fällig", "Liebe Frau Müller,\nbitte geben Sie „Äpfel & Öl“ zurück.\n"),
    "ar": ("تذكير: موعد إعادة الكتاب", "السيدة ميرا،\nيرجى إعادة «ألف ليلة وليلة» في موعدها.\n"),
    "zh": ("还书提醒《红楼梦》即将到期", "亲爱的读者\n《红楼梦》将于六月十八日到期。\n"),
}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_arrives_as_it_was_written(language: str) -> None:
    subject, text = LANGUAGES[language]
    html = f"<p lang='{language}'>{text}</p>\n"
    found = read(message(subject=subject, text=text, html=html, language=language), sender(subject[:9]))
    assert (found["Subject"], found["Content-Language"]) == (subject, language)
    assert found["From"].addresses[0].display_name == subject[:9].strip()
    assert found["From"].addresses[0].addr_spec == "library@example.com"
    assert (text_of(found), text_of(found, "html")) == (text, html)
    assert found.get_content_type() == "multipart/alternative"


def test_a_message_says_what_it_is() -> None:
    found = read(message("run-1.m-2@library.example"))
    assert list(found.keys()) == [*OURS, *OF_THE_BODY]
    assert found["Message-ID"] == "<run-1.m-2@library.example>"
    assert found["Date"] == "Mon, 15 Jun 2026 05:00:00 +0000"
    assert (found["Auto-Submitted"], found["To"]) == ("auto-generated", "mira@example.org")


def test_a_key_without_a_domain_gets_the_sender_s() -> None:
    assert read(message("m-2"))["Message-ID"] == "<m-2@example.com>"


@pytest.mark.parametrize("key", ["", "a b", "a\r\nb", "../a", "a/b", "<a>", "a@b@c", "ä", ".hidden", "a" * 300])
def test_a_key_that_could_be_no_message_id_or_file_is_a_mistake_of_ours(key: str) -> None:
    with pytest.raises(ValueError, match="a key has"):
        read(message(key))


def test_answers_go_where_the_account_says() -> None:
    assert read(message(), sender(reply_to=mail_address("desk@example.com")))["Reply-To"] == "desk@example.com"


@pytest.mark.parametrize(
    ("where", "list_header", "post"),
    [
        ("https://example.com/stop", "<https://example.com/stop>", "List-Unsubscribe=One-Click"),
        ("stop@example.com", "<mailto:stop@example.com?subject=unsubscribe>", None),
        (None, None, None),
    ],
)
def test_the_way_out_stands_in_the_header(where: str | None, list_header: str | None, post: str | None) -> None:
    found = read(message(), sender(unsubscribe=where))
    assert (found["List-Unsubscribe"], found["List-Unsubscribe-Post"]) == (list_header, post)


def test_the_way_out_of_a_message_goes_before_the_account_s() -> None:
    own = message(headers={"List-Unsubscribe": "<mailto:m@example.com>", "X-Run": "7"})
    found = read(own, sender(unsubscribe="https://example.com/stop"))
    assert (found["List-Unsubscribe"], found["List-Unsubscribe-Post"]) == ("<mailto:m@example.com>", None)
    assert found["X-Run"] == "7"


@pytest.mark.parametrize("name", ["Subject", "bcc", "To", "Message-Id", "Content-Type", "X:", "X\r\nBcc", "", "Ä"])
def test_a_message_cannot_say_for_itself_what_is_ours(name: str) -> None:
    with pytest.raises(ValueError, match="cannot say"):
        read(message(headers={name: "x"}))


@settings(max_examples=examples(300))
@given(WORDS, WORDS, WORDS, WORDS)
@example("=?utf-8?q?=0D=0ABcc:_x@example.org?=", "=?utf-8?q?a?= <b@c>", ".\r\n.\r\nMAIL FROM:<x>\r\n", "x")
@example("Due\r\nBcc: x@example.org", 'Library" <x@example.org>, "', "\ud800\x00", "\ud800")
@example("a" * 500, "a" * 500, "a" * 5000, "a" * 2000)
@example("ä" * 500, "ä" * 500, "ä" * 5000, "ä" * 2000)
def test_no_text_gets_out_of_its_place(subject: str, name: str, text: str, extra: str) -> None:
    one = message(subject=subject, text=text, html=text, headers={"X-Extra": extra})
    content = written(one, MIRA, sender(name), MORNING)
    assert content.isascii()
    assert b"\0" not in content
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    head = content.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 76 for line in head.split(b"\r\n") if b"=?" in line)
    names = [line.partition(b":")[0].decode() for line in re.split(rb"\r\n(?![ \t])", head)]
    assert names[:8] == [*OURS, "X-Extra"]
    assert sorted(names[8:]) == ["Content-Type", "MIME-Version"]
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    assert found["Bcc"] is None
    assert found["To"] == "mira@example.org"
    (address,) = found["From"].addresses
    assert address.addr_spec == "library@example.com"
    clean = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", " ", re.sub("\r\n?", "\n", text))
    assert text_of(found).rstrip("\n") == text_of(found, "html").rstrip("\n") == clean.rstrip("\n")


@given(WORDS)
@example("Stadt- und Landesbibliothek Mühlhausen in Thüringen")
@settings(max_examples=examples(200))
def test_subjects_and_names_are_read_as_they_were_written(words: str) -> None:
    """Encoded words are decoded here by hand: the standard library reads some of them in a way of its own."""
    content = written(message(subject=words), MIRA, sender(words), MORNING)
    subject = re.search(rb"\r\nSubject: (.*?)\r\nDate:", content, re.DOTALL)
    name = re.match(rb"From: (.*?)(?:\r\n)? ?<library@example.com>\r\n", content, re.DOTALL)
    assert subject is not None
    assert name is not None
    assert decoded(subject[1].decode("ascii")) == replies.one_line(words)
    assert decoded(unquoted(name[1].decode("ascii"))) == replies.one_line(words)


def unquoted(phrase: str) -> str:
    return re.sub(r"\\(.)", r"\1", phrase[1:-1]) if phrase.startswith('"') else phrase


def decoded(value: str) -> str:
    words = re.findall(r"=\?utf-8\?b\?([^?]*)\?=", value)
    return b"".join(map(b64decode, words)).decode() if words else value


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("mira@example.org", "mira", "example.org"),
        (" mira.vogel+books@sub.example.org ", "mira.vogel+books", "sub.example.org"),
        ("o'neil@example.org", "o'neil", "example.org"),
        ("mira@bücher.example", "mira", "xn--bcher-kva.example"),
        ("jürgen@example.org", "jürgen", "example.org"),
        ("mira@straße.example", "mira", "straße.example"),
        ("staff@localhost", "staff", "localhost"),
    ],
)
def test_an_address_is_read(text: str, local: str, domain: str) -> None:
    assert mail_address(text) == MailAddress(local, domain)


def test_a_domain_that_the_name_system_would_take_for_another_is_not_turned_into_it() -> None:
    found = mail_address("mira@straße.example")
    assert found is not None
    assert not found.ascii


@pytest.mark.parametrize(
    "text",
    [
        *("", "@", "mira", "mira@", "@example.org", ".mira@example.org", "mira.@example.org", "mi..ra@example.org"),
        *("mira@-example.org", "mira@example..org", "mira@example.org.", "mira@[127.0.0.1]", '"mira x"@example.org'),
        *("Mira <mira@example.org>", "a@x.org,b@x.org", "mira@exam_ple.org", "mira\u00a0v@example.org", "mira@ä ö.de"),
        *("a" * 65 + "@example.org", "mira@" + "a" * 64 + ".org", "mira@" + "a.bücher" * 60, "mira\n@example.org"),
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert mail_address(text) is None


@given(st.text(max_size=60))
def test_no_text_is_an_address_with_a_blank_or_two_ats(text: str) -> None:
    found = mail_address(text)
    assert found is None or (str(found).count("@"), str(found).isprintable(), " " in str(found)) == (1, True, False)


@pytest.mark.parametrize(
    ("text", "number"),
    [("+49 171 123-45 67", "+491711234567"), ("0171/1234567", "01711234567"), ("(030) 90 25", "0309025")],
)
def test_a_telephone_number_is_read(text: str, number: str) -> None:
    assert telephone_number(text) == number


@pytest.mark.parametrize("text", ["", "110", "+", "0171 CALL ME", "1" * 16, "+49+171234567", "٠١٢٣٤٥٦"])
def test_what_is_no_telephone_number_is_none(text: str) -> None:
    assert telephone_number(text) is None


# --- what is kept of answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ", "250 2.0.0 Ok: queued as 4XyZ"),
        ("550 <Mira.Vogel@example.org>: unknown", "550 <…>: unknown"),
        ("550 forwarded to other@example.net\r\nthere unknown", "550 forwarded to … there unknown"),
        ("550 user MIRA.VOGEL is unknown", "550 user … is unknown"),
        ("550 mira.vogels is unknown", "550 mira.vogels is unknown"),
    ],
)
@pytest.mark.requirement("R89")
def test_no_address_is_kept_of_an_answer(answer: str, kept: str) -> None:
    assert replies.told(answer, "mira.vogel@example.org", "mira.vogel") == kept


def test_a_long_answer_is_cut() -> None:
    assert len(replies.told("x" * 5000)) == replies.MOST


def test_reasons_of_ours_are_said_in_the_language_of_staff_and_others_as_they_are() -> None:
    ours = replies.ours("unreachable", "Connection refused")
    assert replies.sentence(ours, "de") == "Der Server ist nicht zu erreichen: Connection refused"
    assert replies.sentence(replies.ours("unanswered"), "en") == "The message was handed over, but no answer came"
    for theirs in ("550 5.1.1: nobody", "", "menu.home: x"):
        assert replies.sentence(theirs, "de") == theirs
