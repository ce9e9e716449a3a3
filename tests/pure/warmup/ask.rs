use edge_isr::warmup::ask::{Ask, End, Reply, Task};
use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use super::{cursor, damaged, pairs, text, texts};

const ENDS: [End; 10] = [
    End::Fresh,
    End::Stale,
    End::Stored,
    End::Unchanged,
    End::Uncacheable,
    End::Failed,
    End::Skipped,
    End::NotYet,
    End::Purged,
    End::Listed,
];
const TASKS: [Task; 5] = [Task::Look, Task::Fetch, Task::Tag, Task::Sitemap, Task::Stored];

fn ask() -> impl Strategy<Value = Ask> {
    (select(TASKS.as_slice()), text(), cursor(), text(), any::<u64>())
        .prop_map(|(task, of, cursor, host, knows)| Ask { task, of, cursor, host, knows })
}

fn reply() -> impl Strategy<Value = Reply> {
    let numbers = any::<(u64, u64, u64)>();
    (select(ENDS.as_slice()), text(), numbers, texts(), texts(), cursor(), pairs()).prop_map(
        |(end, reason, (pause, took, skipped), urls, sitemaps, cursor, examples)| Reply {
            end,
            reason,
            pause,
            took,
            urls,
            sitemaps,
            cursor,
            skipped,
            examples,
        },
    )
}

proptest! {
    #[test]
    fn what_the_object_asks_is_read_as_it_was_written(ask in ask()) {
        prop_assert_eq!(Ask::of_text(&ask.to_text()), Some(ask));
    }

    #[test]
    fn what_the_worker_replies_is_read_as_it_was_written(reply in reply()) {
        prop_assert_eq!(Reply::of_text(&reply.to_text()), Some(reply));
    }

    #[test]
    fn what_is_damaged_or_of_another_version_is_not_read(ask in ask(), reply in reply()) {
        for text in damaged(&ask.to_text()) {
            prop_assert_eq!(Ask::of_text(&text), None, "{}", text);
        }
        for text in damaged(&reply.to_text()) {
            prop_assert_eq!(Reply::of_text(&text), None, "{}", text);
        }
    }
}

#[rstest]
#[case::tasks(TASKS.map(Task::as_str).to_vec(), &["look", "fetch", "tag", "sitemap", "stored"])]
#[case::ends(
    ENDS.map(End::as_str).to_vec(),
    &["fresh", "stale", "stored", "unchanged", "uncacheable", "failed", "skipped", "not-yet", "purged", "listed"],
)]
fn each_value_has_a_word(#[case] words: Vec<&str>, #[case] expected: &[&str]) {
    assert_eq!(words, expected);
}

#[test]
fn a_word_leads_back_to_its_value_and_an_unknown_one_to_none() {
    assert!(ENDS.into_iter().all(|end| End::of(end.as_str()) == Some(end)));
    assert!(TASKS.into_iter().all(|task| Task::of(task.as_str()) == Some(task)));
    for unknown in ["", "Fresh", "fresh ", "gone"] {
        assert_eq!((End::of(unknown), Task::of(unknown)), (None, None));
    }
}

#[rstest]
#[case::of_a_task(Ask::default().to_text().replace("look", "dream"), true)]
#[case::of_an_end(Reply::default().to_text().replace("stale", "ripe"), false)]
fn a_word_of_a_later_version_is_not_read(#[case] text: String, #[case] is_ask: bool) {
    assert_ne!(text, if is_ask { Ask::default().to_text() } else { Reply::default().to_text() });
    assert!(Ask::of_text(&text).is_none() && Reply::of_text(&text).is_none());
}

#[test]
fn a_reply_with_a_reason_has_nothing_else() {
    let reply = Reply::because(End::Failed, "why");
    assert_eq!(reply, Reply { end: End::Failed, reason: "why".to_owned(), ..Reply::default() });
    assert_eq!(Reply::from(End::Fresh), Reply { end: End::Fresh, ..Reply::default() });
}
