//! Hits and nothing else, for `npm run bench -- instructions`: run it twice, with more hits the second
//! time, and the difference is what they cost.

use crate::world::World;
use crate::world::origin::Page;

#[test]
#[ignore = "it is a measurement: npm run bench -- instructions"]
fn are_shown() {
    let setting = |name: &str| std::env::var(name).expect(name);
    let world = World::with(1, &[("RULES", &setting("HITS_RULES"))]);
    world.origin.set("/blog/salt?page=2", Page::new("1").fresh(1_000_000, 0).tags("post-7,posts"));
    let browser = [("user-agent", "Firefox"), ("cookie", "_ga=1"), ("accept", "text/html")];
    world.get_with("/blog/salt?page=2", &browser);
    world.wait(100);
    for _ in 0..setting("HITS").parse().expect("a number") {
        assert!(world.get_with("/blog/salt?page=2", &browser).cache().starts_with("hit"));
    }
}
