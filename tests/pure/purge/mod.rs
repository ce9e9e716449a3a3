mod memory;
mod targets;
