//! Which part of the edge answers a path.

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    Page,
    Control(Control<'a>),
}

/// The routes under the control prefix. Nothing under it ever reaches the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    Purge,
    /// The receipt of an earlier purge, by what stands for its id.
    Receipt(&'a str),
    Status,
    Unknown,
}

impl Route<'_> {
    pub fn of<'a>(path: &'a str, control_prefix: &str) -> Route<'a> {
        let Some(rest) = path.strip_prefix(control_prefix) else { return Route::Page };
        if let Some(id) = rest.strip_prefix("/purges/") {
            return Route::Control(Control::Receipt(id));
        }
        match rest {
            "/purge" => Route::Control(Control::Purge),
            "/status" | "/status/" => Route::Control(Control::Status),
            _ if rest.is_empty() || rest.starts_with('/') => Route::Control(Control::Unknown),
            // `/edge-isr-news` is a page like any other.
            _ => Route::Page,
        }
    }
}
