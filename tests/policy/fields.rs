use edge_isr::policy::fields;

use crate::headers;

#[test]
fn hop_by_hop_fields_and_those_connection_names_are_dropped_9110_7_6_1() {
    let mut given =
        headers("connection: close, X-Mine\nkeep-alive: 1\nx-mine: 1\nte: x\nx-yours: 2");
    fields::drop_hop_by_hop(&mut given);
    assert_eq!(given, headers("x-yours: 2"));
}

#[test]
fn a_filling_request_carries_no_conditions_and_no_range() {
    let mut given = headers(
        "if-none-match: \"1\"\nif-modified-since: x\nif-range: x\nif-match: x\nrange: bytes=0-1\na: b",
    );
    fields::drop_conditions(&mut given);
    assert_eq!(given, headers("a: b"));
}

#[test]
fn overrides_of_host_scheme_url_and_method_are_dropped() {
    let mut given = headers(
        "forwarded: host=evil\nx-forwarded-host: evil\nx-original-url: /admin\nx-rewrite-url: /\n\
         x-http-method-override: POST\nx-forwarded-scheme: http\nx-host: evil\naccept: */*",
    );
    fields::drop_overrides(&mut given);
    assert_eq!(given, headers("accept: */*"));
}

#[test]
fn directions_for_this_cache_alone_are_not_shown_9213_2() {
    let mut given = headers(
        "cloudflare-cdn-cache-control: max-age=1\nsurrogate-control: max-age=1\n\
         cdn-cache-control: max-age=1\ncache-tag: a\nsurrogate-key: a\nxkey: a\nedge-cache-tag: a",
    );
    fields::for_visitor(&mut given, false);
    assert_eq!(given, headers("cdn-cache-control: max-age=1"));
}
