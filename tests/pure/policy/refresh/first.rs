use edge_isr::policy::refresh::first::{FirstRequest, KnownPage, first_request};
use edge_isr::policy::refresh::guess::Order;
use edge_isr::policy::stored::Pass;
use http::HeaderName;
use rstest::rstest;

use crate::samples::PRIVATE;

const OWN: Pass = Pass { plain: false, ..PRIVATE };

#[rstest]
#[case::stored(KnownPage::Stored, "cookie", Order::OwnOnly, FirstRequest::Plain)]
#[case::not_for_visitor(
    KnownPage::NotForVisitor,
    "cookie",
    Order::PlainFirst,
    FirstRequest::OwnAlone
)]
#[case::plain_passes(
    KnownPage::Passes(PRIVATE),
    "cookie",
    Order::PlainFirst,
    FirstRequest::OwnAlone
)]
#[case::own_passes(KnownPage::Passes(OWN), "cookie", Order::PlainFirst, FirstRequest::OwnThenPlain)]
#[case::own_passes_in_vain(
    KnownPage::Passes(OWN),
    "cookie",
    Order::OwnOnly,
    FirstRequest::OwnAlone
)]
#[case::like_stored_ones(
    KnownPage::Unknown,
    "cookie",
    Order::PlainFirst,
    FirstRequest::PlainOnSuspicion
)]
#[case::unknown(KnownPage::Unknown, "cookie", Order::OwnFirst, FirstRequest::OwnThenPlain)]
#[case::unknown_in_vain(KnownPage::Unknown, "cookie", Order::OwnOnly, FirstRequest::OwnAlone)]
#[case::no_lease(
    KnownPage::UnknownWithoutLease,
    "cookie",
    Order::PlainFirst,
    FirstRequest::OwnAlone
)]
#[case::it_is_the_plain_one(KnownPage::Unknown, "", Order::OwnOnly, FirstRequest::Plain)]
#[case::it_is_the_plain_one_of_a_page_that_passes(
    KnownPage::Passes(PRIVATE),
    "",
    Order::OwnOnly,
    FirstRequest::Plain
)]
#[case::the_platforms_words(KnownPage::Unknown, "cf-ray", Order::OwnOnly, FirstRequest::Plain)]
#[case::the_platforms_words_of_a_page_that_passes(
    KnownPage::Passes(PRIVATE),
    "cf-ray",
    Order::OwnOnly,
    FirstRequest::OwnAlone
)]
fn is_sent_first(
    #[case] page: KnownPage,
    #[case] added: &str,
    #[case] order: Order,
    #[case] expected: FirstRequest,
) {
    let added: Vec<HeaderName> =
        added.split_whitespace().map(|name| name.parse().unwrap()).collect();
    assert_eq!(first_request(page, &added, order), expected);
}
