//! What was seen of many histories.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub histories: u64,
    /// Of them, those with a purge journal.
    pub with_journal: u64,
    pub requests: u64,
    /// Requests that came while a purge of their page was under way.
    pub racing: u64,
    pub purges: u64,
    pub purges_during_renders: u64,
    /// Purges that the journal's object lost before they were published.
    pub purges_lost: u64,
    pub versions: u64,
    /// Unsafe requests that the origin took.
    pub posts: u64,
    pub origin_requests: u64,
    pub evictions: u64,
    /// By pages whose stored response was evicted while two data centres wrote.
    pub relations_left: u64,
    /// Fills of one page under way at once in a data centre: how often how many.
    pub at_once: BTreeMap<u64, u64>,
    /// Why a data centre filled a page while it filled it already: how often each cause.
    pub seconds: BTreeMap<&'static str, u64>,
    /// Fills of a page while another data centre filled it too, though there was a coordinator.
    pub at_once_abroad: u64,
    /// Milliseconds from each purge to the last answer, in each data centre, that it outdates.
    pub until_seen: Vec<u64>,
    pub answers: BTreeMap<&'static str, u64>,
    /// What became of pages that were warmed.
    pub warmups: BTreeMap<&'static str, u64>,
}

impl Report {
    pub fn add(&mut self, other: Report) {
        self.histories += other.histories;
        self.with_journal += other.with_journal;
        self.purges_lost += other.purges_lost;
        self.requests += other.requests;
        self.racing += other.racing;
        self.purges += other.purges;
        self.purges_during_renders += other.purges_during_renders;
        self.versions += other.versions;
        self.posts += other.posts;
        self.origin_requests += other.origin_requests;
        self.evictions += other.evictions;
        self.relations_left += other.relations_left;
        self.at_once_abroad += other.at_once_abroad;
        for (at_once, times) in other.at_once {
            *self.at_once.entry(at_once).or_default() += times;
        }
        for (cause, times) in other.seconds {
            *self.seconds.entry(cause).or_default() += times;
        }
        for (kind, times) in other.answers {
            *self.answers.entry(kind).or_default() += times;
        }
        for (end, times) in other.warmups {
            *self.warmups.entry(end).or_default() += times;
        }
        self.until_seen.extend(other.until_seen);
    }

    pub fn count_at_once(&mut self, fills: u64) {
        *self.at_once.entry(fills).or_default() += 1;
    }

    pub fn count_second(&mut self, cause: &'static str) {
        *self.seconds.entry(cause).or_default() += 1;
    }

    pub fn count_warmup(&mut self, end: &'static str) {
        *self.warmups.entry(end).or_default() += 1;
    }

    pub fn count(&mut self, said: &str) {
        let kinds = [
            ("collapsed", "; collapsed"),
            ("stale", "detail=revalidating"),
            ("in place of an error", "detail=origin-failed"),
            ("hit", "hit"),
            ("bypass", "fwd=bypass"),
            ("miss", "fwd=uri-miss"),
            ("revalidated", "fwd=stale"),
        ];
        let kind =
            kinds.iter().find(|(_, sign)| said.contains(sign)).map_or("other", |(kind, _)| kind);
        *self.answers.entry(kind).or_default() += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut until_seen = self.until_seen.clone();
        until_seen.sort_unstable();
        let all = until_seen.len();
        until_seen.retain(|took| *took > 0);
        let seconds = |at: usize| until_seen.get(at).map_or(0.0, |took| *took as f64 / 1000.0);
        let racing = 100.0 * self.racing as f64 / self.requests.max(1) as f64;
        writeln!(
            f,
            "histories               {}, with a journal {}",
            self.histories, self.with_journal
        )?;
        writeln!(
            f,
            "requests                {}, {racing:.1} % while a purge of their page was under way",
            self.requests
        )?;
        writeln!(f, "answers                 {}", counts(&self.answers))?;
        writeln!(f, "warmups                 {}", counts(&self.warmups))?;
        writeln!(f, "origin requests         {}", self.origin_requests)?;
        writeln!(
            f,
            "purges                  {}, during renders of what they purge {}, lost by design {}",
            self.purges, self.purges_during_renders, self.purges_lost
        )?;
        writeln!(f, "versions                {}", self.versions)?;
        writeln!(f, "unsafe requests         {}", self.posts)?;
        writeln!(
            f,
            "until a purge was seen  at once by {} of {all} (each in each data centre); else median \
             {:.1} s, worst {:.1} s",
            all - until_seen.len(),
            seconds(until_seen.len() / 2),
            seconds(until_seen.len().saturating_sub(1))
        )?;
        writeln!(f, "relations left          {}, by pages that were evicted", self.relations_left)?;
        writeln!(f, "fills of one page at once in a data centre: {}", counts(&self.at_once))?;
        writeln!(f, "because                 {}", counts(&self.seconds))?;
        write!(
            f,
            "in two, despite a coordinator: {} (it did not answer, or the page may not be stored, or a request had waited long enough)",
            self.at_once_abroad
        )
    }
}

fn counts<K: fmt::Display>(counted: &BTreeMap<K, u64>) -> String {
    counted.iter().map(|(kind, times)| format!("{kind}: {times}")).collect::<Vec<_>>().join(", ")
}
