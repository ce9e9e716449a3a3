use std::cell::Cell;

use edge_isr::isolate::memo::Memo;

#[test]
fn a_kept_result_is_the_arguments_own_and_is_worked_out_once() {
    let (memo, count) = (Memo::default(), Cell::new(0));
    let double = |argument: &u64| {
        count.set(count.get() + 1);
        argument * 2
    };
    for argument in [7, 7, 7] {
        assert_eq!(memo.of(&argument, double), 14);
    }
    assert_eq!(count.get(), 1);
    // Far more arguments than places: they take each other's.
    for argument in (0..20_000).chain(0..20_000) {
        assert_eq!(memo.of(&argument, double), argument * 2);
    }
    assert!(count.get() > 20_000);
}

#[test]
fn few_arguments_take_no_place_from_each_other() {
    let (memo, count) = (Memo::default(), Cell::new(0));
    for argument in (0..256_u64).chain(0..256) {
        memo.of(&argument, |_| count.set(count.get() + 1));
    }
    assert_eq!(count.get(), 256);
}
