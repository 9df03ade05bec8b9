"""What ``study.yaml`` may say: its keys, each with its type."""

from __future__ import annotations

from dataclasses import dataclass, field

KINDS = ("table", "figure", "text")


@dataclass(frozen=True)
class Run:
    """One run of the analysis: data release and image (``environment``)."""

    release: str
    environment: str


@dataclass(frozen=True)
class Runs:
    """Which data releases and images (``environments``) the study runs under each protocol."""

    releases: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """Metrics files of one kind, every one of which must be there.

    Attributes
    ----------
    path : str
        Below the study's folder of results; ``{protocol}``, ``{release}`` and ``{environment}``
        stand for each of the study's.
    lacks : tuple of str
        Patterns of the paths that such a file may lack.
    """

    path: str
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Recomputed values of one source.

    Attributes
    ----------
    files : tuple of Files
    fitted : bool
        Whether a fit stands behind its values: only numerical variations settle a miss of those.
    fixed : tuple of str
        Patterns of the paths inside that no fit enters.
    unvaried : tuple of str
        Patterns of the paths of fitted values that the sweep does not vary.
    environment : str, optional
        For files that do not name their run: their image.
    """

    files: tuple[Files, ...]
    fitted: bool = False
    fixed: tuple[str, ...] = ()
    unvaried: tuple[str, ...] = ()
    environment: str | None = None


@dataclass(frozen=True)
class Private:
    """Why numbers cannot be recomputed; ``rules.csv`` names it ``needs-private-KEY``."""

    short: str
    meaning: str


@dataclass(frozen=True)
class Item:
    """One table, figure or part of the text; ``columns`` sets it as a grid."""

    title: str
    kind: str = "text"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checklist:
    """A reporting checklist: its name, how many items it has, whether these have weights."""

    name: str
    items: int
    weighted: bool = False


@dataclass(frozen=True)
class Compared:
    """What the comparison of two revisions leaves alone.

    Attributes
    ----------
    ignored : tuple of str
        Files or folders of results.
    companions : tuple of str
        Keys of values that follow a fit's results and that no printed number is one of.
    """

    ignored: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Corrected:
    """Addresses ``FILE::key/key`` of a value, its interval and P, below the folder of results."""

    value: str = ""
    low: str = ""
    high: str = ""
    P: str = ""


@dataclass(frozen=True)
class Headline:
    """Where the study's headline stands.

    Attributes
    ----------
    number : tuple of str
        Item, row, metric and statistic of the printed number, as the ledger has them.
    corrected : Corrected
        Of the corrected protocol; empty where the study has none.
    """

    number: tuple[str, ...]
    corrected: Corrected = Corrected()


@dataclass(frozen=True)
class Content:
    """What ``study.yaml`` says.

    Attributes
    ----------
    title, short, doi : str
    protocols : tuple of str
        Ways to carry out the analysis that give evidence, preferred first.
    preferred : Run
        The run that counts where the evidence does not decide.
    runs : Runs
    sources : dict
        Evidence by the name that ``rules.csv`` uses.
    items : dict
        Tables, figures and parts of the text in the order in which they are shown.
    headline : Headline
    images : tuple of str
        That the recomputation runs in.
    checklists : dict
        File (without ``.csv``) to checklist.
    numbers : dict
        File of ``published/`` to how many numbers it holds.
    stored : int
        How many outputs of the authors' own run ``stored/outputs.csv`` holds.
    variations : tuple of str
        Summaries of the numerical variations below the folder of results, each of which must be
        there; ``{environment}`` stands for each of the study's.
    single_runs : dict
        One of ``variations`` to the table of its single runs (`stages.verdicts.single`), which must be
        there too.
    racing : tuple of str
        Patterns of the paths of fits that race between threads.
    guessed : tuple of str
        Patterns of the paths of values that rest on something guessed, which cannot contradict.
    second : str
        Files of the second derivations below the folder of results; ``{release}`` stands for each of
        the study's.
    private : dict
        Kinds of data that are not public.
    plausible : dict
        Pattern of metrics to the lowest and the highest value that such a number plausibly takes.
    rows, statistics : dict
        Names in words.
    compared : Compared
    earlier : dict
        What an earlier judge accepted of wrong numbers: verdict to kind of change to accepted and
        tried (`stages.verdicts.mutation`).
    """

    title: str
    short: str
    doi: str
    protocols: tuple[str, ...]
    preferred: Run
    runs: Runs
    sources: dict[str, Evidence]
    items: dict[str, Item]
    headline: Headline
    images: tuple[str, ...]
    checklists: dict[str, Checklist]
    numbers: dict[str, int]
    stored: int = 0
    variations: tuple[str, ...] = ()
    single_runs: dict[str, str] = field(default_factory=dict)
    racing: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    second: str = ""
    private: dict[str, Private] = field(default_factory=dict)
    plausible: dict[str, tuple[float, ...]] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    statistics: dict[str, str] = field(default_factory=dict)
    compared: Compared = Compared()
    earlier: dict[str, dict[str, tuple[int, ...]]] = field(default_factory=dict)
