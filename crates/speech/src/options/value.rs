//! Values of options, as hosts give them.

use std::fmt;

use stretch::Speed;

use crate::SpeechError;

/// What the values of an option are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from 0 on.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    /// What a value of another kind is told.
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
pub enum Value {
    /// A whole number.
    Whole(u64),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
}

impl fmt::Display for Value {
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
        kind: Kind,
    },
}

/// A field of the options.
pub(super) trait OptionValue: Sized {
    const KIND: Kind;

    /// The field of a value that a host gave for the option `name`.
    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError>;

    /// The value for hosts.
    fn to_value(&self) -> Option<Value>;
}

fn unfit<T: OptionValue>(name: &str) -> SpeechError {
    let name = name.to_owned();
    SpeechError::Option(OptionError::Kind {
        name,
        kind: T::KIND,
    })
}

impl OptionValue for u64 {
    const KIND: Kind = Kind::Whole;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        match value {
            Value::Whole(value) => Ok(value),
            Value::Number(_) | Value::Flag(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<Value> {
        Some(Value::Whole(*self))
    }
}

impl OptionValue for usize {
    const KIND: Kind = Kind::Whole;

    /// More than the machine can count is as good as the most that it can.
    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        Ok(Self::try_from(u64::from_value(name, value)?).unwrap_or(Self::MAX))
    }

    fn to_value(&self) -> Option<Value> {
        Some(Value::Whole(*self as u64))
    }
}

impl OptionValue for f64 {
    const KIND: Kind = Kind::Number;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        match value {
            Value::Number(value) => Ok(value),
            Value::Whole(_) | Value::Flag(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<Value> {
        Some(Value::Number(*self))
    }
}

impl OptionValue for f32 {
    const KIND: Kind = Kind::Number;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        Ok(f64::from_value(name, value)? as Self)
    }

    fn to_value(&self) -> Option<Value> {
        Some(Value::Number(f64::from(*self)))
    }
}

impl OptionValue for Speed {
    const KIND: Kind = Kind::Number;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        Ok(Self::new(f64::from_value(name, value)?)?)
    }

    fn to_value(&self) -> Option<Value> {
        Some(Value::Number(self.get()))
    }
}

impl OptionValue for bool {
    const KIND: Kind = Kind::Flag;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        match value {
            Value::Flag(value) => Ok(value),
            Value::Whole(_) | Value::Number(_) => Err(unfit::<Self>(name)),
        }
    }

    fn to_value(&self) -> Option<Value> {
        self.then_some(Value::Flag(true))
    }
}

impl<T: OptionValue> OptionValue for Option<T> {
    const KIND: Kind = T::KIND;

    fn from_value(name: &str, value: Value) -> Result<Self, SpeechError> {
        T::from_value(name, value).map(Some)
    }

    fn to_value(&self) -> Option<Value> {
        self.as_ref().and_then(T::to_value)
    }
}
