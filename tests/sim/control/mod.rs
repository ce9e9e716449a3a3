mod purge;
mod receipts;
