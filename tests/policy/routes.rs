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
#[case("/edge-isr/purges", Route::Control(Control::Unknown))]
#[case("/edge-isr/purges/", Route::Control(Control::Receipt("")))]
#[case("/edge-isr/purges/0f", Route::Control(Control::Receipt("0f")))]
#[case("/edge-isr/purges/0f/", Route::Control(Control::Receipt("0f/")))]
#[case("/blog/edge-isr/purges/0f", Route::Page)]
#[case("/edge-isr/status", Route::Control(Control::Status))]
#[case("/edge-isr/status/", Route::Control(Control::Status))]
#[case("/edge-isr/stored/abc", Route::Control(Control::Unknown))]
fn paths(#[case] path: &str, #[case] route: Route<'_>) {
    assert_eq!(Route::of(path, "/edge-isr"), route);
}
