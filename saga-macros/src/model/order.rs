//! The order of the steps: which run directly after which, and which run before at all.

use std::collections::BTreeSet;

use super::Step;

/// Sets the edges: `said` has what `after(..)` names. A step without it runs after the open ends, that is every
/// earlier-declared step that no earlier-declared step follows yet.
pub(super) fn arrange(steps: &mut [Step], said: &[Option<BTreeSet<usize>>]) {
    let mut open: BTreeSet<usize> = BTreeSet::new();
    let mut ancestors: Vec<BTreeSet<usize>> = Vec::new();
    for (index, (step, said)) in steps.iter_mut().zip(said).enumerate() {
        // Edges to this step itself and to later ones are reported; here they would be cycles.
        step.after = match said {
            Some(said) => said.iter().copied().filter(|before| *before < index).collect(),
            None => open.clone(),
        };
        for before in &step.after {
            open.remove(before);
            step.ancestors.insert(*before);
            step.ancestors.extend(ancestors.get(*before).into_iter().flatten());
        }
        open.insert(index);
        ancestors.push(step.ancestors.clone());
    }
}
