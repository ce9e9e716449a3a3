use edge_isr::routes::{Control, Route};
use rstest::rstest;

#[rstest]
#[case("/", Route::Page)]
#[case("/edge-isr-news", Route::Page)]
#[case("/blog/edge-isr/purge", Route::Page)]
#[case("/edge-isr", Route::Control(Control::Unknown))]
#[case("/edge-isr/", Route::Control(Control::Unknown))]
#[case("/edge-isr/purge", Route::Control(Control::Purge))]
#[case("/edge-isr/purge/", Route::Control(Control::Unknown))]
#[case("/edge-isr/purges", Route::Control(Control::Purges))]
#[case("/edge-isr/purges/", Route::Control(Control::Purges))]
#[case("/edge-isr/purges/0f", Route::Control(Control::Receipt("0f")))]
#[case("/edge-isr/purges/0f/", Route::Control(Control::Receipt("0f/")))]
#[case("/blog/edge-isr/purges/0f", Route::Page)]
#[case("/edge-isr/status", Route::Control(Control::Status))]
#[case("/edge-isr/status/", Route::Control(Control::Status))]
#[case("/edge-isr/stored/abc", Route::Control(Control::Unknown))]
fn paths_lead_to_routes(#[case] path: &str, #[case] route: Route<'_>) {
    assert_eq!(Route::of(path, "/edge-isr"), route);
}

#[rstest]
#[case("//edge-isr/purge")]
#[case("/edge-isr//purge")]
#[case("/edge%2Disr/purge")]
#[case("/edge%2disr/purge")]
#[case("/edge-isr%2fpurge")]
#[case("/edge-isr%2Fpurge")]
#[case("/edge-isr\\purge")]
#[case("/x/../edge-isr/purge")]
#[case("/x/%2e%2e/edge-isr/purge")]
#[case("/x/..%2fedge-isr/purge")]
#[case("/x/..;/edge-isr/purge")]
#[case("/./edge-isr")]
#[case("/edge-isr;v=1/purge")]
#[case("/Edge-ISR/purge")]
#[case("/%45DGE-isr/status")]
#[case("/edge-isr/../about")]
#[case("/edge-isr/..%2fabout")]
fn another_spelling_of_the_prefix_leads_nowhere(#[case] path: &str) {
    assert_eq!(Route::of(path, "/edge-isr"), Route::Control(Control::Unknown));
}

#[rstest]
#[case("/edge-isr-news%2f")]
#[case("/EDGE-ISR-news")]
#[case("//edge-isr-news")]
#[case("/blog%2fedge-isr")]
#[case("/about/..edge-isr/")]
#[case("/edge")]
#[case("/caf\u{e9}-isr")]
#[case("/edge-is%2525")]
fn an_odd_path_that_nothing_reads_as_the_prefix_is_a_page(#[case] path: &str) {
    assert_eq!(Route::of(path, "/edge-isr"), Route::Page);
}
