"""Rule documents: reading, writing, and every problem with its place (R79, R80, R56)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import toml
from rules.check import check_rules
from rules.order import document_order
from rules.plain import rule_from_plain, rule_to_plain
from rules.problems import RuleFileError
from rules.rule import Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge
from tests.rules import generated
from tests.rules.made import CODES, TREE, rule

HEAD = 'format = "circulation-rules/1"\n'

EXAMPLE = """format = "circulation-rules/1"

[[rule]]
id = "ss-checkout-dvd18"
kind = "self_service.checkout"
name = "Films from 18 at the desk only"
org = "N1"
when = { media_type = ["DVD18"] }
value = false
message = { de = "Bitte an der Theke ausleihen.", en = "Please borrow this at the desk." }

[[rule]]
id = "loan-summer-2026"
kind = "periods.loan"
org = "A"
value = { days = 42 }
valid_from = 2026-06-01
valid_until = 2026-08-31

[[rule]]
id = "overdue-2-period"
kind = "periods.overdue_reminder"
level = "2"
org = "A"
value = { days = 14 }
"""


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(RuleFileError) as caught:
        toml.read(text, CODES)
    for problem in caught.value.problems:
        assert problem.text
    return [(problem.place, problem.code) for problem in caught.value.problems]


@pytest.mark.requirement("R79")
def test_the_example_of_the_notation_is_read_and_written_back_alike() -> None:
    found = toml.read(EXAMPLE, CODES)
    summer = found[1]
    assert (summer.value, summer.valid_from, summer.valid_until) == (Days(42), date(2026, 6, 1), date(2026, 8, 31))
    assert found[0].message["de"] == "Bitte an der Theke ausleihen."
    assert found[2].level == "2"
    assert toml.write(found) == EXAMPLE


@pytest.mark.requirement("R79")
@given(generated.rule_sets)
def test_export_import_export_is_identical(rules: tuple[Rule, ...]) -> None:
    text = toml.write(rules)
    again = toml.read(text, CODES)
    assert again == rules
    assert toml.write(again) == text


@given(generated.rules())
def test_json_and_back_is_the_same_rule(rule: Rule) -> None:
    assert rule_from_plain(rule_to_plain(rule)) == rule


@given(generated.rule_sets)
def test_generated_rules_have_no_problem(rules: tuple[Rule, ...]) -> None:
    assert check_rules(rules, CODES) == ()


PIECES = [
    *(
        "[[rule]]\n",
        "[rule]\n",
        "[rule.when]\n",
        "rule = 3\n",
        "rule = [1]\n",
        "when = {",
        "}\n",
        'id = "a"\n',
        "id = 1\n",
    ),
    *(
        'kind = "periods.loan"\n',
        'org = "A"\n',
        "value = { days = 1 }\n",
        "value = 99999999999999999999\n",
        '"""',
        "'''",
    ),
    *(
        "value = [",
        "]\n",
        "valid_from = 2026-06-01\n",
        "valid_until = 2026-06-01T10:00:00\n",
        "valid_from = 2026-02-30\n",
    ),
    *(
        'message = { en = "{x}" }\n',
        "position = -1\n",
        "active = 1\n",
        "level = nan\n",
        HEAD,
        "media_type = [[]]\n",
        "\x00",
        "\ud800",
    ),
]


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
def test_any_text_gives_rules_or_a_rule_file_error(text: str) -> None:
    found = rules_or_problems(text)
    if isinstance(found, str):
        assert found
    else:
        assert toml.read(toml.write(found), CODES) == found


def rules_or_problems(text: str) -> tuple[Rule, ...] | str:
    """The rules, or what is wrong; anything else is raised."""
    try:
        return toml.read(text, CODES)
    except RuleFileError as error:
        return "".join(str(problem) for problem in error.problems)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
rule_like = st.dictionaries(
    st.sampled_from(["id", "kind", "org", "value", "when", "level", "valid_from", "message", "name", "x"]), plain_values
)


@given(plain_values | rule_like)
def test_any_json_gives_a_rule_or_a_rule_file_error(raw: object) -> None:
    with suppress(RuleFileError):
        assert isinstance(rule_from_plain(raw), Rule)


@pytest.mark.parametrize("depth", [200, 5000, 100_000])
def test_deep_nesting_is_an_error_of_ours(depth: int) -> None:
    assert problems_of(HEAD + "rule = " + "[" * depth)[0][1] == "not_toml"


@pytest.mark.requirement("R56")
@pytest.mark.parametrize("kind", ["self_service.checkout", "self_service.return", "self_service.renewal"])
@pytest.mark.parametrize(
    "when", ['patron_category = ["normal"]', 'age_group = ["child"]', "age_min = 6", "age_max = 17"]
)
def test_a_self_service_rule_that_asks_about_the_patron_is_rejected_with_the_reason(kind: str, when: str) -> None:
    text = HEAD + f'[[rule]]\nid = "s"\nkind = "{kind}"\norg = "N1"\nwhen = {{ {when} }}\nvalue = false\n'
    with pytest.raises(RuleFileError, match="items only") as caught:
        toml.read(text, CODES)
    (problem,) = caught.value.problems
    assert (problem.code, problem.rule, problem.key) == ("patron_field", "s", f"when.{when.split()[0]}")
    assert problem.place == f'rule 1 "s" (line 2), when.{when.split()[0]} (line 6)'


@pytest.mark.requirement("R56")
def test_a_self_service_rule_may_ask_for_every_item_field() -> None:
    found = rule(
        "s",
        "self_service.checkout",
        "N1",
        False,
        media_type="DVD",
        material_type="m",
        department="d",
        audience="a",
        fiction=True,
    )
    assert check_rules((found,), CODES) == ()


@pytest.mark.requirement("R79")
@pytest.mark.requirement("R80")
def test_everything_wrong_in_a_document_is_reported_at_once_with_its_line() -> None:
    text = """format = "circulation-rules/2"
owner = "me"
[[rule]]
id = "one"
kind = "periods.loann"
org = "N9"
when = { media_type = ["VHS", "DVD"], patron_category = "normal", colour = ["red"] }
value = { days = 7 }
comment = \"\"\"
value = 3
[[rule]]
\"\"\"

[[rule]]
id = "one"
kind = "counts.max_loans"
org = "A"
value = { days = 7 }
valid_from = 2026-08-31
valid_until = 2026-06-01
level = "1"

[[rule]]  # three
kind = "circulation.checkout"
org = "A"
when = { age_min = 18, age_max = 6, media_type = ["a|b"] }
value = { days = -1 }
active = 1
message = { en = "You are {age}, not {years}.", Deutsch = "x" }
"""
    assert problems_of(text) == [
        ("format", "format"),
        ("owner", "unknown_key"),
        ('rule 1 "one" (line 3), when.patron_category (line 7)', "not_codes"),
        ('rule 1 "one" (line 3), when.colour (line 7)', "unknown_key"),
        ('rule 1 "one" (line 3), org (line 6)', "code_unknown"),
        ('rule 1 "one" (line 3), kind (line 5)', "kind_unknown"),
        ('rule 1 "one" (line 3), when.media_type (line 7)', "code_unknown"),
        ('rule 1 "one" (line 3), id (line 4)', "id_duplicate"),
        ('rule 2 "one" (line 14), value (line 18)', "value_unit.number"),
        ('rule 2 "one" (line 14), level (line 21)', "level_unleveled"),
        ('rule 2 "one" (line 14), valid_until (line 20)', "dates_reversed"),
        ('rule 2 "one" (line 14), id (line 15)', "id_duplicate"),
        ("rule 3 (line 23), value (line 27)", "value_notation"),
        ("rule 3 (line 23), active (line 28)", "not_flag"),
        ("rule 3 (line 23), message (line 29)", "bad_language"),
        ("rule 3 (line 23), id", "missing"),
        ("rule 3 (line 23), when.media_type (line 26)", "bad_code"),
        ("rule 3 (line 23), when.age_max (line 26)", "ages_reversed"),
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("value = true", "value_unit.days"),
        ("value = 28", "value_unit.days"),
        ('value = { amount = "1.00" }', "value_unit.days"),
        ('value = { days = "28" }', "value_notation"),
        ("value = { days = 28, amount = 1 }", "value_notation"),
        ("value = { weeks = 4 }", "value_notation"),
        ("value = 2.5", "value_notation"),
        ('value = { days = 7 }\nvalid_from = "2026-06-01"', "not_date"),
        ("value = { days = 7 }\nvalid_from = 2026-06-01T00:00:00", "not_date"),
        ("value = { days = 7 }\nposition = true", "not_number"),
        ("value = { days = 7 }\nposition = -1", "number_range"),
        ("value = { days = 7 }\nname = 7", "not_text"),
        ('value = { days = 7 }\nname = "\\u0007"', "bad_text"),
        ("value = { days = 7 }\nwhen = []", "not_table"),
        ("value = { days = 7 }\nwhen = { fiction = 1 }", "not_flag"),
        ("value = { days = 7 }\nwhen = { age_min = 200 }", "number_range"),
        ("value = { days = 7 }\nwhen = { media_type = [1] }", "not_codes"),
        ('value = { days = 7 }\nmessage = { en = "{due}" }', "bad_parameter"),
        ('value = { days = 7 }\nmessage = { en = " " }', "empty_text"),
        ("value = { days = 7 }\nmessage = { en = 1 }", "not_texts"),
    ],
)
def test_each_wrong_thing_has_its_own_finding(line: str, code: str) -> None:
    text = f'{HEAD}[[rule]]\nid = "r"\nkind = "periods.loan"\norg = "A"\n{line}\n'
    assert [found for _, found in problems_of(text)] == [code]


@pytest.mark.parametrize(
    ("level", "code"), [("", "level_missing"), ('level = "7"', "level_unknown"), ("level = 1", "not_text")]
)
def test_a_leveled_kind_needs_one_of_its_levels(level: str, code: str) -> None:
    text = f'{HEAD}[[rule]]\nid = "r"\nkind = "periods.overdue_reminder"\norg = "A"\nvalue = {{ days = 7 }}\n{level}\n'
    with pytest.raises(RuleFileError) as caught:
        toml.read(text, CODES)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_department_is_a_free_code() -> None:
    when = 'when = { department = ["new"] }'
    text = f'{HEAD}[[rule]]\nid = "r"\nkind = "periods.loan"\norg = "A"\n{when}\nvalue = {{ days = 7 }}\n'
    assert toml.read(text, CODES)[0].when.department == ("new",)


def test_rules_written_in_another_way_have_no_line_but_are_named() -> None:
    text = HEAD + 'rule = [{ id = "x", kind = "periods.loan", org = "A", value = 1 }]\n'
    assert problems_of(text) == [('rule 1 "x", value', "value_unit.days")]


def test_what_is_not_toml_is_told_with_its_line() -> None:
    with pytest.raises(RuleFileError, match="line 2") as caught:
        toml.read(HEAD + "[[rule\n", CODES)
    assert caught.value.problems[0].line == 2


def test_rules_that_came_from_elsewhere_are_checked_alike() -> None:
    twice = rule("x", "self_service.checkout", "N9", 3, age_min=6, media_type="VHS")
    assert [(p.key, p.code) for p in check_rules((twice, twice), CODES)] == 2 * [
        ("org", "code_unknown"),
        ("value", "value_unit.yes_no"),
        ("when.age_min", "patron_field"),
        ("when.media_type", "code_unknown"),
        ("id", "id_duplicate"),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("12", 12),
        ("{ days = 28 }", Days(28)),
        ("{ min_age = 18 }", MinAge(18)),
        ('{ amount = "10.00" }', Amount(1000)),
        ('{ amount = "0.05" }', Amount(5)),
        ('{ per_day = "0.20" }', Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))),
        (
            '{ fixed = [{ up_to_days = 7, amount = "10.00" }, { up_to_days = 14, amount = "20.00" }] }',
            Fee(FeeBasis.FIXED, (FeeStep(7, Amount(1000)), FeeStep(14, Amount(2000)))),
        ),
    ],
)
def test_every_value_of_the_notation(written: str, value: object) -> None:
    kinds = {
        bool: "circulation.renewal",
        int: "counts.max_loans",
        Days: "periods.loan",
        MinAge: "circulation.checkout",
        Amount: "patron.debt_block",
        Fee: "fees.overdue",
    }
    text = f'{HEAD}\n[[rule]]\nid = "r"\nkind = "{kinds[type(value)]}"\norg = "A"\nvalue = {written}\n'
    found = toml.read(text, CODES)
    assert found[0].value == value
    assert toml.write(found) == text


@pytest.mark.parametrize(
    "raw",
    ["{ amount = 10 }", '{ amount = "10,00" }', '{ amount = "1.5" }', '{ amount = "-1.00" }', '{ amount = "٣.00" }'],
)
def test_an_amount_is_text_with_two_decimals(raw: str) -> None:
    text = f'{HEAD}[[rule]]\nid = "r"\nkind = "patron.debt_block"\norg = "A"\nvalue = {raw}\n'
    assert [code for _, code in problems_of(text)] == ["value_notation"]


@pytest.mark.parametrize(
    "steps",
    ["[]", '[{ up_to_days = 7, amount = "1.00" }, { up_to_days = 7, amount = "2.00" }]', '[{ amount = "1.00" }]'],
)
def test_fee_periods_must_increase(steps: str) -> None:
    text = f'{HEAD}[[rule]]\nid = "r"\nkind = "fees.overdue"\norg = "A"\nvalue = {{ per_day = {steps} }}\n'
    with pytest.raises(RuleFileError) as caught:
        toml.read(text, CODES)
    assert [problem.code for problem in caught.value.problems] == ["value_notation"]


def test_an_exported_document_is_sorted_by_kind_level_and_order_of_walking() -> None:
    rules = (
        rule("a", "periods.loan", "A", Days(28)),
        rule("n1", "periods.loan", "N1", Days(14)),
        rule("b-two", "periods.overdue_reminder", "A", Days(14), level="2"),
        rule("c-one", "periods.overdue_reminder", "A", Days(7), level="1"),
        rule("s", "self_service.return", "A", True),
    )
    assert [r.id for r in document_order(rules, TREE)] == ["s", "n1", "a", "c-one", "b-two"]
