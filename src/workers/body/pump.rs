//! Copying a body that is too large to be held: to the visitor and to the cache, chunk by chunk.
//!
//! The next chunk is read only after both have taken the one before. So only one chunk is in
//! memory, however slowly the visitor reads. The caller bounds the chunks that it holds already.
//!
//! | what happens | the visitor | the cache |
//! |---|---|---|
//! | the source breaks off, or stands still | is broken off | is broken off |
//! | the visitor hangs up | | goes on |
//! | the visitor takes no chunk within the patience | gets the rest at their own pace | is broken off |
//! | the cache fails, or takes no chunk within the patience | gets the rest | is broken off |

use std::future::Future;
use std::time::Duration;

use futures::future::{Either, join, ready};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::stream::{Sink, Source};
use crate::platform::Unsettled;
use crate::workers::js::ignore;
use crate::workers::tasks::within;

/// A body being copied to the visitor and to the cache.
pub(super) struct Pump {
    /// The stream to copy.
    pub source: Source,
    /// The visitor's stream, until the visitor hangs up.
    pub visitor: Option<Sink>,
    /// The cache's stream.
    pub cache: Sink,
    /// The time limit of each step.
    pub patience: Duration,
}

/// A chunk that the cache has not received yet, and whether the visitor has taken it.
pub(super) struct HeldChunk {
    /// The chunk.
    pub chunk: Uint8Array,
    /// The visitor's read of the chunk, if there is a visitor.
    pub taken: Option<JsFuture>,
}

/// The reason why copying stopped before the end.
enum Stop {
    SourceBrokeOff(JsValue),
    VisitorTooSlow,
    CacheFailed,
}

impl Pump {
    /// Copies the chunks in memory, and then the rest. Afterwards the cache's stream has ended
    /// cleanly or was broken off.
    pub(super) async fn run(mut self, held: Vec<HeldChunk>) -> Result<(), Unsettled> {
        match self.copy(held).await {
            Ok(()) => self.close().await,
            Err(Stop::SourceBrokeOff(cause)) => Err(self.abort(&cause)),
            Err(Stop::VisitorTooSlow) => Err(self.give_up(Unsettled::VisitorTooSlow)),
            Err(Stop::CacheFailed) => Err(self.give_up(Unsettled::NotKept)),
        }
    }

    async fn copy(&mut self, held: Vec<HeldChunk>) -> Result<(), Stop> {
        for HeldChunk { chunk, taken } in held {
            self.pass_on(&chunk, taken).await?;
        }
        let patience = self.patience;
        while let Some(chunk) =
            soon(self.source.next(), patience).await.map_err(Stop::SourceBrokeOff)?
        {
            let taken = self.visitor.as_ref().map(|visitor| visitor.write(&chunk));
            self.pass_on(&chunk, taken).await?;
        }
        Ok(())
    }

    /// Writes a chunk to the cache, and waits until the visitor has it as well.
    async fn pass_on(&mut self, chunk: &Uint8Array, taken: Option<JsFuture>) -> Result<(), Stop> {
        let stored = within(self.patience, self.cache.write(chunk));
        let taken = match taken {
            Some(taken) => Either::Left(within(self.patience, taken)),
            None => Either::Right(ready(Some(Ok(JsValue::UNDEFINED)))),
        };
        let (stored, taken) = join(stored, taken).await;
        if let Some(Err(_)) = taken {
            // The visitor has hung up, but other requests need the page.
            self.visitor = None;
        }
        match (stored, taken) {
            (Some(Ok(_)), Some(_)) => Ok(()),
            (Some(Ok(_)), None) => Err(Stop::VisitorTooSlow),
            _ => Err(Stop::CacheFailed),
        }
    }

    async fn close(self) -> Result<(), Unsettled> {
        if let Some(visitor) = self.visitor {
            ignore(&visitor.close());
        }
        let closed = soon(JsFuture::from(self.cache.close()), self.patience).await;
        closed.map(drop).map_err(|_| Unsettled::NotKept)
    }

    fn abort(self, cause: &JsValue) -> Unsettled {
        if let Some(visitor) = self.visitor {
            visitor.abort(cause);
        }
        self.cache.abort(cause);
        Unsettled::BrokenOff
    }

    /// Stops storing. The runtime copies the rest of the body to the visitor.
    fn give_up(self, why: Unsettled) -> Unsettled {
        self.cache.abort(&"storing was given up".into());
        if let Some(visitor) = self.visitor {
            ignore(&self.source.release().pipe_to(&visitor.release()));
        }
        why
    }
}

/// Returns the result of `read`, or an error if it takes longer than `patience`.
pub(super) async fn soon<T>(
    read: impl Future<Output = Result<T, JsValue>>,
    patience: Duration,
) -> Result<T, JsValue> {
    within(patience, read).await.unwrap_or_else(|| Err("the body stands still".into()))
}
