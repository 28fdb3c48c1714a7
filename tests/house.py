"""The house in numbers: rooms, floors, arrows and circles; how long files and functions are.

`python -m tests.house` counts this checkout, `python -m tests.house DIR` another one. A room is
what lies directly in a top folder, a file or a folder; an arrow is one room that imports another
one, imports for types included. A room's floor is one above the highest room it needs; an arrow
that must be left out for that, because it closes a circle of rooms, is upward. A circle is a knot
of files that all reach each other.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from tests.places import ROOT

TOPS = ("recorder", "hardware", "dsp", "tui")
Graph = dict[str, set[str]]


def modules(root: Path, top: str) -> dict[str, Path]:
    """Every module below `top` by its dotted name; a package is its `__init__`."""
    found = {}
    for path in sorted((root / top).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path) -> Iterator[str]:
    """Every name that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows(known: dict[str, Path]) -> Graph:
    """Which module needs which of the others."""

    def owner(name: str) -> str:
        return name if name in known else name.rpartition(".")[0]

    return {
        name: {owner(other) for other in imported(path) if owner(other) in known} - {name}
        for name, path in known.items()
    }


def between_rooms(files: Graph, top: str) -> Graph:
    """The arrows between the rooms of a top folder; its own `__init__` is no room."""
    rooms: Graph = {name.split(".")[1]: set() for name in files if name != top}
    for name, needed in files.items():
        for other in needed - {top}:
            if name != top and name.split(".")[1] != other.split(".")[1]:
                rooms[name.split(".")[1]].add(other.split(".")[1])
    return rooms


def reached(graph: Graph, start: str) -> set[str]:
    """Everything that `start` needs, directly or through others."""
    seen, waiting = set[str](), [start]
    while waiting:
        new = graph[waiting.pop()] - seen
        seen |= new
        waiting.extend(new)
    return seen


def knots(graph: Graph) -> list[set[str]]:
    """The groups of two or more that all reach each other."""
    reach = {name: reached(graph, name) for name in graph}
    groups = {frozenset(b for b in reach[a] if a in reach[b]) for a in graph if a in reach[a]}
    return [set(group) for group in sorted(groups, key=sorted)]


def upward(rooms: Graph) -> set[tuple[str, str]]:
    """The arrows against the best order of the rooms that moving one at a time finds."""
    order = sorted(rooms, key=lambda room: len(reached(rooms, room)))
    while True:
        better = min(_moves(order), key=lambda other: len(_against(rooms, other)))
        if len(_against(rooms, better)) == len(_against(rooms, order)):
            return _against(rooms, order)
        order = better


def _moves(order: list[str]) -> Iterator[list[str]]:
    """Each order in which one room stands elsewhere."""
    for room in order:
        others = [other for other in order if other != room]
        yield from ([*others[:at], room, *others[at:]] for at in range(len(order)))


def _against(rooms: Graph, order: list[str]) -> set[tuple[str, str]]:
    place = {room: at for at, room in enumerate(order)}
    return {(a, b) for a, needed in rooms.items() for b in needed if place[b] > place[a]}


def floors(rooms: Graph) -> dict[str, int]:
    """The floor of each room, from 1, when upward arrows are left out."""
    against = upward(rooms)
    level: dict[str, int] = {}

    def at(room: str) -> int:
        if room not in level:
            level[room] = 1 + max(
                (at(b) for b in rooms[room] if (room, b) not in against), default=0
            )
        return level[room]

    return {room: at(room) for room in rooms}


def shape(root: Path, top: str) -> dict[str, int]:
    """Rooms, floors, arrows, upward arrows and circles of a top folder."""
    files = arrows(modules(root, top))
    rooms = between_rooms(files, top)
    return {
        "rooms": len(rooms),
        "floors": max(floors(rooms).values(), default=0),
        "arrows": sum(map(len, rooms.values())),
        "upward": len(upward(rooms)),
        "circles": len(knots(files)),
    }


def lengths(root: Path) -> dict[str, float]:
    """Lines of the product, and how long its modules and functions are."""
    paths = [path for top in TOPS for path in modules(root, top).values()]
    lines = [path.read_text().count("\n") for path in paths]
    functions = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in paths
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        "lines": sum(lines),
        "modules": len(lines),
        "module_median": median(lines),
        "module_p90": quantiles(lines, n=10)[-1],
        "functions": len(functions),
        "function_median": median(functions),
        "function_p90": quantiles(functions, n=10)[-1],
    }


def main() -> None:
    """Print the counts as one JSON object."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    counts = {top: shape(root, top) for top in ("recorder", "hardware")}
    print(json.dumps({**counts, "code": lengths(root)}, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
