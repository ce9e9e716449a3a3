use std::time::Duration;

use edge_isr::journal::append::{Append, Receipt};
use edge_isr::journal::block::Block;
use edge_isr::journal::wire::{JournalReply, JournalRequest, parse_request};
use edge_isr::journal::{Head, JournalId, Known, Number};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;
use rstest::rstest;

use super::{append, by_visitor};

const KNOWN: Known = Known { journal: JournalId(u64::MAX), number: Number(7) };

#[rstest]
#[case::read(JournalRequest::Read(Some(KNOWN)), "read ffffffffffffffff 7")]
#[case::read_all(JournalRequest::Read(None), "read 0 0")]
#[case::append(
    JournalRequest::Append(append(255, PurgeMode::Soft, &[1, 16]), Some(KNOWN)),
    "append ffffffffffffffff 7 ff soft token 1 10"
)]
#[case::append_of_a_visitor(
    JournalRequest::Append(by_visitor(u128::MAX, &[]), None),
    "append 0 0 ffffffffffffffffffffffffffffffff hard visitor"
)]
#[case::receipt(JournalRequest::Receipt(255), "receipt ff")]
#[case::newest(JournalRequest::Newest(None), "newest 0")]
#[case::before(JournalRequest::Newest(Some(Number(31))), "newest 1f")]
#[case::with_a_receipt(
    JournalRequest::Append(
        Append {
            receipt: Some(Receipt { text: "{ \"a\": 1 }".to_owned(), life: Duration::from_secs(16) }),
            ..append(1, PurgeMode::Soft, &[1])
        },
        None
    ),
    "append 0 0 1 soft token 1\n10 { \"a\": 1 }"
)]
fn a_request_is_a_line_of_words(#[case] request: JournalRequest, #[case] text: &str) {
    assert_eq!(request.to_string(), text);
    assert_eq!(parse_request(text), Some(request));
}

#[rstest]
#[case("")]
#[case("read")]
#[case("read 0")]
#[case("read 0 g")]
#[case("write 0 0")]
#[case("append 0 0 1 soft")]
#[case("append 0 0 1 warm token 1")]
#[case("append 0 0 1 soft stranger 1")]
#[case("append 0 0 1 soft token x")]
#[case("receipt")]
#[case("newest x")]
fn a_malformed_request_is_none(#[case] text: &str) {
    assert_eq!(parse_request(text), None);
}

#[test]
fn a_written_reply_is_read_back() {
    let news = Block::write(Head::default(), Number(3), std::iter::empty());
    for appended in [None, Some(Number(9))] {
        let reply = JournalReply {
            appended,
            reads_again_at: appended.map(|_| Time(5)),
            news: news.clone(),
        };
        assert_eq!(JournalReply::read(reply.to_bytes()), Some(reply));
    }
    assert_eq!(JournalReply::read(vec![]), None);
    assert_eq!(JournalReply::read(vec![0; 9]), None);
}
