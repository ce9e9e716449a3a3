use std::time::Duration;

use edge_isr::journal::shared_copy::{Note, is_younger};
use edge_isr::journal::{JournalId, Known, Number};
use edge_isr::policy::time::Time;
use rstest::rstest;

const NOTE: Note = Note {
    known: Known { journal: JournalId(u64::MAX), number: Number(16) },
    asked_at: Time(1_767_225_600_000),
};

#[test]
fn a_note_is_three_words() {
    let text = "ffffffffffffffff 10 19b76daa800";
    assert_eq!(NOTE.to_text(), text);
    assert_eq!(Note::parse(text), Some(NOTE));
    for malformed in ["", "1 2", "1 2 3 4", "1 2 x"] {
        assert_eq!(Note::parse(malformed), None, "{malformed}");
    }
}

#[rstest]
#[case::just_young(14_999, true)]
#[case::too_old(15_000, false)]
#[case::of_a_clock_that_is_ahead(-2_500, true)]
#[case::of_a_wrong_clock(-2_501, false)]
fn a_note_is_of_use_up_to_an_age(#[case] age: i64, #[case] expected: bool) {
    let (most, clocks_differ) = (Duration::from_secs(15), Duration::from_millis(2_500));
    let now = Time(NOTE.asked_at.0 + age);
    assert_eq!(is_younger(&NOTE, most, clocks_differ, now), expected);
}
