mod filing;
mod found;
