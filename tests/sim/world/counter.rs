use std::cell::Cell;

/// Counts calls of one kind.
#[derive(Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    pub fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }

    pub fn take(&self) -> u64 {
        self.0.replace(0)
    }
}
