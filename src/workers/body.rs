//! Bodies: streams of the runtime that never pass through wasm memory.
//!
//! A body for both a visitor and the cache is copied chunk by chunk while it is small, without
//! waiting for the visitor: a tee goes at the pace of its slowest reader, and one visitor on a bad
//! line would hold up all who wait for the page. Past [`HELD_MOST`] the rest is teed, because a
//! whole large body must not be held in memory.

use std::future::Future;
use std::time::Duration;

use futures::future::{Either, select};
use futures::pin_mut;
use http::StatusCode;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ReadableStream, ReadableStreamDefaultReader, WritableStream};
use worker::Delay;

use super::headers::{self, Native};
use crate::platform::{BrokenOff, ReadError, Response};

/// A body up to this size is held in JavaScript's memory until its end is known, in bytes.
const HELD_MOST: u32 = 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    /// An IdentityTransformStream that says how long it is, and breaks off if it is not.
    #[wasm_bindgen(extends = IdentityTransformStream, js_name = FixedLengthStream)]
    type FixedLengthStream;
    #[wasm_bindgen(constructor, js_class = "FixedLengthStream")]
    fn of_length(length: f64) -> FixedLengthStream;

    #[wasm_bindgen(js_name = IdentityTransformStream)]
    type IdentityTransformStream;
    #[wasm_bindgen(constructor, js_class = "IdentityTransformStream")]
    fn new() -> IdentityTransformStream;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &IdentityTransformStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &IdentityTransformStream) -> WritableStream;
}

/// What a request or a response carries.
pub enum Body {
    Empty,
    Bytes(Uint8Array),
    Stream {
        stream: ReadableStream,
        native: Option<Native>,
        /// In bytes, where the origin said so.
        length: Option<u64>,
    },
    /// Read from `source`, and written to `visitor` on the way.
    Copied {
        source: ReadableStream,
        visitor: WritableStream,
    },
    /// The other end of an upgraded connection.
    WebSocket(JsValue),
}

impl Body {
    pub fn of(stream: Option<ReadableStream>) -> Body {
        stream.map_or(Body::Empty, |stream| Body::Stream { stream, native: None, length: None })
    }

    pub fn bytes(bytes: &[u8]) -> Body {
        Body::Bytes(Uint8Array::from(bytes))
    }

    /// As `fetch` and `Response` take it.
    pub fn to_js(&self) -> JsValue {
        match self {
            Body::Empty | Body::WebSocket(_) | Body::Copied { .. } => JsValue::NULL,
            Body::Bytes(bytes) => bytes.into(),
            Body::Stream { stream, .. } => stream.into(),
        }
    }

    pub fn discard(self) {
        if let Body::Stream { stream, .. } = self {
            ignore(&stream.cancel());
        }
    }

    pub fn tee(self) -> (Body, Body) {
        let Body::Stream { stream, native, length } = self else { return (self.again(), self) };
        // A visitor is told the length as the origin told it.
        let pipe: IdentityTransformStream = match length {
            Some(length) => FixedLengthStream::of_length(length as f64).into(),
            None => IdentityTransformStream::new(),
        };
        let theirs = Body::Stream { stream: pipe.readable(), native, length };
        (theirs, Body::Copied { source: stream, visitor: pipe.writable() })
    }

    /// Another of what is not a stream.
    fn again(&self) -> Body {
        match self {
            Body::Bytes(bytes) => Body::Bytes(bytes.clone()),
            _ => Body::Empty,
        }
    }
}

/// A body that has been read up to its end, or up to as much as is held.
pub enum Read {
    Whole(Body),
    /// More than is held. What was read comes first, then the rest; `clean` rejects if it breaks off.
    Longer {
        stream: ReadableStream,
        clean: Promise,
    },
}

/// Reads a body to its clean end, as far as it may be held.
/// One that stands still for longer than `patience` has broken off.
pub async fn settle(body: Body, patience: Duration) -> Result<Read, BrokenOff> {
    match body {
        Body::Stream { stream, .. } => copy(stream, None, patience).await.map_err(|_| BrokenOff),
        Body::Copied { source, visitor } => {
            copy(source, Some(visitor), patience).await.map_err(|_| BrokenOff)
        }
        held => Ok(Read::Whole(held)),
    }
}

async fn copy(
    source: ReadableStream,
    visitor: Option<WritableStream>,
    patience: Duration,
) -> Result<Read, JsValue> {
    let reader: ReadableStreamDefaultReader = source.get_reader().unchecked_into();
    let writer = visitor.as_ref().map(WritableStream::get_writer).transpose()?;
    let (held, mut length) = (Array::new(), 0);
    loop {
        let chunk = match soon(next(&reader), patience).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(cause) => {
                if let Some(writer) = &writer {
                    ignore(&writer.abort_with_reason(&cause));
                }
                ignore(&reader.cancel_with_reason(&cause));
                return Err(cause);
            }
        };
        length += chunk.length();
        if let Some(writer) = &writer {
            // A visitor who has hung up does not end it: others want the page.
            ignore(&writer.write_with_chunk(&chunk));
        }
        held.push(&chunk);
        if length > HELD_MOST {
            reader.release_lock();
            if let Some(writer) = &writer {
                writer.release_lock();
            }
            return rest(held, source, visitor);
        }
    }
    if let Some(writer) = &writer {
        ignore(&writer.close());
    }
    Ok(Read::Whole(Body::Bytes(joined(&held, length))))
}

/// What is read, unless it takes longer than `patience`.
async fn soon<T>(
    read: impl Future<Output = Result<T, JsValue>>,
    patience: Duration,
) -> Result<T, JsValue> {
    pin_mut!(read);
    match select(read, Delay::from(patience)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err("the body stands still".into()),
    }
}

async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, JsValue> {
    let result = JsFuture::from(reader.read()).await?;
    if Reflect::get(&result, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    Ok(Some(Reflect::get(&result, &"value".into())?.unchecked_into()))
}

fn joined(chunks: &Array, length: u32) -> Uint8Array {
    let whole = Uint8Array::new_with_length(length);
    let mut at = 0;
    for chunk in chunks.iter() {
        let chunk: Uint8Array = chunk.unchecked_into();
        whole.set(&chunk, at);
        at += chunk.length();
    }
    whole
}

/// What is held and then the rest of `source`, as one stream; the visitor gets the rest as well.
fn rest(
    held: Array,
    source: ReadableStream,
    visitor: Option<WritableStream>,
) -> Result<Read, JsValue> {
    let ours = match visitor {
        None => source,
        Some(visitor) => {
            let branches = source.tee();
            ignore(&branches.get(0).unchecked_into::<ReadableStream>().pipe_to(&visitor));
            branches.get(1).unchecked_into()
        }
    };
    let pipe = IdentityTransformStream::new();
    let (stream, writable) = (pipe.readable(), pipe.writable());
    let clean = wasm_bindgen_futures::future_to_promise(async move {
        let writer = writable.get_writer()?;
        for chunk in held.iter() {
            JsFuture::from(writer.write_with_chunk(&chunk)).await?;
        }
        writer.release_lock();
        JsFuture::from(ours.pipe_to(&writable)).await
    });
    Ok(Read::Longer { stream, clean })
}

/// Reads a body into memory; for control routes.
pub async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ReadError> {
    let stream = match body {
        Body::Stream { stream, .. } => stream,
        Body::Bytes(bytes) => return Ok(bytes.to_vec()),
        _ => return Ok(Vec::new()),
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    while let Some(chunk) = next(&reader).await.map_err(|_| ReadError::BrokenOff)? {
        if bytes.len() + chunk.length() as usize > limit {
            ignore(&reader.cancel());
            return Err(ReadError::TooLong(limit));
        }
        bytes.extend(chunk.to_vec());
    }
    Ok(bytes)
}

/// Lets a promise end as it will, without a complaint about a rejection nobody saw.
pub fn ignore(promise: &Promise) {
    let promise = promise.clone();
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}

/// The answer as the runtime sends it; bodies as they are, with the Content-Encoding they have.
pub fn to_js_response(response: Response<Body>) -> Result<web_sys::Response, JsValue> {
    let init = headers::response_init(response.status, &response.headers)?;
    let set = |name: &str, value: &JsValue| Reflect::set(&init, &name.into(), value);
    if let Body::Stream { native: Some(native), .. } = &response.body {
        set("headers", &native.changed_to(&response.headers)?.into())?;
    }
    if let Body::WebSocket(socket) = &response.body {
        set("webSocket", socket)?;
    }
    let body = match may_have_body(response.status) {
        true => response.body.to_js(),
        false => JsValue::NULL,
    };
    new_response(&body, &init)
}

/// `new Response` throws for a body with one of these (Fetch §2.2.3, null body status).
fn may_have_body(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 101 | 204 | 205 | 304)
}

pub fn new_response(body: &JsValue, init: &Object) -> Result<web_sys::Response, JsValue> {
    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = Response)]
        type JsResponse;
        #[wasm_bindgen(constructor, catch, js_class = "Response")]
        fn new(body: &JsValue, init: &Object) -> Result<JsResponse, JsValue>;
    }
    Ok(JsResponse::new(body, init)?.unchecked_into())
}
