//! Which part of the edge answers a path.

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Page,
    Control(Control),
}

/// The routes under the control prefix. Nothing under it ever reaches the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    Purge,
    Status,
    Unknown,
}

impl Route {
    pub fn of(path: &str, control_prefix: &str) -> Route {
        let Some(rest) = path.strip_prefix(control_prefix) else { return Route::Page };
        match rest {
            "/purge" => Route::Control(Control::Purge),
            "/status" | "/status/" => Route::Control(Control::Status),
            _ if rest.is_empty() || rest.starts_with('/') => Route::Control(Control::Unknown),
            // `/edge-isr-news` is a page like any other.
            _ => Route::Page,
        }
    }
}
