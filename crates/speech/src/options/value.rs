//! Values of options, as hosts give them.

use std::fmt;

use stretch::Speed;

use crate::SpeechError;

/// What the values of an option are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// A whole number from 0 on.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

impl OptionKind {
    /// The end of an error message for a value of another kind.
    pub fn demand(self) -> &'static str {
        match self {
            Self::Whole => "has to be a whole number from 0 on",
            Self::Number => "has to be a number",
            Self::Flag => "has to be true or false",
        }
    }
}

/// A value of one of the kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TypedValue {
    /// A whole number.
    Whole(u64),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
}

impl fmt::Display for TypedValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(out),
            Self::Number(value) => value.fmt(out),
            Self::Flag(value) => value.fmt(out),
        }
    }
}

/// Why an option cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error("the option {name} does not exist")]
    Unknown {
        /// What it was called.
        name: String,
    },
    /// Its values are of another kind.
    #[error("the option {name} {}", kind.demand())]
    Kind {
        /// The option.
        name: String,
        /// What its values are.
        kind: OptionKind,
    },
}

/// A field of the options.
pub(super) trait OptionValue: Sized {
    const KIND: OptionKind;

    /// The field of a value that a host gave for the option `name`.
    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError>;

    /// The value for hosts.
    fn to_value(&self) -> Option<TypedValue>;
}

fn unfit<T: OptionValue>(name: &str) -> SpeechError {
    let name = name.to_owned();
    SpeechError::Option(OptionError::Kind {
        name,
        kind: T::KIND,
    })
}

impl OptionValue for u64 {
    const KIND: OptionKind = OptionKind::Whole;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        match value {
            TypedValue::Whole(value) => Ok(value),
            TypedValue::Number(_) | TypedValue::Flag(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<TypedValue> {
        Some(TypedValue::Whole(*self))
    }
}

impl OptionValue for usize {
    const KIND: OptionKind = OptionKind::Whole;

    /// More than the machine can count is as good as the most that it can.
    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        Ok(Self::try_from(u64::from_value(name, value)?).unwrap_or(Self::MAX))
    }

    fn to_value(&self) -> Option<TypedValue> {
        Some(TypedValue::Whole(*self as u64))
    }
}

impl OptionValue for f64 {
    const KIND: OptionKind = OptionKind::Number;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        match value {
            TypedValue::Number(value) => Ok(value),
            TypedValue::Whole(_) | TypedValue::Flag(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<TypedValue> {
        Some(TypedValue::Number(*self))
    }
}

impl OptionValue for f32 {
    const KIND: OptionKind = OptionKind::Number;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        Ok(f64::from_value(name, value)? as Self)
    }

    fn to_value(&self) -> Option<TypedValue> {
        Some(TypedValue::Number(f64::from(*self)))
    }
}

impl OptionValue for Speed {
    const KIND: OptionKind = OptionKind::Number;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        Ok(Self::new(f64::from_value(name, value)?)?)
    }

    fn to_value(&self) -> Option<TypedValue> {
        Some(TypedValue::Number(self.get()))
    }
}

impl OptionValue for bool {
    const KIND: OptionKind = OptionKind::Flag;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        match value {
            TypedValue::Flag(value) => Ok(value),
            TypedValue::Whole(_) | TypedValue::Number(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<TypedValue> {
        self.then_some(TypedValue::Flag(true))
    }
}

impl<T: OptionValue> OptionValue for Option<T> {
    const KIND: OptionKind = T::KIND;

    fn from_value(name: &str, value: TypedValue) -> Result<Self, SpeechError> {
        T::from_value(name, value).map(Some)
    }

    fn to_value(&self) -> Option<TypedValue> {
        self.as_ref().and_then(T::to_value)
    }
}
