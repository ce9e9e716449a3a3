//! The origin's answers to unsafe requests.

use http::{HeaderMap, HeaderValue, StatusCode};

use edge_isr::platform::{Request, Response};

use super::Site;
use crate::histories::guises::named;

use crate::world::platform::{Body, Sim};

impl Site {
    /// The answer to a POST: what it wishes for.
    pub async fn posted(&self, sim: &Sim, request: &Request<Body>) -> Response<Body> {
        self.executor.sleep(sim.up_to(300)).await;
        let wish = request.headers.get("x-wish").and_then(|value| value.to_str().ok());
        let (status, location) = wish.and_then(|wish| wish.split_once(' ')).expect("a wish");
        let status: StatusCode = status.parse().expect("a status");
        let mut headers = HeaderMap::new();
        let mut say = |name: &'static str, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        };
        say("location", &format!("http://origin.test{location}"));
        say("x-whose", &named(&request.headers).unwrap_or_default());
        let group = self.group(self.page_of(&request.url));
        if let Some(group) = group {
            say("cache-group-invalidation", &format!("\"g{group}\""));
        }
        Response::new(status, headers, Body::default())
    }
}
