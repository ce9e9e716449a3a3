use edge_isr::platform::kv_key::{KvKey, KvPrefix};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::tag::Tag;
use rstest::rstest;

fn tag(text: &str) -> Tag {
    Tag::origin(text).unwrap()
}

#[rstest]
#[case(KvKey::record(PurgeMode::Soft, &tag("Post:1")), "p/s/post:1")]
#[case(KvKey::record(PurgeMode::Hard, &tag("Post:1")), "p/h/post:1")]
#[case(KvKey::record(PurgeMode::Hard, &Tag::everything()), "p/h/%01%2A")]
#[case(KvKey::relation(&tag("a/b"), "0f"), "t/a%2Fb/0f")]
#[case(KvKey::page("0f"), "u/0f")]
#[case(KvKey::receipt("0f"), "r/0f")]
fn a_key_is_spelt_as_it_always_was(#[case] key: KvKey, #[case] spelling: &str) {
    assert_eq!((key.as_str(), key.to_string().as_str()), (spelling, spelling));
}

#[test]
fn a_listed_relation_tells_its_page_if_it_is_of_the_tag() {
    let relations = KvPrefix::relations(&tag("a"));
    assert_eq!(relations.page_of(KvKey::relation(&tag("a"), "0f").as_str()), Some("0f"));
    assert_eq!(relations.page_of(KvKey::relation(&tag("a/b"), "0f").as_str()), None);
}
