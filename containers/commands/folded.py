"""Whole packages in the place of their files, in lists of what a stage depends on.

DVC's time grows with the lines of these lists, which it reads again for each stage that it runs.
"""

from __future__ import annotations

from pathlib import Path


def contents(root: Path, packages: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the files of each package's folder but ``__init__.py``, which the lists leave out.

    Parameters
    ----------
    root : Path
        The repository.
    packages : tuple of str
        The outermost packages; none of them is in the result.

    Returns
    -------
    dict
        Paths of folders to paths of files in or below them, relative to the repository.
    """
    found: dict[str, set[str]] = {}
    for path in (path for package in packages for path in (root / package).rglob("*")):
        if path.is_file() and path.name != "__init__.py" and path.suffix != ".pyc":
            name = path.relative_to(root)
            for folder in [*name.parents][:-2]:
                found.setdefault(str(folder), set()).add(str(name))
    return {folder: files for folder, files in sorted(found.items())
            if (root / folder / "__init__.py").is_file()}


def fold(needs: set[str], folders: dict[str, set[str]]) -> set[str]:
    """Put a folder in the place of its files where all of them are needed, the outermost first.

    Examples
    --------
    >>> folders = {"a": {"a/x.py", "a/b/y.py", "a/b/z.py"}, "a/b": {"a/b/y.py", "a/b/z.py"}}
    >>> sorted(fold({"a/b/y.py", "a/b/z.py", "c.py"}, folders))
    ['a/b', 'c.py']
    >>> sorted(fold({"a/b/y.py", "c.py"}, folders)), fold({"a/x.py", "a/b"}, folders)
    (['a/b/y.py', 'c.py'], {'a'})
    """
    for folder, files in folders.items():
        inside = {name for name in needs if name.startswith(f"{folder}/")}
        if len(inside) > 1 and all(
                inside.intersection((name, *map(str, Path(name).parents))) for name in files):
            needs = needs - inside | {folder}
    return needs
