//! Globs of paths.

use edge_isr::fields::steps;
use edge_isr::rules::glob::{Glob, GlobError};
use proptest::prelude::*;
use rstest::rstest;

fn glob(text: &str) -> Glob {
    Glob::parse(text).unwrap()
}

#[rstest]
#[case("/", "/", true)]
#[case("/", "/a", false)]
#[case("/a", "/a", true)]
#[case("/a", "/ab", false)]
#[case("/a", "/a/", false)]
#[case("/*", "/", true)]
#[case("/*", "/a", true)]
#[case("/*", "/a/b", false)]
#[case("/*.pdf", "/a.pdf", true)]
#[case("/*.pdf", "/a.pdf.pdf", true)]
#[case("/*.pdf", "/a.pdfs", false)]
#[case("/*.pdf", "/a/b.pdf", false)]
#[case("/a*b*c", "/aXbYbZc", true)]
#[case("/a*b*c", "/aXbYcZ", false)]
#[case("/**", "/", true)]
#[case("/**", "/a/b/", true)]
#[case("/a/**", "/a", false)]
#[case("/a/**", "/a/", true)]
#[case("/a/**", "/a/b/c", true)]
#[case("/a/**", "/ab/c", false)]
#[case("/a/**/z", "/a/z", true)]
#[case("/a/**/z", "/a/b/z/z", true)]
#[case("/a/**/z", "/a/b/zz", false)]
#[case("/**/*.css", "/x/y/z.css", true)]
#[case("/**/*.css", "/z.css", true)]
#[case("/**/a/**/b", "/a/x/b/a/b", true)]
#[case("/**/a/**/b", "/x/b/a", false)]
#[case("/{de,fr}/*", "/fr/x", true)]
#[case("/{de,fr}/*", "/en/x", false)]
#[case("/x{,s}", "/x", true)]
#[case("/x{,s}", "/xs", true)]
#[case("/{a,b}{c,d}", "/bd", true)]
#[case("/{slug}", "/x", true)]
#[case("/{slug}", "/", false)]
#[case("/{slug}", "/x/y", false)]
#[case("/{id}-{slug}", "/7-dough-and-salt", true)]
#[case("/caf\u{e9}", "/caf%C3%A9", true)]
#[case("/a b", "/a%20b", true)]
#[case("/a%2fb", "/a%2Fb", true)]
fn a_glob_matches_whole_paths(#[case] text: &str, #[case] path: &str, #[case] matches: bool) {
    assert_eq!(glob(text).matches(path), matches);
}

#[rstest]
#[case("/blog/{slug}", "/blog/salt", "slug", Some("salt"))]
#[case("/{id}-{slug}", "/7-dough-and-salt", "slug", Some("dough-and-salt"))]
#[case("/{id}-{slug}", "/7-dough-and-salt", "id", Some("7"))]
#[case("/{id}-{slug}.html", "/a-b.html.html", "slug", Some("b.html"))]
#[case("/**/{year}/{slug}", "/x/2025/2026/a", "year", Some("2026"))]
#[case("/{shop,store}/{id}", "/store/7", "id", Some("7"))]
#[case("/{shop/{id},store}", "/store", "id", None)]
#[case("/blog/{slug}", "/news/salt", "slug", None)]
#[case("/blog/{slug}", "/blog/salt", "year", None)]
fn a_named_part_is_the_shortest_text_that_fits(
    #[case] text: &str,
    #[case] path: &str,
    #[case] name: &str,
    #[case] part: Option<&str>,
) {
    let Ok(glob) = Glob::parse(text) else {
        return assert_eq!((text, part), ("/{shop/{id},store}", None));
    };
    assert_eq!(glob.part(path, name), part);
}

#[rstest]
#[case("blog", GlobError::NoSlash)]
#[case("/a?b", GlobError::Character('?'))]
#[case("/[ab]", GlobError::Character('['))]
#[case("/a\\b", GlobError::Character('\\'))]
#[case("/a#b", GlobError::Character('#'))]
#[case("/a/../b", GlobError::Dots)]
#[case("/a/.", GlobError::Dots)]
#[case("/{a", GlobError::Brace)]
#[case("/a}", GlobError::Brace)]
#[case("/{a,{b}}", GlobError::Brace)]
#[case("/{}", GlobError::Name(String::new()))]
#[case("/{1a}", GlobError::Name("1a".to_owned()))]
#[case("/{a-b}", GlobError::Name("a-b".to_owned()))]
#[case("/{a}/{a}", GlobError::SameName("a".to_owned()))]
#[case("/{a}{b}", GlobError::Adjacent)]
#[case("/*{b}", GlobError::Adjacent)]
#[case("/a**", GlobError::Across)]
#[case("/**b/c", GlobError::Across)]
#[case("/{a,b,c,d}{a,b,c,d}{a,b,c,d}{a,b}", GlobError::TooMany)]
fn a_text_that_is_no_glob_is_refused_with_the_reason(#[case] text: &str, #[case] error: GlobError) {
    assert_eq!(Glob::parse(text), Err(error));
}

#[rstest]
#[case("/{slug}", "/*", false)]
#[case("/a{x}", "/a*", false)]
#[case("/{x}", "/a*", true)]
#[case("/{x}", "/{y}", true)]
#[case("/**", "/a/*", true)]
#[case("/a/**", "/a/b/**", true)]
#[case("/a/**", "/a/{b,c}", true)]
#[case("/*", "/{slug}", true)]
#[case("/{a,b}/**", "/{a,b}/x", true)]
#[case("/a/**", "/**", false)]
#[case("/a/*", "/a/**", false)]
#[case("/a/b", "/a/*", false)]
#[case("/{a,b}/**", "/{a,c}/x", false)]
#[case("/*.pdf", "/*", false)]
fn a_glob_covers_another_that_matches_nothing_else(
    #[case] glob: &str,
    #[case] other: &str,
    #[case] covers: bool,
) {
    assert_eq!(self::glob(glob).covers(&self::glob(other)), covers);
}

#[rstest]
#[case(8, 8, true)]
#[case(64, 1, true)]
#[case(65, 1, false)]
#[case(5, 13, false)]
fn lists_stand_for_64_texts_at_most(
    #[case] first: usize,
    #[case] second: usize,
    #[case] legal: bool,
) {
    let list = |length| {
        let texts: Vec<String> = (0..length).map(|number| number.to_string()).collect();
        if length > 1 { format!("{{{}}}", texts.join(",")) } else { String::new() }
    };
    assert_eq!(Glob::parse(&format!("/{}x{}", list(first), list(second))).is_ok(), legal);
}

/// The meaning of a glob without braces, in the simplest words, however slow.
fn matches_slowly(glob: &[&str], path: &[&str]) -> bool {
    match glob.split_first() {
        None => path.is_empty(),
        Some((&"**", [])) => !path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|taken| matches_slowly(rest, &path[taken..])),
        Some((first, rest)) => path.split_first().is_some_and(|(segment, others)| {
            fits_slowly(first.as_bytes(), segment.as_bytes()) && matches_slowly(rest, others)
        }),
    }
}

fn fits_slowly(glob: &[u8], text: &[u8]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|taken| fits_slowly(rest, &text[taken..])),
        Some((first, rest)) => text.first() == Some(first) && fits_slowly(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn a_glob_means_what_the_simplest_reading_of_it_means(
        glob in proptest::collection::vec("\\*\\*|[ab]{0,2}(\\*[ab]{0,2}){0,2}", 1..5),
        path in proptest::collection::vec("[ab]{0,3}", 1..6),
    ) {
        let text = format!("/{}", glob.join("/"));
        prop_assume!(!text.contains("***") && Glob::parse(&text).is_ok());
        let (wanted, path): (Vec<&str>, Vec<&str>) =
            (glob.iter().map(|it| &**it).collect(), path.iter().map(|it| &**it).collect());
        let slowly = matches_slowly(&wanted, &path);
        prop_assert_eq!(self::glob(&text).matches(&format!("/{}", path.join("/"))), slowly, "{} {:?}", text, path);
    }

    #[test]
    fn what_a_glob_covers_it_matches(
        glob in "(/(\\*\\*|[ab]?\\*?|[ab])){1,3}",
        other in "(/(\\*\\*|[ab]?\\*?|[ab])){1,3}",
        path in "(/[ab]{0,2}){1,4}",
    ) {
        let (Ok(glob), Ok(other)) = (Glob::parse(&glob), Glob::parse(&other)) else { return Ok(()) };
        if glob.covers(&other) && other.matches(&path) {
            prop_assert!(glob.matches(&path), "{:?} {:?} {}", glob.as_str(), other.as_str(), path);
        }
    }
}

#[rstest]
#[case("/*a*a*a*a*a*a*a*a*a*a*b", "a")]
#[case("/**/*a*a*a*/**/*a*a*a*/**/b", "/a")]
#[case("/**/a/**/a/**/a/**/a/**/a/**/b", "/a")]
#[case("/**/*a*a*a*a*a*b/**/c", "a/")]
#[case("/{a,aa,aaa}{a,aa,aaa}{a,aa,aaa}*b", "a")]
fn a_glob_that_is_built_to_take_long_takes_bounded_time(#[case] text: &str, #[case] part: &str) {
    let glob = glob(text);
    let path = format!("/{}", part.repeat(4096 / part.len()));
    let taken = steps::taken(|| assert!(!glob.matches(&path)));
    assert!(taken < 64 * path.len() * text.len(), "{taken}");
}
