//! Large results are freed without the interpreter lock, because the system takes its time for it.

use churn_core::Scored;
use std::ops::Deref;

/// Rows from which freeing is worth a thread of its own.
const LARGE: usize = 10_000;

/// A scored table that holds up nobody when it goes.
pub struct Heavy(Option<Scored>);

impl From<Scored> for Heavy {
    fn from(scored: Scored) -> Self {
        Heavy(Some(scored))
    }
}

impl Deref for Heavy {
    type Target = Scored;

    fn deref(&self) -> &Scored {
        // There from `from` on, until `drop`.
        self.0.as_ref().unwrap_or_else(|| unreachable!("a scored table was looked at after its end"))
    }
}

impl Drop for Heavy {
    fn drop(&mut self) {
        if let Some(scored) = self.0.take().filter(|s| s.predictions.len() >= LARGE) {
            std::thread::spawn(move || drop(scored));
        }
    }
}
