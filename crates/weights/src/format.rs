//! Weight formats.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Facts;
use crate::formats;

/// Defines [`WeightFormat`] from one list: a variant, and the module of `formats` that has its facts.
macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $variant:ident => $module:ident,)+) => {
        /// How the weights of a component are stored. Vectors (biases, gains, scales) are always f32.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum WeightFormat {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl WeightFormat {
            /// All of them, the most exact first.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];

            /// All that there is to know of it.
            pub fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$variant => &formats::$module::FACTS,)+
                }
            }
        }
    };
}

formats! {
    /// IEEE 754 single precision: holds every checkpoint exactly.
    F32 => f32,
    /// The upper half of a single: holds the published checkpoints, which are bf16, exactly.
    Bf16 => bf16,
    /// Integers of 14 bits and one scale per output.
    Q16 => q16,
    /// Integers of 8 bits and one scale per output.
    Q8 => q8,
    /// Integers of 6 bits and one scale of 8 bits per output and 32 inputs.
    Q6 => q6,
    /// Integers of 4 bits and one scale of 8 bits per output and 32 inputs.
    Q4 => q4,
}

impl WeightFormat {
    /// The name, in options and in the manifest.
    pub fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The names of formats, as a sentence has them: `f32, q8 or q6`.
    pub fn list(formats: impl IntoIterator<Item = Self>) -> String {
        let names: Vec<_> = formats.into_iter().map(Self::as_str).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

impl fmt::Display for WeightFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_manifest() {
        for format in WeightFormat::ALL {
            let json =
                serde::de::value::StrDeserializer::<serde::de::value::Error>::new(format.as_str());
            assert_eq!(WeightFormat::deserialize(json), Ok(format));
            assert_eq!(WeightFormat::from_name(format.as_str()), Some(format));
        }
        assert_eq!(WeightFormat::from_name("q7"), None);
    }

    #[test]
    fn lists_are_sentences() {
        assert_eq!(WeightFormat::list([]), "");
        assert_eq!(WeightFormat::list([WeightFormat::F32]), "f32");
        assert_eq!(
            WeightFormat::list([WeightFormat::F32, WeightFormat::Q8]),
            "f32 or q8"
        );
        assert_eq!(
            WeightFormat::list([WeightFormat::F32, WeightFormat::Q8, WeightFormat::Q6]),
            "f32, q8 or q6"
        );
    }
}
