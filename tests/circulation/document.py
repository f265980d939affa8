"""Every answer against the published OpenAPI document, and the headers every answer carries."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.templating.paths.exceptions import PathError
from openapi_schema_validator import OAS31Validator

from circulation import app

NDJSON = "application/x-ndjson"


@cache
def document() -> dict[str, Any]:
    """The document as it is published; it does not depend on what is served."""
    return app.document()


def _text(content: bytes, **_: str) -> str:
    return content.decode()


@cache
def _openapi() -> OpenAPI:
    texts: Any = {"application/toml": _text, "text/csv": _text}
    # That the document is right is a test of its own (test_http.py): every process would spend seconds on it here.
    config = Config(spec_validator_cls=None, extra_media_type_deserializers=texts)
    return OpenAPI.from_dict(document(), config=config)


@cache
def _line_validator() -> Any:
    operations = document()["paths"]["/v1/operations"]["post"]["responses"]["200"]
    return OAS31Validator({**operations["content"][NDJSON]["schema"], "components": document()["components"]})


def check_answer(answer: requests.Response) -> requests.Response:
    """The answer, if it is as published."""
    assert answer.status_code < 500, answer.text
    assert datetime.fromisoformat(answer.headers["Library-Time"]).tzinfo is not None
    assert len(answer.headers["Library-Generation"]) == 36
    if answer.headers.get("content-type", "").startswith(NDJSON):
        for line in answer.content.splitlines():
            _line_validator().validate(json.loads(line))
        return answer
    try:
        _openapi().validate_response(RequestsOpenAPIRequest(answer.request), RequestsOpenAPIResponse(answer))
    except PathError:  # a path or method that is in no document is not served
        assert answer.status_code in (404, 405)
        assert answer.json().keys() == {"error", "detail", "place"}
    return answer
