mod overtaking;
mod storable;
mod withholding;
