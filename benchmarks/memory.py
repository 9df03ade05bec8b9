"""What each stage takes of memory for one large series, 512 x 512 x 700 voxels, with liver and lesions.

Called as ``.venv/bin/python -m benchmarks.memory [STAGE ...] [--work FOLDER]``; with ``--write`` the
table goes to benchmarks/README.md. Every stage runs as the pipelines call it, in a process of its own,
one thread, parameters of the paper; its peak is what the kernel counts, of it or of the largest process
that it started. Four tiny series go with the large one, because nnU-Net trains on several patients.

Networks are untrained, and of each fold compute the first `WINDOWS` windows only: zeros stand for the
others, for memory does not hang on what is found; nnU-Net's windows do not overlap. Series and results
stay in FOLDER, because a stage needs those before it; so do the figures, and the table is of all stages
that were ever measured there.
"""

from __future__ import annotations

import argparse
import json
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from containers.commands.reliability import table, write
from containers.launcher import ROOT

DOCUMENT = ROOT / "benchmarks" / "README.md"
PARAMS = "--params", "studies/sclc_liver/params"
LESIONS = "--params", "studies/gi_liver/params"
MANIFEST = "--manifest", "{work}/cohort/manifest.csv"
LARGE = *MANIFEST, "--part", "test"
LISTED = "--manifest", "{work}/lesions.csv"
SMALL, WINDOWS = 4, 2
# Image and command of each stage, in order; {work} is the folder.
STAGES = {
    "intake": ("cohort", "stages.cohort.own", *PARAMS, "--table", "{work}/cohort.csv", "--out",
               "{work}/cohort"),
    "intake of LiTS": ("cohort", "stages.cohort.lits", *PARAMS, "--folder", "{work}/lits", "--cases",
                       "2", "--test", "1", "--checksums", "{work}/lits.txt", "--out",
                       "{work}/lits.csv"),
    "intake of DICOM with SEG": ("cohort", "stages.cohort.own", *PARAMS, "--table", "{work}/seg.csv",
                                 "--out", "{work}/seg"),
    "intake of DICOM with RTSTRUCT": ("cohort", "stages.cohort.own", *PARAMS, "--table",
                                      "{work}/rtstruct.csv", "--out", "{work}/rtstruct"),
    "contours of stations": ("cohort", "studies.sclc_recurrence.contours", "--params",
                             "studies/sclc_recurrence/params", "--patients",
                             "{work}/contours/patients.csv", "--masks", "{work}/contours", "--out",
                             "{work}/stations"),
    "prepare": ("segmentation", "stages.segmentation.prepare", *PARAMS, "--preset", "paper", *LARGE,
                "--out", "{work}/prepared"),
    "prepare for nnU-Net": ("segmentation", "stages.segmentation.nnunet.prepare", *PARAMS, "--preset",
                            "paper", *LARGE, "train", "--training-set", "own", "--out",
                            "{work}/nnunet"),
    "U-Net": ("segmentation", "stages.segmentation.infer", *PARAMS, *LARGE, "--model",
              "{work}/models/unet", "--out", "{work}/masks/unet"),
    "nnU-Net trained here": ("segmentation", "stages.segmentation.infer", *PARAMS, *LARGE, "--model",
                             "{work}/models/nnunet", "--out", "{work}/masks/nnunet"),
    "a group's nnU-Net": ("segmentation", "stages.segmentation.predict", "--manifest",
                          "{work}/given/manifest.csv", "--nnunet", "{work}/models/given", "--record",
                          "{work}/given/done.jsonl", "--failed", "{work}/given/failed.json", "--kept",
                          "{work}/given/kept.csv"),
    "fixed thresholds": ("segmentation", "stages.segmentation.baseline", *PARAMS, *LARGE, "--out",
                         "{work}/masks/thresholds"),
    "detection": ("segmentation", "stages.segmentation.detect", *PARAMS, *LARGE, "--predictions",
                  "{work}/masks/thresholds", *(item for name in ("lesions", "scans", "rules") for item
                                               in (f"--{name}", f"{{work}}/detected/{name}.csv")),
                  "--metrics", "{work}/detected/detection.json"),
    "pictures of six methods": ("segmentation", "stages.segmentation.overlay", *PARAMS, *LARGE,
                                "--predictions", "{work}/masks", "--methods", *["thresholds"] * 6,
                                "--out", "{work}/pictures"),
    "preview": ("segmentation", "stages.segmentation.preview", *MANIFEST, "--out", "{work}/previews"),
    "slices of lesions": ("segmentation", "studies.gi_liver.slices", *LESIONS, *LISTED, "--out",
                          "{work}/slices"),
    "features of a series": ("radiomics", "stages.radiomics.extract", *PARAMS, *MANIFEST, "--label",
                             "2", "--other-labels", "1", "--out", "{work}/rows"),
    "features by region": ("radiomics", "stages.radiomics.measure", *PARAMS, *MANIFEST, "--regions",
                           "lesions,each,largest,liver", "--out", "{work}/regions"),
    "features of predicted lesions": ("radiomics", "stages.radiomics.unlabelled", *PARAMS, *MANIFEST,
                                      "--record", "{work}/unlabelled/done.jsonl", "--failed",
                                      "{work}/unlabelled/failed.json", "--out", "{work}/unlabelled"),
    "features of each lesion": ("radiomics", "stages.radiomics.lesions", *LESIONS, *LISTED, "--table",
                                "{work}/each.csv", "--out", "{work}/each.json"),
    "tumour burden": ("radiomics", "stages.radiomics.burden", *LESIONS, *LISTED, "--table",
                      "{work}/burden.csv", "--out", "{work}/burden.json"),
}
HEAD = "stage", "peak, GB", "processor s"


def make(work: Path, planes: int) -> None:
    """Write series, masks, tables and untrained networks, in the image ``segmentation``."""
    import torch

    from benchmarks import inference
    from stages.common import nifti
    from stages.segmentation import checkpoint, networks, settings
    from stages.segmentation.nnunet import model as nnunet_model
    from stages.segmentation.nnunet import plan as nnunet_plan
    from tests.segmentation import given_nnunet

    # isort: split
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    rows = [inference.make(work / f"s{number}.nii.gz", depth, work / f"s{number}_mask.nii.gz")
            for number, depth in enumerate([planes] + [8] * SMALL)]
    names = [f"s{number}" for number in range(len(rows))]
    (work / "lits").mkdir()
    for number, name in enumerate(names[:2]):
        for kind, source in (("volume", name), ("segmentation", f"{name}_mask")):
            (work / "lits" / f"{kind}-{number}.nii.gz").symlink_to(work / f"{source}.nii.gz")
    for path, head, row in (
            ("cohort.csv", "series,study,patient,path,mask,Segmentation",
             "{0},{0},{0},{0}.nii.gz,{0}_mask.nii.gz,{1}"),
            ("lesions.csv", "patient,label,image,mask", "{0},{2},{0}.nii.gz,{0}_mask.nii.gz"),
            ("given/manifest.csv", "File,Cohort,Segmentation,image,mask",
             "{0},own,train,../{0}.nii.gz,{0}.nii.gz")):
        (work / path).parent.mkdir(exist_ok=True)
        few = names[:1] if path == "given/manifest.csv" else names
        lines = [head, *(row.format(name, "train" if number else "test", number % 2)
                         for number, name in enumerate(few))]
        (work / path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    torch.manual_seed(inference.SEED)
    preset = settings.load_nnunet(PARAMS[1], "paper")
    unet = preset.networks["unet"]
    networks.write(work / "models" / "unet", networks.build(unet).state_dict(), unet, preset,
                   {"best_epoch": 1, "best_dice": 0.5, "training": [], "validation": []}, "made up")
    about = nnunet_plan.dataset(2)
    pair = [nifti.to_ras(nifti.read(work / f"s1{end}.nii.gz")) for end in ("", "_mask")]
    marks = nnunet_plan.fingerprint(2, lambda number: pair, 1000)
    plans = nnunet_plan.plans(marks, about, preset.nnunet.plan)
    manager = PlansManager(plans)
    network = get_network_from_plans(manager, about, manager.get_configuration(
        nnunet_plan.CONFIGURATION), 1, deep_supervision=False)
    weights = dict.fromkeys(preset.nnunet.training.trained, checkpoint.weights(network))
    nnunet_model.write(work / "models" / "nnunet", weights, {
        "plans": plans, "dataset": about, "folds": {str(fold): {} for fold in weights},
        "mirrored_axes": [0, 1, 2], "result": {}, "source": "made up"}, replace(
            preset, nnunet=replace(preset.nnunet, step=1.0)))
    plans = given_nnunet.plans(spacing=(1.0, 0.8, 0.8))
    plans["configurations"]["3d_fullres"]["patch_size"] = [64, 128, 128]
    made = given_nnunet.write(work / "models", plans, given_nnunet.dataset())
    (work / "models" / "given").symlink_to(made)


def make_others(work: Path) -> None:
    """Write the large series as DICOM, its mask as SEG, as RTSTRUCT, and as contours of a patient.

    In the image ``cohort``.
    """
    import numpy as np

    from stages.common import nifti
    from studies.sclc_recurrence.partition import STATIONS
    from tests.cohort import mask_files, slices

    image, mask = (nifti.read(work / f"s0{end}.nii.gz") for end in ("", "_mask"))
    # What is stored has no values below air.
    folder = slices.series(work / "dicom", np.maximum(image.data, -1024), image.spacing[2],
                           origin=(0, 0, 0), spacing=image.spacing[:2].tolist(), **mask_files.COMPLETE)
    parts = {"lesion": mask.data == 2, "liver": mask.data > 0}
    mask_files.segmentation(work / "seg.dcm", folder, parts)
    mask_files.structures(work / "rtstruct.dcm", {
        name: mask_files.outlines(part, lambda index: index * image.spacing)
        for name, part in parts.items()})
    for kind in ("seg", "rtstruct"):
        slices.table(work / f"{kind}.csv", [["s0", "s0", "s0", "dicom", f"{kind}.dcm", "lesion",
                                             "liver"]],
                     ("series", "study", "patient", "path", "mask", "lesion", "liver"))
    places = np.arange(mask.data.shape[0]) % len(STATIONS) + 1
    stations = np.where(parts["liver"], places[:, None, None].astype(np.uint8), np.uint8(0))
    for name, voxels in (("stations", stations), ("primary", parts["lesion"]), ("ctv", parts["liver"])):
        nifti.write(work / "contours" / "s0" / f"{name}.nii.gz",
                    nifti.Volume(voxels.astype(np.uint8), mask.affine))
    slices.table(work / "contours" / "patients.csv", [["s0", 1, 30.0]], ("patient", "location", "size"))


def few_windows() -> None:
    """Let networks compute their first windows only."""
    import torch

    from stages.segmentation import networks
    from stages.segmentation.nnunet import model as nnunet_model

    left, known = [WINDOWS], {}

    def few(compute, window, classes):
        if left[0]:
            left[0] -= 1
            known[classes] = compute(window)
            return known[classes]
        return torch.zeros((len(window), classes, *window.shape[2:]), device=window.device)

    predictor, read = nnunet_model.nnUNetPredictor, networks.read
    whole, fold = predictor._internal_maybe_mirror_and_predict, (
        predictor.predict_sliding_window_return_logits)

    class Few(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, window):
            return few(self.model, window, networks.CLASSES)

    def cut(folder):
        model, preset = read(folder)
        return Few(model).eval(), preset

    def each(self, data):
        left[0] = WINDOWS
        return fold(self, data)

    networks.read, predictor.predict_sliding_window_return_logits = cut, each
    predictor._internal_maybe_mirror_and_predict = lambda self, window: few(
        lambda part: whole(self, part), window, self.label_manager.num_segmentation_heads)


def inside(module: str, *arguments: str) -> None:
    """Run a stage in this process; print what it took."""
    if module in ("stages.segmentation.infer", "stages.segmentation.predict"):
        few_windows()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"peak": max(one.ru_maxrss for one in usages) * 1024,
                      "seconds": sum(one.ru_utime + one.ru_stime for one in usages)}))


def launched(work: Path, image: str, *arguments) -> str:
    """Run this module in an image; return the last line that it printed."""
    line = [sys.executable, ROOT / "containers" / "run", "--tests", "--write", work, image, "--",
            "python", "-m", "benchmarks.memory", *arguments]
    done = subprocess.run(list(map(str, line)), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().rpartition("\n")[2]


def measured(work: Path, name: str) -> dict:
    """Run a stage; return its ``peak`` (bytes) and ``seconds``."""
    image, module, *arguments = STAGES[name]
    start = time.perf_counter()
    found = json.loads(launched(work, image, "--inside", module,
                                *(text.format(work=work) for text in arguments)))
    print(f"{name}: {found['peak'] / 1e9:.2f} GB, {found['seconds']:.0f} processor s, "
          f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    return found


def main() -> None:
    """Measure stages."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", help=f"of: {', '.join(STAGES)} (default: all)")
    parser.add_argument("--work", type=Path, help="folder for series and results (default: removed)")
    parser.add_argument("--planes", type=int, default=700, help="of the large series")
    parser.add_argument("--write", action="store_true", help="into benchmarks/README.md")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make-others", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make(options.make, options.planes)
    if options.make_others:
        return make_others(options.make_others)
    if options.inside:
        return inside(*options.inside)
    chosen = options.stages or list(STAGES)
    if unknown := set(chosen) - set(STAGES):
        parser.error(f"no stage {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="memory-") as scratch:
        work = (options.work or Path(scratch)).resolve()
        work.mkdir(exist_ok=True)
        if not (work / "models" / "given").exists():
            launched(work, "segmentation", "--make", work, "--planes", options.planes)
        if not (work / "contours" / "patients.csv").exists():
            launched(work, "cohort", "--make-others", work)
        kept = work / "measured.json"
        found = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        for name in chosen:
            found[name] = measured(work, name)
            kept.write_text(json.dumps(found), encoding="utf-8")
    text = table(HEAD, [[name, f"{found[name]['peak'] / 1e9:.2f}", f"{found[name]['seconds']:.0f}"]
                        for name in STAGES if name in found])
    print(text)
    if options.write:
        write("memory", text, DOCUMENT)


if __name__ == "__main__":
    main()
