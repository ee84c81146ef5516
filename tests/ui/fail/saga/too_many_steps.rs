//! A saga has 65 steps.

use sagas::{StepError, saga};

struct Flow;

#[saga]
impl Flow {
    #[step(read_only)]
    async fn look_0(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_1(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_2(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_3(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_4(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_5(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_6(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_7(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_8(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_9(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_10(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_11(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_12(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_13(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_14(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_15(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_16(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_17(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_18(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_19(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_20(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_21(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_22(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_23(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_24(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_25(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_26(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_27(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_28(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_29(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_30(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_31(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_32(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_33(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_34(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_35(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_36(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_37(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_38(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_39(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_40(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_41(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_42(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_43(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_44(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_45(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_46(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_47(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_48(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_49(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_50(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_51(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_52(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_53(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_54(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_55(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_56(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_57(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_58(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_59(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_60(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_61(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_62(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_63(&self) -> Result<u32, StepError> {
        Ok(1)
    }

    #[step(read_only)]
    async fn look_64(&self) -> Result<u32, StepError> {
        Ok(1)
    }
}

fn main() {}
