//! What the status route says of a tag or a URL.

use rstest::rstest;
use serde_json::json;

use super::{get, told};
use crate::world::World;
use crate::world::origin::Page;

#[rstest]
#[case::neither("status", 400)]
#[case::both("status?tag=a&url=https://site.test/", 400)]
#[case::one_twice("status?tag=a&tag=b", 400)]
#[case::another("status?tag=a&page=2", 400)]
#[case::a_tag("status?tag=a", 200)]
#[case::a_tag_from_a_cursor_on("status?tag=a&cursor=0", 200)]
#[case::a_url("status?url=https://site.test/", 200)]
fn a_question(#[case] path: &str, #[case] status: u16) {
    let seen = get(&World::new(1), path);
    assert_eq!(seen.status, status, "{}", seen.text);
}

#[test]
fn the_tags_of_a_url_are_told() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(60, 0).with("cache-tag", "x, y"));
    world.get("/a");
    world.wait(100);
    let path = "status?url=https%3A%2F%2Fsite.test%2Fa";
    let seen = get(&world, path);
    assert_eq!(told(&seen), json!({ "url": "https://site.test/a", "tags": ["x", "y"] }));
}
