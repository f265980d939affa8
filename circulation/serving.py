"""Running the service: where it listens, what it refuses, and that its tasks run meanwhile."""

from __future__ import annotations

import ipaddress
import json
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import structlog
import uvicorn

from circulation.app import make_app
from circulation.errors import CirculationError
from circulation.jobs.alarm import ringing
from circulation.service import Service

log = structlog.get_logger("circulation.serving")


def refuse_plain_beyond_loopback(host: str, tls: bool, behind_proxy: bool) -> None:
    """Plain HTTP stays on this computer, unless a proxy in front of the service does TLS.

    Raises:
        CirculationError: it would not.
    """
    if tls or behind_proxy or _is_loopback(host):
        return
    raise CirculationError(
        "plain_http",
        f"plain HTTP on {host} would carry PINs in the clear: give --tls-cert and --tls-key, or --behind-proxy if a "
        "proxy in front of this service does TLS",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    service: Service,
    host: str,
    port: int,
    ready_file: Path | None = None,
    tls: tuple[Path, Path] | None = None,
    behind_proxy: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. The caller holds ``only_server``.

    Args:
        service: what is served.
        host: address to listen on.
        port: 0 = any free one; see ``ready_file``.
        ready_file: written with {"url": ...} once the service listens.
        tls: certificate and key files.
        behind_proxy: a proxy in front does TLS.

    Raises:
        CirculationError: it cannot listen there, or certificate or key cannot be used.
    """
    refuse_plain_beyond_loopback(host, tls is not None, behind_proxy)
    with _ended_by_sigterm(), listen(host, port) as listening, ringing(service) as alarm:
        name = f"[{host}]" if ":" in host else host
        url = f"{'https' if tls else 'http'}://{name}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            make_app(service, alarm.ring),
            log_config=None,
            access_log=False,
            ssl_certfile=str(tls[0]) if tls else None,
            ssl_keyfile=str(tls[1]) if tls else None,
            proxy_headers=behind_proxy,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        _load_certificate(config)
        server = uvicorn.Server(config)
        log.info("listening", url=url)
        if ready_file is not None:
            _write_ready(ready_file, url)
        server.run(sockets=[listening])


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Leave the block in order at SIGTERM: runs of tasks are ended before the process is.

    uvicorn raises the signal again once it has stopped, which by default would end the process on the spot.
    """

    def end(*_: Any) -> NoReturn:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one.

    Raises:
        CirculationError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        raise CirculationError("address", f"cannot listen on {host} port {port}: {error}") from None
    # Accepted connections inherit it. Without it each answer waits 40 ms for the machine's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _load_certificate(config: uvicorn.Config) -> None:
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise CirculationError("tls", f"certificate or key cannot be used: {error}") from None


def _write_ready(file: Path, url: str) -> None:
    draft = file.with_name(file.name + ".new")
    try:
        draft.write_text(json.dumps({"url": url}), "utf-8")
        draft.replace(file)
    except OSError as error:
        raise CirculationError("ready_file", f"{file} cannot be written: {error.strerror}") from None
