//! The blocks of commands in a page, each with the mark that stands above it.

use crate::root;

/// What is to be done with a block.
pub(crate) enum Mark {
    /// `<!-- run -->`
    Run,
    /// `<!-- not run: WHY -->`
    Excused,
}

/// A block of commands.
pub(crate) struct Block {
    /// The line its fence stands on.
    pub(crate) line: usize,
    pub(crate) mark: Option<Mark>,
    pub(crate) steps: Vec<Step>,
}

/// A command and what it prints; `None` where a page shows commands alone.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) output: Option<Vec<String>>,
}

/// Every ```console and ```sh block of a page.
pub(crate) fn of(page: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let fences = lines.iter().enumerate().filter(|(_, line)| matches!(**line, "```console" | "```sh"));
    fences.map(|(at, _)| block(&lines, at)).collect()
}

fn block(lines: &[&str], at: usize) -> Block {
    let inside: Vec<&str> = lines[at + 1..].iter().take_while(|line| **line != "```").copied().collect();
    let steps = if lines[at] == "```sh" {
        vec![Step { command: inside.join("\n"), output: None }]
    } else {
        steps(&inside)
    };
    Block { line: at + 1, mark: mark(at.checked_sub(1).map_or("", |above| lines[above])), steps }
}

fn mark(above: &str) -> Option<Mark> {
    let says = above.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    match says.split_once(": ") {
        None => (says == "run").then_some(Mark::Run),
        Some((word, why)) => (word == "not run" && !why.is_empty()).then_some(Mark::Excused),
    }
}

fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), output: Some(Vec::new()) }),
            (None, Some(Step { output: Some(output), .. })) => output.push((*line).to_owned()),
            (None, _) => panic!("a block of commands begins with `{line}`"),
        }
    }
    steps
}
