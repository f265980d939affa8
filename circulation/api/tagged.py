"""Documents a machine keeps: told again only if they have changed. Not responsible for what is in them."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header, Response

IfNoneMatch = Annotated[str | None, Header(max_length=2000)]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "still the one named by If-None-Match"}}


def tagged(document: object, known: str | None) -> Response:
    """The document with a strong ETag, or 304 if it is the one already known."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if known is not None and etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})
