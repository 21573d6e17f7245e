//! `update_policy` of a zone.

use super::dns::Grant as Line;
use super::place::{At, Fault};
use super::zones::rule;
use ddi_dns::Name;
use ddi_dns::rr::Rtype;
use ddi_dns::tsig::Keys;
use ddi_dns::update::{Grant, Names, Types};

/// The lines, whose keys must be there.
pub fn grants(lines: &[At<Line>], keys: &Keys) -> Result<Vec<Grant>, Fault> {
    lines.iter().map(|line| grant(line, keys)).collect()
}

fn grant(at: &At<Line>, keys: &Keys) -> Result<Grant, Fault> {
    let line = at.get_ref();
    let (permits, who) = match line.who.strip_prefix('!') {
        Some(who) => (false, who),
        None => (true, &line.who[..]),
    };
    let who = rule(who, keys).map_err(|what| Fault::new(at, what))?;
    let names = names(line.name.as_deref()).map_err(|what| Fault::new(at, what))?;
    let types = types(&line.types).map_err(|what| Fault::new(at, what))?;
    Ok(Grant { permits, who, names, types })
}

fn names(text: Option<&str>) -> Result<Names, String> {
    let name = |text: &str| text.parse::<Name>().map_err(|e| format!("{text:?} is not a name: {e}"));
    let Some(text) = text else { return Ok(Names::All) };
    Ok(match (text, text.strip_prefix("*."), text.strip_prefix('.')) {
        ("self", ..) => Names::OwnName,
        (".self", ..) => Names::AtOrBelowOwnName,
        (_, Some(parent), _) => Names::ChildrenOf(name(parent)?),
        (_, _, Some(top)) => Names::AtOrBelow(name(top)?),
        _ => Names::Exactly(name(text)?),
    })
}

fn types(texts: &[String]) -> Result<Types, String> {
    let rtype = |text: &String| text.parse::<Rtype>().map_err(|_| format!("there is no type {text:?}"));
    match texts {
        [] => Ok(Types::Data),
        [all] if all == "ANY" => Ok(Types::All),
        these => Ok(Types::Only(these.iter().map(rtype).collect::<Result<_, _>>()?)),
    }
}
