"""Any request the published document allows, and many it does not: no crash, no answer that is not in the document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from circulation import machines, staffing
from tests.circulation.conftest import copied
from tests.circulation.document import document
from tests.circulation.running import TestClock, server_process
from tests.generated import examples

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Case = schemathesis.Case[Any]
schema = schemathesis.openapi.from_dict(document())


@schemathesis.serializer("application/toml", "text/csv")
def as_it_is(ctx: schemathesis.SerializationContext, value: object) -> bytes:
    """Documents are sent as they were made up; hardly any is a document of rules."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class Asked:
    """The demo library served by the shipped program, with a machine's key and a token of somebody with every role."""

    def __init__(self, url: str, key: str, token: str) -> None:
        self.url, self.key, self.token = url, key, token

    def headers(self, path: str) -> dict[str, str]:
        """What opens this path."""
        return {"Authorization": f"Bearer {self.token if path.startswith('/v1/staff') else self.key}"}


@pytest.fixture(scope="module")
def asked(demo_house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """One library for every request of this module: whatever they leave behind meets the next ones."""
    folder = tmp_path_factory.mktemp("any")
    with copied(demo_house, folder / "house", TestClock(datetime.now(UTC))) as service:
        code = machines.new_code(service, "N1")
        key = machines.enrol(service, code, "any", "1.0")["key"]
        staffing.create(service, "test", "any", "a good long password", staffing.ROLES, may_override=True)
        token = staffing.create_token(service, "test", "any", "N1", "any request")["token"]
    env = {
        "CIRCULATION_DATABASE": f"sqlite:///{folder}/house/circulation.db",
        "CIRCULATION_SECRETS": str(folder / "house" / "secrets"),
    }
    with server_process(env, folder) as (url, _):
        yield Asked(url, key, token)


@schema.parametrize()
@settings(max_examples=examples(5), suppress_health_check=list(HealthCheck))
def test_any_request_is_answered_as_published(case: Case, asked: Asked) -> None:
    case.call_and_validate(base_url=asked.url, headers=asked.headers(case.path), checks=CHECKS, timeout=30)
