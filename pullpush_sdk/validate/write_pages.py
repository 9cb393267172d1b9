"""`python -m pullpush_sdk.validate.write_pages FOLDER` writes the reference page of every rule into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from ._pages import pages


def main(folder: Path) -> None:
    """Write what has changed, and take away the page of a rule that is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for file in folder.glob("*.md"):
        if file.name not in made:
            file.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference/rules"))
