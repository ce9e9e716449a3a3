use crate::world::origin::Page;
use crate::world::{TOKEN, World};

#[test]
fn times_and_the_key_are_told_to_a_token_that_may_read_and_in_development() {
    let told = |settings: &[(&str, &str)], headers: &[(&str, &str)]| {
        let world = World::with(1, settings);
        world.origin.set("/a?y=1&x=\"", Page::new("one").fresh(60, 60));
        let seen = world.get_with("/a?y=1&x=\"", headers);
        let sent = world.origin.requests.borrow()[0].headers.contains_key("edge-isr-debug");
        assert!(!sent, "the token is not for the origin");
        let hit = world.get_with("/a?y=1&x=\"", headers);
        (seen.header("server-timing").to_owned(), hit.cache().to_owned())
    };
    let reader = [("READ_TOKENS", "the-token-that-reads")];
    let nothing = (String::new(), "hit; ttl=59".to_owned());
    assert_eq!(told(&reader, &[]), nothing);
    assert_eq!(told(&reader, &[("edge-isr-debug", "wrong")]), nothing);
    for (settings, headers) in [
        (&reader, [("edge-isr-debug", "the-token-that-reads")].as_slice()),
        (&[("READ_TOKENS", TOKEN)], [("edge-isr-debug", TOKEN)].as_slice()),
        (&[("DEBUG", "true")], [].as_slice()),
    ] {
        let (timing, status) = told(settings, headers);
        assert_eq!(timing, "cache;dur=0, cache;dur=0, origin;dur=10");
        assert_eq!(status, "hit; ttl=59; key=\"https://site.test/a?y=1&x=\\\"\"");
    }
}
