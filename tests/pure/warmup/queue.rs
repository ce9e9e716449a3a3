use std::collections::BTreeSet;
use std::ops::Range;

use edge_isr::platform::rows::RowChange;
use edge_isr::policy::time::Time;
use edge_isr::warmup::queue::{Page, Queue, Taken};
use proptest::prelude::*;
use rstest::rstest;

use super::{keys, url, urls};
use crate::journal::Rows;

const ID: &str = "0f";
const NOW: Time = Time(1_700_000_000_000);

/// A queue, its rows, and the pages that have not ended.
struct World {
    queue: Queue,
    rows: Rows,
    /// The rows that hold pages, as the row of the job says.
    held: Range<u64>,
    now: Time,
    under_way: Vec<Page>,
    left: Vec<String>,
    appended: usize,
}

impl World {
    fn with(count: usize) -> World {
        let queue = Queue::new(ID, 0..0);
        let (rows, held, under_way, left) = (Rows::default(), 0..0, vec![], vec![]);
        let mut world = World { queue, rows, held, now: NOW, under_way, left, appended: 0 };
        world.append(count);
        world
    }

    fn append(&mut self, count: usize) {
        let urls = urls(self.appended..self.appended + count);
        self.appended += count;
        self.left.extend(urls.clone());
        let changes = self.queue.append(urls);
        self.rows.apply(changes);
        self.write();
    }

    fn write(&mut self) {
        let (changes, held) = self.queue.unwritten();
        self.rows.apply(changes);
        self.held = held;
    }

    /// What is in memory is lost. Pages whose end was not written come again.
    fn restart(&mut self) {
        self.left = self.after_a_loss();
        self.queue = Queue::new(ID, self.held.clone());
        self.under_way.clear();
    }

    fn take(&mut self) -> Option<String> {
        loop {
            match self.queue.take(self.now) {
                Taken::Page(page) => {
                    self.under_way.push(page.clone());
                    return Some(page.url);
                }
                Taken::Row(key) => {
                    let row = self.rows.0.get(&key).cloned();
                    assert!(row.is_some(), "{key} exists");
                    self.queue.add_row(row);
                }
                Taken::At(at) => {
                    assert!(at > self.now, "a page waits");
                    return None;
                }
                Taken::Nothing => return None,
            }
        }
    }

    fn taken(&mut self, place: usize) -> Option<Page> {
        let count = self.under_way.len();
        (count > 0).then(|| self.under_way.remove(place % count))
    }

    fn end(&mut self, place: usize) {
        let Some(page) = self.taken(place) else { return };
        self.queue.end(&page);
        self.left.retain(|url| *url != page.url);
    }

    fn again(&mut self, place: usize, wait: i64) {
        let Some(page) = self.taken(place) else { return };
        let strikes = page.strikes + u64::from(wait > 0);
        self.queue.again(Page { strikes, after: Time(self.now.0 + wait), ..page });
    }

    /// The pages that come if the object is lost now.
    fn after_a_loss(&self) -> Vec<String> {
        let queue = Queue::new(ID, self.held.clone());
        let mut other = World { rows: self.rows.clone(), queue, ..World::with(0) };
        std::iter::from_fn(|| other.take()).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Take(usize),
    End(usize, usize),
    Again(usize, i64),
    Clock(i64),
    Write,
    Restart,
}

fn without_failures() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (1..250_usize).prop_map(Step::Append),
        4 => (1..120_usize).prop_map(Step::Take),
        4 => (1..120_usize, 0..9_usize).prop_map(|(count, place)| Step::End(count, place)),
        2 => Just(Step::Write),
        1 => Just(Step::Restart),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => without_failures(),
        2 => (0..9_usize, 0..3_i64).prop_map(|(place, wait)| Step::Again(place, wait * 10_000)),
        1 => (0..20_000_i64).prop_map(Step::Clock),
    ]
}

fn apply(world: &mut World, step: &Step) {
    match step {
        Step::Append(count) => world.append(*count),
        Step::Take(count) => (0..*count).for_each(|_| drop(world.take())),
        Step::End(count, place) => (0..*count).for_each(|_| world.end(*place)),
        Step::Again(place, wait) => world.again(*place, *wait),
        Step::Clock(by) => world.now.0 += by,
        Step::Write => world.write(),
        Step::Restart => world.restart(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_page_is_lost(count in 0..250_usize, steps in prop::collection::vec(step(), 0..50)) {
        let mut world = World::with(count);
        for step in &steps {
            apply(&mut world, step);
            let found = BTreeSet::from_iter(world.after_a_loss());
            prop_assert!(world.left.iter().all(|url| found.contains(url)), "{:?}", step);
            if matches!(step, Step::Append(_) | Step::Write) {
                let (found, left) = (world.after_a_loss(), BTreeSet::from_iter(&world.left));
                prop_assert_eq!(found.len(), left.len(), "each once, and none that has ended");
                prop_assert_eq!(BTreeSet::from_iter(&found), left);
                let held: Vec<String> =
                    world.held.clone().map(|row| format!("pages/{ID}/{row:08}")).collect();
                prop_assert_eq!(keys(&world.rows, ""), held, "rows that are over are deleted");
            }
        }
        world.now.0 += 1_000_000;
        while world.take().is_some() || !world.under_way.is_empty() {
            world.end(0);
        }
        world.write();
        prop_assert_eq!((world.left.len(), world.rows.0.len()), (0, 0));
        prop_assert!(world.queue.is_empty());
    }

    #[test]
    fn pages_keep_their_order_while_none_fails(
        steps in prop::collection::vec(without_failures(), 0..50),
    ) {
        let mut world = World::with(150);
        for step in &steps {
            apply(&mut world, step);
            let under_way: Vec<&String> = world.under_way.iter().map(|page| &page.url).collect();
            let first: Vec<&String> =
                world.left.iter().filter(|url| under_way.contains(url)).collect();
            prop_assert_eq!(under_way, first);
        }
        world.write();
        prop_assert_eq!(world.after_a_loss(), world.left.clone());
        world.restart();
        let taken: Vec<String> = std::iter::from_fn(|| world.take()).collect();
        prop_assert_eq!(taken, world.left);
    }

    #[test]
    fn nothing_remains_of_a_queue_that_is_cleared(
        steps in prop::collection::vec(step(), 0..30),
        late in 0..9_usize,
    ) {
        let mut world = World::with(150);
        steps.iter().for_each(|step| apply(&mut world, step));
        let changes = world.queue.clear();
        world.rows.apply(changes);
        prop_assert_eq!(keys(&world.rows, ""), [""; 0]);
        prop_assert!(world.queue.is_empty() && world.queue.take(world.now) == Taken::Nothing);
        // Pages that were under way end later.
        (0..late).for_each(|_| world.end(0));
        world.write();
        prop_assert_eq!(keys(&world.rows, ""), [""; 0]);
        prop_assert!(world.held.is_empty() && world.queue.is_empty());
    }
}

#[test]
fn a_row_holds_a_hundred_pages() {
    let world = World::with(250);
    assert_eq!(
        keys(&world.rows, ""),
        ["pages/0f/00000000", "pages/0f/00000001", "pages/0f/00000002"]
    );
    assert_eq!(world.held, 0..3);
    let lengths = world.rows.0.values().map(|row| row.matches("https://").count());
    assert_eq!(lengths.collect::<Vec<_>>(), [100, 100, 50]);
}

#[test]
fn a_page_that_waits_is_not_taken_before_its_time() {
    let mut world = World::with(2);
    world.take();
    world.again(0, 10_000);
    assert_eq!(world.take().as_deref(), Some("https://site.test/1"));
    assert_eq!(world.queue.take(world.now), Taken::At(Time(NOW.0 + 10_000)));
    world.now.0 += 10_000;
    assert_eq!(world.take().as_deref(), Some("https://site.test/0"));
    assert_eq!(world.queue.take(world.now), Taken::Nothing);
}

#[rstest]
#[case::that_failed(10_000, [1, 2, 0])]
#[case::that_was_not_begun(0, [0, 1, 2])]
fn a_page_goes_behind_the_others_if_it_failed(#[case] wait: i64, #[case] expected: [usize; 3]) {
    let mut world = World::with(3);
    world.take();
    world.again(0, wait);
    world.now.0 += wait;
    let taken: Vec<String> = std::iter::from_fn(|| world.take()).collect();
    assert_eq!(taken, expected.map(url));
}

/// The time for which it waits is not kept.
#[test]
fn the_failed_attempts_of_a_page_outlive_a_restart() {
    let mut world = World::with(1);
    for strikes in 0..3 {
        world.take();
        assert_eq!(world.under_way[0].strikes, strikes);
        world.again(0, 10_000);
        world.write();
        world.restart();
    }
}

/// The same page may be named by two lists.
#[test]
fn a_page_that_waits_twice_is_taken_twice() {
    let mut world = World::with(0);
    let changes = world.queue.append(vec![url(1), url(1)]);
    world.rows.apply(changes);
    world.take();
    world.take();
    world.end(0);
    assert!(!world.queue.is_empty(), "the other one is under way");
    world.write();
    assert_eq!(world.after_a_loss(), [url(1)]);
    world.end(0);
    assert!(world.queue.is_empty());
}

#[rstest]
#[case::absent(None, 0)]
#[case::damaged(Some("[\"1\",\"https://"), 0)]
#[case::of_another_version(Some(r#"["2","https://site.test/1","0"]"#), 0)]
#[case::damaged_behind_a_page(Some(r#"["1","https://a.b/","0","https://b.c/","x"]"#), 1)]
fn a_row_that_cannot_be_read_counts_as_empty(#[case] row: Option<&str>, #[case] count: usize) {
    let mut queue = Queue::new(ID, 4..5);
    assert_eq!(queue.take(NOW), Taken::Row("pages/0f/00000004".to_owned()));
    queue.add_row(row.map(str::to_owned));
    let is_page = |_: &()| matches!(queue.take(NOW), Taken::Page(_));
    assert_eq!(std::iter::repeat(()).take_while(is_page).count(), count);
    let (changes, held) = queue.unwritten();
    assert_eq!(changes[0], RowChange::Delete { key: "pages/0f/00000004".to_owned() });
    assert_eq!(held, if count > 0 { 4..5 } else { 5..5 });
}

#[test]
fn what_was_written_is_not_written_again() {
    let mut world = World::with(3);
    assert_eq!(world.queue.unwritten(), (vec![], 0..1));
    world.take();
    let (changes, held) = world.queue.unwritten();
    assert_eq!((changes.len(), held), (2, 0..1));
    assert_eq!(world.queue.unwritten(), (vec![], 0..1));
}
