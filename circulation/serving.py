"""Running the service: where it listens, what it refuses, and that one SQLite database has one server."""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn

from circulation.app import make_app
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.tidying import tidying

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


@contextmanager
def only_server(file: Path | None) -> Iterator[None]:
    """Hold the one server's place beside a SQLite file, by whatever link the file was named.

    Raises:
        CirculationError: another server holds it, or nothing can be written beside the file.
    """
    if file is None:
        yield
        return
    real = Path(os.path.realpath(file))  # Path.resolve fails at a link in a circle; let the database say that
    try:
        handle = os.open(real.with_name(real.name + ".server"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CirculationError("database", f"{error.filename} cannot be used: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            detail = f"another server is running on {file}; several servers need PostgreSQL"
            raise CirculationError("second_server", detail) from None
        yield
    finally:
        os.close(handle)


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
    with listen(host, port) as listening, tidying(service):
        name = f"[{host}]" if ":" in host else host
        url = f"{'https' if tls else 'http'}://{name}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            make_app(service),
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
