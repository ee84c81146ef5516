//! A model as the checker sees it.

use stateright::{Model, Property};

use super::action::Action;
use super::promise;
use super::saga::Saga;
use super::state::State;

impl Model for Saga {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.first()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.actions_of(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.after(state, action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = promise::always();
        all.extend(promise::sometimes(&self.expected));
        all
    }
}
