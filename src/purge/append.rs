//! A purge with a journal: one request to the journal's object, whatever the number of tags.
//!
//! The request bears an id, so a repetition is the same entry. Until the reply is there, each tag has
//! a note in this isolate: it outdates stored responses, and is known to none.

use std::time::Duration;

use crate::isolate::complaints::Complaint;
use crate::journal::append::Append;
use crate::journal::{TagDigest, refresh};
use crate::platform::Platform;
use crate::platform::complain::complain;
use crate::policy::tag::Tag;
use crate::policy::timing::{PURGE_ATTEMPTS_WITHIN, PURGE_FIRST_PAUSE};
use crate::purge::batches::Limit;
use crate::purge::{Order, Purge};

/// Attempts to append a purge.
const ATTEMPTS: u32 = 3;

/// Appends a purge. All tags are done, or all failed.
pub async fn append<P: Platform>(platform: &P, tags: Vec<Tag>, order: Order) -> Purge {
    let noted_at = platform.now();
    let Order { mode, sender, request, receipt } = order;
    let digests = tags.iter().map(TagDigest::of).collect();
    let append = Append { request, mode, sender, tags: digests, receipt };
    for number in 0..ATTEMPTS {
        if number > 0 {
            pause(platform, number).await;
        }
        match refresh::append(platform, append.clone()).await {
            Ok(number) => {
                // A copy that could not be completed lacks the entry: the notes stay.
                if refresh::known(platform).is_some_and(|known| number <= known.number) {
                    platform.isolate().purges.with_mut(|memory| {
                        tags.iter().for_each(|tag| memory.appended(tag, mode, noted_at));
                    });
                }
                return Purge { done: tags, ..Purge::default() };
            }
            Err(error) => complain(platform, Complaint::PurgeWrite, || {
                format!("a purge could not be appended to the journal: {error}")
            }),
        }
        if platform.now() >= noted_at + PURGE_ATTEMPTS_WITHIN {
            break;
        }
    }
    Purge { failed: tags, limit: Some(Limit::Journal), ..Purge::default() }
}

async fn pause<P: Platform>(platform: &P, number: u32) {
    let longest = PURGE_FIRST_PAUSE * number;
    let by_chance = platform.random() % (longest.as_millis() as u64 / 2);
    platform.sleep(longest / 2 + Duration::from_millis(by_chance)).await;
}
