//! The methods of the control routes.

use http::Method;
use rstest::rstest;

use super::send;
use crate::world::{TOKEN, World};

#[rstest]
#[case(Method::GET, "purge", "POST")]
#[case(Method::POST, "status", "GET")]
#[case(Method::POST, "purges/1", "GET")]
fn a_route_takes_its_own_method(
    #[case] method: Method,
    #[case] route: &str,
    #[case] allowed: &str,
) {
    let seen = send(&World::new(1), method, route, TOKEN);
    assert_eq!((seen.status, seen.header("allow")), (405, allowed));
}
