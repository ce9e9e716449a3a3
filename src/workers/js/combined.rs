//! Several calls of the runtime in one.
//!
//! A crossing between WebAssembly and JavaScript costs more than most of the work behind it, so a
//! hit makes few. (The JavaScript stands in this file because `wasm-bindgen` takes a file of its
//! own only from a crate without a `package.json`.)

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{Headers, ReadableStream};

#[wasm_bindgen(inline_js = r#"
/** The method, the URL, and the names of all fields, each between commas. No line break occurs in them. */
export function requestText(request) {
  let text = `${request.method}\n${request.url}\n,`;
  for (const name of request.headers.keys()) text += `${name},`;
  return text;
}

/** All fields: the name and the value of each on a line of its own. No line break occurs in them (Fetch §2.2.2). */
export function fieldLines(headers) {
  let text = "";
  for (const [name, value] of headers) text += `${name}\n${value}\n`;
  return text;
}

/** Looks up `url` in the data centre's cache. `arrived` gets the value of `field` and the body; both are absent on a miss. */
export async function find(url, field, arrived) {
  let found;
  try {
    found = await caches.default.match(url);
  } catch {
    // A cache that cannot be read is empty.
  }
  try {
    arrived(found?.headers.get(field), found?.body);
  } catch (fault) {
    // A fault in the Worker: an uncaught error makes it begin anew.
    reportError(fault);
  }
}

/** The content of `bytes`, which are packed with gzip, as a stream. */
export function unpacked(bytes) {
  return new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
}

/** Writes a JSON object to the log. */
export function logObject(text) {
  console.log(JSON.parse(text));
}

/** Makes a response. `text` is the second argument of `new Response` in JSON; `headers` and `webSocket` go into it. */
export function response(body, text, headers, webSocket) {
  const init = JSON.parse(text);
  if (headers) init.headers = headers;
  if (webSocket) init.webSocket = webSocket;
  return new Response(body, init);
}

/** Makes a response with `headers` and the fields that `added` lists: a name and a value, each on a line of its own. */
export function prepared(body, status, headers, added) {
  const response = new Response(body, { status, headers, encodeBody: "manual" });
  const lines = added.split("\n");
  for (let i = 1; i < lines.length; i += 2) response.headers.append(lines[i - 1], lines[i]);
  return response;
}
"#)]
extern "C" {
    /// Returns a request's method, its URL, and the names of its fields between commas, each on a
    /// line of its own.
    #[wasm_bindgen(js_name = requestText)]
    pub fn request_text(request: &web_sys::Request) -> String;
    /// Returns all fields: the name and the value of each on a line of its own.
    #[wasm_bindgen(js_name = fieldLines)]
    pub fn field_lines(headers: &Headers) -> String;
    /// Looks a URL up in the cache. It calls `arrived` with the value of `field` and the body.
    pub fn find(url: &str, field: &str, arrived: &Function);
    /// Returns the content of bytes that are packed with gzip.
    pub fn unpacked(bytes: &[u8]) -> ReadableStream;
    /// Writes a JSON object to the log.
    #[wasm_bindgen(js_name = logObject)]
    pub fn log_object(json: &str);
    /// Makes a response. `init` is JSON; `headers` and `web_socket` may be undefined.
    #[wasm_bindgen(catch)]
    pub fn response(
        body: &JsValue,
        init: &str,
        headers: &JsValue,
        web_socket: &JsValue,
    ) -> Result<web_sys::Response, JsValue>;
    /// Makes a response with `headers` and further fields. `added` holds a name and a value of each,
    /// each on a line of its own.
    #[wasm_bindgen(catch)]
    pub fn prepared(
        body: &JsValue,
        status: u16,
        headers: &Headers,
        added: &str,
    ) -> Result<web_sys::Response, JsValue>;
}
