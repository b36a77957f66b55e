//! Speech to the bytes of sound files.
//!
//! 1. A [`Format`] is found by its name or by the ending of a file's name.
//! 2. An [`Encoder`] takes samples as they come and returns bytes as soon as there are any: it does
//!    no I/O, so that files, pipes, servers and pages use the same one.
//! 3. [`Encoder::finish`] returns the last bytes, and for a target that can seek a [`Patch`]: the
//!    header, with what is known only at the end.
//!
//! The codecs are libraries: `flacenc`, `opus-pure` and `rusty_mp3`, all in Rust, so that they run
//! in a page, too. All formats hold one channel.
//!
//! ```
//! use encode::{Encoder, Format, EncodeOptions, Tags, Target};
//!
//! let tags = Tags { title: Some("Hello.".into()), ..Tags::default() };
//! let options = EncodeOptions { sample_rate: 24_000, target: Target::Stream, tags };
//! let mut encoder = Encoder::new(Format::Opus, &options)?;
//! let mut bytes = Vec::new();
//! encoder.push(&[0.0; 1920], &mut bytes)?;
//! encoder.finish(&mut bytes)?;
//! assert_eq!(&bytes[..4], b"OggS");
//! # Ok::<(), encode::EncodeError>(())
//! ```

mod encoder;
mod error;
mod flac;
mod format;
mod mp3;
mod name;
mod opus;
mod pcm;
mod tags;
mod wav;

pub use encoder::{EncodeOptions, Encoder, Patch, Target};
pub use error::EncodeError;
pub use format::{Format, SampleFormat};
pub use name::{Ending, NameError};
pub use tags::Tags;
