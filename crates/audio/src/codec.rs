//! What `symphonia` can unpack, and the names of its codecs.

use std::sync::LazyLock;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::formats::probe::{Probe, ProbeOptions};

/// Bytes that are searched for the beginning of the sound: some recorders put a megabyte of data
/// before it.
const PROBE_DEPTH: u32 = 16 << 20;

/// Finds out what a file is. `symphonia`'s own probe gives up after a megabyte.
pub(crate) static PROBE: LazyLock<Probe> = LazyLock::new(|| {
    let mut probe = Probe::new_with_options(&ProbeOptions {
        max_probe_depth: PROBE_DEPTH,
        ..ProbeOptions::default()
    });
    symphonia::default::register_enabled_formats(&mut probe);
    probe
});

/// A codec's name for error messages, if it has one.
pub(crate) fn name(codec: AudioCodecId) -> Option<&'static str> {
    Some(match codec {
        id::CODEC_ID_AAC => "AAC",
        id::CODEC_ID_AC3 | id::CODEC_ID_EAC3 => "Dolby Digital",
        id::CODEC_ID_AC4 => "Dolby AC-4",
        id::CODEC_ID_DCA => "DTS",
        id::CODEC_ID_OPUS => "Opus",
        id::CODEC_ID_SPEEX => "Speex",
        id::CODEC_ID_MUSEPACK => "Musepack",
        id::CODEC_ID_MP1 => "MPEG audio, layer 1",
        id::CODEC_ID_MP2 => "MPEG audio, layer 2",
        id::CODEC_ID_WMA => "WMA",
        id::CODEC_ID_WAVPACK => "WavPack",
        id::CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        id::CODEC_ID_ALAC => "ALAC",
        _ => return None,
    })
}
