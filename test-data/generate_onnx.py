"""Small ONNX models of invented customers, for test-data/imported.

Needs lightgbm, xgboost, scikit-learn, onnxmltools, skl2onnx and onnxruntime. Writes onnx_*.onnx and prints their cases
for cases.json: the source library's own margins, with which onnxruntime is compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType as SklearnTensor
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

FOLDER = Path(__file__).parent / "imported"
OPSET = 15


def main() -> None:
    random = np.random.default_rng(3)
    n = 600
    columns = [random.integers(0, 73, n), random.uniform(18, 120, n).round(2), random.integers(0, 6, n)]
    x = np.column_stack([*columns, random.integers(0, 3, n)]).astype(np.float32)
    margin = 0.5 - 0.06 * x[:, 0] + 0.02 * x[:, 1] + 0.4 * x[:, 2] * (x[:, 3] == 1)
    y = (random.random(n) < 1 / (1 + np.exp(-margin))).astype(int)
    some = x[:40]
    cases: dict[str, Any] = {}

    def keep(name: str, model: Any, margins: Any) -> None:
        data = model.SerializeToString()
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        shares = session.run(None, {session.get_inputs()[0].name: some})[1]
        wanted = np.array([float(share[1]) for share in shares])
        given = wanted if margins is None else 1 / (1 + np.exp(-np.asarray(margins, dtype=float)))
        assert np.abs(given - wanted).max() < 2e-6, name
        (FOLDER / f"{name}.onnx").write_bytes(data)
        cases[name] = {
            "inputs": [[float(v) for v in row] for row in some],
            "margins": [float(v) for v in (wanted if margins is None else margins)],
        }

    table = [("x", FloatTensorType([None, 4]))]
    sklearn_table = [("x", SklearnTensor([None, 4]))]
    settings = {"objective": "binary", "num_leaves": 6, "verbose": -1, "seed": 1, "num_threads": 1}
    light = lightgbm.train(settings, lightgbm.Dataset(x, y), 8)
    converted = onnxmltools.convert_lightgbm(light, initial_types=table, target_opset=OPSET, zipmap=False)
    keep("onnx_lightgbm", converted, light.predict(some, raw_score=True))
    settings = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "seed": 1}
    extreme = xgboost.train(settings, xgboost.DMatrix(x, y), 6)
    converted = onnxmltools.convert_xgboost(extreme, initial_types=table, target_opset=OPSET)
    keep("onnx_xgboost", converted, extreme.predict(xgboost.DMatrix(some), output_margin=True))
    forest = RandomForestClassifier(5, max_depth=3, random_state=1, n_jobs=1).fit(x, y)
    plain = {"zipmap": False}
    keep("onnx_forest", convert_sklearn(forest, initial_types=sklearn_table, target_opset=OPSET, options=plain), None)
    boosting = GradientBoostingClassifier(n_estimators=6, max_depth=2, random_state=1).fit(x, y)
    converted = convert_sklearn(boosting, initial_types=sklearn_table, target_opset=OPSET)
    keep("onnx_boosting", converted, boosting.decision_function(some))
    print(json.dumps(cases, separators=(",", ":")))


if __name__ == "__main__":
    main()
