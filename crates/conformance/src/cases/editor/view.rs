//! `view`: numbered lines, ranges, folders.

use serde_json::json;

use crate::{
    answer::Answer,
    case::{Group, Tool},
    miss::{Miss, expect},
    session::Session,
};

/// Shows lines of a file of 50 lines, `row 1` to `row 50`.
async fn range(s: &Session, range: serde_json::Value) -> Result<Answer, Miss> {
    let lines: String = (1..=50).map(|line| format!("row {line};\n")).collect();
    let path = s.write("file", lines.as_bytes()).await?;
    s.edit("view", &path, json!({ "view_range": range })).await
}

pub(super) fn group() -> Group {
    let group = Group::new(Tool::Editor, "view")
        .case("lines are numbered", "insert and view_range go by these numbers.", async |s| {
            let path = s.write("file", b"alpha\nbravo\ncharlie\n").await?;
            let answer = s.view(&path).await?.done()?.says_in_order(&["1", "alpha", "2", "bravo", "3", "charlie"])?;
            let is_numbered =
                answer.text.lines().any(|line| line.trim_start().starts_with('2') && line.ends_with("bravo"));
            expect(is_numbered, "a line that begins with 2 and ends with `bravo`", &answer.text)
        })
        .case("there is no line behind a final newline", "A phantom line misleads insert.", async |s| {
            let path = s.write("file", b"alpha\nbravo\n").await?;
            let answer = s.view(&path).await?.done()?;
            let phantom = answer.text.lines().any(|line| line.trim() == "3");
            expect(!phantom, "two numbered lines", &answer.text)
        })
        .case("a range shows these lines only", "Big files are read in parts.", async |s| {
            range(s, json!([10, 12]))
                .await?
                .done()?
                .says("row 10;")?
                .says("row 12;")?
                .says_not("row 9;")?
                .says_not("row 13;")
        })
        .case(
            "a range keeps the numbers of the file",
            "Numbers that start at 1 again would be wrong everywhere.",
            async |s| range(s, json!([20, 22])).await?.done()?.shows_number(21),
        )
        .case("a range to -1 ends at the end", "The published contract has it.", async |s| {
            range(s, json!([48, -1])).await?.done()?.says("row 48;")?.says("row 50;")?.says_not("row 47;")
        })
        .case("a range of one line is allowed", "One line may be all that is asked.", async |s| {
            range(s, json!([7, 7])).await?.done()?.says("row 7;")?.says_not("row 8;")
        });
    let group = refused_ranges(group);
    folders(group)
}

fn refused_ranges(group: Group) -> Group {
    group
        .case("a range that begins at 0 is refused", "Lines count from 1.", async |s| {
            range(s, json!([0, 5])).await?.refused()
        })
        .case(
            "a range that begins behind the end is refused",
            "The model has to know that the file is shorter.",
            async |s| range(s, json!([51, 52])).await?.refused(),
        )
        .case("a range that ends before it begins is refused", "It is a mistake of the model.", async |s| {
            range(s, json!([9, 5])).await?.refused()
        })
        .case("a range of three numbers is refused", "It takes two.", async |s| {
            range(s, json!([1, 2, 3])).await?.refused()
        })
        .case("a range of texts is refused", "A wrong type is a mistake to be told.", async |s| {
            range(s, json!(["one", "two"])).await?.refused()
        })
        .case(
            "a big file is shown bounded, with a word about it",
            "A model's context is not for megabytes.",
            async |s| {
                let path = s.path("big");
                s.bash(&format!("seq 1 200000 > {path}")).await?;
                let answer = s.view(&path).await?.done()?.no_longer_than(256 << 10)?;
                let is_told = answer.text.chars().any(|character| character.is_alphabetic());
                expect(is_told, "words about what is left out", &answer.text)
            },
        )
        .case("a file that is missing is refused", "The path is wrong, and the model has to know.", async |s| {
            s.view(&s.path("missing")).await?.refused_readably()?.says("missing")
        })
        .case("an empty file is shown as such", "It is there, and empty.", async |s| {
            let path = s.write("empty", b"").await?;
            s.view(&path).await?.done()
        })
}

fn folders(group: Group) -> Group {
    group
        .case("a folder is listed two levels deep", "The model finds its way by it.", async |s| {
            s.bash(&format!(
                "cd {}; mkdir -p top/one/two/three; touch top/a.txt top/one/b.txt top/one/two/c.txt",
                s.dir()
            ))
            .await?;
            s.view(&s.path("top")).await?.done()?.says("a.txt")?.says("b.txt")?.says_not("c.txt")
        })
        .case("hidden entries are not listed", "`.git` alone would fill the answer.", async |s| {
            s.bash(&format!("cd {}; mkdir -p top/.git; touch top/seen top/.git/objects top/.secret", s.dir())).await?;
            s.view(&s.path("top")).await?.done()?.says("seen")?.says_not(".secret")?.says_not("objects")
        })
        .case("a hidden folder asked for by name is listed", "`.github` is edited too.", async |s| {
            s.bash(&format!("cd {}; mkdir -p .hidden; touch .hidden/workflow", s.dir())).await?;
            s.view(&s.path(".hidden")).await?.done()?.says("workflow")
        })
        .case("a range for a folder is refused", "The published contract refuses it.", async |s| {
            s.edit("view", &s.dir(), json!({ "view_range": [1, 2] })).await?.refused()
        })
        .case("a folder of 20,000 entries is answered bounded", "node_modules exist.", async |s| {
            s.bash(&format!("mkdir {0}/many; cd {0}/many; seq -f 'entry%g' 1 20000 | xargs touch", s.dir())).await?;
            s.view(&s.path("many")).await?.done()?.no_longer_than(1 << 20)
        })
        .case("odd names in a folder are shown", "Spaces and quotes are legal.", async |s| {
            s.bash(&format!("cd {}; mkdir top; touch \"top/a b'c\" 'top/ünï'", s.dir())).await?;
            s.view(&s.path("top")).await?.done()?.says("a b'c")?.says("ünï")
        })
}
