//! Copying a body that is too large to be held: to the visitor and to the cache, chunk by chunk.
//!
//! Nothing is read before both have taken what was read before, so that no more than a chunk is in
//! memory, however slowly the visitor reads. What is held already is bounded by the caller.
//!
//! | what happens | the visitor | the cache |
//! |---|---|---|
//! | the source breaks off, or stands still | is broken off | is broken off |
//! | the visitor hangs up | | goes on |
//! | the visitor takes no chunk within the patience | gets the rest at their own pace | is broken off |
//! | the cache fails, or takes no chunk within the patience | gets the rest | is broken off |

use std::future::Future;
use std::time::Duration;

use futures::future::{Either, join, ready, select};
use futures::pin_mut;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStream, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter,
};
use worker::Delay;

use super::ignore;
use crate::platform::Unsettled;

/// A chunk has at most so many bytes. The runtime's own choice, 4 KiB, takes four times as long.
const CHUNK: u32 = 64 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = ReadableStream)]
    type Readable;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Readable, options: &JsValue) -> Result<Reader, JsValue>;

    /// A reader of bytes, or of chunks as they come: that one looks at no `room`.
    #[wasm_bindgen(extends = ReadableStreamDefaultReader)]
    type Reader;
    #[wasm_bindgen(method, js_name = read)]
    fn read_into(this: &Reader, room: &Uint8Array) -> Promise;
}

/// What is being copied.
pub struct Pump {
    pub source: Source,
    pub visitor: Option<Sink>,
    pub cache: Sink,
    /// How long each step may take.
    pub patience: Duration,
}

/// A chunk that the cache has yet to get, and whether the visitor has taken it.
pub struct HeldChunk {
    pub chunk: Uint8Array,
    pub taken: Option<JsFuture>,
}

/// Why copying stopped before the end.
enum Stop {
    SourceBrokeOff(JsValue),
    VisitorTooSlow,
    CacheFailed,
}

impl Pump {
    /// Copies what is held, and then the rest. When it is done, the cache's stream has come to a
    /// clean end, or was broken off.
    pub async fn run(mut self, held: Vec<HeldChunk>) -> Result<(), Unsettled> {
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
            // The visitor has hung up: others want the page.
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
        self.source.cancel(cause);
        Unsettled::BrokenOff
    }

    /// The visitor's stream goes on by itself, for as long as the visitor does.
    fn give_up(self, why: Unsettled) -> Unsettled {
        let cause = "storing was given up".into();
        self.cache.abort(&cause);
        match self.visitor {
            Some(visitor) => ignore(&self.source.release().pipe_to(&visitor.release())),
            None => self.source.cancel(&cause),
        }
        why
    }
}

/// A stream of bytes and its reader.
pub struct Source {
    stream: ReadableStream,
    reader: Reader,
    room: Uint8Array,
}

impl Source {
    pub fn of(stream: ReadableStream) -> Result<Source, JsValue> {
        let readable: &Readable = stream.unchecked_ref();
        let options = Object::new();
        Reflect::set(&options, &"mode".into(), &"byob".into())?;
        let reader = readable.get_reader(&options);
        let reader = reader.or_else(|_| readable.get_reader(&JsValue::UNDEFINED))?;
        Ok(Source { stream, reader, room: Uint8Array::new_with_length(CHUNK) })
    }

    /// The next chunk, which is there until the one after it is asked for.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let result = JsFuture::from(self.reader.read_into(&self.room)).await?;
        if Reflect::get(&result, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        let chunk: Uint8Array = Reflect::get(&result, &"value".into())?.unchecked_into();
        self.room = Uint8Array::new(&chunk.buffer());
        Ok(Some(chunk))
    }

    pub fn cancel(self, cause: &JsValue) {
        ignore(&self.reader.cancel_with_reason(cause));
    }

    fn release(self) -> ReadableStream {
        self.reader.release_lock();
        self.stream
    }
}

/// A stream that is written to, and its writer.
pub struct Sink {
    stream: WritableStream,
    writer: WritableStreamDefaultWriter,
}

impl Sink {
    pub fn of(stream: WritableStream) -> Result<Sink, JsValue> {
        let writer = stream.get_writer()?;
        Ok(Sink { stream, writer })
    }

    /// Writes at once. What is returned resolves when the chunk was read at the other end; nobody
    /// has to wait for it.
    pub fn write(&self, chunk: &Uint8Array) -> JsFuture {
        self.writer.write_with_chunk(chunk).into()
    }

    pub fn close(self) -> Promise {
        self.writer.close()
    }

    pub fn abort(self, cause: &JsValue) {
        ignore(&self.writer.abort_with_reason(cause));
    }

    fn release(self) -> WritableStream {
        self.writer.release_lock();
        self.stream
    }
}

/// What is read, unless it takes longer than `patience`.
pub async fn soon<T>(
    read: impl Future<Output = Result<T, JsValue>>,
    patience: Duration,
) -> Result<T, JsValue> {
    within(patience, read).await.unwrap_or_else(|| Err("the body stands still".into()))
}

/// What comes of `work`, unless it takes longer than `patience`.
async fn within<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    pin_mut!(work);
    match select(work, Delay::from(patience)).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}
