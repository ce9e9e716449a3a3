/**
 * The mistakes that the field makes, each as a change to this source: the simulator's random
 * histories must catch every one. `within`: requests. `breaks`: the invariant that catches it, where
 * only one may.
 *
 * `edits`: file, what stands there (once), and what to put in its place.
 */
export const VARIANTS = [
  {
    name: "fetched_at is taken when the response is stored",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [
      ["src/store.rs", "            fetched_at: made.at(),\n            born_at", "            fetched_at: self.platform.now(),\n            born_at"],
    ],
  },
  {
    name: "known is filled when the answer arrives",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [
      ["src/store.rs", "memory.known(&tags, self.moment, ", "memory.known(&tags, memory.moment(), "],
    ],
  },
  {
    name: "known is one newest time instead of ids",
    within: 300_000,
    breaks: "no purge is lost",
    edits: [
      ["src/purge_memory.rs", "            .map(|(_, learned)| learned.record.id.clone())\n            .collect();", "            .map(|(_, learned)| learned.record.at.0.to_string())\n            .max()\n            .into_iter()\n            .collect();"],
      ["src/policy/fence.rs", "!self.known.contains(&record.id) &&", "self.known.iter().all(|newest| newest.parse::<i64>().is_ok_and(|newest| record.at.0 > newest)) &&"],
    ],
  },
  {
    name: "soft and hard stand in one record",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      ["src/policy/fence.rs", 'PurgeMode::Hard => format!("p/h/{}"', 'PurgeMode::Hard => format!("p/s/{}"'],
      ["src/purge.rs", "    let record = new_record(platform, at);\n    let entry", "    let mut record = new_record(platform, at);\n    record.id.insert_str(0, mode.as_str());\n    let entry"],
      ["src/fence.rs", "    present\n        .map(", "    present\n        .filter(|(mode, value)| value.contains(mode.as_str()))\n        .map("],
    ],
  },
  {
    name: "clocks are taken to be equal: no skew",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      ["src/policy/fence.rs", "self.fetched_at <= record.at + skew\n", "self.fetched_at <= record.at && !skew.is_zero()\n"],
    ],
  },
  {
    name: "a 304 freshens past a purge",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      ["src/not_modified.rs", "        let cache_status = self.status(&visitor, StatusCode::NOT_MODIFIED);\n", "        self.began = self.platform.now();\n        self.moment = self.platform.isolate().purges.borrow().moment();\n        let cache_status = self.status(&visitor, StatusCode::NOT_MODIFIED);\n"],
    ],
  },
  {
    name: "purge memory never expires",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [
      ["src/purge_memory.rs", "read_at.is_some_and(|at| now < at + window)", "read_at.is_some_and(|at| now < at + window * 1_000_000)"],
    ],
  },
  {
    name: "an error of KV's is read as not purged",
    within: 100_000,
    edits: [
      ["src/fence.rs", "from KV: {cause}\"));\n    }\n    false", "from KV: {cause}\"));\n    }\n    true"],
    ],
  },
  {
    name: "absent keys are cached for ever",
    within: 20_000,
    breaks: "no purge is lost",
    edits: [
      ["src/purge_memory.rs", "read_at.is_some_and(|at| now < at + window)", "read_at.is_some_and(|at| now < at + window) || read_at.is_some() && self.learned_of(std::slice::from_ref(tag)).next().is_none()"],
    ],
  },
  {
    name: "the graph is written by read-modify-write",
    within: 20_000,
    edits: [
      ["src/graph.rs", "    let (done, tag) = match write {", `    let (Write::Remove(tag) | Write::Add(tag)) = &write;
    let list = format!("{}all", tag_prefix(tag));
    let pages = match kv::read(platform, std::slice::from_ref(&list)).await {
        Ok(mut values) => values.pop().flatten().unwrap_or_default(),
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
    if let Err(error) = platform.kv_write(&list, entry).await {
        fault(platform, &error);
    }
    if !pages.is_empty() {
        return None;
    }
    let (done, tag) = match write {`],
      ["src/graph.rs", "let list = if value.is_some() { &mut there } else { &mut gone };", "let list = if value.is_some() || !key.host().is_empty() { &mut there } else { &mut gone };"],
    ],
  },
  {
    name: "a data centre takes its own graph writes for granted",
    within: 300_000,
    breaks: "the graph is right in the end",
    edits: [
      ["src/graph.rs", "    Ok(Todo::Change(Change {", "    if !named.is_empty() && remove.is_empty() {\n        return Ok(Todo::Known(now));\n    }\n    Ok(Todo::Change(Change {"],
    ],
  },
  {
    name: "a lease never expires",
    within: 100_000,
    breaks: "in the end nobody waits for who is gone",
    edits: [
      ["src/lease.rs", "    let until = now + platform.config().lease_life();\n", "    let until = now + platform.config().lease_life() * 1_000_000;\n"],
    ],
  },
  {
    name: "the lease is taken after the fetch has started",
    within: 20_000,
    breaks: "single flight in an isolate",
    edits: [
      ["src/lease.rs", "    let taken = platform.isolate().leases.borrow_mut().take(slot, token, until, now);\n", `    let taken = platform.isolate().leases.borrow().holder(slot, now).is_none();
    if taken {
        let (platform, slot) = (platform.clone(), slot.clone());
        platform.clone().defer(async move {
            platform.sleep(Duration::from_millis(50)).await;
            platform.isolate().leases.borrow_mut().take(&slot, token, until, now);
        });
    }
`],
    ],
  },
  {
    name: "two isolates ignore each other's lease",
    within: 20_000,
    breaks: "single flight in a data centre",
    edits: [
      ["src/lease.rs", "            && self.platform.now() < until\n        {\n            return false;", "            && self.platform.now() < until\n        {\n            return true;"],
    ],
  },
  {
    name: "the retry of a purge is dropped after a 429",
    within: 50_000,
    breaks: "a purge is durable before its 200",
    edits: [
      ["src/purge.rs", "    batches.borrow_mut().withdraw(&key, &batch);\n    batch.end(Ended::Failed);", "    batches.borrow_mut().withdraw(&key, &batch);\n    batch.end(Ended::Durable);"],
      ["src/purge.rs", "const ATTEMPTS: u32 = 4;", "const ATTEMPTS: u32 = 1;"],
    ],
  },
  {
    name: "a purge shares the write that is under way",
    within: 100_000,
    breaks: "a purge is durable before its 200",
    edits: [
      ["src/purge_batch.rs", "        self.withdraw(key, batch);\n        let line", "        let line"],
      ["src/purge.rs", "        batches.borrow_mut().free(&key);\n", "        batches.borrow_mut().free(&key);\n        batches.borrow_mut().withdraw(&key, &batch);\n"],
    ],
  },
  {
    name: "whoever waits gets what the leader fetched, purged or not",
    within: 100_000,
    breaks: "no purge is lost",
    edits: [
      ["src/fill.rs", "(fetched_at > arrived || !is_outdated_since(platform, visit, &usable.stored, moment))", "(fetched_at > arrived || !is_outdated_since(platform, visit, &usable.stored, moment) || arrived.0 > 0)"],
    ],
  },
  {
    name: "nobody waits for the world's lease",
    within: 100_000,
    breaks: "single flight in the world",
    edits: [
      ["src/lease.rs", "if claim != Claim::Held || self.platform.now() >= patience {", "if claim != Claim::Held || look == 0 || self.platform.now() >= patience {"],
    ],
  },
  {
    name: "what was fetched earlier replaces what was fetched later",
    within: 300_000,
    breaks: "a page never goes back",
    edits: [
      ["src/store.rs", "let is_later = current.fetched_at() > stored.fetched_at() ||", "let is_later = current.fetched_at().0 < 0 ||"],
    ],
  },
  {
    name: "a plain request carries the visitor's cookie",
    within: 300_000,
    breaks: "what one visitor's fields shaped is shown to no other",
    edits: [
      ["src/forward.rs", "    let mut headers = plain.clone();\n", `    let mut headers = plain.clone();
    if let Some(cookie) = visit.fields.all().get(header::COOKIE) {
        headers.insert(header::COOKIE, cookie.clone());
    }
`],
    ],
  },
  {
    name: "a visitor's own failure is shared with those who wait",
    within: 300_000,
    breaks: "one visitor's failure is not for those who wait",
    edits: [
      ["src/revalidate.rs", "            OwnAnswer::TellsNothing if is_awaited => self.follow(tells, varies_by).await,\n", "            OwnAnswer::TellsNothing if is_awaited => self.end(Outcome::Failed(500)).await,\n"],
    ],
  },
  {
    name: "a refusal of a visitor's own request drops the stored page",
    within: 300_000,
    breaks: "a visitor's request takes nothing from others",
    edits: [
      ["src/forward.rs", "            invalidate::after(platform, visit, response.status, &response.headers).await;\n", `            invalidate::after(platform, visit, response.status, &response.headers).await;
            if response.status == StatusCode::FORBIDDEN {
                platform.cache_delete(&visit.key.slot()).await;
            }
`],
    ],
  },
  {
    name: "a stale page is revalidated by the visitor's own request, whose refusal drops it",
    within: 300_000,
    breaks: "a visitor's request takes nothing from others",
    edits: [
      ["src/revalidate.rs", "            Found::Response(_) => First::Plain(plain),\n", "            Found::Response(_) => First::Own { follow: false },\n"],
      ["src/revalidate.rs", "Pass { reason, plain: false }", "Pass { reason, plain: true }"],
    ],
  },
  {
    name: "the answer to a visitor's own request is stored",
    within: 300_000,
    breaks: "what one visitor's fields shaped is shown to no other",
    edits: [
      ["src/policy/plain.rs", "    added.iter().all(selects)\n", "    added.iter().all(selects) || !added.is_empty()\n"],
    ],
  },
  {
    name: "what says no-cache is handed to those who wait",
    within: 300_000,
    breaks: "what says no-cache is handed to no other",
    edits: [
      ["src/policy/sharing.rs", "self.never_stale && self.fresh == 0", "self.never_stale && self.fresh > 0"],
    ],
  },
  {
    name: "a page with an Age is fresh for the purges that were known when it was asked for",
    within: 300_000,
    breaks: "no purge is lost",
    edits: [
      ["src/store.rs", "        let Made::ForThisRequest(began) = made else { return Vec::new() };\n", "        let (Made::ForThisRequest(_) | Made::Before(_) | Made::Stale(_)) = made;\n        let began = self.began;\n"],
    ],
  },
  {
    name: "a variant is stored by an isolate that counted its requests alone",
    within: 300_000,
    breaks: "in the end everyone sees the newest",
    edits: [
      ["src/store.rs", "let is_admitted = self.has_place(&slot)\n", "let is_admitted = self.has_place(&slot) && false\n"],
    ],
  },
];
