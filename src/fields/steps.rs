//! A count of the bytes that the parsers have visited, so that a test can bound it for any text.
//! Bytes are counted only in builds with debug assertions. The count never affects a decision.

#[cfg(debug_assertions)]
thread_local! {
    static TAKEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts a byte that a parser visits.
#[inline]
pub fn step() {
    steps(1);
}

/// Counts the bytes that a parser visits or compares.
#[inline]
pub fn steps(bytes: usize) {
    #[cfg(debug_assertions)]
    TAKEN.set(TAKEN.get() + bytes);
    #[cfg(not(debug_assertions))]
    let _ = bytes;
}

/// Returns the number of bytes that parsers visit during `work`.
#[cfg(debug_assertions)]
#[cfg(not(target_arch = "wasm32"))]
pub fn taken(work: impl FnOnce()) -> usize {
    let before = TAKEN.get();
    work();
    TAKEN.get() - before
}
