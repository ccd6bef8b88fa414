"""What a customer-success team works with beside scores: trends, alerts, routing, contacts, experiments, money at risk.

Every function passes its arguments on to the core, which fills the defaults in; `docs/calls.md` lists them.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, cast

from churn._churn import _call

Date = str | datetime.date | datetime.datetime
Record = Mapping[str, Any]


def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _object(name: str, **arguments: Any) -> dict[str, Any]:
    return cast(dict[str, Any], _call(name, _given(**arguments)))


def _list(name: str, **arguments: Any) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], _call(name, _given(**arguments)))


def health_trend(history: Sequence[tuple[Date, float | None]]) -> dict[str, Any] | None:
    """Where a history of (day, score) is heading: slope in points per 30 days, its interval, change point.

    >>> health_trend([("2026-01-01", 80), ("2026-01-11", 77), ("2026-01-21", 74), ("2026-01-31", 71)])["slope_30d"]
    -9.0
    """
    return cast(dict[str, Any] | None, _call("health_trend", {"history": list(history)}))


def percent_change(before: float, after: float) -> float:
    """The change as a share of the larger of the two, -1 to 1; from 0 to anything it is 1.

    >>> percent_change(0, 5)
    1.0
    """
    return cast(float, _call("percent_change", {"before": before, "after": after}))


def health_config(name: str) -> str:
    """The TOML text of a shipped health configuration, to start one's own from: "saas" or "telecom"."""
    return cast(str, _call("health_config", {"name": name}))


def lead_config(name: str) -> str:
    """The TOML text of a shipped lead scorecard, to start one's own from: "roofing" or "saas"."""
    return cast(str, _call("lead_config", {"name": name}))


def alert_config() -> str:
    """The TOML text of the shipped alert rules, to start one's own from."""
    return cast(str, _call("alert_config", {}))


def early_warning_fit(histories: Sequence[Sequence[float | None]], *, options: Record | None = None) -> dict[str, Any]:
    """A detector of falling scores, fitted to customers who are doing well; `false_alarm_rate` is what to expect."""
    return _object("early_warning_fit", histories=[list(h) for h in histories], options=options)


def early_warning_watch(detector: Record, history: Sequence[float | None]) -> list[dict[str, Any]]:
    """The alarms in one customer's history."""
    return _list("early_warning_watch", detector=detector, history=list(history))


def route_leads(
    leads: Sequence[Record], reps: Sequence[Record], *, top_score: float | None = None
) -> list[dict[str, Any]]:
    """Who gets which lead: the best to top performers, the rest by load.

    >>> reps = [{"name": "ann", "top_performer": True}, {"name": "bob"}]
    >>> route_leads([{"lead_id": "a", "score": 91}], reps)[0]["rep"]
    'ann'
    """
    return _list("route_leads", leads=list(leads), reps=list(reps), top_score=top_score)


def alert_step(
    observations: Sequence[Record], *, now: Date, state: str | None = None, config: str | None = None
) -> dict[str, Any]:
    """One step of an alert engine made for it alone; `AlertEngine` keeps the rules ready."""
    return _object("alert_step", observations=list(observations), now=now, state=state, config=config)


def alert_settle(state: str, alert_id: str, outcome: str) -> dict[str, Any]:
    """Says what became of an alert ("acknowledged" or "closed"): the new `state`, and whether it was `settled`."""
    return _object("alert_settle", state=state, alert_id=alert_id, outcome=outcome)


def alert_replay(
    history: Sequence[Record],
    *,
    config: str | None = None,
    churned: Mapping[str, Date] | None = None,
    horizon_days: float | None = None,
    self_resolved_days: float | None = None,
) -> dict[str, Any]:
    """What rules would have done on a history: volume, precision, share of needless alerts, warnings."""
    return _object(
        "alert_replay",
        history=list(history),
        config=config,
        churned=churned,
        horizon_days=horizon_days,
        self_resolved_days=self_resolved_days,
    )


def alert_payload(
    notification: Record,
    channel: str,
    *,
    details: Record | None = None,
    include: Sequence[str] | None = None,
    subject: str | None = None,
    body: str | None = None,
    link: str | None = None,
) -> dict[str, Any]:
    """A notification as a message for "email", "slack" or "webhook"; nothing personal but what `include` lists."""
    return _object(
        "alert_payload",
        notification=notification,
        channel=channel,
        details=details,
        include=None if include is None else list(include),
        subject=subject,
        body=body,
        link=link,
    )


def select_contacts(candidates: Sequence[Record], *, options: Record | None = None) -> dict[str, Any]:
    """Whom to contact by expected value, within capacity and budget, with a hold-out group.

    >>> plan = select_contacts([{"customer_id": "a", "probability": 0.6, "value": 900}], options={"hold_out": 0})
    >>> plan["contacts"][0]["group"]
    'contact'
    """
    return _object("select_contacts", candidates=list(candidates), options=options)


def uplift_readout(treated: Sequence[Record], control: Sequence[Record], *, seed: int | None = None) -> dict[str, Any]:
    """What a campaign did: subjects are {"outcome": ..., "score": ...}; effect, Qini, AUUC, each with its interval."""
    return _object("uplift_readout", treated=list(treated), control=list(control), seed=seed)


def campaign_profit(churned: Sequence[bool], scores: Sequence[float], *, costs: Record | None = None) -> dict[str, Any]:
    """Expected maximum profit for each customer, and the share to contact at which it is reached."""
    return _object("campaign_profit", churned=list(churned), scores=list(scores), costs=costs)


def lifetime_fit(tenure_months: Sequence[float], churned: Sequence[bool]) -> dict[str, Any]:
    """Hazards of leaving by month of tenure, with their distance from the Kaplan-Meier curve."""
    return _object("lifetime_fit", tenure_months=list(tenure_months), churned=list(churned))


def value_at_risk(model: Record, customers: Sequence[Record], *, horizon_months: int | None = None) -> dict[str, Any]:
    """Money at risk: MRR x expected remaining lifetime x churn probability, for each customer and summed."""
    return _object("value_at_risk", model=model, customers=list(customers), horizon_months=horizon_months)
