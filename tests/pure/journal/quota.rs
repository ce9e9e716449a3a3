use edge_isr::journal::object::quota::DayCount;
use edge_isr::policy::time::Time;

#[test]
fn readers_may_spend_six_tenths_of_the_free_plans_day() {
    let mut count = DayCount::read("0 59999");
    count.add(Time(5));
    assert_eq!(count.reads_again_at(), None);
    count.add(Time(5));
    assert_eq!(count.reads_again_at(), Some(Time(86_400_000)));
    count.add(Time(86_400_000));
    assert_eq!(count.reads_again_at(), None, "the next day");
}
