//! How many requests the origin gets for each that visitors make, beside what it has to get.
//!
//! What it has to get, the baseline: one request for each variant of a page that can be shared, and
//! one for each request of a page that cannot: one a miss and one a pass, as before plain requests.
//! A wrong guess of what comes first (`policy::refresh::guess`) costs one more. Whatever stands in the table is
//! counted: two runs print the same.
//!
//! In scope: visitors one after the other, on pages that stay fresh, in one data centre. Out of
//! scope: collapsing (`lease/crowds.rs`), revalidation, evictions.
//!
//! `npm run bench -- origin-requests --requests N` prints the table of longer runs.

mod count;
mod traffic;

use count::Count;
use traffic::{CLASSES, Class, Expected};

/// `BENCH_REQUESTS` of each class.
#[test]
fn are_few_more_than_needed() {
    let given = std::env::var("BENCH_REQUESTS").ok();
    let requests = given.map_or(600, |text| text.parse().expect("a number"));
    let counts: Vec<Count> =
        CLASSES.iter().map(|class| count::of(class.traffic, requests)).collect();
    println!("{}", table(requests, &counts));
    for (class, count) in CLASSES.iter().zip(&counts) {
        check(class, count);
    }
}

fn check(class: &Class, count: &Count) {
    let Count { needed, asked, either_order, isolates, .. } = *count;
    let allowed = match class.expected {
        Expected::PercentMore(percent) => needed * percent / 100,
        Expected::MoreEachIsolate(more) => isolates * more,
        Expected::AsTheBetterOrder => either_order * 6 / 5,
    };
    assert!(asked >= needed, "{}: {asked} requests, {needed} needed", class.name);
    let more = asked - needed;
    assert!(more <= allowed, "{}: {more} more than {needed}, {allowed} allowed", class.name);
}

fn table(requests: usize, counts: &[Count]) -> String {
    let mut lines = vec![
        format!(
            "Of {requests} requests, those after the first 100 of a section. Origin requests for each:"
        ),
        String::new(),
        line(
            ["traffic", "needed", "edge-isr", "more", "either order", "first 100"]
                .map(str::to_owned),
        ),
    ];
    for (class, count) in CLASSES.iter().zip(counts) {
        let each = |number: usize| format!("{:.4}", number as f64 / count.visits as f64);
        let more = |number| format!("{:+.1} %", 100.0 * number as f64 / count.needed as f64);
        lines.push(line([
            class.name.to_owned(),
            each(count.needed),
            each(count.asked),
            more(count.asked as i64 - count.needed as i64),
            more(count.either_order as i64),
            format!("{:+}", count.asked_at_first as i64 - count.needed_at_first as i64),
        ]));
    }
    lines.join("\n") + LEGEND
}

const LEGEND: &str = "

needed: one for each variant of a page that can be shared, one for each request of any other page.
either order: what it costs if one order serves a whole section, the better one.
first 100: how many more while a section was new.";

fn line([name, rest @ ..]: [String; 6]) -> String {
    let cells: Vec<String> = rest.iter().map(|cell| format!("{cell:>12}")).collect();
    format!("{name:<58}{}", cells.join(" "))
}
