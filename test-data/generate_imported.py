"""Small models of other libraries on invented customers, with what those libraries predict.

    python test-data/generate_imported.py        writes test-data/imported/

Needs xgboost 3.2, lightgbm 4.7, catboost 1.2, scikit-learn 1.9, pandas and numpy; the tests need none of them.
Each NAME.json / .ubj / .txt is a model file as its library writes it; cases.json holds for each the inputs (null is
missing) and the library's margins (log-odds; for forests the probability). refused/ holds models that must be refused.
"""

import json
import sys
from pathlib import Path

import catboost
import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier

HERE = Path(__file__).parent / "imported"
# The reader of attributes, without the compiled module.
sys.path.insert(0, str(Path(__file__).parent.parent / "churn-py" / "python" / "churn"))
NAMES = ["tenure_months", "monthly_charges", "tickets", "plan_code"]


def customers(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack(
        [
            rng.integers(0, 72, n).astype(float),
            np.round(rng.uniform(10, 120, n), 2),
            np.where(rng.random(n) < 0.5, 0.0, rng.integers(1, 9, n)),
            rng.integers(0, 150, n).astype(float),
        ]
    )
    effect = rng.normal(size=150)
    margin = 1.5 - 0.07 * x[:, 0] + 0.01 * x[:, 1] + 0.2 * x[:, 2] + effect[x[:, 3].astype(int)]
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(int)
    x[rng.random(x.shape) < 0.06] = np.nan
    return x, y


def main() -> None:
    HERE.mkdir(exist_ok=True)
    (HERE / "refused").mkdir(exist_ok=True)
    x, y = customers(900, 1)
    probe = customers(25, 2)[0]
    probe[20] = np.nan
    probe[21] = 0
    probe[22, 3] = 149
    probe[23, 3] = 4000
    probe[24] = [-1e30, 1e30, -0.0, 64]
    # A category below 0 is an error for XGBoost and a missing value for LightGBM; none is asked here.
    cases: dict[str, dict[str, object]] = {}

    def case(name: str, margins: np.ndarray, rows: np.ndarray = probe) -> None:
        inputs = [[None if np.isnan(v) else float(v) for v in row] for row in rows]
        cases[name] = {"inputs": inputs, "margins": [float(m) for m in np.asarray(margins).ravel()]}

    # Labelled customers for the documentation and tests of calibration.
    rows, labels = customers(400, 3)
    lines = [",".join(["customer_id", *NAMES, "churned"])]
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        cells = ["" if np.isnan(v) else f"{v:g}" for v in row]
        lines.append(",".join([f"C-{i:03}", *cells, "Yes" if label else "No"]))
    (HERE / "customers.csv").write_text("\n".join(lines) + "\n")

    # XGBoost
    types = ["q", "q", "q", "c"]

    def matrix(rows: np.ndarray, label: np.ndarray | None = None, categorical: bool = True) -> xgb.DMatrix:
        names = {"feature_names": NAMES, "feature_types": types, "enable_categorical": True} if categorical else {}
        return xgb.DMatrix(rows, label=label, **names)

    base = {"max_depth": 4, "eta": 0.4, "nthread": 1, "seed": 1, "objective": "binary:logistic"}
    variants = {
        "xgb_wide_sets": ({"max_cat_to_onehot": 1}, True),
        "xgb_one_hot": ({"max_cat_to_onehot": 200}, True),
        "xgb_dart": ({"booster": "dart", "rate_drop": 0.4, "one_drop": 1}, False),
        "xgb_parallel": ({"num_parallel_tree": 3, "subsample": 0.7, "scale_pos_weight": 2.5, "base_score": 0.2}, False),
        "xgb_logitraw": ({"objective": "binary:logitraw", "base_score": 0.3}, False),
        "xgb_reg_logistic": ({"objective": "reg:logistic"}, False),
        "xgb_lossguide": ({"grow_policy": "lossguide", "max_leaves": 20, "max_depth": 0, "min_child_weight": 0}, False),
    }
    for name, (extra, categorical) in variants.items():
        model = xgb.train(base | extra, matrix(x, y, categorical), 4)
        model.save_model(HERE / f"{name}.json")
        model.save_model(HERE / f"{name}.ubj")
        case(name, model.predict(matrix(probe, categorical=categorical), output_margin=True))
    stopped = xgb.XGBClassifier(n_estimators=40, max_depth=3, learning_rate=1.0, n_jobs=1, early_stopping_rounds=3)
    stopped.fit(x[:600], y[:600], eval_set=[(x[600:], y[600:])], verbose=False)
    assert stopped.best_iteration + 1 < stopped.get_booster().num_boosted_rounds()
    stopped.save_model(HERE / "xgb_best_iteration.json")
    case("xgb_best_iteration", stopped.predict(probe, output_margin=True))
    for name, extra in {
        "xgb_linear": {"booster": "gblinear"},
        "xgb_softprob": {"objective": "multi:softprob", "num_class": 2},
        "xgb_hinge": {"objective": "binary:hinge"},
        "xgb_squared": {"objective": "reg:squarederror"},
        "xgb_cox": {"objective": "survival:cox"},
        "xgb_rank": {"objective": "rank:pairwise"},
    }.items():
        data = xgb.DMatrix(x, label=y)
        if "rank" in name:
            data.set_group([300, 300, 300])
        xgb.train(base | extra, data, 2).save_model(HERE / "refused" / f"{name}.json")

    # LightGBM
    base = {"verbose": -1, "num_leaves": 12, "num_threads": 1, "seed": 1, "deterministic": True, "learning_rate": 0.3}
    base |= {"min_data_in_leaf": 5, "objective": "binary", "feature_name": NAMES}
    for name, extra in {
        "lgb_plain": {},
        "lgb_categories": {"categorical_feature": [3], "cat_smooth": 1, "min_data_per_group": 1},
        "lgb_zero_missing": {"zero_as_missing": True},
        "lgb_no_missing": {"use_missing": False},
        "lgb_forest": {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
        "lgb_dart": {"boosting": "dart", "drop_rate": 0.5},
        "lgb_goss": {"data_sample_strategy": "goss"},
        "lgb_sigmoid": {"sigmoid": 1.7, "is_unbalance": True},
        "lgb_cross_entropy": {"objective": "cross_entropy"},
    }.items():
        parameters = base | extra
        categorical = parameters.pop("categorical_feature", "auto")
        names = parameters.pop("feature_name")
        data = lgb.Dataset(x, y, feature_name=names, categorical_feature=categorical, params=parameters)
        model = lgb.train(parameters, data, 5)
        model.save_model(HERE / f"{name}.txt")
        # The raw score of its forests is the plain sum; their probability comes from the mean.
        case(name, model.predict(probe, raw_score=True) / (model.num_trees() if "forest" in name else 1))
        cases[name]["probabilities"] = [float(p) for p in model.predict(probe)]
    for name, extra in {
        "lgb_linear": {"linear_tree": True},
        "lgb_multi": {"objective": "multiclass", "num_class": 3},
        "lgb_regression": {"objective": "regression"},
        "lgb_rank": {"objective": "lambdarank"},
    }.items():
        parameters = base | extra
        names = parameters.pop("feature_name")
        group = [300, 300, 300] if "rank" in name else None
        data = lgb.Dataset(x, y, feature_name=names, group=group, params=parameters)
        lgb.train(parameters, data, 2).save_model(HERE / "refused" / f"{name}.txt")

    # CatBoost
    for name, extra in {
        "cat_symmetric": {"depth": 4},
        "cat_nan_high": {"depth": 3, "nan_mode": "Max"},
        "cat_lossguide": {"grow_policy": "Lossguide", "max_leaves": 9},
        "cat_depthwise": {"grow_policy": "Depthwise", "depth": 3},
    }.items():
        model = catboost.CatBoostClassifier(
            iterations=4, learning_rate=0.5, verbose=0, allow_writing_files=False, thread_count=1, **extra
        )
        model.fit(catboost.Pool(x, y, feature_names=NAMES))
        model.save_model(str(HERE / f"{name}.json"), format="json")
        case(name, model.predict(probe, prediction_type="RawFormulaVal"))
    model = catboost.CatBoostRegressor(iterations=2, depth=2, verbose=0, allow_writing_files=False)
    model.fit(x, y)
    model.save_model(str(HERE / "refused" / "cat_regression.json"), format="json")
    model = catboost.CatBoostClassifier(iterations=2, depth=2, verbose=0, allow_writing_files=False)
    model.fit(x, y + (x[:, 0] > 40))
    model.save_model(str(HERE / "refused" / "cat_multi.json"), format="json")
    model = catboost.CatBoostClassifier(iterations=3, depth=3, verbose=0, allow_writing_files=False)
    words = [[str(int(v)) if v == v else "?" for v in row] for row in x[:, 3:]]
    model.fit(catboost.Pool(words, y, cat_features=[0]))
    model.save_model(str(HERE / "refused" / "cat_categories.json"), format="json")

    # scikit-learn, through the package's own reader of attributes
    from _sklearn import plain

    for name, estimator in {
        "skl_forest": RandomForestClassifier(7, max_depth=5, random_state=1),
        "skl_boosting": GradientBoostingClassifier(n_estimators=6, max_depth=3, random_state=1),
        "skl_histogram": HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=12, random_state=1),
    }.items():
        missing = name != "skl_boosting"
        rows, asked = (x, probe) if missing else (np.nan_to_num(x, nan=5.0), np.nan_to_num(probe, nan=5.0))
        estimator.fit(rows, y)
        (HERE / f"{name}.json").write_text(json.dumps(plain(estimator)))
        margins = estimator.predict_proba(asked)[:, 1] if "forest" in name else estimator.decision_function(asked)
        case(name, margins, asked)

    (HERE / "cases.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
