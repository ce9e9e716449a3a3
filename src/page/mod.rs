//! A visitor's request, from the lookup to the response.

pub mod answer;
pub mod filing;
pub mod fill;
pub mod forward;
pub mod found;
pub mod lookup;
pub mod refresh;
pub mod reply;
pub mod serve;
pub mod server_timing;
pub mod shared_key;
pub mod variants;
pub mod visit;
