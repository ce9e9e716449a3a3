use edge_isr::warmup::job::AskedBy;
use edge_isr::warmup::wire::{Start, Verb, WarmReply, WarmRequest};
use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use super::{damaged, pairs, text, texts};

const VERBS: [Verb; 4] = [Verb::Job, Verb::Jobs, Verb::Start, Verb::Stop];
const ASKED_BY: [AskedBy; 3] = [AskedBy::Request, AskedBy::Purge, AskedBy::Schedule];

fn start() -> impl Strategy<Value = Start> {
    let lists = (texts(), texts(), texts(), texts(), pairs());
    (select(ASKED_BY.as_slice()), text(), any::<u64>(), lists).prop_map(
        |(by, host, knows, (urls, tags, sitemaps, stored, skipped))| Start {
            by,
            host,
            knows,
            urls,
            tags,
            sitemaps,
            stored,
            skipped,
        },
    )
}

fn request() -> impl Strategy<Value = WarmRequest> {
    (select(VERBS.as_slice()), text(), start()).prop_map(|(verb, id, start)| WarmRequest {
        verb,
        id,
        start,
    })
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        prop_assert_eq!(WarmRequest::of_text(&request.to_text()), Some(request));
    }

    #[test]
    fn a_request_that_is_damaged_or_of_another_version_is_not_read(request in request()) {
        for text in damaged(&request.to_text()) {
            prop_assert_eq!(WarmRequest::of_text(&text), None, "{}", text);
        }
    }

    #[test]
    fn a_reply_is_read_as_it_was_written(status: u16, text in text()) {
        let reply = WarmReply { status, text };
        prop_assert_eq!(WarmReply::of_text(&reply.to_text()), Some(reply));
    }
}

#[test]
fn each_verb_and_each_reason_for_a_job_has_a_word() {
    assert_eq!(VERBS.map(Verb::as_str), ["job", "jobs", "start", "stop"]);
    assert_eq!(ASKED_BY.map(AskedBy::as_str), ["request", "purge", "schedule"]);
    assert!(VERBS.into_iter().all(|verb| Verb::of(verb.as_str()) == Some(verb)));
    assert!(ASKED_BY.into_iter().all(|by| AskedBy::of(by.as_str()) == Some(by)));
}

#[rstest]
#[case::nothing("")]
#[case::no_status("\n{}")]
#[case::no_line_break("200")]
#[case::no_number("ok\n{}")]
#[case::a_status_that_is_too_large("70000\n{}")]
#[case::a_record(r#"["1","200","{}"]"#)]
fn what_is_no_reply_is_not_read(#[case] text: &str) {
    assert_eq!(WarmReply::of_text(text), None);
}

#[rstest]
#[case("404\n", 404, "")]
#[case("200\n{\"a\":\n1}\n", 200, "{\"a\":\n1}\n")]
fn a_reply_is_a_status_and_the_rest(#[case] text: &str, #[case] status: u16, #[case] rest: &str) {
    let reply = WarmReply { status, text: rest.to_owned() };
    assert_eq!(WarmReply::of_text(text), Some(reply));
}
