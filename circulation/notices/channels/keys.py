"""A message's key as it is seen outside: in a Message-ID, in a file's name, at a gateway."""

from __future__ import annotations

import re

from circulation.notices.types import Message

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,99})?")


def key_of(message: Message) -> str:
    """The key.

    Raises:
        ValueError: it could not be a file's name or a Message-ID, which is a mistake of whoever made the message.
    """
    if not _KEY.fullmatch(message.key):
        raise ValueError("a key has letters, digits, . _ + - and at most one @")
    return message.key
