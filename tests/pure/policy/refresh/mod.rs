mod answers;
mod backoff;
mod first;
mod guess;
mod meanings;
mod passing;
mod plain;
