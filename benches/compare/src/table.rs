//! Tables in plain text that are also Markdown.

/// Prints `rows` under `head`, numbers to the right.
pub fn print(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([head[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<_> = cells.iter().zip(&widths).enumerate().map(pad).collect();
        println!("| {} |", padded.join(" | "));
    };
    line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    line(&widths.iter().enumerate().map(rule).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}

fn pad((column, (cell, width)): (usize, (&String, &usize))) -> String {
    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

fn rule((column, width): (usize, &usize)) -> String {
    if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) }
}

/// A number with thousands separated.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many times `a` is of `b`.
pub fn ratio(a: f64, b: f64) -> String {
    if b > 0.0 { format!("{:.1}", a / b) } else { "-".to_owned() }
}
