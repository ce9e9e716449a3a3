mod collapsing;
mod for_all;
mod variants;
mod visitors;
