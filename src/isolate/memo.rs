//! Pure. Results that are kept for recent arguments, because working them out takes long.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

/// The number of results that are kept.
const PLACES: usize = 512;

/// The results of one function, which gives the same result for the same argument.
///
/// Each argument has one place. A later argument with the same place takes it over.
pub struct Memo<A, R> {
    places: RefCell<Vec<Option<(A, R)>>>,
}

impl<A, R> Default for Memo<A, R> {
    fn default() -> Self {
        Memo { places: RefCell::default() }
    }
}

impl<A: Clone + Hash + PartialEq, R: Clone> Memo<A, R> {
    /// Returns the result for an argument. It is worked out unless it is kept: by the same function each
    /// time, which does not use this memo itself.
    pub fn of(&self, argument: &A, work_out: impl FnOnce(&A) -> R) -> R {
        let mut places = self.places.borrow_mut();
        places.resize_with(PLACES, || None);
        let place = &mut places[place_of(argument)];
        if let Some((_, result)) = place.as_ref().filter(|(known, _)| known == argument) {
            return result.clone();
        }
        let result = work_out(argument);
        *place = Some((argument.clone(), result.clone()));
        result
    }
}

fn place_of(argument: &impl Hash) -> usize {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    argument.hash(&mut hash);
    (hash.finish() % PLACES as u64) as usize
}

/// FNV-1a of 64 bits (draft-eastlake-fnv). Arguments that are made to share a place only cost time.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
