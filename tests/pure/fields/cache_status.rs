use edge_isr::fields::cache_status::{CacheStatus, Detail, Forward};
use http::HeaderMap;
use rstest::rstest;
use sfv::{BareItem, ListEntry, Parser};

use crate::headers;

#[rstest]
#[case(CacheStatus::hit(30), "edge-isr; hit; ttl=30")]
#[case(CacheStatus::hit(-3).detail(Detail::Revalidating), "edge-isr; hit; ttl=-3; detail=revalidating")]
#[case(CacheStatus::forwarded(Forward::UriMiss).answered(200), "edge-isr; fwd=uri-miss; fwd-status=200")]
#[case(
    CacheStatus { stored: true, collapsed: true, ..CacheStatus::forwarded(Forward::Stale) },
    "edge-isr; fwd=stale; stored; collapsed"
)]
fn cache_status_is_written_as_9211_says(#[case] status: CacheStatus, #[case] text: &str) {
    assert_eq!(status.to_string(), text);
    let mut headers = HeaderMap::new();
    status.append_to(&mut headers);
    let parser = Parser::new(headers["cache-status"].to_str().unwrap());
    let list: sfv::List = parser.parse().expect("a structured field");
    let ListEntry::Item(item) = &list[0] else { panic!("an item") };
    assert!(matches!(&item.bare_item, BareItem::Token(name) if name.as_str() == "edge-isr"));
    assert_eq!(item.params.len(), text.matches(';').count());
}

#[test]
fn an_origins_own_members_stay_before_ours_9211_2() {
    let mut headers = headers("cache-status: OriginCache; hit");
    CacheStatus::hit(1).append_to(&mut headers);
    let lines: Vec<_> = headers.get_all("cache-status").iter().collect();
    assert_eq!(lines, ["OriginCache; hit", "edge-isr; hit; ttl=1"]);
}
