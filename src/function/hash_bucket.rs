//! `hash_bucket(salt, key)`: a share of all keys, chosen without chance.
//!
//! The choice hangs on the salt and the key alone, so that an account stays on its
//! side for as long as the salt is the same, whatever else changes. Nothing is
//! balanced here: strata are for whoever designs an experiment.

use std::sync::Arc;

use datafusion::arrow::array::Int64Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use sha2::{Digest, Sha256};

use super::FunctionDoc;
use super::argument::{Texts, two_texts};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "hash_bucket",
    signature: "hash_bucket(salt text, key text) → integer",
    meaning: "A number from 0 to 9999 that hangs on salt and key alone and looks random: the \
              first 64 bits of the SHA-256 of salt, a line feed and key, modulo 10,000. Null \
              where either is null.",
    source: "",
};

/// Buckets that keys fall into.
const BUCKETS: u64 = 10_000;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct HashBucket {
    signature: Signature,
}

impl HashBucket {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

fn bucket(salt: &str, key: &str) -> i64 {
    let digest = Sha256::new()
        .chain_update(salt)
        .chain_update("\n")
        .chain_update(key)
        .finalize();
    let first = digest
        .iter()
        .take(8)
        .fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    (first % BUCKETS).cast_signed()
}

impl ScalarUDFImpl for HashBucket {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        two_texts(&DOCUMENTATION, given)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (salts, keys) = (Texts::of(&arrays[0])?, Texts::of(&arrays[1])?);
        let buckets: Int64Array = (0..arrays[1].len())
            .map(|row| Some(bucket(salts.get(row)?, keys.get(row)?)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(buckets)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_keys_falls_into_a_tenth_of_the_buckets() {
        let held = |salt: &str| {
            (1..=20_000)
                .filter(|number| bucket(salt, &format!("A{number:06}")) < 1_000)
                .count()
        };
        // 2,000 expected, standard deviation 42
        for salt in ["a", "b", "2026"] {
            assert!((1_830..=2_170).contains(&held(salt)), "{}", held(salt));
        }
        let both = (1..=20_000)
            .map(|number| format!("A{number:06}"))
            .filter(|key| bucket("a", key) < 1_000 && bucket("b", key) < 1_000)
            .count();
        // another salt is another choice: 200 expected, standard deviation 14
        assert!((140..=260).contains(&both), "{both}");
    }

    #[test]
    fn salt_and_key_do_not_run_into_each_other() {
        assert_ne!(bucket("ab", "c"), bucket("a", "bc"));
    }
}
