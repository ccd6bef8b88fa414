"""A churn service with FastAPI.

Run it with `uvicorn fastapi_app:app`, then for example

    curl -F file=@customers.csv http://127.0.0.1:8000/mapping
    curl -F file=@customers.csv http://127.0.0.1:8000/scores
    curl -H 'content-type: application/json' -d '{"customer_id": "A1", "tenure_months": 2, "monthly_charges": 89.9,
        "contract": "Month-to-month"}' http://127.0.0.1:8000/customers/score

Needs fastapi, uvicorn and python-multipart.
"""

import asyncio
import os
from typing import Any

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import churn
import churn.aio


class OneATurn:
    """Begins one request a turn of the event loop: of a crowd that comes at once, nobody waits for all the others."""

    def __init__(self, app: ASGIApp) -> None:
        """Of what serves the requests."""
        self.app = app
        self.door = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] == "http":
            async with self.door:
                await asyncio.sleep(0)
        await self.app(scope, receive, send)


app = FastAPI(title="Which customers are about to leave")
app.add_middleware(OneATurn)
engine = churn.Engine.load(os.environ["CHURN_MODEL"]) if "CHURN_MODEL" in os.environ else None
engine = engine or churn.Engine.pretrained("telecom")

# The first table that is mapped builds the dictionary of names (0.1 s): before the first request, not in it.
churn.map_columns(["customer_id"])

# How many predictions one answer holds at most: a page on a screen, not a data warehouse.
PAGE = 1000


@app.exception_handler(churn.ChurnError)
async def tell(_: Request, error: churn.ChurnError) -> JSONResponse:
    """What is wrong with the data is the caller's to mend; a bug of ours is not."""
    status = 500 if error.code == "internal" else 422
    answer = {"code": error.code, "message": str(error), "hint": error.hint, "context": error.context}
    return JSONResponse({"error": answer}, status)


@app.get("/health")
async def health() -> dict[str, Any]:
    """For load balancers."""
    return {"status": "ok", "model": engine.model_version}


@app.post("/mapping")
async def mapping(file: UploadFile) -> dict[str, Any]:
    """What each column of a file was taken for, to show to the user before anything is scored."""
    result = await churn.aio.map_columns(file.file)
    return result.to_dict()


@app.post("/scores")
async def scores(file: UploadFile, offset: int = 0, limit: int = 100) -> dict[str, Any]:
    """Scores a file; the answer holds one page of the predictions."""
    predictions = await churn.aio.score(engine, file.file)
    rows = range(max(offset, 0), min(max(offset, 0) + min(limit, PAGE), len(predictions)))
    return {
        "summary": await asyncio.to_thread(predictions.summary),
        "quality": predictions.quality.to_dict(),
        "predictions": [predictions[row] for row in rows],
    }


@app.post("/customers/score")
async def score_customer(record: dict[str, Any]) -> dict[str, Any]:
    """Scores one customer; takes so little time that no thread is worth it."""
    return engine.score_one(record).to_dict()
