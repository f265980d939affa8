"""Patrons at a machine: what they do there, and the receipts they ask for."""

from __future__ import annotations

from uuid import uuid4

from tests.circulation.running import Line, Machine, operation


class Visit:
    """A patron at a machine: what they do, and the receipts they ask for."""

    def __init__(self, machine: Machine, barcode: str) -> None:
        self.machine, self.signed_in = machine, machine.sign_in(barcode)
        self.done: list[str] = []

    def do(self, action: str, item: str) -> Line:
        one = operation(action, item)
        (line,) = self.machine.batch([one], self.signed_in["token"])
        self.done.append(one["id"])
        return line

    def ask(self, id_: str | None = None, *more: str) -> str:
        """Ask for a receipt of all that was done; "" or the code of the refusal."""
        body = {"id": id_ or str(uuid4()), "operations": [*self.done, *more]}
        answer = self.machine.post("/receipts", body, Library_Session=self.signed_in["token"])
        return "" if answer.status_code == 204 else str(answer.json()["error"])
