"""Data of a former system in, and data of this one out again: ``circulation import`` and ``circulation export``.

A file goes through here in this order. ``sources`` read it, line by line or record by record; ``mapping`` says where
it has the fields of ``fields``, and ``readers`` what their texts mean; ``checking`` tells every problem before
anything is written and keeps the good rows in ``scratch``; ``taking_in`` has them written by ``writing`` in one
transaction. ``exporting`` is the way back, ``commands`` what people type. Memory does not grow with a file.

**Files.** CSV (``;``, ``,`` or tab, as its first line shows; UTF-8 with or without a mark), and for items MARC 21
(ISO 2709, UTF-8 or MARC-8) and MARCXML. Days are 2026-06-30 or 30.06.2026; an instant is a day or a day with a time,
of the library unless an offset follows; true, yes, ja, wahr, 1 and their opposites are flags. A price is 24.90 or
24,90, in other words ("kart. : EUR 24.90 (DE)") only beside the library's currency. Lines of a postal address have
line breaks or "|" between them. What a spreadsheet would take for a formula has an apostrophe before it
(``rules.csv``). Texts lose the spaces around them.

**Mapping files** are TOML::

    format = "circulation-import/1"
    kind = "items"            # or "patrons", "loans"
    copies = "952"            # MARC field of the copies, each of which becomes one item
    encoding = "leader"       # of MARC 21 files; or "utf-8", "latin-1"

    [csv]                     # our field = where it is in a CSV file
    title = "Titel"                                                  # a column
    branch = { always = "N1" }                                       # the same for all
    parts = { from = "teile", otherwise = 1 }                        # where nothing stands
    media_type = { from = "itype", values = { BK = "BOOK" }, otherwise = "BOOK" }
    shelf = false                                                    # left out

    [marc]                    # our field = where it is in a MARC record
    id = "952$p"              # a subfield of the copy
    title = "245$a$b"         # subfields of the first such field that has one, joined by a space
    author = "100$a|110$a"    # the first place that says something
    price = "952$v|365$c$b|020$c"
    fiction = { from = "008/33", values = { 0 = "false", 1 = "true" }, otherwise = "" }  # a sign of a field, from 0

A field that is not named is where it is without a mapping file: in the column of its own name if there is one, in
MARC records where Koha has it. With ``values`` a text that is not among them becomes ``otherwise``; without
``otherwise`` it is a problem, but for an empty one. Constants are checked like texts of the file. With a mapping
file, columns it does not name are passed over; without one they are problems. ``copies`` and ``encoding`` hold for
MARC only.

**What happens.** One problem keeps the whole file out, unless faulty lines are to be left out; a file that breaks off
or cannot be read to its end is never imported in part. Ids that are there already are problems; with ``--update``
their rows get what the file has: a field it has but leaves empty is emptied, a field it has not stays, and so does a
PIN. Cards become those of the file, where it has that kind of card. Loans of an import name rule set 0 and no rules:
they were taken over from the former system.
"""
