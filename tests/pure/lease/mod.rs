mod end;
mod in_isolate;
