//! Node bindings: conversions and names only; every decision is churn-core's.
//!
//! A call goes: JavaScript values are copied (`input`, `options`), churn-core works, off the event loop for calls
//! that return a Promise (`error::job`), and what it gives becomes JavaScript values again (`output`). Whatever
//! goes wrong on the way becomes one kind of `Error` (`error::raise`).

mod columns;
mod desk;
mod engine;
mod error;
mod events;
mod explain;
mod functions;
mod held;
mod input;
mod intake;
mod js;
mod model;
mod options;
mod output;
mod pool;
mod scored;
mod scorer;
mod watch;

/// Large columns come and go; the allocator of the system would give their pages back and ask for them again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
