"""``python -m circulation``."""

from __future__ import annotations

from circulation.cli import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
