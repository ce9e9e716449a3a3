//! Bodies: streams of the runtime that never pass through wasm memory.
//!
//! A small body for both a visitor and the cache is copied chunk by chunk without waiting for the
//! visitor. A visitor on a slow line would otherwise delay all requests that wait for the page.
//! Past [`HELD_MOST`] the body is copied at the pace of the slower reader ([`pump`]), because a
//! whole large body must not be held in memory.
//!
//! A body has one owner. If the owner drops it before its end is read, and before the runtime
//! has it, the body is cancelled (`stream`). The origin then stops sending.

mod pump;
mod stream;

use std::time::Duration;

use futures::future::{LocalBoxFuture, join};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::{ReadableStream, WritableStream};

use super::headers::Native;
use super::js::{combined, ignore};
use super::runtime::Runtime;
use crate::platform::{Bodies, Cache, Document, ReadError, Settled, Unsettled};
use crate::policy::key::Slot;
use pump::{HeldChunk, Pump, soon};
pub use stream::Unread;
use stream::{Sink, Source};

/// A body up to this size is held in JavaScript's memory until its end is known, in bytes.
const HELD_MOST: u32 = 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    /// An IdentityTransformStream with a stated length. It breaks off at any other length.
    #[wasm_bindgen(extends = IdentityTransformStream, js_name = FixedLengthStream)]
    type FixedLengthStream;
    #[wasm_bindgen(constructor, catch, js_class = "FixedLengthStream")]
    fn of_length(length: f64) -> Result<FixedLengthStream, JsValue>;

    #[wasm_bindgen(js_name = IdentityTransformStream)]
    type IdentityTransformStream;
    #[wasm_bindgen(constructor, js_class = "IdentityTransformStream")]
    fn new() -> IdentityTransformStream;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &IdentityTransformStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &IdentityTransformStream) -> WritableStream;
}

/// The body of a request or a response.
pub enum Body {
    /// No body.
    Empty,
    /// A body in JavaScript's memory.
    Bytes(Uint8Array),
    /// A stream that has not been read.
    Stream {
        /// The stream.
        stream: Unread,
        /// The fields that came with the stream.
        native: Option<Native>,
        /// The length in bytes, if the origin stated it.
        length: Option<u64>,
    },
    /// The other end of an upgraded connection.
    WebSocket(JsValue),
}

impl Body {
    /// Wraps a stream, or makes an empty body.
    pub fn of(stream: Option<ReadableStream>) -> Body {
        stream.map_or(Body::Empty, |stream| Body::Stream {
            stream: Unread::new(stream),
            native: None,
            length: None,
        })
    }

    /// Makes a body of bytes.
    pub fn bytes(bytes: &[u8]) -> Body {
        Body::Bytes(Uint8Array::from(bytes))
    }

    /// Returns the body for `fetch` or `Response`. From here on the runtime must end it.
    pub fn into_js(self) -> JsValue {
        match self {
            Body::Empty | Body::WebSocket(_) => JsValue::NULL,
            Body::Bytes(bytes) => bytes.into(),
            Body::Stream { stream, .. } => stream.hand_over().into(),
        }
    }

    /// Splits the body into one for a visitor and one to settle, which feeds the first.
    pub fn tee(self) -> (Body, Settling) {
        let Body::Stream { stream, native, length } = self else {
            return (self.again(), self.into());
        };
        // The visitor receives the length that the origin stated. The runtime throws for a length
        // past 2^53, which JavaScript cannot count: it is treated as unknown.
        let fixed = length.and_then(|length| FixedLengthStream::of_length(length as f64).ok());
        let pipe = fixed.map_or_else(IdentityTransformStream::new, IdentityTransformStream::from);
        let theirs = Body::Stream { stream: Unread::new(pipe.readable()), native, length };
        // A stream that was just made has no writer yet.
        let visitor = Sink::of(pipe.writable()).expect("a new stream has no writer");
        let source = Body::Stream { stream, native: None, length };
        (theirs, Settling { source, visitor: Some(visitor) })
    }

    /// Returns the bytes of a body that is held in memory, if it has any.
    pub fn held(&self) -> Option<&Uint8Array> {
        match self {
            Body::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Copies a body that is not a stream.
    fn again(&self) -> Body {
        match self {
            Body::Bytes(bytes) => Body::Bytes(bytes.clone()),
            _ => Body::Empty,
        }
    }
}

/// A body to read to its end, and to write to a visitor on the way if there is one.
pub struct Settling {
    source: Body,
    visitor: Option<Sink>,
}

impl From<Body> for Settling {
    fn from(source: Body) -> Settling {
        Settling { source, visitor: None }
    }
}

impl Bodies for Runtime {
    type Body = Body;
    type Settling = Settling;

    fn empty_body(&self) -> Body {
        Body::Empty
    }

    fn bytes_body(&self, bytes: &[u8]) -> Body {
        Body::bytes(bytes)
    }

    fn tee(&self, body: Body) -> (Body, Settling) {
        body.tee()
    }

    fn body_length(&self, body: &Body) -> Option<usize> {
        match body {
            Body::Empty => Some(0),
            body => body.held().map(|bytes| bytes.length() as usize),
        }
    }

    fn body_again(&self, body: &Body) -> Option<Body> {
        matches!(body, Body::Empty | Body::Bytes(_)).then(|| body.again())
    }

    async fn settle(
        &self,
        body: Settling,
        staging: &Slot,
        life: Duration,
    ) -> Result<Settled<Body>, Unsettled> {
        let (stream, clean) = match settle(body, self.config.origin_timeout).await? {
            BodyRead::Whole(body) => return Ok(Settled::Whole(body)),
            BodyRead::Longer { stream, clean } => (stream, clean),
        };
        let document = Document { metadata: "body".to_owned(), body: Body::of(Some(stream)) };
        // The put also resolves for a body that broke off. Only `clean` tells whether it did.
        let (put, clean) = join(self.cache_put(staging, document, life), clean).await;
        if put.is_ok() && clean.is_ok() {
            return Ok(Settled::Staged);
        }
        self.cache_delete(staging).await;
        Err(clean.err().unwrap_or(Unsettled::NotKept))
    }

    async fn read(&self, body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
        read(body, limit).await
    }

    async fn gunzip(&self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, ReadError> {
        read(Body::of(Some(combined::unpacked(bytes))), limit).await
    }
}

/// A body that has been read to its end, or up to the limit in memory.
pub enum BodyRead {
    /// The whole body.
    Whole(Body),
    /// The body is longer than the limit in memory. `stream` carries all of it while `clean` is
    /// awaited. `clean` tells whether `stream` came to its end or broke off.
    Longer {
        /// All of the body.
        stream: ReadableStream,
        /// Tells whether the stream ended cleanly.
        clean: LocalBoxFuture<'static, Result<(), Unsettled>>,
    },
}

/// Reads a body to its clean end, or up to the limit in memory.
/// A body without a new chunk for longer than `patience` has broken off.
pub async fn settle(body: Settling, patience: Duration) -> Result<BodyRead, Unsettled> {
    match body.source {
        Body::Stream { stream, .. } => {
            copy(stream, body.visitor, patience).await.map_err(|_| Unsettled::BrokenOff)
        }
        held => Ok(BodyRead::Whole(held)),
    }
}

async fn copy(
    source: Unread,
    visitor: Option<Sink>,
    patience: Duration,
) -> Result<BodyRead, JsValue> {
    let mut source = Source::of(source)?;
    let (mut held, mut length) = (Vec::new(), 0);
    loop {
        let chunk = match soon(source.next(), patience).await {
            Ok(Some(chunk)) => chunk.slice(0, chunk.length()),
            Ok(None) => break,
            Err(cause) => {
                if let Some(visitor) = visitor {
                    visitor.abort(&cause);
                }
                return Err(cause);
            }
        };
        length += chunk.length();
        // The copying goes on when the visitor has hung up: other requests need the page.
        let taken = visitor.as_ref().map(|visitor| visitor.write(&chunk));
        held.push(HeldChunk { chunk, taken });
        if length > HELD_MOST {
            let pipe = IdentityTransformStream::new();
            let cache = Sink::of(pipe.writable())?;
            let clean = Box::pin(Pump { source, visitor, cache, patience }.run(held));
            return Ok(BodyRead::Longer { stream: pipe.readable(), clean });
        }
    }
    if let Some(visitor) = visitor {
        ignore(&visitor.close());
    }
    Ok(BodyRead::Whole(Body::Bytes(joined(&held, length))))
}

fn joined(held: &[HeldChunk], length: u32) -> Uint8Array {
    let whole = Uint8Array::new_with_length(length);
    let mut at = 0;
    for HeldChunk { chunk, .. } in held {
        whole.set(chunk, at);
        at += chunk.length();
    }
    whole
}

/// Reads a body into memory. Only control routes and warmups may call it.
pub async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
    let stream = match body {
        Body::Stream { stream, .. } => stream,
        Body::Bytes(bytes) => return Ok(bytes.to_vec()),
        _ => return Ok(Vec::new()),
    };
    let mut source = Source::of(stream).map_err(|_| ReadError::BrokenOff)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = source.next().await.map_err(|_| ReadError::BrokenOff)? {
        if bytes.len() + chunk.length() as usize > limit {
            return Err(ReadError::TooLong(limit));
        }
        bytes.extend(chunk.to_vec());
    }
    Ok(bytes)
}
