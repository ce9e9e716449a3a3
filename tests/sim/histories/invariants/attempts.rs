//! How many records a purge may write.

use crate::world::platform::Trace;

/// In which a purge record may be written.
const ATTEMPTS: usize = 4;

/// What is wrong with the records that a purge request wrote: they are those of its tags (`keys`), each
/// in four attempts at most. A write that the request gave up, and that KV took all the same, may hide
/// a purge that came between: it is made up for by a new record, in four attempts again.
pub fn too_many(trace: &Trace, keys: &[String]) -> Option<String> {
    let (written, late) = (trace.kv_writes.borrow(), trace.kv_late.borrow());
    let count = |list: &[String], key: &String| list.iter().filter(|other| *other == key).count();
    let others = |key: &&String| key.starts_with("p/") && !keys.contains(key);
    if let Some(other) = written.iter().find(others) {
        return Some(format!("a write of {other} for {keys:?}"));
    }
    keys.iter().find_map(|key| {
        let (writes, late) = (count(&written, key), count(&late, key));
        let is_wrong = writes > ATTEMPTS * (1 + late);
        is_wrong.then(|| format!("{writes} writes of {key}, of which KV took {late} too late"))
    })
}

#[test]
fn a_record_is_written_anew_once_a_write_that_was_given_up_has_landed() {
    let world = crate::world::World::new(1);
    world.kv.writes_fail.set(3);
    world.kv.write_takes.set(12_000);
    let purge = world.start_control(Default::default(), r#"{"tags":["a"]}"#);
    world.wait(40_000);
    assert_eq!(purge.seen().status, 503);
    let keys = ["p/s/a".to_owned()];
    let trace = world.traces.borrow()[0].clone();
    let written = || trace.kv_writes.borrow().iter().filter(|key| **key == keys[0]).count();
    assert!(written() > ATTEMPTS, "{} writes", written());
    assert_eq!(too_many(&trace, &keys), None);
    // Without the late one they are too many.
    trace.kv_late.take();
    assert!(too_many(&trace, &keys).is_some());
    assert!(too_many(&trace, &[]).is_some());
}
