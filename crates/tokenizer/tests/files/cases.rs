//! 506 hard lines with four vocabularies, each in both kinds of file.

use tokenizer::Tokenizer;

#[test]
fn ids_are_those_of_tokenizers_and_sentencepiece() {
    let cases = testkit::cases().unwrap();
    assert_eq!(cases.len(), 506);
    let mut failures = Vec::new();
    for (index, name) in testkit::VOCABULARIES.into_iter().enumerate() {
        let (json, model) = testkit::vocabulary(name).unwrap();
        let json = Tokenizer::from_json(&json).unwrap();
        let model = Tokenizer::from_sentencepiece(&model).unwrap();
        assert_eq!((json.vocab_size(), model.vocab_size()), (1000, 1000));
        for (text, ids) in &cases {
            let ids = &ids[index];
            for (kind, tokenizer, expected) in
                [("json", &json, ids.first()), ("model", &model, ids.last())]
            {
                let actual = tokenizer.encode(text);
                if Some(&actual) != expected {
                    failures.push(format!(
                        "{name}.{kind}: {text:?}: {actual:?}, not {expected:?}"
                    ));
                }
            }
        }
    }
    let first = failures.iter().take(10).cloned().collect::<Vec<_>>();
    assert!(
        failures.is_empty(),
        "{} failures: {first:#?}",
        failures.len()
    );
}
