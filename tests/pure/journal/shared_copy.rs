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
#[case(14_999, true)]
#[case(15_000, false)]
fn a_note_has_an_age(#[case] age: u64, #[case] expected: bool) {
    let now = NOTE.asked_at + Duration::from_millis(age);
    assert_eq!(is_younger(&NOTE, Duration::from_secs(15), now), expected);
}
