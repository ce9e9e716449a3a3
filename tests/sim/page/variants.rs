use crate::seeds;
use crate::world::World;
use crate::world::origin::Page;

#[test]
fn each_variant_is_found_by_its_own_selecting_fields() {
    seeds(|seed| {
        let world = World::new(seed);
        let mut page = Page::new("in ").fresh(60, 10).with("vary", "Accept-Language");
        page.varies = Some("accept-language".to_owned());
        world.origin.set("/a", page);
        // A further variant gets a place at its second request.
        for language in ["de", "fr", "en", "de", "fr", "en"] {
            assert_eq!(
                world.get_with("/a", &[("accept-language", language)]).text,
                format!("in {language}")
            );
        }
        for language in ["en", "de", "fr"] {
            let seen = world.get_with("/a", &[("accept-language", language)]);
            assert_eq!(
                (seen.text, seen.headers["cache-status"].to_str().unwrap()),
                (format!("in {language}"), "edge-isr; hit; ttl=59")
            );
        }
        assert_eq!(world.get("/a").cache(), "fwd=vary-miss; fwd-status=200; stored");
    });
}

#[test]
fn a_page_that_stops_and_resumes_varying_never_goes_back() {
    let world = World::new(1);
    let page = |version: &str| {
        let mut page = Page::new(version).fresh(60, 0).with("vary", "accept-language");
        page.varies = Some("accept-language".to_owned());
        page
    };
    let read = |language| world.get_with("/a", &[("accept-language", language)]).text;
    world.origin.set("/a", page("1 "));
    read("en");
    world.wait(30_000);
    read("de");
    world.wait(31_000);
    world.origin.set("/a", Page::new("2 ").fresh(1, 0));
    assert_eq!((read("en"), read("de")), ("2 ".to_owned(), "2 ".to_owned()));
    world.wait(2_000);
    world.origin.set("/a", page("3 "));
    assert_eq!((read("en"), read("de")), ("3 en".to_owned(), "3 de".to_owned()));
}
