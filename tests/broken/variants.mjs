/**
 * Common mistakes of caches, each as a change to this source. The simulator's random histories must
 * catch every one. `within`: the number of requests in which the mistake must be caught. `breaks`:
 * the invariant that must catch it; any, if absent. `test`: a test of the simulator that must fail, in
 * place of the histories.
 *
 * `edits`: a mark in the source (`// broken: …`), the text after it that changes, and the variant's
 * text. An expression or a statement becomes `if broken { variant } else { source }`. With an empty
 * text, the variant's statements are put in at the mark. If neither works, the variant's text uses
 * the bool `BROKEN` itself.
 */
export const VARIANTS = [
  {
    id: "fetched-at-when-stored",
    name: "fetched_at is taken when the response is stored",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [["fetched-at-when-stored", "made.at()", "self.platform.now()"]],
  },
  {
    id: "known-at-arrival",
    name: "known is filled when the response arrives",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [["known-at-arrival", "self.knowledge", "Knowledge::now(&self.platform)"]],
  },
  {
    id: "known-is-a-time",
    name: "known is one newest time instead of ids",
    within: 400_000,
    breaks: "no purge is lost",
    edits: [
      ["known-is-a-time.ids", "learned.record.id.clone()", "learned.record.at.0.to_string()"],
      ["known-is-a-time.newest", "", "known = known.into_iter().max().into_iter().collect();"],
      [
        "known-is-a-time.read",
        "!self.known.contains(&record.id)",
        "self.known.iter().all(|newest| newest.parse::<i64>().is_ok_and(|newest| record.at.0 > newest))",
      ],
    ],
  },
  {
    id: "one-record",
    name: "soft and hard stand in one record",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      ["one-record.key", 'format!("p/h/{}", tag.key_segment())', 'format!("p/s/{}", tag.key_segment())'],
      [
        "one-record.id",
        "new_record(platform, tag, mode, at)",
        "{ let mut record = new_record(platform, tag, mode, at); record.id.insert_str(0, mode.as_str()); record }",
      ],
      ["one-record.read", "present", "present.filter(|(mode, value)| !BROKEN || value.contains(mode.as_str()))"],
    ],
  },
  {
    id: "no-skew",
    name: "clocks are taken to be equal: no skew",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [["no-skew", "self.fetched_at <= record.at + skew", "self.fetched_at <= record.at"]],
  },
  {
    id: "304-freshens-past-a-purge",
    name: "a 304 freshens past a purge",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      [
        "304-freshens-past-a-purge",
        "",
        "self.began = self.platform.now(); self.knowledge = crate::purge::knowledge::Knowledge::now(&self.platform);",
      ],
    ],
  },
  {
    id: "memory-never-expires",
    name: "purge memory never expires",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [["memory-never-expires", "at + window", "at + window * 1_000_000"]],
  },
  {
    id: "kv-error-is-no-purge",
    name: "an error of KV is read as “not purged”",
    within: 100_000,
    edits: [["kv-error-is-no-purge", "RecordsRead::Unreadable", "RecordsRead::Known"]],
  },
  {
    id: "absent-for-ever",
    name: "absent keys are cached for ever",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [
      [
        "absent-for-ever",
        "read_at.is_some_and(",
        "(BROKEN && read_at.is_some() && self.learned_of(std::slice::from_ref(tag)).next().is_none()) || read_at.is_some_and(",
      ],
    ],
  },
  {
    id: "graph-read-modify-write",
    name: "the graph is written by read-modify-write",
    within: 20_000,
    edits: [
      [
        "graph-read-modify-write.write",
        "",
        `
        let (Write::Remove(tag) | Write::Add(tag)) = &write;
        let list = KvKey::relation(tag, "all");
        let pages = match kv::read_one(platform, &list).await {
            Ok(pages) => pages.unwrap_or_default(),
            Err(error) => {
                fault(platform, &error);
                return None;
            }
        };
        let mut pages: Vec<&str> = pages.split_terminator(' ').filter(|one| *one != page).collect();
        if let Write::Add(_) = &write {
            pages.push(page);
        }
        let value = pages.iter().map(|page| format!("{page} ")).collect();
        let entry = KvEntry { value, metadata: None, life: RELATION_LIFE };
        if let Err(error) = kv::write(platform, &list, entry).await {
            fault(platform, &error);
        }
        if !pages.is_empty() {
            return None;
        }`,
      ],
      ["graph-read-modify-write.read", "value.is_some()", "true"],
    ],
  },
  {
    id: "own-graph-writes-for-granted",
    name: "a data centre takes its own graph writes for granted",
    within: 300_000,
    breaks: "the graph is right in the end",
    edits: [["own-graph-writes-for-granted", "", "if !named.is_empty() && remove.is_empty() { return Todo::Known(now); }"]],
  },
  {
    id: "lease-never-expires",
    name: "a lease never expires",
    within: 300_000,
    breaks: "in the end no request waits for a lost holder",
    edits: [["lease-never-expires", "platform.config().lease_life()", "platform.config().lease_life() * 1_000_000"]],
  },
  {
    id: "lease-after-the-fetch",
    name: "the lease is taken after the fetch has started",
    within: 20_000,
    breaks: "single flight in an isolate",
    edits: [
      [
        "lease-after-the-fetch",
        "leases.with_mut(|leases| leases.take(slot, token, until, now))",
        `{
          let free = leases.with(|leases| leases.holder(slot, now)).is_none();
          if free {
              let (platform, slot) = (platform.clone(), slot.clone());
              platform.clone().defer(async move {
                  platform.sleep(std::time::Duration::from_millis(50)).await;
                  platform.isolate().leases.with_mut(|leases| leases.take(&slot, token, until, now));
              });
          }
          free
        }`,
      ],
    ],
  },
  {
    id: "isolates-ignore-a-lease",
    name: "two isolates ignore each other's lease",
    within: 20_000,
    breaks: "single flight in a data centre",
    edits: [["isolates-ignore-a-lease", "false", "true"]],
  },
  {
    id: "no-retry",
    name: "the retry of a purge is dropped after a 429",
    within: 50_000,
    breaks: "a purge is durable before its 200",
    edits: [
      ["no-retry.end", "WriteEnd::Failed", "WriteEnd::Durable"],
      ["no-retry.attempts", "0..ATTEMPTS", "0..1"],
    ],
  },
  {
    id: "shares-a-write-under-way",
    name: "a purge shares the write that is under way",
    within: 100_000,
    breaks: "a purge is durable before its 200",
    edits: [
      ["shares-a-write-under-way.begin", "self.withdraw(key, batch);", ""],
      ["shares-a-write-under-way.end", "", "batches.with_mut(|batches| batches.withdraw(&key, &batch));"],
    ],
  },
  {
    id: "waiting-gets-what-was-purged",
    name: "a waiting request gets what the leader fetched, purged or not",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [["waiting-gets-what-was-purged", "!awaited.is_outdated", "true"]],
  },
  {
    id: "world-lease-not-waited-for",
    name: "no request waits for the world's lease",
    within: 100_000,
    breaks: "single flight in the world",
    edits: [["world-lease-not-waited-for", "claimed != InWorld::Held", "(claimed != InWorld::Held || look == 0)"]],
  },
  {
    id: "earlier-replaces-later",
    name: "an earlier fetch replaces a later one",
    within: 300_000,
    breaks: "a page never goes back",
    edits: [["earlier-replaces-later", "current.fetched_at() > new.fetched_at()", "false"]],
  },
  {
    id: "plain-with-a-cookie",
    name: "a plain request carries the visitor's cookie",
    within: 300_000,
    breaks: "a response that one visitor's fields shaped is shown to no other visitor",
    edits: [
      [
        "plain-with-a-cookie",
        "",
        "if let Some(cookie) = visit.fields.all().get(header::COOKIE) { headers.insert(header::COOKIE, cookie.clone()); }",
      ],
    ],
  },
  {
    id: "own-failure-shared",
    name: "a visitor's own failure is shared with waiting requests",
    within: 300_000,
    breaks: "waiting requests share no visitor's own failure",
    edits: [["own-failure-shared", "self.follow(tells, varies_by).await", "self.end(LeaseEnd::Failed(500)).await"]],
  },
  {
    id: "own-refusal-drops",
    name: "a refusal of a visitor's own request drops the stored page",
    within: 300_000,
    breaks: "a visitor's request takes nothing from others",
    edits: [
      [
        "own-refusal-drops",
        "",
        "if response.status == StatusCode::FORBIDDEN { platform.cache_delete(&visit.key.slot()).await; }",
      ],
    ],
  },
  {
    id: "own-revalidation",
    name: "a stale page is revalidated by the visitor's own request, whose refusal drops it",
    within: 300_000,
    breaks: "a visitor's request takes nothing from others",
    edits: [
      ["own-revalidation.first", "FirstRequest::Plain", "FirstRequest::OwnAlone"],
      ["own-revalidation.pass", "Pass { reason, plain: false }", "Pass { reason, plain: true }"],
    ],
  },
  {
    id: "own-answer-stored",
    name: "the response to a visitor's own request is stored",
    within: 300_000,
    breaks: "a response that one visitor's fields shaped is shown to no other visitor",
    edits: [["own-answer-stored", "added.iter().all(selects)", "true"]],
  },
  {
    id: "no-cache-handed-on",
    name: "a no-cache response is handed to waiting requests",
    within: 300_000,
    breaks: "a no-cache response is handed to no other request",
    edits: [["no-cache-handed-on", "self.never_stale && self.fresh == 0", "self.never_stale && self.fresh > 0"]],
  },
  {
    id: "age-vouches",
    name: "a page with an Age vouches for the purges that were known when it was asked for",
    within: 300_000,
    breaks: "no purge is lost",
    edits: [
      [
        "age-vouches",
        `let Made::ForThisRequest(began) = made else {
            return Provenance { fetched_at, ..Provenance::default() };
        };`,
        `let began = match made {
            Made::ForThisRequest(began) => began,
            _ if BROKEN => self.began,
            _ => return Provenance { fetched_at, ..Provenance::default() },
        };`,
      ],
    ],
  },
  {
    id: "later-purge-counts",
    name: "a second purge lengthens the stale window",
    within: 300_000,
    breaks: "a second purge does not lengthen the stale window",
    edits: [["later-purge-counts", "since.min()", "since.max()"]],
  },
  {
    id: "counted-alone",
    name: "a variant is stored by an isolate that counted its requests alone",
    within: 1_000_000,
    breaks: "in the end every request gets the newest page",
    edits: [["counted-alone", "self.has_place(&slot)", "false"]],
  },
  {
    id: "clear-for-ever",
    name: "a page that was once found not outdated is never judged again",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [["clear-for-ever", "derived.clear_as_of.get() == Some(known)", "derived.clear_as_of.get().is_some()"]],
  },
  {
    id: "age-from-arrival",
    name: "the age of a copy of the journal counts from its arrival",
    test: "journal::refresh::a_copy_of_another_isolate_is_as_old_as_it_was_there",
    edits: [
      [
        "age-from-arrival.reply",
        "learn(platform, news, asked_at, Duration::ZERO)",
        "learn(platform, news, platform.now(), Duration::ZERO)",
      ],
      ["age-from-arrival.note", "note.asked_at", "platform.now()"],
      ["age-from-arrival.block", "note.asked_at", "platform.now()"],
    ],
  },
  {
    id: "own-entry-alone",
    name: "a purge's own entry is merged as if all before it were known",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      [
        "own-entry-alone.news",
        "self.entries.after(after.journal, after.number)",
        `match appended {
            Some(number) => self.entries.after(self.entries.head().id, Number(number.0 - 1)),
            None => self.entries.after(after.journal, after.number),
        }`,
      ],
      ["own-entry-alone.gap", "block.after() > self.head.last", "false"],
    ],
  },
  {
    id: "dropped-is-forgotten",
    name: "an entry of the journal that was dropped is forgotten",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [["dropped-is-forgotten", "dropped.soft = dropped.soft.max(soft);", "let _ = (dropped, soft);"]],
  },
  {
    id: "older-copy-taken",
    name: "an older copy of the journal takes the place of a newer one",
    within: 300_000,
    breaks: "the number that an isolate knows never goes back",
    edits: [["older-copy-taken", "self.head.later(block.head())", "block.head()"]],
  },
  {
    id: "late-put-hides",
    name: "the journal is not published again after a write without an answer",
    test: "journal::publication::a_put_without_an_answer_is_made_again_after_a_minute",
    edits: [
      ["late-put-hides.end", "is_written", "true"],
      ["late-put-hides.state", "is_written", "true"],
    ],
  },
  {
    id: "alarm-throws",
    name: "an alarm that fails is gone",
    test: "journal::publication::a_publication_that_fails_is_tried_again_after_a_minute_and_not_at_once",
    edits: [["alarm-throws", "", "if self.publish().await.is_err() { return Ok(()); }"]],
  },
  {
    id: "absent-is-empty",
    name: "a journal that KV does not show counts as an empty one",
    test: "journal::publication::a_journal_that_kv_does_not_show_is_not_an_empty_one",
    edits: [
      [
        "absent-is-empty",
        "()",
        `{
            let empty = Block::write(crate::journal::Head::default(), Number(0), std::iter::empty());
            platform.isolate().journal.with_mut(|journal| journal.learn_published(empty, asked_at));
        }`,
      ],
    ],
  },
  {
    id: "another-journals-number",
    name: "the number of another journal is taken as one of this",
    test: "journal::refresh::a_number_of_another_journal_says_nothing",
    edits: [
      ["another-journals-number.later", "known.journal == self.head.id", "known.journal.0 > 0"],
      ["another-journals-number.knows", "known.journal == self.head.id && number <= known.number", "number <= known.number"],
    ],
  },
  {
    id: "endless-refresh",
    name: "a refresh that was lost is under way for ever",
    test: "journal::refresh::a_refresh_that_was_lost_blocks_no_later_one",
    edits: [
      ["endless-refresh", "self.under_way.as_ref().is_some_and(|under_way| now < under_way.until)", "self.under_way.is_some()"],
    ],
  },
  {
    id: "key-not-sent",
    name: "the origin is not sent what counts in the key",
    test: "reflecting::with_parts_of_requests_in_the_key_each_visitor_is_shown_the_page_of_theirs",
    edits: [["key-not-sent", "part::put(self.key.parts(), &mut fields);", ""]],
  },
  {
    id: "key-without-parts",
    name: "all visitors share the page of one key",
    test: "reflecting::with_parts_of_requests_in_the_key_each_visitor_is_shown_the_page_of_theirs",
    edits: [["key-without-parts", "self.parts()", "&self.parts()[..0]"]],
  },
  {
    id: "changed-by-name",
    name: "a cookie beside those of the key counts as one of the key",
    test: "page::keyed::a_cookie_beside_those_of_the_key_is_no_part_of_a_page_for_all",
    edits: [["changed-by-name", "plain.get(*name) != other.get(*name)", "!other.contains_key(*name)"]],
  },
  {
    id: "uncounted-sent",
    name: "the origin is sent a parameter that does not count",
    test: "page::rules::a_link_of_a_newsletter_is_a_hit_on_the_page_and_its_parameters_never_reach_the_origin",
    edits: [["uncounted-sent", "key.url()", "self.url"]],
  },
  {
    id: "rules-of-before",
    name: "new rules do not reach what is stored",
    test: "page::rules::new_rules_reach_what_is_stored",
    edits: [["rules-of-before", "ruled.applied_to(response, harmless, config.storing)?", "response"]],
  },
  {
    id: "tier-copy-is-new",
    name: "a page from the durable tier counts as fetched now",
    within: 300_000,
    breaks: "no purge is lost",
    edits: [["tier-copy-is-new", "", "stored.provenance.fetched_at = platform.now();"]],
  },
  {
    id: "tier-forgets-nothing",
    name: "the durable tier brings back what a visitor changed",
    test: "durable::what_a_visitor_changed_does_not_come_back_in_any_isolate_of_the_data_centre",
    edits: [["tier-forgets-nothing", "forgotten_until(&platform, &wanted.visit.key).await", "None"]],
  },
  {
    id: "tier-keeps-private",
    name: "the durable tier keeps a page that turned private",
    test: "durable::a_page_that_turned_private_does_not_come_back",
    edits: [["tier-keeps-private", "durable::forget(&self.platform, &self.visit.key).await;", "{}"]],
  },
  {
    id: "tier-overtaken",
    name: "an earlier response replaces a later one in the durable tier",
    test: "durable::keep::an_earlier_response_gives_way_to_a_later_one",
    edits: [["tier-overtaken", "provenance.fetched_at > stored.provenance.fetched_at", "false"]],
  },
  {
    id: "tier-variants-come-back",
    name: "the durable tier brings back the variants of a page that it had forgotten",
    test: "durable::a_variant_of_a_page_that_turned_private_does_not_come_back_with_another",
    edits: [["tier-variants-come-back", "found.stored.provenance.fetched_at >= since", "true"]],
  },
  {
    id: "warms-before-it-knows",
    name: "a purge's warmup judges pages before it knows of the purge",
    within: 200_000,
    breaks: "no page from before its purge is warm",
    edits: [["warms-before-it-knows", "ask.knows > 0", "false"]],
  },
  {
    id: "warms-at-any-rate",
    name: "warmups keep no rate",
    test: "warmups::pace::no_second_has_more_requests_than_the_rate_and_one",
    edits: [["warms-at-any-rate", "self.interval()", "0"]],
  },
  {
    id: "warms-without-pause",
    name: "warmups go on when the origin wants a pause",
    test: "warmups::pace::a_429_with_retry_after_pauses_all_jobs_and_then_they_go_on",
    edits: [["warms-without-pause", "started.pace.pause(now + Duration::from_secs(reply.pause));", "{}"]],
  },
];
