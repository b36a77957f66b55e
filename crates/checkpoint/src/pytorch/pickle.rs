//! Finds out what a pickle asks for, without running it.
//!
//! A pickle is a program for a stack machine. Anything but numbers, texts and containers is made by
//! functions that it names with `GLOBAL`. So a list of the names that tensors need tells a
//! checkpoint from other programs. Operations and names are those that `torch.load` allows with
//! `weights_only=True`, which pocket-tts uses, in protocol 2, which `torch.save` writes.

/// Why a pickle is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It asks for something that no tensor needs.
    #[error(
        "asks for `{0}`, which no tensor needs; it was not run. Save nothing but tensors and plain \
         containers: `torch.save({{\"model\": model.state_dict()}}, FILE)`"
    )]
    Name(String),
    /// Another protocol than 2.
    #[error(
        "is pickled with protocol {0}, and only 2 is read, which `torch.save` writes unless told otherwise"
    )]
    Protocol(u8),
    /// An operation that `torch.save` does not write.
    #[error("holds the pickle operation {0:#04x}, which no checkpoint needs; it was not run")]
    Operation(u8),
    /// It ends inside an operation, or without `STOP`.
    #[error("holds a pickle that is cut short")]
    Cut,
}

/// The functions that make tensors and their containers.
const KNOWN_FUNCTIONS: [(&str, &str); 19] = [
    ("collections", "OrderedDict"),
    ("torch", "Size"),
    ("torch", "BFloat16Storage"),
    ("torch", "BoolStorage"),
    ("torch", "ByteStorage"),
    ("torch", "CharStorage"),
    ("torch", "DoubleStorage"),
    ("torch", "FloatStorage"),
    ("torch", "HalfStorage"),
    ("torch", "IntStorage"),
    ("torch", "LongStorage"),
    ("torch", "ShortStorage"),
    ("torch.storage", "TypedStorage"),
    ("torch.storage", "UntypedStorage"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor_v3"),
    ("torch.nn.parameter", "Parameter"),
];

/// Refuses a pickle that does more than describe tensors, numbers, texts and containers.
pub(crate) fn check(pickle: &[u8]) -> Result<(), Refusal> {
    let mut rest = Rest(pickle);
    loop {
        match rest.byte()? {
            b'.' => return Ok(()),
            // PROTO
            0x80 => match rest.byte()? {
                2 => {}
                other => return Err(Refusal::Protocol(other)),
            },
            b'c' => {
                let (module, name) = (rest.line()?, rest.line()?);
                if !KNOWN_FUNCTIONS.contains(&(module.as_str(), name.as_str())) {
                    return Err(Refusal::Name(format!("{module}.{name}")));
                }
            }
            // Without an argument: MARK, POP, NONE, REDUCE, APPEND(S), BUILD, SETITEM(S), tuples,
            // the empty containers, BINPERSID, TRUE and FALSE.
            b'('
            | b'0'
            | b'N'
            | b'R'
            | b'a'
            | b'e'
            | b'b'
            | b's'
            | b'u'
            | b't'
            | b')'
            | b']'
            | b'}'
            | b'Q'
            | 0x85..=0x89
            | 0x8f => {}
            // BININT1, BINGET, BINPUT
            b'K' | b'h' | b'q' => rest.skip(1)?,
            // BININT2
            b'M' => rest.skip(2)?,
            // BININT, LONG_BINGET, LONG_BINPUT
            b'J' | b'j' | b'r' => rest.skip(4)?,
            // BINFLOAT
            b'G' => rest.skip(8)?,
            // SHORT_BINSTRING, LONG1
            b'U' | 0x8a => {
                let length = rest.byte()?;
                rest.skip(u64::from(length))?;
            }
            // BINSTRING, BINUNICODE
            b'T' | b'X' => {
                let length = rest.u32()?;
                rest.skip(u64::from(length))?;
            }
            other => return Err(Refusal::Operation(other)),
        }
    }
}

/// The bytes that are still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self) -> Result<u8, Refusal> {
        let (&first, rest) = self.0.split_first().ok_or(Refusal::Cut)?;
        self.0 = rest;
        Ok(first)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        let (first, rest) = self.0.split_first_chunk().ok_or(Refusal::Cut)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*first))
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Refusal> {
        let bytes = usize::try_from(bytes).map_err(|_| Refusal::Cut)?;
        self.0 = self.0.get(bytes..).ok_or(Refusal::Cut)?;
        Ok(())
    }

    fn line(&mut self) -> Result<String, Refusal> {
        let end = self.0.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or(Refusal::Cut)?;
        let line = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[end + 1..];
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tensors_and_plain_containers_pass() {
        struct Case {
            story: &'static str,
            pickle: &'static [u8],
            gives: Result<(), Refusal>,
        }
        let name = |name: &str| Err(Refusal::Name(name.to_owned()));
        let cases = [
            Case {
                story: "an empty dictionary",
                pickle: b"\x80\x02}q\x00.",
                gives: Ok(()),
            },
            Case {
                story: "an ordered dictionary with a step",
                pickle: b"\x80\x02ccollections\nOrderedDict\nq\0)Rq\x01X\x04\0\0\0stepK\x0as.",
                gives: Ok(()),
            },
            Case {
                story: "os.system",
                pickle: b"\x80\x02cos\nsystem\nU\x02idtR.",
                gives: name("os.system"),
            },
            Case {
                story: "a call whose result is thrown away",
                pickle: b"\x80\x02}(cposix\nsystem\nX\x02\0\0\0id\x85R0.",
                gives: name("posix.system"),
            },
            Case {
                story: "an evaluated text",
                pickle: b"\x80\x02c__builtin__\neval\nX\x01\0\0\0a\x85R.",
                gives: name("__builtin__.eval"),
            },
            Case {
                story: "the storage that loads another pickle",
                pickle: b"\x80\x02ctorch.storage\n_load_from_bytes\n.",
                gives: name("torch.storage._load_from_bytes"),
            },
            Case {
                story: "a whole module",
                pickle: b"\x80\x02cpocket_tts.models.flow_lm\nFlowLMModel\n)\x81.",
                gives: name("pocket_tts.models.flow_lm.FlowLMModel"),
            },
            Case {
                story: "a name that lies in an allowed one",
                pickle: b"\x80\x02ctorch\nSize.__class__\n.",
                gives: name("torch.Size.__class__"),
            },
            Case {
                story: "STACK_GLOBAL",
                pickle: b"\x80\x02X\x02\0\0\0osX\x06\0\0\0system\x93.",
                gives: Err(Refusal::Operation(0x93)),
            },
            Case {
                story: "INST",
                pickle: b"\x80\x02(ios\nsystem\n.",
                gives: Err(Refusal::Operation(b'i')),
            },
            Case {
                story: "an extension's code",
                pickle: b"\x80\x02\x82\x01.",
                gives: Err(Refusal::Operation(0x82)),
            },
            Case {
                story: "protocol 4",
                pickle: b"\x80\x04}.",
                gives: Err(Refusal::Protocol(4)),
            },
            Case {
                story: "a text that is longer than the pickle",
                pickle: b"\x80\x02X\xff\xff\xff\xffa.",
                gives: Err(Refusal::Cut),
            },
            Case {
                story: "no STOP",
                pickle: b"\x80\x02}",
                gives: Err(Refusal::Cut),
            },
            Case {
                story: "nothing",
                pickle: b"",
                gives: Err(Refusal::Cut),
            },
        ];
        let mut failures = Vec::new();
        for Case {
            story,
            pickle,
            gives,
        } in cases
        {
            let actual = check(pickle);
            if actual != gives {
                failures.push((story, gives, actual));
            }
        }
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
