use std::time::Duration;

use edge_isr::isolate::rest::Rest;
use edge_isr::policy::time::Time;

#[test]
fn a_rest_lasts_until_its_end() {
    let rest = Rest::default();
    assert!(!rest.lasts(Time(0)), "before any failure");
    rest.begin(Duration::from_millis(1_000), Time(500));
    assert!(rest.lasts(Time(1_499)));
    assert!(!rest.lasts(Time(1_500)));
}
