"""A churn service with Flask: `gunicorn --threads 8 flask_app:app`, endpoints as in `fastapi_app.py`."""

import os
from typing import Any

from flask import Flask, request

import churn

app = Flask(__name__)
engine = churn.Engine.load(os.environ["CHURN_MODEL"]) if "CHURN_MODEL" in os.environ else None
engine = engine or churn.Engine.pretrained("telecom")

PAGE = 1000


@app.errorhandler(churn.ChurnError)
def tell(error: churn.ChurnError) -> tuple[dict[str, Any], int]:
    """What is wrong with the data is the caller's to mend; a bug of ours is not."""
    answer = {"code": error.code, "message": str(error), "hint": error.hint, "context": error.context}
    return {"error": answer}, 500 if error.code == "internal" else 422


@app.get("/health")
def health() -> dict[str, Any]:
    """For load balancers."""
    return {"status": "ok", "model": engine.model_version}


@app.post("/mapping")
def mapping() -> dict[str, Any]:
    """What each column of a file was taken for."""
    return churn.map_columns(request.files["file"].stream).to_dict()


@app.post("/scores")
def scores() -> dict[str, Any]:
    """Scores a file; the answer holds one page of the predictions."""
    predictions = engine.score(request.files["file"].stream)
    offset = max(request.args.get("offset", 0, int), 0)
    rows = range(offset, min(offset + min(request.args.get("limit", 100, int), PAGE), len(predictions)))
    return {
        "summary": predictions.summary(),
        "quality": predictions.quality.to_dict(),
        "predictions": [predictions[row] for row in rows],
    }


@app.post("/customers/score")
def score_customer() -> dict[str, Any]:
    """Scores one customer."""
    return engine.score_one(request.get_json()).to_dict()
