use edge_isr::warmup::sitemap::{ENTRIES_MOST, Sitemap, SitemapError, parse};
use proptest::prelude::*;
use proptest::sample::select;
use rstest::rstest;

use super::{url, urls};

fn pages(text: &str) -> Vec<String> {
    let Sitemap { pages, sitemaps, beyond } = parse(text).unwrap();
    assert_eq!((sitemaps, beyond), (vec![], 0));
    pages
}

/// A sitemap with these texts in its `loc` elements.
fn urlset(locs: &[&str]) -> String {
    let url = |loc: &&str| format!("<url><loc>{loc}</loc></url>");
    format!("<urlset>{}</urlset>", locs.iter().map(url).collect::<String>())
}

#[rstest]
#[case::plain("<urlset><url><loc>https://a.b/</loc></url></urlset>")]
#[case::declared("<?xml version=\"1.0\"?>\n<urlset><url><loc>https://a.b/</loc></url></urlset>")]
#[case::with_attributes(
    "<urlset xmlns=\"x\"\n a='b>c'><url\tid=\"1\"><loc >https://a.b/</loc></url>"
)]
#[case::with_a_prefix("<sm:urlset><sm:url><sm:loc>https://a.b/</sm:loc></sm:url></sm:urlset>")]
#[case::in_lines("<urlset>\r\n<url>\r\n<loc>\r\n  https://a.b/\r\n</loc>\r\n</url></urlset>")]
#[case::with_more_elements(
    "<urlset><url><lastmod>x</lastmod><loc>https://a.b/</loc><priority/></url></urlset>"
)]
#[case::of_character_data("<urlset><url><loc><![CDATA[https://a.b/]]></loc></url></urlset>")]
#[case::of_pieces("<urlset><url><loc>https<!-- -->://<![CDATA[a.b]]>/</loc></url></urlset>")]
#[case::with_a_comment(
    "<!-- <url><loc>x</loc></url> --><urlset><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::with_a_comment_inside(
    "<urlset><!-- <url><loc>x</loc></url> > --><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::with_a_sheet(
    "<?xml-stylesheet href=\"<urlset>\"?><urlset><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::with_a_document_type(
    "<!DOCTYPE urlset SYSTEM \"x.dtd\"><urlset><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::with_its_declarations(
    "<!DOCTYPE urlset [<!ELEMENT url (#PCDATA)> <!ENTITY x \"y\">]><urlset><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::behind_a_byte_order_mark("\u{feff}<urlset><url><loc>https://a.b/</loc></url></urlset>")]
#[case::behind_spaces("\u{feff}\n  <urlset><url><loc>https://a.b/</loc></url></urlset>")]
#[case::with_empty_entries(
    "<urlset><url/><url><loc/></url><url><loc></loc></url><url><loc>https://a.b/</loc></url></urlset>"
)]
#[case::cut_off_behind_it("<urlset><url><loc>https://a.b/</loc></url><url><lo")]
#[case::cut_off_in_it("<urlset><url><loc>https://a.b/")]
#[case::with_character_data_that_never_ends("<urlset><url><loc><![CDATA[https://a.b/")]
#[case::a_text("https://a.b/")]
#[case::a_text_in_lines("\u{feff}\r\n https://a.b/ \r\n\r\n")]
fn a_sitemap_of_one_page(#[case] text: &str) {
    assert_eq!(pages(text), ["https://a.b/"]);
}

#[rstest]
#[case::the_five("a&amp;b&lt;&gt;&quot;&apos;c", "a&b<>\"'c")]
#[case::decimal("&#47;&#128512;", "/😀")]
#[case::hexadecimal("&#x2f;&#X2F;&#x1f600;", "//😀")]
#[case::once_only("&amp;amp;&amp;lt;&#38;lt;", "&amp;&lt;&lt;")]
#[case::in_a_row("&amp;&amp;&&amp;", "&&&&")]
#[case::declared("&mine;&nbsp;", "&mine;&nbsp;")]
#[case::without_an_end("a&b=c&d", "a&b=c&d")]
#[case::of_another_case("&AMP;", "&AMP;")]
#[case::no_number("&#;&#x;&#xg;&#1a;&#-1;", "&#;&#x;&#xg;&#1a;&#-1;")]
#[case::no_character("&#xd800;&#x110000;", "&#xd800;&#x110000;")]
#[case::a_huge_number("&#99999999999999999999;", "&#99999999999999999999;")]
#[case::not_in_character_data("<![CDATA[&amp;]]>", "&amp;")]
fn entities_of_the_protocol_are_decoded_and_no_others(#[case] loc: &str, #[case] page: &str) {
    assert_eq!(pages(&urlset(&[loc])), [page]);
}

#[rstest]
#[case::an_image("<image:image><image:loc>x</image:loc></image:image>")]
#[case::a_video("<video:player_loc>x</video:player_loc>")]
#[case::an_alternate("<xhtml:link rel=\"alternate\" href=\"x\"/>")]
#[case::a_longer_name("<location>x</location>")]
#[case::another_case("<LOC>x</LOC>")]
fn other_elements_of_an_entry_are_ignored(#[case] element: &str) {
    let text = format!("<urlset><url>{element}<loc>https://a.b/</loc>{element}</url></urlset>");
    assert_eq!(pages(&text), ["https://a.b/"]);
}

#[test]
fn an_element_of_another_prefix_or_outside_of_an_entry_is_no_page() {
    let text =
        "<s:urlset><url><loc>a</loc></url><s:loc>b</s:loc><s:url><loc>c</loc></s:url></s:urlset>";
    assert_eq!(pages(text), [""; 0]);
    assert_eq!(pages("<urlset><loc>a</loc><url></url><loc>b</loc></urlset>"), [""; 0]);
}

#[test]
fn an_index_names_sitemaps() {
    let text = "<sitemapindex xmlns=\"x\"><sitemap><loc>https://a.b/1.xml</loc><lastmod>x</lastmod></sitemap>
        <sitemap><loc>https://a.b/2.xml?a=1&amp;b=2</loc></sitemap></sitemapindex>";
    let sitemaps = ["https://a.b/1.xml", "https://a.b/2.xml?a=1&b=2"].map(str::to_owned).to_vec();
    assert_eq!(parse(text).unwrap(), Sitemap { sitemaps, ..Sitemap::default() });
}

#[rstest]
#[case::nothing("", SitemapError::Neither)]
#[case::spaces(" \n", SitemapError::Neither)]
#[case::words("Not found", SitemapError::Neither)]
#[case::json("{\"urls\":[]}", SitemapError::Neither)]
#[case::a_text_with_another_line("https://a.b/\nftp://a.b/", SitemapError::Neither)]
#[case::a_page("<!DOCTYPE html><html><head>", SitemapError::Root("html".to_owned()))]
#[case::a_feed("<?xml version=\"1.0\"?><rss version=\"2.0\">", SitemapError::Root("rss".to_owned()))]
#[case::another_case("<URLSET>", SitemapError::Root("URLSET".to_owned()))]
#[case::a_closing_element("</urlset>", SitemapError::Root("/urlset".to_owned()))]
#[case::an_entry("<url><loc>https://a.b/</loc></url>", SitemapError::Root("url".to_owned()))]
#[case::a_long_name("<ééééééééééééééééééééééééééééééééééééééééééééé>", SitemapError::Root("é".repeat(40)))]
#[case::a_comment_that_never_ends("<!-- <urlset>", SitemapError::Neither)]
#[case::declarations_alone("<?xml?><!DOCTYPE urlset>", SitemapError::Neither)]
fn what_is_no_sitemap_is_refused(#[case] text: &str, #[case] error: SitemapError) {
    assert_eq!(parse(text), Err(error));
}

#[rstest]
#[case("<urlset/>")]
#[case("<urlset></urlset>")]
#[case("<x:sitemapindex/>")]
fn a_sitemap_may_be_empty(#[case] text: &str) {
    assert_eq!(parse(text), Ok(Sitemap::default()));
}

#[test]
fn entities_that_a_sitemap_declares_do_not_grow() {
    let declared = |number: u32| {
        let inner = format!("&lol{};", number - 1).repeat(10);
        format!("<!ENTITY lol{number} \"{inner}\">\n")
    };
    let entities: String = (1..10).map(declared).collect();
    let text = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE urlset [<!ENTITY lol0 \"lol\">\n{entities}]>{}",
        urlset(&["&lol9;", "https://a.b/&lol9;"]),
    );
    assert_eq!(pages(&text), ["&lol9;", "https://a.b/&lol9;"]);
}

#[rstest]
#[case::xml("<urlset><url><loc>", "</loc></url><url><loc>")]
#[case::text("", "\n")]
fn entries_beyond_the_most_are_counted(#[case] first: &str, #[case] between: &str) {
    for (entries, beyond) in [(ENTRIES_MOST, 0), (ENTRIES_MOST + 1, 1), (ENTRIES_MOST + 7, 7)] {
        let sitemap = parse(&format!("{first}{}", urls(0..entries).join(between))).unwrap();
        assert_eq!((sitemap.pages.len(), sitemap.beyond), (ENTRIES_MOST, beyond));
        assert_eq!(sitemap.pages.last(), Some(&url(ENTRIES_MOST - 1)));
    }
}

/// A URL as the character data of an element, in any of the ways that XML has for it.
fn written(url: &str, way: usize) -> String {
    let escaped = url.replace('&', "&amp;");
    match way {
        0 => escaped,
        1 => format!("<![CDATA[{url}]]>"),
        2 => format!("\n  {escaped}\t"),
        3 => url.chars().map(|letter| format!("&#{};", u32::from(letter))).collect(),
        4 => url.chars().map(|letter| format!("&#x{:x};", u32::from(letter))).collect(),
        _ => format!("<!-- <loc> -->{escaped}<!---->"),
    }
}

const FRAGMENTS: [&str; 36] = [
    "<",
    ">",
    "/",
    "<url>",
    "</url>",
    "<loc>",
    "</loc>",
    "<loc",
    "<url/>",
    "<urlset",
    "<sitemap>",
    "<sitemapindex>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "--",
    "<?",
    "?>",
    "<!",
    "<!DOCTYPE",
    "[",
    "]",
    "<!ENTITY a \"",
    "\"",
    "&",
    "&amp;",
    "&#",
    "&#x1f600;",
    ";",
    ":",
    " ",
    "\n",
    "\u{feff}",
    "é",
    "😀",
];

proptest! {
    #[test]
    fn the_pages_of_a_sitemap_are_found_in_their_order(
        entries in prop::collection::vec(("[a-z0-9/?&=;%é😀]{1,12}", 0..6_usize), 0..20),
        prefix in select(vec!["", "s:", "sm-1:"]),
        between in select(vec!["", "\n  ", "<!-- <url> -->", "<x:y/>"]),
    ) {
        let mut text = format!("<{prefix}urlset>{between}");
        for (path, way) in &entries {
            let loc = written(&format!("https://a.b/{path}"), *way);
            text += &format!("<{prefix}url>{between}<{prefix}loc>{loc}</{prefix}loc>");
            text += &format!("{between}</{prefix}url>{between}");
        }
        let expected: Vec<String> =
            entries.iter().map(|(path, _)| format!("https://a.b/{path}")).collect();
        prop_assert_eq!(pages(&(text + &format!("</{prefix}urlset>"))), expected);
    }

    #[test]
    fn no_text_panics_or_grows(
        first in select(vec!["", "<", "<urlset>", "<urlset><url><loc>", "<!DOCTYPE x [", "<a:urlset>"]),
        fragments in prop::collection::vec(select(FRAGMENTS.as_slice()), 0..40),
    ) {
        let text = first.to_owned() + &fragments.concat();
        if let Ok(Sitemap { pages, sitemaps, .. }) = parse(&text) {
            let found: usize = pages.iter().chain(&sitemaps).map(String::len).sum();
            prop_assert!(found <= text.len());
        }
    }

    #[test]
    fn no_text_that_is_cut_off_panics(cut in 0..200_usize) {
        let text = "<urlset é='😀'><url><loc>https://a.b/é&#x1f600;<![CDATA[😀]]></loc></url><é😀";
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = (parse(&text[..cut]), parse(&text[cut..]));
    }
}

/// Any text costs what its length costs.
#[cfg(debug_assertions)]
#[rstest]
fn what_repeats_is_read_in_linear_time(
    #[values("", "<urlset>", "<urlset><url><loc>", "<!DOCTYPE x [", "https://a.b/")] first: &str,
    #[values(
        "<",
        "<a",
        "<!",
        "<!--",
        "<!-- -->",
        "<?",
        "<![CDATA[",
        "<![CDATA[]]>",
        "<!DOCTYPE [",
        ">",
        "]]>",
        "&",
        "&amp;",
        "&amp",
        "&#",
        "&#1",
        ";",
        "<url>",
        "<url><loc>a</loc>",
        "<loc",
        "a\n"
    )]
    text: &str,
) {
    use edge_isr::fields::steps::taken;
    let text = format!("{first}{}", text.repeat((64 << 10) / text.len()));
    let steps = taken(|| drop(parse(&text)));
    assert!(steps <= 4 * text.len(), "{steps} steps for {} bytes", text.len());
}

#[cfg(debug_assertions)]
#[test]
fn what_the_parser_visits_is_counted() {
    use edge_isr::fields::steps::taken;
    for text in ["<urlset><!-- a -->", "<!DOCTYPE urlset>", "<urlset><url><loc>&amp;&amp;</loc>"] {
        assert!(taken(|| drop(parse(text))) >= text.len() / 2, "{text}");
    }
}
