"""Lists the examples: what each shows, how to run it, and where its source is."""

from __future__ import annotations

import ast
from pathlib import Path


def main() -> None:
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        described = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        print(f"python -m barloom.examples.{path.stem}")
        print(f"    {described.splitlines()[0]}")
        print(f"    {path}")


if __name__ == "__main__":
    main()
