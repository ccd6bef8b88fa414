//! The threads among which large work is shared.

use napi::bindgen_prelude::Object;
use napi_derive::napi;

/// How far behind the event loop the pool goes where both want the same core: 0 is level, 19 is last.
#[cfg(target_os = "linux")]
const BEHIND: i32 = 10;

/// Starts the pool when the add-on has been loaded; while it is being loaded a thread that starts would wait for the
/// loader, which waits for it. Where the cores are few, a service that scores a file would otherwise wait for it with
/// every request; one customer is scored on another thread, which stays level with the event loop.
#[napi(module_exports)]
pub fn start(_exports: Object<'_>) -> napi::Result<()> {
    // A pool that is there already stays as it is: then another thread of Node has loaded the add-on before.
    let _ = rayon::ThreadPoolBuilder::new().start_handler(|_| behind()).build_global();
    Ok(())
}

/// Puts the calling thread behind; elsewhere than on Linux threads have no niceness of their own.
fn behind() {
    // Where the system does not allow it the thread stays level.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, BEHIND);
}
