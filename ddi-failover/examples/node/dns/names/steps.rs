//! Changes of zones, and what came of each.

use crate::dns::zones::Zones;
use crate::say::say;
use ddi_core::Now;
use ddi_dns::ddns::{self, Change, Outcome};
use ddi_dns::zone::Edit;

/// One change to one zone.
pub struct Step {
    pub nth: usize,
    pub change: Change,
    /// The step that must have made its name stand before this one may be made.
    pub after: Option<usize>,
}

/// What came of a step.
#[derive(Clone)]
pub enum Made {
    /// Its zone can't be changed now.
    Not,
    Done,
    /// The name is somebody else's.
    Conflict,
    Failed(String),
}

impl Step {
    pub const fn new(nth: usize, change: Change) -> Self {
        Self { nth, change, after: None }
    }

    pub const fn is_forward(&self) -> bool {
        matches!(self.change, Change::AddForward(_) | Change::RemoveForward(_))
    }
}

/// Makes all of them in one step of the zone; if one can't be made, each in a step of its own.
pub fn make(now: Now, zones: &mut Zones, nth: usize, changes: &[Change]) -> Vec<Made> {
    match together(now, zones, nth, changes) {
        Ok(made) => made,
        Err(_) => changes.iter().map(|change| alone(now, zones, nth, change)).collect(),
    }
}

/// What would come of it if its zone could be changed.
pub fn would_make(zones: &Zones, step: &Step) -> Made {
    let Some(newest) = &zones.served[step.nth].newest else { return Made::Not };
    match ddns::apply(&mut Edit::new(newest), &step.change) {
        Ok(Outcome::Conflict) => Made::Conflict,
        Ok(_) => Made::Done,
        Err(error) => Made::Failed(error.to_string()),
    }
}

fn alone(now: Now, zones: &mut Zones, nth: usize, change: &Change) -> Made {
    match together(now, zones, nth, std::slice::from_ref(change)) {
        Ok(made) => made.into_iter().next().unwrap_or(Made::Not),
        // Who wanted the name hears of it from the caller.
        Err(why) if matches!(change, Change::AddForward(_)) => Made::Failed(why),
        Err(why) => {
            say(format!("{}: {}: {why}", zones.served[nth].plan.apex, change.owner()));
            Made::Failed(why)
        }
    }
}

fn together(now: Now, zones: &mut Zones, nth: usize, changes: &[Change]) -> Result<Vec<Made>, String> {
    let mut made = Vec::with_capacity(changes.len());
    let apply = |edit: &mut Edit| {
        for change in changes {
            made.push(match ddns::apply(edit, change).map_err(|e| e.to_string())? {
                Outcome::Conflict => Made::Conflict,
                _ => Made::Done,
            });
        }
        Ok(())
    };
    zones.change(now.unix, nth, apply)?;
    Ok(made)
}
