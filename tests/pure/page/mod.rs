mod filing;
mod found;
mod visit;
