//! Faults of rules: each names the rule, the field and what would be legal.

use edge_isr::rules::Rules;
use rstest::rstest;

fn faults(rules: &str) -> Vec<String> {
    Rules::parse(rules).unwrap_err().iter().map(ToString::to_string).collect()
}

#[rstest]
#[case("{", "the list of rules cannot be read as JSON")]
#[case(
    "{}",
    "the list of rules is not a list: write [[vars.RULES]] before each rule, or [[rules]] in rules.toml"
)]
#[case("[1]", "rule 1 is not a table")]
#[case("[{}]", "rule 1 has no effect")]
#[case(r#"[{"path":"/a"}]"#, "rule 1 has no effect")]
#[case(
    r#"[{"pth":"/a","cache":"bypass"}]"#,
    "rule 1: pth is no field of a rule. Conditions: path,"
)]
#[case(
    r#"[{"path":"/a","bypass":true}]"#,
    "rule 1: bypass is no field any more: write cache = \"bypass\""
)]
#[case(r#"[{"path":"a","cache":"bypass"}]"#, "rule 1: path does not begin with a slash")]
#[case(r#"[{"path":7,"cache":"bypass"}]"#, "rule 1: path is not a text between quotation marks")]
#[case(r#"[{"path":"/{host}","cache":"bypass"}]"#, "rule 1: path names a part host")]
#[case(
    r#"[{"path":"/a","cache":"maybe"}]"#,
    r#"rule 1: cache is none of "origin", "bypass", "force", "forever""#
)]
#[case(
    r#"[{"cache":"force","ttl":-1}]"#,
    "rule 1: ttl is not a whole number of seconds from 0 to 31536000"
)]
#[case(r#"[{"cache":"force","ttl":"600"}]"#, "rule 1: ttl is not a whole number")]
#[case(r#"[{"cache":"force","ttl":31536001}]"#, "rule 1: ttl is not a whole number")]
#[case(
    r#"[{"cache":"force"}]"#,
    "rule 1: cache is \"force\", and no lifetime stands beside it: add ttl"
)]
#[case(
    r#"[{"cache":"origin","ttl":1}]"#,
    "rule 1: cache is \"origin\", so the origin's lifetime counts"
)]
#[case(r#"[{"cache":"bypass","ttl":1}]"#, "rule 1: cache is \"bypass\": nothing is stored then")]
#[case(
    r#"[{"cache":"bypass","status":404}]"#,
    "rule 1: cache is \"bypass\", which is decided before"
)]
#[case(r#"[{"plain":true,"status":404}]"#, "rule 1: plain is decided before there is a response")]
#[case(
    r#"[{"key":{"query":"none"},"status":404}]"#,
    "rule 1: key is decided before there is a response"
)]
#[case(
    r#"[{"key":"none"}]"#,
    "rule 1: key is not a table of query, prefix, device, locale, country, headers and cookies, such as { query = \"none\" }"
)]
#[case(
    r#"[{"key":{"hosts":false}}]"#,
    "rule 1: key is not a table of query, prefix, device, locale, country, headers and cookies, such as { query = \"none\" }"
)]
#[case(r#"[{"key":{"prefix":false}}]"#, "rule 1: key.prefix is not a text between quotation marks")]
#[case(r#"[{"key":{"device":"mobile"}}]"#, "rule 1: key.device is neither true nor false")]
#[case(r#"[{"key":{"locale":"en"}}]"#, "rule 1: key.locale is neither a list such as")]
#[case(
    r#"[{"key":{"locale":{"cookie":"lang"}}}]"#,
    "rule 1: key.locale is neither a list such as [\"en\", \"de\"] nor a table of list, path and cookie"
)]
#[case(
    r#"[{"key":{"locale":{"list":["en"],"header":"x"}}}]"#,
    "rule 1: key.locale is neither a list such as [\"en\", \"de\"] nor a table of list, path and cookie"
)]
#[case(
    r#"[{"key":{"locale":["e n"]}}]"#,
    "rule 1: key.locale has \"e n\", which is no language such as \"de\" or \"de-CH\""
)]
#[case(
    r#"[{"path":"/{lang}/**","key":{"locale":{"list":["en"],"path":"language"}}}]"#,
    "rule 1: key.locale has a path that is no part that the rule's path names: path = \"/{lang}/**\""
)]
#[case(
    r#"[{"key":{"country":["de"]}}]"#,
    "rule 1: key.country has \"de\", which is no country such as \"DE\""
)]
#[case(r#"[{"key":{"country":false}}]"#, "rule 1: key.country is neither true nor a list")]
#[case(
    r#"[{"key":{"headers":{"cookie":["a"]}}}]"#,
    "rule 1: key.headers has \"cookie\", which cannot count, or stands twice"
)]
#[case(
    r#"[{"key":{"headers":{"X-Forwarded-Host":["a"]}}}]"#,
    "rule 1: key.headers has \"X-Forwarded-Host\", which cannot count, or stands twice"
)]
#[case(
    r#"[{"key":{"headers":{"cf-ipcountry":["DE"]}}}]"#,
    "rule 1: key.headers has \"cf-ipcountry\", which cannot count, or stands twice"
)]
#[case(
    r#"[{"key":{"cookies":{"a*":["1"]}}}]"#,
    "rule 1: key.cookies has \"a*\", which cannot count, or stands twice"
)]
#[case(
    r#"[{"key":{"cookies":{"a":["1;b=2"]}}}]"#,
    "rule 1: key.cookies has \"1;b=2\", with a character that is not sent in a field: blank, comma, semicolon, quotation mark, backslash, star or a letter beyond ASCII"
)]
#[case(
    r#"[{"key":{"cookies":["a"]}}]"#,
    "rule 1: key.cookies is not a table of names, each with the list"
)]
#[case(
    r#"[{"key":{"cookies":{"a":true}}}]"#,
    "rule 1: key.cookies is not a table of names, each with the list"
)]
#[case(
    r#"[{"key":{"headers":{"X-A":["1"],"x-a":["2"]}}}]"#,
    "rule 1: key.headers has \"x-a\", which cannot count, or stands twice"
)]
#[case(
    r#"[{"key":{"headers":{"edge-isr-debug":["1"]}}}]"#,
    "rule 1: key.headers has \"edge-isr-debug\", which cannot"
)]
#[case(
    r#"[{"query":"v","key":{"query":"none"},"tags":"t"}]"#,
    "rule 1: key has query, and the rule has a condition on the query"
)]
#[case(
    r#"[{"method":"GET","response_headers":{"x-a":"1"}}]"#,
    "rule 1: method does not count for request_headers and response_headers: remove it"
)]
#[case(
    r#"[{"response_headers":{"x-a":"é"}}]"#,
    "rule 1: response_headers has a value for x-a that is neither printable ASCII nor false"
)]
#[case(
    r#"[{"response_headers":{"x-a":""}}]"#,
    "rule 1: response_headers has a value for x-a that is neither printable ASCII nor false"
)]
#[case(
    r#"[{"request_headers":{"cookie":"a"}}]"#,
    "rule 1: request_headers has \"cookie\", which a rule cannot change"
)]
#[case(
    r#"[{"response_headers":{"Set-Cookie":"a"}}]"#,
    "rule 1: response_headers has \"Set-Cookie\", which a rule cannot change"
)]
#[case(
    r#"[{"response_headers":{"x-a":true}}]"#,
    "rule 1: response_headers has a value for x-a that is neither printable ASCII nor false"
)]
#[case(
    r#"[{"method":"GET","request_headers":{"x-a":"1"}}]"#,
    "rule 1: method does not count for request_headers and response_headers: remove it"
)]
#[case(
    r#"[{"request_headers":{"authorization":"a"}}]"#,
    "rule 1: request_headers has \"authorization\", which a rule cannot change"
)]
#[case(
    r#"[{"key":{"headers":{"user-agent":["a"]}}}]"#,
    "rule 1: key.headers has \"user-agent\", which cannot count"
)]
#[case(
    r#"[{"path":"/{locale}/**","cache":"forever"}]"#,
    "rule 1: path names a part locale, which is a variable of its own"
)]
#[case(
    r#"[{"status":200,"request_headers":{"x-a":"1"}}]"#,
    "rule 1: request_headers is decided before there is a response"
)]
#[case(
    r#"[{"cache":"bypass","path":"/a","ignore_cookies":"a"}]"#,
    "rule 1: cache is \"bypass\": nothing is stored then"
)]
#[case(
    r#"[{"key":{"cookies":{"lang":["de"]}}},{"key":{"locale":{"list":["de"],"cookie":"lang"}}}]"#,
    "rule 1: key.cookies has lang, which is the cookie of a locale: remove one of the two"
)]
#[case(r#"[{"key":{"cookies":{"a":[]}}}]"#, "rule 1: key.cookies is an empty list")]
#[case(
    r#"[{"cookie":"a","key":{"cookies":{"a":["1"]}}}]"#,
    "rule 1: key stands beside a condition on a cookie or a header field, and must not depend on the visitor: move it"
)]
#[case(
    r#"[{"tags":["lang:{locale}"]}]"#,
    "rule 1: tags name {locale}, and no rule counts it in the key: a tag must not depend on what one visitor sends"
)]
#[case(
    r#"[{"tags":["s:{header.x}"]},{"key":{"headers":{"y":["1"]}}}]"#,
    "rule 1: tags name {header.x}, and no rule counts it in the key: a tag must not depend on what one visitor sends"
)]
#[case(
    r#"[{"cookie":"b","cache":"force","ttl":1},{"key":{"cookies":{"a":["1"]}}}]"#,
    "rule 1 depends on a cookie or a header field of one visitor, and all visitors get what is stored: such a rule may only say cache = \"bypass\", unless the cookie or field counts in the key of a rule"
)]
#[case(r#"[{"key":{"query":"some"}}]"#, "rule 1: key.query is none of \"all\", \"none\"")]
#[case(r#"[{"key":{"query":{"only":["a"]}}}]"#, "rule 1: key.query is none of")]
#[case(r#"[{"key":{"query":[1]}}]"#, "rule 1: key.query is not a text between quotation marks")]
#[case(
    r#"[{"strip_set_cookies":["a b"]}]"#,
    "rule 1: strip_set_cookies names \"a b\", which is no cookie's name"
)]
#[case(r#"[{"plain":1}]"#, "rule 1: plain is neither true nor false")]
#[case(r#"[{"override":["age"],"ttl":1}]"#, r#"rule 1: override has "age": it is a list of"#)]
#[case(r#"[{"status_ttl":{"9xx":1}}]"#, "rule 1: status_ttl has 9xx, which is not a status")]
#[case(
    r#"[{"status_ttl":{"403":1}}]"#,
    "rule 1: status_ttl has 403: such a response is never stored"
)]
#[case(r#"[{"status_ttl":{"404":"1"}}]"#, "rule 1: status_ttl is not a whole number")]
#[case(r#"[{"status_ttl":{}}]"#, "rule 1: status_ttl is not a table")]
#[case(r#"[{"status":"200x","tags":"a"}]"#, "rule 1: status is not a status such as 404")]
#[case(r#"[{"status":[],"tags":"a"}]"#, "rule 1: status is not a status such as 404")]
#[case(r#"[{"tags":[]}]"#, "rule 1: tags is an empty list")]
#[case(r#"[{"tags":["a b"]}]"#, r#"rule 1: tags has "a b", which is no tag"#)]
#[case(
    r#"[{"path":"/{a}","tags":["{b}"]}]"#,
    r#"rule 1: tags has "{b}", which names {b}: there are {path}"#
)]
#[case(
    r#"[{"method":"get","cache":"bypass"}]"#,
    r#"rule 1: method has "get": write a method in capitals, as POST"#
)]
#[case(r#"[{"header":"a b","cache":"bypass"}]"#, r#"rule 1: header has "a b", which is no name"#)]
#[case(r#"[{"header":"x-*","cache":"bypass"}]"#, r#"rule 1: header has "x-*", which is no name"#)]
#[case(
    r#"[{"cookie":{"a":1},"cache":"bypass"}]"#,
    "rule 1: cookie has a value for a that is neither"
)]
#[case(r#"[{"cookie":{},"cache":"bypass"}]"#, "rule 1: cookie is not a table")]
#[case(
    r#"[{"cookie":"a","tags":["b"]}]"#,
    "rule 1 depends on a cookie or a header field of one visitor"
)]
#[case(
    r#"[{"unless":{"header":"a"},"tags":["b"]}]"#,
    "rule 1 depends on a cookie or a header field"
)]
#[case(
    r#"[{"only_if":{"cookie":{"a":false}},"tags":["b"]}]"#,
    "rule 1 depends on a cookie or a header"
)]
#[case(r#"[{"only_if":{"ttl":1},"tags":["b"]}]"#, "rule 1: only_if has ttl, which is no condition")]
#[case(
    r#"[{"unless":{"query":"a","host":"b"},"tags":["b"]}]"#,
    "rule 1: unless has several conditions"
)]
#[case(
    r#"[{"unless":[{"path":"/a"},{"path":"b"}],"tags":["b"]}]"#,
    "rule 1: unless.path does not begin with a slash"
)]
#[case(
    r#"[{"only_if":{"status":99},"tags":["b"]}]"#,
    "rule 1: only_if.status is not a status such as 404"
)]
#[case(
    r#"[{"path":"/a","path":"/b","tags":["b"]}]"#,
    "the list of rules cannot be read as JSON: the field \"path\" appears twice"
)]
#[case(
    r#"[{"key":{"device":false,"query":"all"},"tags":["{device}"]}]"#,
    "rule 1: tags name {device}, and no rule counts it in the key"
)]
#[case(r#"[{"unless":[],"tags":["b"]}]"#, "rule 1: unless is an empty list")]
#[case(
    r#"[{"cookie":"basket=1","cache":"bypass"}]"#,
    r#"rule 1: cookie has "basket=1", which is no name"#
)]
#[case(
    r#"[{"cookie":" basket","cache":"bypass"}]"#,
    r#"rule 1: cookie has " basket", which is no name"#
)]
#[case(
    r#"[{"query":"preview=1","cache":"bypass"}]"#,
    r#"rule 1: query has "preview=1", which is no name"#
)]
#[case(
    r#"[{"query":"?preview","cache":"bypass"}]"#,
    r#"rule 1: query has "?preview", which is no name"#
)]
#[case(
    r#"[{"host":"https://a.test","cache":"bypass"}]"#,
    r#"rule 1: host has "https://a.test", which is no host"#
)]
#[case(
    r#"[{"content_type":"html","tags":"a"}]"#,
    r#"rule 1: content_type has "html", which is no media type"#
)]
#[case(
    r#"[{"content_type":"text/html; charset=utf-8","tags":"a"}]"#,
    r#"rule 1: content_type has "text/html;"#
)]
#[case(r#"[{"path":"/a/../b","cache":"bypass"}]"#, "rule 1: path has the segment . or ..")]
#[case(r#"[{"cache":"forever","ttl":9}]"#, "rule 1: ttl does not count beside cache = \"forever\"")]
#[case(r#"[{"method":"POST","cache":"forever"}]"#, "rule 1: method has no GET")]
#[case(
    r#"[{"ttl":600}]"#,
    "rule 1: ttl counts only where a rule says cache = \"force\" or \"forever\", and none does"
)]
#[case(r#"[{"override":"private"}]"#, "rule 1: override counts only where a rule says")]
#[case(
    r#"[{"cache":"force"},{"cache":"force","ttl":1}]"#,
    "rule 1: cache is \"force\", and no lifetime stands beside it"
)]
#[case(r#"[{"method":"HEAD","cache":"forever"}]"#, "rule 1: method has no GET")]
#[case(r#"[{"only_if":{"method":"POST"},"cache":"forever"}]"#, "rule 1: method has no GET")]
#[case(r#"[{"key":{"query":{"except":"traking"}}}]"#, "rule 1: key.query is none of")]
fn a_wrong_rule_is_refused_with_its_number_its_field_and_what_is_legal(
    #[case] rules: &str,
    #[case] beginning: &str,
) {
    let faults = faults(rules);
    assert!(faults.len() == 1 && faults[0].starts_with(beginning), "{faults:?}");
}

#[test]
fn every_wrong_rule_is_named() {
    let rules = r#"[{"cache":"x"}, {"tags":["a"]}, {"ttl":"1"}]"#;
    let faults = Rules::parse(rules).unwrap_err();
    assert_eq!(faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(), [Some(1), Some(3)]);
}

#[rstest]
#[case(r#"[{"cache":"forever"},{"path":"/a","cache":"bypass"}]"#, Some(2))]
#[case(r#"[{"path":"/**","cache":"origin"},{"cookie":"a","cache":"bypass"}]"#, Some(2))]
#[case(
    r#"[{"path":"/a/**","cache":"forever"},{"tags":"x"},{"path":"/a/*/b","cache":"bypass"}]"#,
    Some(3)
)]
#[case(r#"[{"path":"/a/*","cache":"forever"},{"path":"/a/**","cache":"bypass"}]"#, None)]
#[case(r#"[{"path":"/a/**","cache":"bypass"},{"cache":"forever"}]"#, None)]
#[case(r#"[{"host":"a.test","cache":"forever"},{"path":"/a","cache":"bypass"}]"#, None)]
#[case(r#"[{"unless":{"query":"x"},"cache":"forever"},{"path":"/a","cache":"bypass"}]"#, None)]
#[case(r#"[{"status":404,"cache":"forever"},{"path":"/a","cache":"bypass"}]"#, None)]
fn a_bypass_that_an_earlier_rule_always_overrules_is_refused(
    #[case] rules: &str,
    #[case] shadowed: Option<usize>,
) {
    let faults = Rules::parse(rules).err().unwrap_or_default();
    assert_eq!(faults.first().and_then(|fault| fault.rule), shadowed, "{faults:?}");
}
