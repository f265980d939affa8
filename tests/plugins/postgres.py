"""One PostgreSQL for all tests of a process, started when the first of them needs it; a new database for each test.

It is never skipped: where PostgreSQL is missing, the tests that need it fail and say so.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres.cluster import Cluster, running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The running PostgreSQL."""
    with running() as found:
        yield found


@pytest.fixture
def postgres_url(cluster: Cluster) -> Iterator[str]:
    """The address of an empty database."""
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)
