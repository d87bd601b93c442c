"""What the scripts share that show the results of studies/claims.toml."""

import json
import pathlib
import sys


def refuse(message):
    """One line on standard error, exit code 2."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(2)


def shown(path, show):
    """show(summary) of the summary.json at that path."""
    try:
        summary = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
    except ValueError as error:
        refuse(f"{path}: no JSON: {error}")
    try:
        return show(summary)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        refuse(f"{path}: no results of studies/claims.toml: {type(error).__name__}: {error}")


def write(path, text):
    """Writes the file whole, or leaves what was there."""
    path = pathlib.Path(path)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        refuse(f"{path}: {error.strerror}")
