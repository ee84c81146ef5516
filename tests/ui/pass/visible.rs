//! A public saga with private outputs, in a module and in a function; a library under another name.

#![deny(warnings)]

mod orders {
    use sagas as renamed;

    /// Orders.
    #[derive(Debug)]
    pub(crate) struct OrderFlow;

    /// It stays in here.
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Secret;

    #[derive(Debug, renamed::Fault)]
    #[fault(crate = renamed)]
    enum Refused {
        #[fault(rejected)]
        No,
    }

    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no")
        }
    }

    #[renamed::saga(crate = renamed)]
    impl OrderFlow {
        #[step(read_only)]
        async fn hide(&self) -> Result<Secret, Refused> {
            Err(Refused::No)
        }

        #[step(read_only)]
        async fn show(&self, hide: &Secret) -> Result<u32, Refused> {
            let _ = hide;
            Ok(1)
        }
    }

    /// Orders of orders, whose items, signals and children stay in here too.
    #[derive(Debug)]
    pub(crate) struct Orders;

    #[renamed::saga(crate = renamed)]
    impl Orders {
        #[step(read_only, when = always, for_each = secrets)]
        async fn fan_out(&self, item: &Secret) -> Result<Secret, Refused> {
            let _ = item;
            Err(Refused::No)
        }
        fn always(&self) -> bool {
            true
        }
        fn secrets(&self) -> Vec<Secret> {
            Vec::new()
        }

        #[step(read_only, signal)]
        async fn told(&self, signal: &Secret) -> Result<(), Refused> {
            let _ = signal;
            Err(Refused::No)
        }

        #[step(child = OrderFlow)]
        fn order(&self, fan_out: Option<&[Secret]>) {
            let _ = fan_out;
        }
    }
}

fn main() {
    #[derive(Debug)]
    struct Local;

    #[sagas::saga]
    impl Local {
        #[sagas::step(read_only)]
        async fn look(&self) -> Result<u32, sagas::StepError> {
            Ok(1)
        }
    }

    let _ = (LocalStep::Look, Local, orders::OrderFlow, orders::OrderFlowStep::ALL, orders::Orders, orders::OrdersStep::ALL);
}
