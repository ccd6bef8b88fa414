//! Bugs on demand, for the tests of the bindings alone: whatever way a bug takes, it must arrive as the error `internal`
//! and the host must live on.

use crate::error::Result;
use rayon::prelude::*;

/// Ways in which code panics.
pub const WAYS: u64 = 8;

/// Panics in one of [`WAYS`] ways, chosen by `seed`: with a text, with a formatted text, with something that is no text,
/// out of bounds, by a division, by an absent value, on another thread, and deep in a recursion.
///
/// # Errors
/// None: it always panics, and what guards the call turns that into `internal`.
///
/// # Panics
/// Always.
pub fn provoke(seed: u64) -> Result<()> {
    let list = vec![0u64; 3];
    match seed % WAYS {
        0 => panic!("a bug on demand"),
        1 => panic!("a bug on demand, number {seed}"),
        2 => std::panic::panic_any(seed),
        3 => Err(crate::Error::internal(format!("never reached: {}", list[3 + (seed % 5) as usize]))),
        4 => Err(crate::Error::internal(format!("never reached: {}", seed / list[0]))),
        5 => {
            let absent: Option<u64> = list.into_iter().find(|x| *x > seed);
            absent.map(|_| ()).map(Ok).expect("a value that is absent")
        }
        6 => (0..1000usize).into_par_iter().with_min_len(1).try_for_each(|i| {
            assert!(i as u64 != seed % 1000, "a bug on demand on another thread");
            Ok(())
        }),
        _ => deep(64 + seed % 64),
    }
}

fn deep(levels: u64) -> Result<()> {
    if levels == 0 { panic!("a bug on demand, deep down") } else { deep(levels - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::guard;

    #[test]
    fn a_hundred_bugs_are_a_hundred_errors() {
        for seed in 0..100 {
            let error = guard(|| provoke(seed)).expect_err("a bug");
            assert_eq!((error.code(), error.number()), ("internal", 1003), "seed {seed}");
        }
    }
}
