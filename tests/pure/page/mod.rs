mod filing;
mod found;
mod keyed_fields;
mod visit;
