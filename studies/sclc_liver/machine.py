"""Show what only this machine can: more OpenBLAS kernels, and the booster that races.

Nothing of it is the same elsewhere: the file belongs into ``logs/`` and is never tracked.
"""

from __future__ import annotations

from pathlib import Path

from stages.common import canonical, cli
from studies.sclc_liver import design, kernels, racing, sensitivity
from studies.sclc_liver.parameters import read_sensitivity
from studies.sclc_liver.variation import LINEAR


def stage() -> None:
    """Command line."""
    parser = sensitivity.parser("studies.sclc_liver.machine", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="spreads and counts (JSON)")
    options = parser.parse_args()
    settings = read_sensitivity(options.params)
    inputs = sensitivity.read_releases(options.release)
    available, not_run = kernels.probe(settings.machine_kernels)
    found = {"environment": options.environment, "kernels": available, "not_run": not_run,
             "racing": racing.distribution(settings.racing, inputs, options.params)}
    if available:
        variations = [variation for variation in design.variations(settings, available, inputs)
                      if variation.task == LINEAR]
        rows, _ = sensitivity.run(
            sensitivity.Sweep(inputs, options.params, settings.workers), variations)
        found |= {"variations": sensitivity.counts(variations),
                  "releases": sensitivity.summarise(rows)}
    canonical.write_json(options.out, found)


if __name__ == "__main__":
    cli.main(stage)
