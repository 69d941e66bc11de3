"""Makes ``python -m flake8_cancel`` the same as the command ``flake8-cancel``."""

from __future__ import annotations

from flake8_cancel.cli.main import main

# Worker processes that are spawned import this module again.
if __name__ == "__main__":
    raise SystemExit(main())
