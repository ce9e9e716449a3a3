//! What exists only in the runtime: JavaScript's header fields and bodies, there and back.
//! Characters past U+00FF are tried end to end: this runner's `Headers` takes none.
#![cfg(target_arch = "wasm32")]

use std::rc::Rc;

use edge_isr::runtime_tests::{
    Answer, Body, BodyRead, Hit, Native, ReadError, RequestFields, Response, Settling,
    SharedFields, Unsettled, from_js, read, settle, to_js, to_js_response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Headers, ReadableStream};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A timer's name is a number in Workers, and an object here that becomes one.
fn timers_as_in_workers() {
    let adapt = Function::new_no_args(
        "const set = globalThis.setTimeout;
         globalThis.setTimeout = (...given) => Number(set(...given));",
    );
    adapt.call0(&JsValue::NULL).unwrap();
}

fn fields(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

fn js_headers(headers: &HeaderMap) -> Headers {
    let make = Function::new_with_args("pairs", "return new Headers(pairs)");
    make.call1(&JsValue::NULL, &to_js(headers)).unwrap().unchecked_into()
}

/// A stream of `chunks` chunks of `size` bytes each, that then ends or breaks off.
fn stream(chunks: u32, size: u32, breaks_off: bool) -> ReadableStream {
    let make = Function::new_with_args(
        "chunks, size, breaksOff",
        "let sent = 0;
         return new ReadableStream({ pull(controller) {
             if (sent < chunks) { sent += 1; controller.enqueue(new Uint8Array(size).fill(sent)); }
             else if (breaksOff) controller.error(new Error('Network connection lost.'));
             else controller.close();
         } });",
    );
    let arguments = Array::of3(&chunks.into(), &size.into(), &breaks_off.into());
    make.apply(&JsValue::NULL, &arguments).unwrap().unchecked_into()
}

fn body(chunks: u32, size: u32, breaks_off: bool) -> Body {
    Body::of(Some(stream(chunks, size, breaks_off)))
}

/// A stream without an end, and what says whether it was cancelled.
fn endless() -> (Body, impl Fn() -> bool) {
    let state = Object::new();
    let make = Function::new_with_args(
        "state",
        "return new ReadableStream({
             pull(controller) { controller.enqueue(new Uint8Array(10)); },
             cancel() { state.cancelled = true; },
         });",
    );
    let stream = make.call1(&JsValue::NULL, &state).unwrap().unchecked_into();
    let is_cancelled = move || Reflect::get(&state, &"cancelled".into()).unwrap().is_truthy();
    (Body::of(Some(stream)), is_cancelled)
}

async fn length(body: Body) -> u32 {
    let response = Response::new(StatusCode::OK, HeaderMap::new(), body);
    let buffer =
        JsFuture::from(to_js_response(response.into()).unwrap().array_buffer().unwrap()).await;
    Uint8Array::new(&buffer.unwrap()).length()
}

#[wasm_bindgen_test]
fn fields_go_there_and_back_with_repeated_cookies_and_characters_beyond_ascii() {
    let given = fields(&[
        ("a", "1"),
        ("b", "é \"quoted\\\""),
        ("set-cookie", "x=1"),
        ("set-cookie", "y=2"),
    ]);
    let back = from_js(&js_headers(&given));
    assert_eq!(back, given);
    assert_eq!(back.get_all("set-cookie").iter().count(), 2);
}

#[wasm_bindgen_test]
fn two_hundred_fields_and_a_long_one_go_there_and_back() {
    let mut given = fields(&[("cache-tag", &"tag-name,".repeat(1800))]);
    for number in 0..200 {
        let name: HeaderName = format!("x-{number}").parse().unwrap();
        given.insert(name, HeaderValue::from(number));
    }
    assert_eq!(from_js(&js_headers(&given)), given);
}

#[wasm_bindgen_test]
fn a_copy_differs_only_where_it_is_meant_to() {
    let native = Native::new(js_headers(&fields(&[("keep", "é"), ("drop", "1"), ("set", "1")])));
    let mut headers = native.all();
    headers.remove("drop");
    headers.insert("set", HeaderValue::from_static("2"));
    headers.append("add", HeaderValue::from_static("3"));
    assert_eq!(from_js(&native.changed_to(&headers).unwrap()), headers);
}

#[wasm_bindgen_test]
async fn a_small_body_is_held_whole() {
    timers_as_in_workers();
    let Ok(BodyRead::Whole(whole)) = settle(body(3, 1000, false).into(), PATIENCE).await else {
        panic!("not held")
    };
    assert_eq!(length(whole).await, 3000);
}

#[wasm_bindgen_test]
async fn a_body_that_broke_off_is_never_whole() {
    timers_as_in_workers();
    assert!(matches!(
        settle(body(3, 1000, true).into(), PATIENCE).await,
        Err(Unsettled::BrokenOff)
    ));
}

#[wasm_bindgen_test]
async fn a_body_that_stands_still_has_broken_off() {
    timers_as_in_workers();
    let make = Function::new_no_args("return new ReadableStream({ pull() {} })");
    let still = make.call0(&JsValue::NULL).unwrap().unchecked_into();
    let settled = settle(Body::of(Some(still)).into(), std::time::Duration::from_millis(50)).await;
    assert!(matches!(settled, Err(Unsettled::BrokenOff)));
}

#[wasm_bindgen_test]
async fn control_bodies_are_read_up_to_a_limit() {
    assert_eq!(read(body(2, 10, false), 20).await.unwrap().len(), 20);
    assert_eq!(read(body(2, 11, false), 20).await, Err(ReadError::TooLong(20)));
    assert_eq!(read(body(1, 10, true), 20).await, Err(ReadError::BrokenOff));
    assert_eq!(read(Body::Empty, 20).await.unwrap(), [0u8; 0]);
}

#[wasm_bindgen_test]
async fn an_answer_without_a_body_is_made_for_a_status_that_takes_none() {
    for status in [204, 304] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Response::new(status, HeaderMap::new(), Body::bytes(b"x"));
        assert_eq!(to_js_response(answer.into()).unwrap().status(), status.as_u16());
    }
}

#[wasm_bindgen_test]
fn the_answer_of_a_hit_has_the_shared_fields_and_its_own() {
    let page = [("content-type", "text/html"), ("x-mark", "ä"), ("link", "</a>")];
    let twice = [("content-type", "text/html"), ("link", "</a>"), ("link", "</b>")];
    let lines = [("cache-status", "cdn; hit"), ("server-timing", "db;dur=7"), ("x-mark", "a")];
    let own = [("age", "5"), ("cache-status", "edge-isr; hit"), ("server-timing", "cache;dur=1")];
    let made = |answer: Answer<Body>| {
        let answer = to_js_response(answer).unwrap();
        (answer.status(), from_js(&answer.headers()))
    };
    let statuses = [StatusCode::NOT_FOUND, StatusCode::NO_CONTENT];
    let cases = [page, twice, lines];
    for (shared, status) in cases.iter().flat_map(|page| statuses.map(|it| (page, it))) {
        let whole = fields(&[shared, &own[..]].concat());
        let expected = made(Response::new(status, whole, Body::bytes(b"x")).into());
        let shared = Rc::new(SharedFields::from(fields(shared)));
        // What was prepared is used again as it was.
        for _ in 0..2 {
            let (shared, added) = (shared.clone(), fields(&own));
            let hit = Hit { status, shared: shared.clone(), added, body: Body::bytes(b"x") };
            assert_eq!(made(Answer::Hit(hit)), expected);
            let prepared = shared.prepared.get().unwrap().downcast_ref::<Option<Headers>>();
            assert!(prepared.unwrap().is_some());
        }
    }
}

#[wasm_bindgen_test]
fn a_body_that_is_dropped_is_cancelled() {
    let (body, is_cancelled) = endless();
    assert!(!is_cancelled());
    drop(body);
    assert!(is_cancelled());
}

#[wasm_bindgen_test]
fn a_body_that_was_handed_over_is_not_cancelled() {
    let (body, is_cancelled) = endless();
    let status = StatusCode::OK;
    let answer = to_js_response(Response::new(status, HeaderMap::new(), body).into()).unwrap();
    assert!(!is_cancelled() && !answer.body_used());
}

#[wasm_bindgen_test]
fn the_body_of_an_answer_that_has_none_is_cancelled() {
    let (body, is_cancelled) = endless();
    let status = StatusCode::NOT_MODIFIED;
    to_js_response(Response::new(status, HeaderMap::new(), body).into()).unwrap();
    assert!(is_cancelled());
}

#[wasm_bindgen_test]
async fn a_body_that_is_too_long_is_cancelled() {
    let (body, is_cancelled) = endless();
    assert_eq!(read(body, 20).await, Err(ReadError::TooLong(20)));
    assert!(is_cancelled());
}

#[wasm_bindgen_test]
fn a_body_to_settle_that_is_dropped_is_cancelled() {
    let (body, is_cancelled) = endless();
    drop(Settling::from(body));
    assert!(is_cancelled());
}
