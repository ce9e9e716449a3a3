//! The runtime's streams, each with one owner. A stream dropped before its end is cancelled.

use std::mem;

use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStream, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter,
};

use crate::workers::js::ignore;

/// The most bytes of a chunk. The runtime's default, 4 KiB, takes four times as long.
const CHUNK: u32 = 64 * 1024;

// The methods catch: the runtime throws if a stream's request has ended, and `Drop` must not throw.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = ReadableStream)]
    type Readable;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &Readable) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Readable, options: &JsValue) -> Result<Reader, JsValue>;

    /// A reader of bytes, or of chunks as they come. The second kind ignores `room`.
    #[wasm_bindgen(extends = ReadableStreamDefaultReader)]
    type Reader;
    #[wasm_bindgen(method, js_name = read)]
    fn read_into(this: &Reader, room: &Uint8Array) -> Promise;
    #[wasm_bindgen(method, catch, js_name = cancel)]
    fn cancel_stream(this: &Reader) -> Result<Promise, JsValue>;

    #[wasm_bindgen(extends = WritableStreamDefaultWriter)]
    type Writer;
    #[wasm_bindgen(method, catch, js_name = abort)]
    fn abort_for(this: &Writer, cause: &JsValue) -> Result<Promise, JsValue>;
}

/// A stream that was not read. Its owner hands it to the runtime, reads it, or drops it.
pub struct Unread(Option<ReadableStream>);

impl Unread {
    /// Takes ownership of a stream.
    pub fn new(stream: ReadableStream) -> Unread {
        Unread(Some(stream))
    }

    /// Returns the stream for the runtime, which must read or end it from here on.
    pub fn hand_over(mut self) -> ReadableStream {
        // The stream is present until this call or `Drop` takes it.
        self.0.take().expect("a stream has one owner")
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            end(stream.unchecked_ref::<Readable>().cancel());
        }
    }
}

/// A stream of bytes that is being read.
pub(super) struct Source {
    stream: ReadableStream,
    reader: Reader,
    room: Uint8Array,
    is_open: bool,
}

impl Source {
    /// Begins to read a stream.
    pub(super) fn of(stream: Unread) -> Result<Source, JsValue> {
        let stream = stream.hand_over();
        let readable: &Readable = stream.unchecked_ref();
        let options = Object::new();
        Reflect::set(&options, &"mode".into(), &"byob".into())?;
        let reader = readable.get_reader(&options);
        let reader = reader.or_else(|_| readable.get_reader(&JsValue::UNDEFINED))?;
        Ok(Source { stream, reader, room: Uint8Array::new_with_length(CHUNK), is_open: true })
    }

    /// Returns the next chunk. It is valid until the next call.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let result = JsFuture::from(self.reader.read_into(&self.room)).await?;
        if Reflect::get(&result, &"done".into())?.is_truthy() {
            self.is_open = false;
            return Ok(None);
        }
        let chunk: Uint8Array = Reflect::get(&result, &"value".into())?.unchecked_into();
        self.room = Uint8Array::new(&chunk.buffer());
        Ok(Some(chunk))
    }

    /// Returns the rest of the stream, not yet read.
    pub(super) fn release(mut self) -> ReadableStream {
        self.is_open = false;
        self.reader.release_lock();
        self.stream.clone()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if mem::take(&mut self.is_open) {
            end(self.reader.cancel_stream());
        }
    }
}

/// A stream that is being written.
pub(super) struct Sink {
    stream: WritableStream,
    writer: Writer,
    is_open: bool,
}

impl Sink {
    /// Begins to write a stream.
    pub(super) fn of(stream: WritableStream) -> Result<Sink, JsValue> {
        let writer = stream.get_writer()?.unchecked_into();
        Ok(Sink { stream, writer, is_open: true })
    }

    /// Writes at once. The future resolves when the chunk was read at the other end. The caller
    /// need not await it.
    pub(super) fn write(&self, chunk: &Uint8Array) -> JsFuture {
        self.writer.write_with_chunk(chunk).into()
    }

    /// Ends the stream cleanly.
    pub(super) fn close(mut self) -> Promise {
        self.is_open = false;
        self.writer.close()
    }

    /// Breaks the stream off and passes `cause` to the other end.
    pub(super) fn abort(mut self, cause: &JsValue) {
        self.is_open = false;
        end(self.writer.abort_for(cause));
    }

    /// Returns the stream for the runtime to write.
    pub(super) fn release(mut self) -> WritableStream {
        self.is_open = false;
        self.writer.release_lock();
        self.stream.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if mem::take(&mut self.is_open) {
            end(self.writer.abort_for(&"it was not written to its end".into()));
        }
    }
}

/// Ignores the result of ending a stream: a stream that cannot be ended has ended already.
fn end(ended: Result<Promise, JsValue>) {
    if let Ok(promise) = ended {
        ignore(&promise);
    }
}
