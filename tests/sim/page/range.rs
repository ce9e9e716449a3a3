use crate::world::World;
use crate::world::origin::Page;

#[test]
fn a_stored_page_answers_ranges_9110_14() {
    for text in ["0123456789".to_owned(), "0123456789".repeat(500)] {
        let length = text.len();
        let world = World::new(1);
        let page = Page::new(&text).fresh(60, 60).with("content-length", &length.to_string());
        world.origin.set("/a", page.etag("\"1\""));
        world.get("/a");
        let part = world.get_with("/a", &[("range", "bytes=2-4")]);
        assert_eq!((part.status, part.text.as_str()), (206, "234"));
        assert_eq!(part.header("content-range"), format!("bytes 2-4/{length}"));
        assert_eq!(part.header("content-length"), "3");
        let suffix = world.get_with("/a", &[("range", "bytes=-1"), ("if-range", "\"1\"")]);
        assert_eq!((suffix.status, suffix.text.as_str()), (206, "9"));
        let beyond = world.get_with("/a", &[("range", "bytes=9000-")]);
        assert_eq!((beyond.status, beyond.text.as_str()), (416, ""));
        let changed = world.get_with("/a", &[("range", "bytes=2-4"), ("if-range", "\"2\"")]);
        assert_eq!((changed.status, changed.text.len()), (200, length));
        let seen = world.get_with("/a", &[("range", "bytes=2-4"), ("if-none-match", "\"1\"")]);
        assert_eq!(seen.status, 304);
        assert_eq!(world.origin.take("/a"), 1);
    }
}

#[test]
fn a_206_of_the_origin_is_passed_on_and_not_stored() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("23").status(206).fresh(60, 60));
    for _ in 0..2 {
        let seen = world.get_with("/a", &[("range", "bytes=2-3")]);
        assert_eq!((seen.status, seen.cache()), (206, "fwd=uri-miss; detail=range"));
    }
    assert_eq!(world.origin.take("/a"), 2);
}
