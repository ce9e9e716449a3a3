//! Hosts: domain names and addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Returns the host in lower case, without the scheme's default port.
pub fn canonical_host(host: &str, scheme: &str) -> String {
    let host = host.to_ascii_lowercase();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(own_port).map(str::to_owned).unwrap_or(host)
}

/// Tells whether a text is a domain name or an address, with or without a port.
pub fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port_is_legal = port.is_none_or(|port| is_number(port) && port.parse::<u16>().is_ok());
    port_is_legal && (is_domain(name) || is_address(name))
}

/// Tells whether a text is a domain name (RFC 1035 §2.3.4); a dot at the end is allowed. A name
/// that ends in a number is an address (URL Standard).
fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(legal)
    };
    let last = name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    let is_hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    name.len() <= 253 && name.split('.').all(is_label) && !is_number(&last) && !is_hexadecimal
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
