//! How operators share the memory that queries may use.
//!
//! DataFusion's fair pool gives each operator that can spill an equal part from the
//! beginning, so that of a gigabyte one of forty gets 25 MB, however little the
//! others need. Here whoever asks gets, until three quarters are in use; only the
//! last quarter is dealt out fairly. Who has more than a fair part by then spills
//! when it asks again. Exchanges are never refused: DataFusion 55.2 stands still when two
//! of their streams spill at once (apache/datafusion#24883). As long as their readers keep
//! step they hold a few batches for each stream; what one holds beyond that, because a
//! reader is slow, the others are refused. What the process as a whole uses is not known
//! here.

use std::fmt;

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// How the consumers of exchanges are called, with a number behind.
const EXCHANGE: &str = "RepartitionExec[";

#[derive(Debug)]
pub(super) struct RoomyPool {
    bytes: usize,
    fair: FairSpillPool,
}

impl RoomyPool {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            fair: FairSpillPool::new(bytes),
        }
    }
}

impl MemoryPool for RoomyPool {
    fn name(&self) -> &'static str {
        "roomy"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.fair.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.fair.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.fair.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.fair.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let wanted = self.reserved() + additional;
        let is_exchange = reservation.consumer().name().starts_with(EXCHANGE);
        if is_exchange || wanted <= self.bytes / 4 * 3 {
            self.fair.grow(reservation, additional);
            return Ok(());
        }
        if wanted > self.bytes {
            return Err(resources_datafusion_err!(
                "{} needs {} bytes more, {} of {} are in use",
                reservation.consumer().name(),
                additional,
                self.reserved(),
                self.bytes
            ));
        }
        self.fair.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.fair.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

impl fmt::Display for RoomyPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}({} bytes)", self.name(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use datafusion::datasource::MemTable;
    use datafusion::error::DataFusionError;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::SessionConfig;

    use super::super::session::Session;
    use super::*;

    #[test]
    fn there_is_room_for_one_until_it_gets_tight() {
        let pool: Arc<dyn MemoryPool> = Arc::new(RoomyPool::new(100));
        let spilling = |name| {
            let consumer = MemoryConsumer::new(name).with_can_spill(true);
            consumer.register(&pool)
        };
        let (large, small) = (spilling("large"), spilling("small"));
        large.try_grow(75).unwrap();
        assert!(large.try_grow(1).is_err(), "more than its fair half");
        small.try_grow(25).unwrap();
        let plain = MemoryConsumer::new("plain").register(&pool);
        assert!(plain.try_grow(1).is_err(), "nothing is left");
        large.shrink(50);
        plain.try_grow(25).unwrap();
        assert_eq!(pool.reserved(), 75);
        let exchange = spilling("RepartitionExec[1]");
        exchange.try_grow(100).unwrap();
        assert!(plain.try_grow(1).is_err(), "the others see what it took");
    }

    /// One of the streams of a table in which few texts come again and again.
    fn stream(number: i64) -> Vec<RecordBatch> {
        let batches = (0..20).map(|part| {
            let first = (number * 20 + part) * 1000;
            let values = first..first + 1000;
            let places: Int64Array = values.clone().map(|value| value % 11).collect();
            let texts = values.map(|value| format!("{:032}", value % 401));
            let texts = StringArray::from_iter_values(texts);
            let columns: [(&str, ArrayRef); 2] =
                [("place", Arc::new(places)), ("text", Arc::new(texts))];
            RecordBatch::try_from_iter(columns).unwrap()
        });
        batches.collect()
    }

    /// DataFusion's own plan: an exchange feeds an aggregate that fills the memory.
    async fn texts_by_place(bytes: usize) -> Result<usize> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(RoomyPool::new(bytes)))
            .build_arc()?;
        let config = SessionConfig::new()
            .with_target_partitions(2)
            .with_batch_size(64);
        let session = Session::new_with_config_rt(config, runtime);
        let streams = vec![stream(0), stream(1)];
        let table = MemTable::try_new(streams[0][0].schema(), streams)?;
        session.register_table("touch", Arc::new(table))?;
        let sql = "select place, count(distinct text) as texts from touch group by place";
        let found = session.sql(sql).await?.collect().await?;
        Ok(found.iter().map(RecordBatch::num_rows).sum())
    }

    /// If exchanges could be refused, a few of these sizes would never end, other ones
    /// each time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_exchange_that_is_short_of_memory_does_not_stand_still() {
        for kibibytes in 54..80 {
            let running = tokio::spawn(texts_by_place(kibibytes * 1024));
            let ended = tokio::time::timeout(Duration::from_mins(1), running).await;
            match ended.expect("it stands still").unwrap() {
                Ok(rows) => assert_eq!(rows, 11),
                Err(cause) => {
                    let root = cause.find_root();
                    let is_of_memory = matches!(root, DataFusionError::ResourcesExhausted(_));
                    assert!(is_of_memory, "{cause}");
                }
            }
        }
    }
}
