"""Every action of a case and what plays it; ``reading.INPUTS`` says what each may carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.cases import closing, documents, editing, lending, looking, noticing, paying, reserving
from tests.cases.playing import Out, Playing
from tests.cases.reading import REPLAY, REPLAYED, Step

ACTIONS: Mapping[str, Callable[[Playing, Step], Out]] = {
    "checkout": lending.checkout,
    "renew": lending.renew,
    "return": lending.return_,
    "override": lending.override,
    "return_then_borrow": lending.return_then_borrow,
    "borrow_until_refused": lending.borrow_until_refused,
    "reconnect": lending.reconnect,
    "reserve": reserving.reserve,
    "cancel_reservation": reserving.cancel_reservation,
    "scan_in": reserving.scan_in,
    "nightly_jobs": reserving.nightly_jobs,
    "put_on_hold_shelf": reserving.put_on_hold_shelf,
    "pay": paying.pay,
    "charge": paying.charge,
    "show_account": paying.show_account,
    "show_loan": looking.show_loan,
    "explain": looking.explain,
    "what_if": looking.what_if,
    "add_closing": closing.add_closing,
    "advice": editing.advice,
    "edit_rule_view": editing.edit_rule_view,
    "list_rules": documents.list_rules,
    "publish": documents.publish,
    "publish_check": documents.publish_check,
    "checkout_with_draft": documents.checkout_with_draft,
    "import_toml": documents.import_toml,
    "import_csv": documents.import_csv,
    "export_toml": documents.export_toml,
    "export_csv": documents.export_csv,
    "run": noticing.run,
    "daily_run": noticing.daily_run,
    "all_scheduled_runs": noticing.all_scheduled_runs,
    "dry_run": noticing.dry_run,
    "start_after_being_off": noticing.start_after_being_off,
    "check_task": noticing.check_task,
    "monthly_report": noticing.monthly_report,
}


def play(playing: Playing, step: Step) -> Out:
    """Play one step; its facts."""
    return _replay(playing) if step.action == REPLAY else ACTIONS[step.action](playing, step)


def _replay(playing: Playing) -> Out:
    """The first steps of the case once more, in the world as it is before them; all their notices."""
    notices: list[Out] = []
    for step in playing.case.steps:
        if step.id in REPLAYED and not step.apart:
            playing.clock.now = step.at
            notices += play(playing, step).get("notices", [])
    return {"notices": notices}
