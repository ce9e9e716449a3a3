mod batches;
mod memory;
mod reads;
mod targets;
