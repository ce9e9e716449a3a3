/**
 * The mutants of the source that no native test can or need catch, each with its reason. `mutant` is
 * what `npm run mutants` says after the file and line: the function, and what is changed in it.
 * It knows neither the file nor the line, so that a move of code leaves the list as it is.
 */
export const ALIVE = [
  {
    mutant: "Lease::claim_in_data_centre: `self.platform.now() < until` → `<=`",
    reason: "the cache drops the note at that very millisecond, so no request sees the difference",
  },
  {
    mutant: "pause: `longest / 2 + 1` → `-`",
    reason: "only the length of a random pause changes, by two milliseconds at most",
  },
  {
    mutant: "pause: `longest / 2 + 1` → `*`",
    reason: "only the length of a random pause changes, by one millisecond at most",
  },
  {
    mutant: "look_at_marker: `platform.now() < marker.until` → `<=`",
    reason: "a page passes for one millisecond longer",
  },
  {
    mutant: "look_beside: guard `selects(&variant.variant, visit)` → `true`",
    reason: "the slot is named by a digest of the same values: only a collision of digests would show it",
  },
  {
    mutant: "look_beside: guard `platform.now() < marker.until` → `true`",
    reason: "the cache drops the marker of a further variant at the same time: an expired one is found only where clocks differ",
  },
  {
    mutant: "look_beside: `platform.now() < marker.until` → `<=`",
    reason: "the cache drops the marker of a further variant at that very millisecond",
  },
  {
    mutant: "nothing: `platform.now() < *until` → `<=`",
    reason: "an isolate remembers a passing page for one millisecond longer",
  },
  {
    mutant: "Refresh::pass: `pass.plain && self.lookup.found.stored().is_some()` → `||`",
    reason:
      "it takes a plain request with credentials that fails while the visitor's own succeeds, and another isolate that stores an earlier response meanwhile",
  },
  {
    mutant: "Refresh::carries_what_selects: returns `false`",
    reason:
      "a refused plain request with guessed fields is sent again without them, and one with credentials is kept to its visitor: what is left are fields of stored variants, which another condition covers",
  },
  {
    mutant: "Visit::is_head: returns `false`",
    reason: "the response to a HEAD loses its body later anyway: only a copy of the body is saved",
  },
  {
    mutant: "was_asked_for: `now < at + ASKED_LATELY` → `<=`",
    reason: "a page counts as asked for one millisecond longer",
  },
  {
    mutant: "Batches::forget_idle: `self.queues.len() < QUEUES_MOST` → `==`",
    reason: "an idle queue is forgotten earlier or later: no purge sees it",
  },
  {
    mutant: "Batches::forget_idle: `self.queues.len() < QUEUES_MOST` → `>`",
    reason: "an idle queue is forgotten earlier or later: no purge sees it",
  },
  {
    mutant: "Batches::forget_idle: `self.queues.len() < QUEUES_MOST` → `<=`",
    reason: "an idle queue is forgotten earlier or later: no purge sees it",
  },
  {
    mutant: "Batches::forget_idle: `now < batch.until` → `<=`",
    reason: "a batch past its end is joined by no purge: it only takes room until the next time",
  },
  {
    mutant: "Batches::forget_idle: `now < at + KV_WRITE_PACE` → `<=`",
    reason: "a queue whose pace is over delays no write: it only takes room until the next time",
  },
  {
    mutant: "purge: `Purge` without `failed`",
    reason: "only a runtime that drops a task it was given shows it; the simulator's never does",
  },
  {
    mutant: "learn: `free.len() < unread.len()` → `<=`",
    reason: "without another request's read under way there is nothing to wait for",
  },
  {
    mutant: "Entries::put: `other.kept.number > number` → `>=`",
    reason: "an entry of the same number is the same entry",
  },
  {
    mutant: "JournalService::kept: `kept.len() < most` → `<=`",
    reason: "one page more is read, and cut off",
  },
  {
    mutant: "JournalService::kept: `now < held.until` → `<=`",
    reason: "a receipt is shown for one millisecond longer",
  },
  {
    mutant: "JournalService::sweep_receipts: `now < *until` → `<=`",
    reason: "a receipt that expires at this very millisecond is swept by the next alarm",
  },
  {
    mutant: "JournalService::earlier: guard `key == own` → `false`",
    reason: "the object's own journal is read twice at each look, which finds the same",
  },
  {
    mutant: "JournalService::is_look_due: `now.since(started.at) < JOURNAL_LOOKS_FOR` → `<=`",
    reason: "the object looks for one millisecond longer",
  },
  {
    mutant: "ask: `request.after() != JournalRequest::NOTHING` → `==`",
    reason: "a copy that is replaced while its own request is under way is completed by the next request",
  },
  {
    mutant: "Ledger::restored: `now < row.until` → `<=`",
    reason: "a lease that ends at this very millisecond is restored, and has ended",
  },
  {
    mutant: "latin1: guard `text.is_ascii()` → `false`",
    reason: "the same text is made more slowly",
  },
  {
    mutant: "pause: `longest / 2 + random % (longest / 2 + 1)` → `-`",
    reason: "only the length of a random pause changes",
  },
  {
    mutant: "pause: `longest / 2` → `%` (2)",
    reason: "only the length of a random pause changes",
  },
  {
    mutant: "Pairs::expecting: returns `Ok(Default::default())`",
    reason: "the text of an error that becomes `None`",
  },
  {
    mutant: "new_request: `u128::from(platform.random()) << 64 | u128::from(platform.random())` → `^`",
    reason: "the two halves have no bit in common",
  },
  {
    mutant: "by_journal: `now < copy.head().with_records_until` → `<=`",
    reason: "records are written for one millisecond longer",
  },
  {
    mutant: "is_sole_copy: returns `false`",
    reason: "the page is judged anew, with the same result",
  },
  {
    mutant: "Block::with: `later.len() * (ITEM + EARLIER)` → `+`",
    reason: "only the room that is reserved at once changes: the bytes grow as they must",
  },
  {
    mutant: "Block::with: `later.len() * (ITEM + EARLIER)` → `/`",
    reason: "only the room that is reserved at once changes: the bytes grow as they must",
  },
  {
    mutant: "Block::with: `ITEM + EARLIER` → `*`",
    reason: "only the room that is reserved at once changes",
  },
  {
    mutant: "JournalCopy::take_over: `asked_at < self.asked_at` → `<=`",
    reason: "of two journals that were asked for in the same millisecond, either may be the later one",
  },
  {
    mutant: "Unfit::fmt: returns `Ok(Default::default())`",
    reason: "nobody prints the error: a text is read, or it is not",
  },
  {
    mutant: "StrictVisitor::expecting: returns `Ok(Default::default())`",
    reason: "serde prints it for a type that does not fit, and every type of JSON fits",
  },
  {
    mutant: "StrictVisitor::visit_unit: returns `Ok(Default::default())`",
    reason: "the default of a value is null, too",
  },
  {
    mutant: "Conditions::may_hold: returns `true`",
    reason: "the test is a quick one before the whole: only time is lost",
  },
  {
    mutant: "Facts::path_may_match: returns `true`",
    reason: "the test is a quick one before the whole: only time is lost",
  },
  {
    mutant: "Glob::may_match: returns `true`",
    reason: "the test is a quick one before the whole: only time is lost",
  },
  {
    mutant: "Glob::may_match: `length > 1` → `<`",
    reason: "the bytes are compared all the same, one step later",
  },
  {
    mutant: "Glob::may_match: `!begins_otherwise && path[..length] == beginning[..length]` → `||`",
    reason: "the whole test follows: only time is lost",
  },
  {
    mutant: "Facts::of_page: `is_spelt_oddly && path.contains('%')` → `||`",
    reason: "a path with `%` is spelt oddly, and one without has its normal form already",
  },
  {
    mutant: "Rules::key_for: `key.query().is_none() || !self.cuts_queries` → `&&`",
    reason: "the key is made, and is the one that there was: only time is lost",
  },
];
