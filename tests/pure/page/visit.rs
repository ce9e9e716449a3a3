use std::rc::Rc;

use edge_isr::page::visit::Visit;
use edge_isr::policy::key::CacheKey;
use http::{HeaderMap, Method};
use rstest::rstest;

use crate::config::read;

#[rstest]
#[case("https://site.test/a?x=1", "/a?x=1")]
#[case("https://a.b/x/y", "/x/y")]
#[case("https://a.b/%61//?q=/#part", "/%61//?q=/")]
fn a_request_to_the_origin_spells_the_path_and_the_query_as_they_came(
    #[case] url: &str,
    #[case] expected: &str,
) {
    let config = Rc::new(read(&[("ORIGIN", "https://origin.test")]).unwrap());
    let key = CacheKey::parse(url).unwrap();
    let visit = Visit::new(Method::GET, url.to_owned(), key, Rc::new(HeaderMap::new()), config);
    assert_eq!(visit.path_and_query(), expected);
}
