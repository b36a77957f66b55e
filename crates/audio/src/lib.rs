//! Recordings in, WAV files out.
