"""A house taken over from files sends invoices: over the price of the item, by the way the reader prefers."""

from __future__ import annotations

from pathlib import Path

import pytest

from circulation.notices.content import OVERDUE
from circulation.notices.types import LETTER
from circulation.service import Service
from tests.circulation.posting import Post, fees, lend
from tests.circulation.taking import take
from tests.circulation.world import Amount, Days, World, rule

ITEMS = "id;title;media_type;branch;price\n3001;Momo;BOOK;N1;24.90\n3002;Jim Knopf;BOOK;N1;\n"
READERS = (
    "card;category;last_name;email;postal;prefers\n20001;normal;Vogel;mira@example.org;Mira Vogel|12345 Town;letter\n"
)


@pytest.mark.requirement("R48", "R79")
def test_the_invoice_asks_for_the_imported_price_by_the_preferred_way(
    service: Service, world: World, tmp_path: Path
) -> None:
    world.rules(
        rule("e", "circulation.enable_overdue_reminder", True, level="invoice"),
        rule("p", "periods.overdue_reminder", Days(60), level="invoice"),
        rule("f", "fees.overdue_reminder", Amount(500), level="invoice"),
    )
    assert take(service, "items", tmp_path / "items.csv", ITEMS)[0].new == 2
    assert take(service, "patrons", tmp_path / "patrons.csv", READERS)[0].new == 1
    reader, post = world.patron_id("20001"), Post(service)
    for item in ("3001", "3002"):
        lend(service, item, reader, "2026-06-01")
    assert post.on("2026-07-31", post.task(OVERDUE)) == []  # nothing by e-mail
    (letter,) = post.boxes[LETTER].taken
    assert letter.to == "Mira Vogel\n12345 Town"
    asked = [(one.reason, one.amount, one.item_id) for one in fees(service, reader) if one.invoice]
    assert asked == [("invoice", 2490, "3001"), ("invoice", 500, "3002")]
