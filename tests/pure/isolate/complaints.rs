use edge_isr::isolate::complaints::{Complaint, Complaints};
use edge_isr::policy::time::Time;

#[test]
fn a_kind_of_fault_is_logged_once_a_minute() {
    let complaints = Complaints::default();
    let allows = |complaint, at| complaints.allows(complaint, Time(at));
    assert!(allows(Complaint::KvRead, 0));
    assert!(!allows(Complaint::KvRead, 59_999));
    assert!(allows(Complaint::Tags, 59_999), "another kind");
    assert!(allows(Complaint::KvRead, 60_000));
    assert!(!allows(Complaint::KvRead, 119_999), "within a minute of the second");
}
