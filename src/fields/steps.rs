//! How many bytes the parsers have visited, so that a test can bound it for any text. Counted where
//! assertions are compiled in; elsewhere it costs nothing. Nothing is ever decided by it.

#[cfg(debug_assertions)]
thread_local! {
    static TAKEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A parser visits a byte.
#[inline]
pub fn step() {
    steps(1);
}

/// A parser visits as many bytes, or compares as many.
#[inline]
pub fn steps(bytes: usize) {
    #[cfg(debug_assertions)]
    TAKEN.set(TAKEN.get() + bytes);
    #[cfg(not(debug_assertions))]
    let _ = bytes;
}

/// What `work` takes.
#[cfg(debug_assertions)]
#[cfg(not(target_arch = "wasm32"))]
pub fn taken(work: impl FnOnce()) -> usize {
    let before = TAKEN.get();
    work();
    TAKEN.get() - before
}
