//! The predefined voices: counterpart of the voice table in pocket-tts `utils/utils.py`.

/// A voice that every released variant knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredefinedVoice {
    /// Its name, such as `alba`.
    pub name: &'static str,
    /// Location of the recording it was made from, which any model that clones voices can read.
    pub origin: &'static str,
}

impl PredefinedVoice {
    /// All of them, in upstream's order.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The voice of that name, if there is one.
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|voice| voice.name == name)
    }
}

const fn voice(name: &'static str, origin: &'static str) -> PredefinedVoice {
    PredefinedVoice { name, origin }
}

static ALL: [PredefinedVoice; 27] = [
    voice(
        "cosette",
        "hf://kyutai/tts-voices/expresso/ex04-ex02_confused_001_channel1_499s.wav",
    ),
    voice(
        "marius",
        "hf://kyutai/tts-voices/voice-donations/Selfie.wav",
    ),
    voice(
        "javert",
        "hf://kyutai/tts-voices/voice-donations/Butter.wav",
    ),
    voice("alba", "hf://kyutai/tts-voices/alba-mackenna/casual.wav"),
    voice(
        "jean",
        "hf://kyutai/tts-voices/ears/p010/freeform_speech_01_enhanced.wav",
    ),
    voice("anna", "hf://kyutai/tts-voices/vctk/p228_023_enhanced.wav"),
    voice("vera", "hf://kyutai/tts-voices/vctk/p229_023_enhanced.wav"),
    voice(
        "fantine",
        "hf://kyutai/tts-voices/vctk/p244_023_enhanced.wav",
    ),
    voice(
        "charles",
        "hf://kyutai/tts-voices/vctk/p254_023_enhanced.wav",
    ),
    voice("paul", "hf://kyutai/tts-voices/vctk/p259_023_enhanced.wav"),
    voice(
        "eponine",
        "hf://kyutai/tts-voices/vctk/p262_023_enhanced.wav",
    ),
    voice(
        "azelma",
        "hf://kyutai/tts-voices/vctk/p303_023_enhanced.wav",
    ),
    voice(
        "george",
        "hf://kyutai/tts-voices/vctk/p315_023_enhanced.wav",
    ),
    voice("mary", "hf://kyutai/tts-voices/vctk/p333_023_enhanced.wav"),
    voice("jane", "hf://kyutai/tts-voices/vctk/p339_023_enhanced.wav"),
    voice(
        "michael",
        "hf://kyutai/tts-voices/vctk/p360_023_enhanced.wav",
    ),
    voice("eve", "hf://kyutai/tts-voices/vctk/p361_023_enhanced.wav"),
    voice(
        "bill_boerst",
        "hf://kyutai/tts-voices/voice-zero/bill_boerst.wav",
    ),
    voice(
        "peter_yearsley",
        "hf://kyutai/tts-voices/voice-zero/peter_yearsley.wav",
    ),
    voice(
        "stuart_bell",
        "hf://kyutai/tts-voices/voice-zero/stuart_bell.wav",
    ),
    voice(
        "caro_davy",
        "hf://kyutai/tts-voices/voice-zero/caro_davy.wav",
    ),
    voice(
        "giovanni",
        "hf://kyutai/pocket-tts/common_voice_it_36520747-enhanced-v2.mp3@64ab7d24c479d736a83b8cc666c4a776fca30fda",
    ),
    voice(
        "lola",
        "hf://kyutai/pocket-tts/common_voice_es_19762977-enhanced-v2.mp3@64ab7d24c479d736a83b8cc666c4a776fca30fda",
    ),
    voice(
        "juergen",
        "hf://kyutai/pocket-tts/de-DE-juergen.mp3@64ab7d24c479d736a83b8cc666c4a776fca30fda",
    ),
    voice(
        "rafael",
        "hf://kyutai/pocket-tts/g-Vi8PgmSY0-enhanced-v2.wav@64ab7d24c479d736a83b8cc666c4a776fca30fda",
    ),
    voice(
        "daan",
        "hf://kyutai/pocket-tts/cml_tts_nl_11290_9412_000030_0001.flac@2dd944b099d06bb9edbd221fef138685711d9bf0",
    ),
    voice(
        "estelle",
        "hf://kyutai/tts-voices/unmute-prod-website/developpeuse-3.wav@1fc7395b7e012e2bbebfca14b942a4ef62ccc899",
    ),
];
