//! What the library can unpack, and what its codecs are called.

use std::sync::LazyLock;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::formats::probe::{Probe, ProbeOptions};

/// How many bytes before the sound are searched: some recorders put a megabyte of their own there.
const PROBE_DEPTH: u32 = 16 << 20;

/// Finds out what a file is. The library's own one gives up after a megabyte.
pub(crate) static PROBE: LazyLock<Probe> = LazyLock::new(|| {
    let mut probe = Probe::new_with_options(&ProbeOptions {
        max_probe_depth: PROBE_DEPTH,
        ..ProbeOptions::default()
    });
    symphonia::default::register_enabled_formats(&mut probe);
    probe
});

/// A codec's name for people, where it has one.
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
