"""What the scripts share that show results: they read and write files whole, or end with one line and exit code 2."""

import json
import pathlib
import re
import sys


def refuse(message):
    """One line on standard error, exit code 2."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(2)


def read(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
    except ValueError as error:
        refuse(f"{path}: no text: {error}")


def shown(path, what, show):
    """show(content) of the JSON file at that path, which should be `what`."""
    try:
        content = json.loads(read(path))
    except ValueError as error:
        refuse(f"{path}: no JSON: {error}")
    try:
        return show(content)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        refuse(f"{path}: no {what}: {type(error).__name__}: {error}")


def write(path, text):
    """Writes the file whole, or leaves what was there."""
    path = pathlib.Path(path)
    if not path.name:
        refuse(f"{path}: this is a folder")
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        refuse(f"{path}: {error.strerror}")


def write_between(path, begin, end, text):
    """Puts text between the markers of a file."""
    old = read(path)
    new, found = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + text + end, old, flags=re.DOTALL)
    if found != 1:
        refuse(f"{path}: found {found} pairs of markers {begin.strip()} … {end}, allowed is one")
    write(path, new)
