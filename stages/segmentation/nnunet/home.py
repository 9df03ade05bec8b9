"""Import this before anything of nnU-Net.

nnU-Net reads its folders and its numbers of processes from the environment once, when it is
imported. It gets a scratch folder that goes with the process (nothing of ours is kept there) and
no processes of its own: what several unseeded ones make is not repeatable.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="nnunet-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for _name in ("raw", "preprocessed", "results"):
    (HOME / _name).mkdir()
    os.environ[f"nnUNet_{_name}"] = str(HOME / _name)
os.environ |= {"nnUNet_n_proc_DA": "0", "nnUNet_def_n_proc": "1"}
