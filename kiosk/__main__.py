"""``python -m kiosk``."""

from __future__ import annotations

from kiosk.cli import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
