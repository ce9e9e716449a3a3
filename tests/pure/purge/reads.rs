use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use edge_isr::purge::reads::ReadsUnderWay;

const LIMIT: Duration = Duration::from_millis(1_000);

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| Tag::origin(name).unwrap()).collect()
}

/// Waits for a read of `names`; the result counts the signals given.
fn join(reads: &mut ReadsUnderWay, names: &[&str], now: i64) -> Rc<Cell<u32>> {
    let given = Rc::new(Cell::new(0));
    let seen = given.clone();
    reads.join(&tags(names), Time(now), || Box::new(move || seen.set(seen.get() + 1)));
    given
}

fn end(reads: &mut ReadsUnderWay, id: u64) {
    reads.end(id).into_iter().for_each(|signal| signal());
}

#[test]
fn a_tag_is_free_unless_a_read_of_it_is_under_way() {
    let mut reads = ReadsUnderWay::default();
    reads.begin(&tags(&["a", "b"]), LIMIT, Time(0));
    let free = |reads: &ReadsUnderWay, now| reads.free(&tags(&["a", "c"]), Time(now));
    assert_eq!(free(&reads, 999), tags(&["c"]));
    assert_eq!(free(&reads, 1_000), tags(&["a", "c"]), "past its limit");
}

#[test]
fn a_request_waits_for_a_read_of_its_tags_alone() {
    let mut reads = ReadsUnderWay::default();
    let id = reads.begin(&tags(&["a"]), LIMIT, Time(0));
    let (one, another) = (join(&mut reads, &["b", "a"], 999), join(&mut reads, &["b"], 999));
    let late = join(&mut reads, &["a"], 1_000);
    end(&mut reads, id);
    assert_eq!((one.get(), another.get(), late.get()), (1, 0, 0));
    assert_eq!(reads.free(&tags(&["a"]), Time(0)), tags(&["a"]), "it has ended");
}

#[test]
fn each_read_wakes_its_own_requests() {
    let mut reads = ReadsUnderWay::default();
    let [first, second] = ["a", "b"].map(|name| reads.begin(&tags(&[name]), LIMIT, Time(0)));
    let (one, other) = (join(&mut reads, &["a"], 0), join(&mut reads, &["b"], 0));
    end(&mut reads, second);
    assert_eq!((one.get(), other.get()), (0, 1));
    end(&mut reads, first);
    assert_eq!((one.get(), other.get()), (1, 1));
}

#[test]
fn a_read_that_never_ended_is_forgotten_when_the_next_begins() {
    for (now, is_forgotten) in [(999, false), (1_000, true)] {
        let mut reads = ReadsUnderWay::default();
        let cancelled = reads.begin(&tags(&["a"]), LIMIT, Time(0));
        join(&mut reads, &["a"], 0);
        reads.begin(&tags(&["b"]), LIMIT, Time(now));
        assert_eq!(reads.end(cancelled).is_empty(), is_forgotten, "at {now}");
    }
}
