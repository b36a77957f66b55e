//! end_of_speech
