//! Which part of a text a token stands for.

use tokenizer::Tokenizer;

#[test]
fn sources_cover_the_text_in_order() {
    let cases = testkit::cases().unwrap();
    let mut failures = Vec::new();
    for name in testkit::VOCABULARIES {
        let (json, model) = testkit::vocabulary(name).unwrap();
        let json = Tokenizer::from_json(&json).unwrap();
        let model = Tokenizer::from_sentencepiece(&model).unwrap();
        for (text, _) in &cases {
            for tokenizer in [&json, &model] {
                let tokens = tokenizer.tokens(text);
                let ids: Vec<i64> = tokens.iter().map(|token| token.id).collect();
                let mut start = 0;
                let mut in_order = true;
                for token in &tokens {
                    in_order &=
                        start <= token.source.start && token.source.start <= token.source.end;
                    in_order &= text.get(token.source.clone()).is_some();
                    start = token.source.start;
                }
                if !in_order || ids != tokenizer.encode(text) {
                    failures.push((name, text, tokens));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{:#?}",
        &failures[..3.min(failures.len())]
    );
}

#[test]
fn replaced_characters_are_found_again() {
    let (json, model) = testkit::vocabulary("bpe_nfkc").unwrap();
    let json = Tokenizer::from_json(&json).unwrap();
    let model = Tokenizer::from_sentencepiece(&model).unwrap();
    for tokenizer in [json, model] {
        let text = "a  ﬁne <s>£5";
        let of = |piece: &str| {
            let tokens = tokenizer.tokens(text);
            let token = tokens
                .iter()
                .find(|token| tokenizer.piece(token.id) == Some(piece));
            token.map(|token| &text[token.source.clone()])
        };
        // The ligature is two characters to the vocabulary, and the pound sign two bytes.
        let fine = tokenizer.tokens(text);
        let fine: Vec<&str> = fine
            .iter()
            .map(|token| &text[token.source.clone()])
            .collect();
        assert!(
            fine.contains(&"  ﬁ") || fine.contains(&" ﬁ") || fine.contains(&"ﬁ"),
            "{fine:?}"
        );
        assert_eq!(of("<0xC2>"), Some("£"), "{fine:?}");
        assert_eq!(of("<0xA3>"), Some("£"), "{fine:?}");
    }
}
