//! How far a long call is, and a way to stop it.

/// How far a long call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
}

/// Called now and then by long calls; return `false` to stop with the error `cancelled`.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress) -> bool + Sync);
