//! A change in an own zone.

use super::change::{Change, Outcome};
use super::message::{Step, Verdict, request, verdict};
use crate::message::Rcode;
use crate::update::{UpdateError, perform};
use crate::zone::Edit;

/// Makes the change in an edit of the zone that its [`Change::owner`] is in: the updates that would be sent to
/// a remote server, one after the other upon the same edit, so that nothing can come between them. On an
/// error, which can only be that the name is not in the zone, or that the zone can't hold more, the edit is to
/// be dropped.
pub fn apply(edit: &mut Edit, change: &Change) -> Result<Outcome, UpdateError> {
    let mut step = Step::First;
    // Nothing comes between the steps, so that there is no way back from the second.
    loop {
        let request = request(edit.base().apex(), change, step);
        let rcode = match perform(edit, &request) {
            Ok(()) => Rcode::NOERROR,
            Err(UpdateError::Prerequisite { rcode, .. }) => rcode,
            Err(error) => return Err(error),
        };
        match verdict(change, step, rcode) {
            Verdict::Done(outcome) => return Ok(outcome),
            Verdict::Next(Step::Second) if step == Step::First => step = Step::Second,
            Verdict::Next(_) | Verdict::Failed => return Ok(Outcome::Conflict),
        }
    }
}
