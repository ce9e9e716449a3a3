use edge_isr::policy::time::Time;
use edge_isr::warmup::record::{Reader, Writer};
use proptest::prelude::*;
use rstest::rstest;

use super::{damaged, pairs, text, texts};

/// A part of a record.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Number(u64),
    Time(Option<Time>),
    Texts(Vec<String>),
    Pairs(Vec<(String, String)>),
}

impl Part {
    fn write(&self, writer: Writer) -> Writer {
        match self {
            Part::Text(text) => writer.text(text),
            Part::Number(number) => writer.number(*number),
            Part::Time(time) => writer.time(*time),
            Part::Texts(texts) => writer.texts(texts.iter()),
            Part::Pairs(pairs) => writer.pairs(pairs),
        }
    }

    /// Reads a part of the same kind.
    fn read(&self, reader: &mut Reader) -> Option<Part> {
        Some(match self {
            Part::Text(_) => Part::Text(reader.text()?),
            Part::Number(_) => Part::Number(reader.number()?),
            Part::Time(_) => Part::Time(reader.time()?),
            Part::Texts(_) => Part::Texts(reader.texts()?),
            Part::Pairs(_) => Part::Pairs(reader.pairs()?),
        })
    }
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        text().prop_map(Part::Text),
        any::<u64>().prop_map(Part::Number),
        any::<Option<i64>>().prop_map(|time| Part::Time(time.map(Time))),
        texts().prop_map(Part::Texts),
        pairs().prop_map(Part::Pairs),
    ]
}

fn written(parts: &[Part]) -> String {
    parts.iter().fold(Writer::new(), |writer, part| part.write(writer)).end()
}

fn read(record: &str, like: &[Part]) -> Option<Vec<Part>> {
    let mut reader = Reader::of(record)?;
    like.iter().map(|part| part.read(&mut reader)).collect()
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(parts in prop::collection::vec(part(), 0..8)) {
        let record = written(&parts);
        let mut reader = Reader::of(&record).unwrap();
        for part in &parts {
            let read = part.read(&mut reader);
            prop_assert_eq!(read.as_ref(), Some(part));
        }
        prop_assert_eq!(reader.text(), None);
    }

    #[test]
    fn a_record_is_one_line_of_ascii(parts in prop::collection::vec(part(), 0..8)) {
        prop_assert!(written(&parts).bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    #[test]
    fn a_record_that_is_damaged_is_not_read(parts in prop::collection::vec(part(), 1..5)) {
        for record in damaged(&written(&parts)) {
            prop_assert_eq!(read(&record, &parts), None, "{}", record);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(
        record in "[\\[\\],\"0-2a ]{0,20}",
        like in prop::collection::vec(part(), 0..4),
    ) {
        for record in [record.clone(), format!("[\"1\",{record}]")] {
            if read(&record, &like).is_some() {
                prop_assert!(record.contains("\"1\""));
            }
        }
    }
}

#[rstest]
#[case::nothing("")]
#[case::no_list("\"1\"")]
#[case::a_list_of_nothing("[]")]
#[case::an_object(r#"{"0":"1"}"#)]
#[case::a_version_that_is_a_number("[1]")]
#[case::another_version(r#"["2","a"]"#)]
#[case::no_version(r#"["a"]"#)]
#[case::a_number_for_a_text(r#"["1",2]"#)]
#[case::a_null_for_a_text(r#"["1",null]"#)]
#[case::more_behind_it(r#"["1"] "1""#)]
fn what_is_no_record_of_this_version_is_not_read(#[case] text: &str) {
    assert!(Reader::of(text).is_none());
    assert!(Reader::of(r#"["1","a"]"#).is_some());
}

#[rstest]
#[case::nothing("", None)]
#[case::zero("0", Some(0))]
#[case::the_largest("18446744073709551615", Some(u64::MAX))]
#[case::larger("18446744073709551616", None)]
#[case::negative("-1", None)]
#[case::a_fraction("1.0", None)]
#[case::a_word("a", None)]
#[case::with_a_space(" 1", None)]
fn a_number_is_read_whole_or_not_at_all(#[case] text: &str, #[case] expected: Option<u64>) {
    let record = Writer::new().text(text).end();
    assert_eq!(Reader::of(&record).unwrap().number(), expected);
}

#[rstest]
#[case::none("", Some(None))]
#[case::a_time("1700000000000", Some(Some(Time(1_700_000_000_000))))]
#[case::before_the_epoch("-5", Some(Some(Time(-5))))]
#[case::a_word("soon", None)]
#[case::too_large("9223372036854775808", None)]
fn a_time_may_be_absent(#[case] text: &str, #[case] expected: Option<Option<Time>>) {
    let record = Writer::new().text(text).end();
    assert_eq!(Reader::of(&record).unwrap().time(), expected);
}

#[rstest]
#[case("3")]
#[case("18446744073709551615")]
#[case("-1")]
#[case("")]
fn a_list_that_announces_what_it_lacks_is_not_read(#[case] count: &str) {
    let record = Writer::new().text(count).text("a").text("b").end();
    assert_eq!(Reader::of(&record).unwrap().texts(), None);
    assert_eq!(Reader::of(&record).unwrap().pairs(), None);
}
