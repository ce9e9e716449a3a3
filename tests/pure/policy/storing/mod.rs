mod overtaking;
mod ruled;
mod storable;
mod withholding;
