"""What the scoring of expression reads: tables of genes and samples."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import yaml

from stages.expression import ne_scores
from tests.fuzz.cases import Case
from tests.parameters import whole

TABLE = Path(__file__).resolve().parents[1] / "expression" / "expression.csv"
# Genes: the signature needs a share of its own.
LINES = 402


def cases(root: Path) -> list[Case]:
    """Write small tables below ``root`` and return them."""
    os.chdir(root)
    lines = TABLE.read_text().splitlines()[:LINES]
    Path("e.csv").write_text("\n".join(lines) + "\n")
    tabs = [line.replace(",", "\t") for line in lines]
    described = [line.replace("\t", "\tna\t", 1) for line in tabs[1:]]
    head = "Name\tDescription\t" + tabs[0].partition("\t")[2]
    Path("e.gct").write_text("\n".join(["#1.2", f"{len(described)}\t6", head, *described]) + "\n")
    Path("e.csv.gz").write_bytes(gzip.compress(Path("e.csv").read_bytes(), mtime=0))
    Path("assays.csv").write_text("sample,assay\n" + "".join(
        f"S{number},{'a' if number < 4 else 'b'}\n" for number in range(1, 7)))
    Path("params.yaml").write_text(yaml.safe_dump({key: whole()[key] for key in
                                                   ("expression", "classification")}))

    def scored(name, *more):
        return Case("", "", "csv", ne_scores.stage, [
            "--expression", name, "--params", "params.yaml", "--out", "out/scores.csv",
            "--summary", "out/summary.json", "--method", "correlation", *more], ["out"])

    table = replace(scored("e.csv"), format="expression table", path="e.csv")
    return [
        table,
        replace(scored("e.gct"), format="expression table", path="e.gct", kind="csv"),
        replace(scored("e.csv.gz"), format="expression table", path="e.csv.gz", kind="gzip"),
        replace(scored("e.csv", "--assays", "assays.csv"), format="assays", path="assays.csv"),
        replace(table, format="parameters (YAML)", path="params.yaml", kind="yaml"),
    ]
