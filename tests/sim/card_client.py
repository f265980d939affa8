"""Asks a card reader over PC/SC, as a program of its own: prints what it finds, one line each.

``card_client READER wait`` waits for a card and prints "ATR <hex>", then "UID <hex> <status>" or "error <text>".
``card_client READER readers`` prints the names of all readers.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

from smartcard import scard

PATIENCE = 15.0
OUT: TextIO = sys.stdout
GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]


def _say(*words: object) -> None:
    OUT.write(" ".join(map(str, words)) + "\n")


def _connect(context: int, reader: str) -> tuple[int, int]:
    end = time.monotonic() + PATIENCE
    while True:
        result, card, protocol = scard.SCardConnect(
            context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        if result == scard.SCARD_S_SUCCESS:
            return card, protocol
        if time.monotonic() > end:
            raise SystemExit(f"no card: {scard.SCardGetErrorMessage(result)}")
        time.sleep(0.02)


def main() -> None:
    reader, what = sys.argv[1:3]
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        _say("error no service")
        return
    if what == "readers":
        for name in scard.SCardListReaders(context, [])[1]:
            _say(name)
        scard.SCardReleaseContext(context)
        return
    card, protocol = _connect(context, reader)
    _say("ATR", bytes(scard.SCardStatus(card)[4]).hex().upper())
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    started = time.monotonic()
    for _ in range(count):
        result, answer = scard.SCardTransmit(card, protocol, GET_UID)
    if result == scard.SCARD_S_SUCCESS:
        _say("UID", bytes(answer[:-2]).hex().upper(), bytes(answer[-2:]).hex().upper())
    else:
        _say("error", scard.SCardGetErrorMessage(result))
    _say("seconds", (time.monotonic() - started) / count)
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)


if __name__ == "__main__":
    main()
