use edge_isr::policy::time::Time;
use edge_isr::warmup::pace::Pace;
use proptest::prelude::*;
use rstest::rstest;

const NOW: i64 = 1_700_000_000_000;

/// What happens between two requests.
#[derive(Clone, Debug)]
enum Event {
    /// The clock goes on, or back.
    Clock(i64),
    /// Lanes take their requests at the same moment.
    Takes(usize),
    /// The origin took so many milliseconds.
    Took(u64),
    /// The origin wants a pause of so many milliseconds from now on.
    Pause(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (-20..2_000_i64).prop_map(Event::Clock),
        4 => (1..40_usize).prop_map(Event::Takes),
        1 => (0..5_000_u64).prop_map(Event::Took),
        1 => (0..3_000_i64).prop_map(Event::Pause),
    ]
}

/// The times of all requests.
fn times(pace: &mut Pace, events: &[Event]) -> Vec<Time> {
    let (mut now, mut times) = (Time(NOW), Vec::new());
    for event in events {
        match event {
            Event::Clock(by) => now.0 += by,
            Event::Takes(count) => times.extend((0..*count).map(|_| pace.take(now))),
            Event::Took(took) => pace.took(*took),
            Event::Pause(length) => pace.pause(Time(now.0 + length)),
        }
    }
    times
}

/// The most requests in any second.
fn most_in_a_second(times: &[Time]) -> usize {
    let from = |time: &Time| times.iter().filter(|at| (0..1000).contains(&(at.0 - time.0))).count();
    times.iter().map(from).max().unwrap_or(0)
}

/// A pace whose origin usually takes 100 ms, and then takes `took` for a while.
fn slowed(per_second: u32, took: u64) -> Pace {
    let mut pace = Pace::new(per_second, Time(NOW));
    (0..20).for_each(|_| pace.took(100));
    (0..60).for_each(|_| pace.took(took));
    pace
}

proptest! {
    #[test]
    fn no_second_has_more_requests_than_the_rate_and_one(
        rate in prop_oneof![1..10_u32, 1..=1000_u32],
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut pace = Pace::new(rate, Time(NOW));
        let times = times(&mut pace, &events);
        prop_assert!(times.is_sorted());
        prop_assert!(most_in_a_second(&times) <= rate as usize + 1, "{:?}", times);
    }

    #[test]
    fn the_rate_is_reached(rate in 1..=1000_u32, seconds in 1..5_i64) {
        let mut pace = Pace::new(rate, Time(NOW));
        let count = i64::from(rate) * seconds;
        let last = (0..=count).map(|_| pace.take(Time(NOW))).last().unwrap();
        prop_assert!((NOW + 1000 * seconds - seconds - 1..=NOW + 1000 * seconds).contains(&last.0));
    }

    #[test]
    fn no_request_goes_out_before_it_is_taken_or_in_a_pause(
        rate in 1..=1000_u32,
        events in prop::collection::vec(event(), 1..30),
        pause in 1..600_000_i64,
    ) {
        let mut pace = Pace::new(rate, Time(NOW));
        times(&mut pace, &events);
        let now = Time(NOW + 100_000);
        pace.pause(Time(now.0 + pause));
        let next = pace.next(now);
        prop_assert!(next >= now && next.0 >= now.0 + pause);
        prop_assert_eq!(pace.take(now), next);
        prop_assert!(pace.next(now) >= next);
    }

    #[test]
    fn the_rate_is_between_one_and_the_setting(
        rate in 1..=1000_u32,
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut pace = Pace::new(rate, Time(NOW));
        times(&mut pace, &events);
        prop_assert!((1..=rate).contains(&pace.rate()), "{}", pace.rate());
        prop_assert!(pace.rate() >= rate / 10);
    }

    #[test]
    fn as_many_requests_go_out_as_the_rate_says(
        per_second in 1..=1000_u32,
        took in prop::collection::vec(1..5_000_u64, 0..40),
    ) {
        let mut pace = Pace::new(per_second, Time(NOW));
        took.iter().for_each(|took| pace.took(*took));
        let (rate, later) = (i64::from(pace.rate()), Time(NOW + 60_000));
        let first = pace.take(later);
        let last = (0..rate).map(|_| pace.take(later)).last().unwrap();
        // A rate below one is shown as one, and one that is no whole number is rounded down.
        let expected = if rate == 1 { 500..=10_000 } else { 1000 * rate / (rate + 1) - 1..=1001 };
        prop_assert!(expected.contains(&(last.0 - first.0)), "{} {}", rate, last.0 - first.0);
    }
}

#[test]
fn an_idle_time_lets_no_requests_through_at_once() {
    let mut pace = Pace::new(2, Time(NOW));
    pace.take(Time(NOW));
    let later = Time(NOW + 60_000);
    let times: Vec<i64> = (0..3).map(|_| pace.take(later).0 - later.0).collect();
    assert_eq!(times, [0, 500, 1000]);
}

#[test]
fn no_request_goes_out_before_the_beginning() {
    let mut pace = Pace::new(10, Time(NOW + 700));
    assert_eq!(pace.next(Time(NOW)), Time(NOW + 700));
    assert_eq!((pace.take(Time(NOW)), pace.take(Time(NOW))), (Time(NOW + 700), Time(NOW + 800)));
}

#[test]
fn a_new_setting_counts_from_the_next_request_on() {
    let mut pace = Pace::new(1, Time(NOW));
    pace.take(Time(NOW));
    pace.set_rate(10);
    let times: Vec<i64> = (0..3).map(|_| pace.take(Time(NOW)).0 - NOW).collect();
    assert_eq!((times, pace.rate()), (vec![1000, 1100, 1200], 10));
}

#[test]
fn a_pause_ends_with_one_request_and_the_pace_goes_on() {
    let mut pace = Pace::new(4, Time(NOW));
    pace.pause(Time(NOW + 5_000));
    let times: Vec<i64> = (0..3).map(|_| pace.take(Time(NOW)).0 - NOW).collect();
    assert_eq!(times, [5_000, 5_250, 5_500]);
}

#[test]
fn a_shorter_pause_does_not_end_a_longer_one() {
    let mut pace = Pace::new(4, Time(NOW));
    for until in [5_000, 9_000, 2_000] {
        pace.pause(Time(NOW + until));
    }
    assert_eq!(pace.paused_until(Time(NOW + 8_999)), Some(Time(NOW + 9_000)));
    assert_eq!(pace.paused_until(Time(NOW + 9_000)), None, "the pause is over");
    assert_eq!(pace.next(Time(NOW + 9_001)), Time(NOW + 9_001));
}

/// The usual time goes up meanwhile, so the rates are a little higher than the quotient of times.
#[rstest]
#[case::as_usual(100, 1000..=1000)]
#[case::faster(20, 1000..=1000)]
#[case::not_yet_twice_the_time(190, 1000..=1000)]
#[case::four_times_the_time(400, 500..=650)]
#[case::eight_times_the_time(800, 250..=330)]
#[case::fifty_times_the_time(5_000, 100..=100)]
#[case::for_ever(u64::MAX, 100..=100)]
fn a_slower_origin_gets_fewer_requests(
    #[case] took: u64,
    #[case] expected: std::ops::RangeInclusive<u32>,
) {
    let rate = slowed(1000, took).rate();
    assert!(expected.contains(&rate), "{rate}");
}

#[test]
fn an_origin_that_recovers_gets_as_many_requests_as_before() {
    let mut pace = slowed(1000, 5_000);
    assert_eq!(pace.rate(), 100);
    (0..100).for_each(|_| pace.took(100));
    assert_eq!(pace.rate(), 1000);
}

#[test]
fn the_new_time_of_a_site_that_has_become_slower_is_usual_one_day() {
    let mut pace = slowed(1000, 400);
    (0..1_000).for_each(|_| pace.took(400));
    assert_eq!(pace.rate(), 1000);
}

#[test]
fn a_fast_page_does_not_make_the_others_slow() {
    let mut pace = Pace::new(1000, Time(NOW));
    pace.took(2);
    (0..7).for_each(|_| pace.took(50));
    (0..100).for_each(|n| {
        pace.took(50);
        assert_eq!(pace.rate(), 1000, "after {n} pages");
    });
    pace.took(2);
    pace.took(50);
    assert_eq!(pace.rate(), 1000);
}

#[test]
fn pages_of_another_kind_are_soon_usual() {
    let mut pace = slowed(1000, 100);
    (0..10).for_each(|_| pace.took(20));
    (0..300).for_each(|_| pace.took(300));
    assert_eq!(pace.rate(), 1000);
}

#[test]
fn a_single_slow_request_slows_nothing_down() {
    let mut pace = slowed(10, 100);
    pace.took(1_500);
    assert_eq!(pace.rate(), 10);
}
