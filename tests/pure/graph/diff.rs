//! What a store changes in the tag graph (`graph::diff`).

use edge_isr::graph::diff::{
    Change, Diff, Plan, Related, Todo, WithinBudget, confirmed_at, former_tags, tags_in_graph,
    waits_for_its_second_store,
};
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::stored::{GraphMarks, StoredResponse};
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use http::StatusCode;
use rstest::rstest;

use crate::samples::response;

const NOW: Time = Time(10_000_000_000);
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn tags(names: &str) -> Vec<Tag> {
    names.split_whitespace().map(|name| Tag::origin(name).unwrap()).collect()
}

fn ago(milliseconds: i64) -> Time {
    Time(NOW.0 - milliseconds)
}

fn change(add: &str, remove: &str, keep: &str) -> Change {
    Change { add: tags(add), remove: tags(remove), keep: tags(keep), named: vec![] }
}

fn tagged(names: &str, graph: GraphMarks) -> StoredResponse {
    StoredResponse { tags: tags(names), graph, ..response(1) }
}

#[rstest]
#[case(200, "a b")]
#[case(500, "a b")]
#[case(404, "")]
#[case(410, "")]
fn a_page_that_is_gone_is_on_no_list(#[case] status: u16, #[case] expected: &str) {
    let status = StatusCode::from_u16(status).unwrap();
    let stored = StoredResponse { status, ..tagged("a b", GraphMarks::default()) };
    assert_eq!(tags_in_graph(&stored), tags(expected));
}

/// What `u/` names, the page's former tags, the relations that were unsure and are there.
#[rstest]
#[case::nothing_there("a b", "", "", "", change("a b", "", ""))]
#[case::one_more("a b", "a", "", "a", change("b", "", "a"))]
#[case::one_less("a", "a b", "", "a", change("", "b", "a"))]
#[case::named_and_not_there("a b", "a b", "", "a", change("b", "", "a"))]
#[case::former_and_still_there("a", "a", "c", "a c", change("", "c", "a"))]
#[case::former_and_one_more("a b", "a", "c", "a c", change("b", "c", "a"))]
#[case::gone("", "a b", "", "", change("", "a b", ""))]
fn is_changed_in_the_graph(
    #[case] now: &str,
    #[case] named: &str,
    #[case] former: &str,
    #[case] there: &str,
    #[case] expected: Change,
) {
    let now = tags(now);
    let diff = Diff::of(&now, tags(named), &tags(former), NOW);
    let (there, gone): (Vec<Tag>, Vec<Tag>) =
        diff.unsure.iter().cloned().partition(|tag| tags(there).contains(tag));
    let expected = Change { named: tags(named), ..expected };
    assert_eq!(diff.todo(Related { there, gone }, None, NOW), Todo::Change(expected));
}

#[test]
fn relations_are_read_that_the_entry_names_rightly_and_former_ones_that_it_does_not_name() {
    let now = tags("a b");
    let diff = Diff::of(&now, tags("b x"), &tags("c x"), NOW);
    assert_eq!(diff.unsure, tags("b c"));
}

#[rstest]
#[case::for_the_first_time(None, NOW)]
#[case::again(Some(ago(5)), ago(5))]
fn a_graph_that_is_right_is_found_so(#[case] first: Option<Time>, #[case] expected: Time) {
    let now = tags("a");
    let related = Related { there: tags("a"), gone: vec![] };
    let todo = Diff::of(&now, tags("a"), &[], NOW).todo(related, first, NOW);
    assert_eq!(todo, Todo::Right { first: expected });
}

#[rstest]
#[case::before_half_its_life(ago(45 * DAY - 1), Todo::Right { first: NOW })]
#[case::at_half_its_life(
    ago(45 * DAY),
    Todo::Change(Change { named: tags("a"), ..change("a", "", "") })
)]
fn relations_are_written_again_before_they_end(#[case] written_at: Time, #[case] expected: Todo) {
    let now = tags("a");
    let related = Related { there: tags("a"), gone: vec![] };
    assert_eq!(Diff::of(&now, tags("a"), &[], written_at).todo(related, None, NOW), expected);
}

#[rstest]
#[case::the_same("a b", Some(ago(5)), "b a", Some(ago(5)))]
#[case::other_tags("a b", Some(ago(5)), "a", None)]
#[case::a_day_ago("a", Some(ago(DAY)), "a", None)]
#[case::never("a", None, "a", None)]
fn the_graph_is_not_read_where_it_was_found_right(
    #[case] before: &str,
    #[case] confirmed: Option<Time>,
    #[case] now: &str,
    #[case] expected: Option<Time>,
) {
    let prior = tagged(before, GraphMarks { confirmed_at: confirmed, ..GraphMarks::default() });
    assert_eq!(confirmed_at(&prior, &tags(now), NOW), expected);
}

#[test]
fn former_tags_are_those_the_page_has_lost_the_latest_first() {
    let former = GraphMarks { former_tags: tags("c d a"), ..GraphMarks::default() };
    let prior = tagged("a b c", former);
    assert_eq!(former_tags(&prior, &tags("b d")), tags("a c"));
    let many: String = (0..120).map(|number| format!("t{number} ")).collect();
    let prior = tagged(&many, GraphMarks::default());
    assert_eq!(former_tags(&prior, &[]).len(), 100);
}

#[rstest]
#[case::right_for_long(Todo::Right { first: ago(3 * MINUTE) }, Some(NOW), None, "")]
#[case::right_for_a_while(
    Todo::Right { first: ago(3 * MINUTE - 1) },
    None,
    Some(ago(3 * MINUTE - 1)),
    "f"
)]
#[case::known(Todo::Known(ago(9)), Some(ago(9)), None, "f")]
#[case::changed(Todo::Change(change("a", "", "")), None, None, "f")]
#[case::unread(Todo::Nothing, None, None, "f")]
fn a_stored_response_bears_how_the_graph_was_found(
    #[case] todo: Todo,
    #[case] confirmed_at: Option<Time>,
    #[case] checked_at: Option<Time>,
    #[case] former: &str,
) {
    let mut stored = response(1);
    Plan { todo, former: tags("f") }.note(&mut stored, NOW);
    let expected = GraphMarks { confirmed_at, checked_at, former_tags: tags(former) };
    assert_eq!(stored.graph, expected);
}

#[rstest]
#[case::enough(4, WithinBudget::All(change("a b", "c", "d")))]
#[case::not_enough(3, WithinBudget::Part(change("a", "c", "d")))]
#[case::enough_to_remove(2, WithinBudget::Part(change("", "c", "d")))]
#[case::the_last_one_is_for_the_entry(1, WithinBudget::Nothing)]
#[case::spent(0, WithinBudget::Nothing)]
fn a_change_within_a_budget_of(#[case] left: usize, #[case] expected: WithinBudget) {
    assert_eq!(change("a b", "c", "d").within(left), expected);
}

#[test]
fn relations_that_are_not_removed_now_are_kept() {
    let part = change("", "a b c", "d").within(3);
    assert_eq!(part, WithinBudget::Part(change("", "a b", "d c")));
}

#[rstest]
#[case(change("a b", "c", "d"), 5)]
#[case(change("a b", "", "d"), 3)]
#[case(change("", "c", "d"), 2)]
#[case(change("", "", "d"), 0)]
fn the_entry_is_written_before_relations_are_added_and_after_they_are_removed(
    #[case] change: Change,
    #[case] writes: u32,
) {
    assert_eq!(change.writes(), writes);
}

#[rstest]
#[case::found_right(Todo::Right { first: NOW }, Todo::Change(change("", "f g", "")))]
#[case::partly_shown(Todo::Change(change("", "x f", "")), Todo::Change(change("", "x f g", "")))]
#[case::known(Todo::Known(NOW), Todo::Known(NOW))]
#[case::unread(Todo::Nothing, Todo::Change(change("", "f g", "")))]
fn all_former_relations_are_removed_also_those_that_kv_does_not_show(
    #[case] todo: Todo,
    #[case] expected: Todo,
) {
    let plan = Plan { todo, former: tags("f g") };
    assert_eq!(plan.of_all_former().todo, expected);
    let nothing = Plan { todo: Todo::Right { first: NOW }, former: vec![] };
    assert_eq!(nothing.clone().of_all_former(), nothing);
}

#[rstest]
#[case::a_page("https://site.test/a", false, false)]
#[case::a_query("https://site.test/a?b", false, true)]
#[case::a_query_that_was_stored_before("https://site.test/a?b", true, false)]
fn a_made_up_query_waits_for_its_second_store(
    #[case] url: &str,
    #[case] has_prior: bool,
    #[case] expected: bool,
) {
    let (key, prior) = (CacheKey::parse(url).unwrap(), response(1));
    assert_eq!(waits_for_its_second_store(has_prior.then_some(&prior), &key), expected);
}
