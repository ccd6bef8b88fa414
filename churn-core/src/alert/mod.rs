//! Alerts: rules on scores, bands, probabilities, trends and events, as a pure state machine.
//!
//! The engine is [`AlertEngine::step`]: state in, observations in, the time in; state out, notifications out. It keeps
//! nothing, so a host stores the state in its own database, in the same transaction in which it queues the notifications.
//! The same input given twice sends nothing twice: every rule remembers up to when it has seen each customer, and a
//! notification's id follows from the rule, the customer and the moment, so that a host that crashed between sending and
//! storing can tell the repeat.
//!
//! Between two observations time passes in order: what falls due (a condition that has held long enough, an escalation,
//! the end of quiet hours, a digest) happens at its own moment, so it does not matter in how many steps a history is fed.

mod config;
mod engine;
mod payload;
mod replay;
mod state;
mod zones;

pub use config::{AlertConfig, AlertRule, Delivery, Escalation, Limits, Owner, Quiet, Severity, When};
pub use engine::{AlertEngine, Step};
pub use payload::{Channel, PayloadOptions, payload};
pub use replay::{Replay, ReplayOptions, RuleReplay, replay};
pub use state::{
    AlertState, Notification, NotificationKind, Observation, Outcome, Reading, Suppressed, instant, parse_instant,
};
