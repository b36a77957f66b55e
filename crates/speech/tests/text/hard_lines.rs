//! 6,500 lines that are hard to tokenize, with the ids that the reference libraries give.

use serde::Deserialize;

use crate::support::{json, lines, none, sentencepiece};

/// A line, its ids, and the text of some of them.
#[derive(Deserialize)]
struct HardLine {
    t: String,
    /// Ids of `tokenizers`.
    j: Vec<i64>,
    /// Ids of SentencePiece, where they differ.
    s: Option<Vec<i64>>,
    /// Which of the ids of `tokenizers` are decoded, and the text that this gives.
    js: [usize; 2],
    jd: String,
    /// The same of SentencePiece.
    ss: [usize; 2],
    sd: String,
}

#[test]
fn ids_are_those_of_the_reference_libraries() {
    let (json, sentencepiece) = (json(), sentencepiece());
    let mut failures = Vec::new();
    let lines: Vec<HardLine> = lines(include_bytes!("hard_lines.json.gz"));
    assert_eq!(lines.len(), 6500);
    for line in lines {
        let s = line.s.as_ref().unwrap_or(&line.j);
        for (name, tokenizer, ids, [start, end], decoded) in [
            ("tokenizers", &json, &line.j, line.js, &line.jd),
            ("sentencepiece", &sentencepiece, s, line.ss, &line.sd),
        ] {
            let actual = tokenizer.encode(&line.t);
            if actual != *ids {
                failures.push(format!("{name}: {:?}: {actual:?}, not {ids:?}", line.t));
            }
            let text = tokenizer.decode(&ids[start..end]);
            if text != *decoded {
                let ids = &ids[start..end];
                failures.push(format!(
                    "{name}: {ids:?} decodes to {text:?}, not {decoded:?}"
                ));
            }
        }
    }
    none(&failures);
}
