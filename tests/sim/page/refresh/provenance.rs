//! The tags that are stored with a response.

use crate::world::World;
use crate::world::origin::Page;

#[test]
fn tags_that_no_purge_can_name_are_told_in_the_log() {
    for (tags, told) in
        [("a b,c", &["tags of https://site.test/a were dropped (1)"][..]), ("a,c", &[])]
    {
        let world = World::new(1);
        world.origin.set("/a", Page::new("one").fresh(60, 60).tags(tags));
        world.get("/a");
        let log = world.log.take();
        assert_eq!(log.len(), told.len(), "{log:?}");
        assert!(told.iter().zip(&log).all(|(told, line)| line.contains(told)), "{log:?}");
        assert_eq!(world.urls_of_tag("c"), ["https://site.test/a"]);
    }
}
