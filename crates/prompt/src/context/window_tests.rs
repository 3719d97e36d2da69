use handspike_types::{ToolCall, ToolOutput, ToolResult};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A turn: what it begins with, and how many steps with calls come before its last word.
#[derive(Clone, Debug)]
struct Turn {
    input: usize,
    steps: usize,
    has_last_word: bool,
    size: u64,
}

fn turns(most: usize) -> impl Strategy<Value = Vec<Turn>> {
    let turn = (1..3usize, 0..8usize, any::<bool>(), 1..300u64).prop_map(|(input, steps, has_last_word, size)| Turn {
        input,
        steps,
        has_last_word,
        size,
    });
    prop::collection::vec(turn, 1..most)
}

/// A conversation of turns, whose entries are numbered with gaps, as those of a store may be.
fn conversation(turns: &[Turn]) -> Vec<Entry<Message>> {
    let mut entries: Vec<Entry<Message>> = Vec::new();
    let mut add = |message: Message, size: u64| {
        let number = entries.last().map_or(1, |last| last.number + 1 + size % 2);
        entries.push(entry(number, size, message));
    };
    for (index, turn) in turns.iter().enumerate() {
        for _ in 0..turn.input {
            add(Message::user(format!("question {index}")), turn.size);
        }
        for step in 0..turn.steps {
            let (id, name) = (format!("{index}-{step}"), "bash".to_owned());
            let call = ToolCall { id: id.clone(), name: name.clone(), arguments: json!({}), toolset: None };
            add(Message::assistant("", vec![call]), 10 + turn.size / 7);
            let result = ToolResult { call_id: id, name, output: ToolOutput::text("done"), toolset: None };
            add(Message::Tools { results: vec![result] }, turn.size % 97 + 1);
        }
        if turn.has_last_word || turn.steps == 0 {
            add(Message::assistant(format!("answer {index}"), Vec::new()), turn.size % 53 + 1);
        }
    }
    entries
}

fn entry(number: u64, tokens: u64, message: Message) -> Entry<Message> {
    Entry { tokens, ..Entry::new(number, message) }
}

/// Feeds a window as an engine does. Says also how many entries it took.
fn fed(entries: &[Entry<Message>], mut window: Window<Message>) -> (Result<Fitted<Message>, TooLong>, usize) {
    let mut count = 0;
    for entry in entries.iter().rev() {
        if !window.wants_older() {
            break;
        }
        window.add_older(entry.clone());
        count += 1;
    }
    (window.fit(), count)
}

fn fit(entries: &[Entry<Message>], room: u64, overflow: Overflow) -> Result<Fitted<Message>, TooLong> {
    fed(entries, Window::new(room, overflow)).0
}

fn is_well_formed(messages: &[Message]) -> bool {
    messages.iter().enumerate().all(|(index, message)| match message {
        Message::Assistant { tool_calls, .. } if !tool_calls.is_empty() => {
            let Some(Message::Tools { results }) = messages.get(index + 1) else { return false };
            results.iter().map(|result| &result.call_id).eq(tool_calls.iter().map(|call| &call.id))
        }
        Message::Tools { .. } => index > 0 && matches!(messages[index - 1], Message::Assistant { .. }),
        Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => true,
    })
}

proptest! {
    #[test]
    fn what_is_kept_fits_begins_with_the_user_and_parts_no_call_from_its_result(
        turns in turns(30), room in 100..6000u64, is_adaptive in any::<bool>(),
    ) {
        let entries = conversation(&turns);
        let overflow = if is_adaptive { Overflow::Adaptive } else { Overflow::Truncate };
        let all: u64 = entries.iter().map(|entry| entry.tokens).sum();
        match fit(&entries, room, overflow) {
            Ok(mut fitted) => {
                prop_assert!(fitted.tokens <= room);
                prop_assert_eq!(fitted.cut.is_some(), all > room);
                let messages = fitted.clone().into_messages();
                prop_assert!(is_well_formed(&messages));
                prop_assert!(matches!(messages[0], Message::User { .. }), "it begins with the user");
                if let Some(cut) = fitted.cut {
                    let newest: Vec<Message> =
                        entries.iter().filter(|entry| entry.number >= cut).map(|entry| entry.said.clone()).collect();
                    prop_assert_eq!(&fitted.kept, &newest, "the newest entries, in their order");
                }
                let before = fitted.tokens;
                if let Some(summary) = fitted.sum_up("word ".repeat(1000)).cloned() {
                    prop_assert!(is_adaptive && fitted.tokens > before && fitted.tokens <= room);
                    prop_assert_eq!(Some(summary.before), fitted.cut);
                    prop_assert_eq!(&fitted.into_messages()[0], &summary.message());
                }
            }
            Err(error) => {
                let last: u64 = entries.iter().rev().take(2).map(|entry| entry.tokens).sum();
                prop_assert!(error.needed <= last, "no more is needed than the last step");
                prop_assert!(last + gap_tokens() > room);
            }
        }
    }

    #[test]
    fn reading_no_further_than_is_wanted_changes_nothing(
        turns in turns(40), room in 100..4000u64, is_adaptive in any::<bool>(),
    ) {
        let entries = conversation(&turns);
        let overflow = if is_adaptive { Overflow::Adaptive } else { Overflow::Truncate };
        let mut whole = Window::new(room, overflow);
        entries.iter().rev().for_each(|entry| whole.add_older(entry.clone()));
        prop_assert_eq!(fit(&entries, room, overflow), whole.fit());
    }

    #[test]
    fn a_cut_moves_seldom_and_never_back(turns in turns(150), room in 1500..4000u64) {
        let (mut cuts, entries) = (vec![], conversation(&turns));
        for end in 1..=entries.len() {
            // A call is not sent before its result.
            if let Message::Assistant { tool_calls, .. } = &entries[end - 1].said && !tool_calls.is_empty() {
                continue;
            }
            let cut = fit(&entries[..end], room, Overflow::Truncate).expect("there is room for the last step").cut;
            prop_assert!(cut >= cuts.last().copied().flatten(), "a cut moves forward");
            if cuts.last() != Some(&cut) {
                cuts.push(cut);
            }
        }
        let total: u64 = entries.iter().map(|entry| entry.tokens).sum();
        prop_assert!(cuts.len() as u64 <= 2 + total * 4 / room, "{} cuts in {} tokens", cuts.len(), total);
    }
}

fn chat(turns: u64) -> Vec<Entry<Message>> {
    let turn =
        |turn| [Message::user(format!("question {turn}")), Message::assistant(format!("answer {turn}"), Vec::new())];
    (0..turns).flat_map(turn).zip(1..).map(|(message, number)| entry(number, 50, message)).collect()
}

#[test]
fn a_long_conversation_costs_what_is_kept() {
    let counts = [10, 100, 1000, 10_000].map(|turns| {
        let (fitted, fed) = fed(&chat(turns), Window::new(20_000, Overflow::Truncate));
        assert!(fitted.expect("it fits").kept.len() >= 20.min(fed));
        fed
    });
    assert_eq!(counts, [20, 200, 401, 401]);
}

#[test]
fn a_cut_is_at_a_turn_and_takes_a_large_step() {
    let entries = chat(400);
    let mut cuts: Vec<Option<u64>> =
        (1..=400).map(|turns| fit(&entries[..2 * turns], 4000, Overflow::Truncate).expect("fits").cut).collect();
    cuts.dedup();
    assert_eq!(cuts[..6], [None, Some(33), Some(65), Some(97), Some(129), Some(161)]);
    assert_eq!(cuts.len(), 25);
}

#[test]
fn a_long_turn_keeps_what_it_was_asked() {
    let turn = |steps| vec![Turn { input: 2, steps, has_last_word: false, size: 100 }];
    let mut entries = conversation(&[Turn { input: 1, steps: 0, has_last_word: true, size: 5 }]);
    entries.append(&mut conversation(&turn(200)));
    entries.iter_mut().zip(1..).for_each(|(entry, number)| entry.number = number);
    let fitted = fit(&entries, 1500, Overflow::Truncate).expect("fits");
    let messages = fitted.into_messages();
    let texts: Vec<String> = messages.iter().take(4).map(Message::joined_text).collect();
    assert_eq!(texts, ["question 0", "question 0", GAP, ""]);
    assert!(messages.len() > 20);
}

#[test]
fn a_turn_that_was_asked_too_much_keeps_its_last_steps() {
    let mut entries = conversation(&[Turn { input: 1, steps: 200, has_last_word: false, size: 50 }]);
    entries[0].tokens = 10_000;
    let fitted = fit(&entries, 1500, Overflow::Truncate).expect("fits");
    assert!(fitted.tokens <= 1500 && fitted.kept.len() > 20);
    assert_eq!(fitted.into_messages()[0].joined_text(), GAP);
}

#[test]
fn a_last_message_without_room_is_too_long() {
    let mut entries = chat(3);
    entries.push(entry(7, 900, Message::user("much")));
    let error = fit(&entries, 800, Overflow::Adaptive).expect_err("no room");
    assert_eq!(error.to_string(), "the prompt is too long: 900 tokens, and there is room for 800");
    // What a summary would take goes to the message first.
    assert_eq!(fit(&entries, 950, Overflow::Adaptive).expect("fits").kept, [Message::user("much")]);
}

#[test]
fn a_summary_stands_for_what_was_cut_until_there_is_no_room_again() {
    let entries = chat(400);
    let mut summary: Option<Summary> = None;
    let mut made = Vec::new();
    for turns in 1..=400 {
        let mut window = Window::new(4000, Overflow::Adaptive);
        if let Some(summary) = summary.clone() {
            window.set_summary(summary);
        }
        let (fitted, count) = fed(&entries[..2 * turns], window);
        let mut fitted = fitted.expect("fits");
        if let Some(shortened) = &fitted.shortened {
            let text = shortened.request(&shortened.part)[0].joined_text();
            assert_eq!(text.contains("[Summary of what came before]"), summary.is_some());
            let before = fitted.cut.expect("a cut");
            let first = summary.as_ref().map_or(1, |summary| summary.before);
            for number in first..before {
                let said = entries[number as usize - 1].said.joined_text();
                assert!(text.contains(&format!("\n{said}\n")), "{said} is summed up before {before}");
            }
            summary = fitted.sum_up(format!("summary {}", made.len())).cloned();
            made.push(before);
        }
        assert!(fitted.tokens <= 4000 && count <= 160);
        assert_eq!(fitted.summary, summary);
    }
    assert!((10..=25).contains(&made.len()), "{made:?}");
    assert!(made.is_sorted());
}

#[test]
fn a_part_is_shown_as_a_text_with_its_calls_and_without_pictures() {
    let call =
        ToolCall { id: "1".to_owned(), name: "bash".to_owned(), arguments: json!({"command": "ls"}), toolset: None };
    let picture = handspike_types::Image::new("image/png", "AAAA");
    let output = ToolOutput::text("a.txt").with_image(picture);
    let result = ToolResult { call_id: "1".to_owned(), name: "bash".to_owned(), output, toolset: None };
    let messages = [
        Message::User { content: vec![handspike_types::ContentPart::text("list")], name: Some("Bob".to_owned()) },
        Message::assistant("So be it.", vec![call]),
        Message::Tools { results: vec![result] },
        Message::user("x".repeat(10_000)),
    ];
    let text = transcript(Some(&Summary { before: 1, text: "Before.".to_owned() }), &messages);
    assert!(text.starts_with(
        "The conversation:\n\n[Summary of what came before]\nBefore.\n\n[Bob]\nlist\n\n[Assistant]\nSo be it.\n(calls bash: \
         {\"command\":\"ls\"})\n\n[Tools]\nbash: a.txt\n(a picture)\n\n[User]\nxxx"
    ));
    assert!(text.len() < 5000 && text.contains("(... 6000 bytes are left out ...)"));
}
