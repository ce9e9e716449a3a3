mod directives;
mod not_modified;
mod range;
mod serve;
mod server_timing;
mod shared_key;
mod store;
mod variants;
