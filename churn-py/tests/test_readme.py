"""The Python example of the README runs as it stands."""

import os
import re
import subprocess
import sys

from conftest import ROOT


def test_the_example_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    assert blocks
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=ROOT, capture_output=True, text=True, env={**os.environ}
    )
    assert run.returncode == 0, run.stderr
    assert "high risk" in run.stdout and "Month-to-month" in run.stdout
