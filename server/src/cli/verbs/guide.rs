//! `kanban guide`.

use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::cli::output::Output;
use crate::guide::{PAGES, page};

/// Print the user guide
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban guide\n  \
    kanban guide lanes | less")]
pub(crate) struct Args {
    /// The topic; without one, the list of them
    #[arg(value_parser = PossibleValuesParser::new(PAGES.map(|page| page.topic)))]
    topic: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<()> {
    if let Some(page) = args.topic.as_deref().and_then(page) {
        if args.json {
            return output.json(&json!({ "topic": page.topic, "markdown": page.text() }));
        }
        output.text(&page.text());
        return Ok(());
    }
    if args.json {
        let topics = PAGES.map(|page| json!({ "topic": page.topic, "about": page.about }));
        return output.json(&topics);
    }
    let paint = output.paint;
    for page in PAGES {
        let topic = paint.bold(format_args!("{:14}", page.topic));
        output.painted_line(format_args!("{topic}  {}", page.about));
    }
    output.text("\nRead one with `kanban guide TOPIC`.\n");
    Ok(())
}
