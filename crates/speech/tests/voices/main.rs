//! Voices, recordings and samplers against the records of the small models.

mod audio;
mod hostile;
mod records;
mod support;
