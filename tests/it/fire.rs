//! Publishing under fire: a whole night of a small pipeline, with everything
//! going wrong that can, one thing at a time. The tests here are a short form;
//! [`campaign`] is the whole of it and writes `docs/reliability.md`.

mod campaign;
mod figures;
pub(crate) mod killed;
pub(crate) mod operations;
mod oracle;
mod order;
pub(crate) mod process;
mod program;
mod rivals;
mod small;

use std::sync::Arc;

use crate::support::fault::Fault;
use crate::support::s3::Misfire;
use killed::{LocalWorld, kill_loops};
use operations::{S3World, World, spread, sweep_memory};
use program::Program;
use rivals::Rivalry;

/// Drives `work` on threads with the stack that the program gives them.
pub(crate) fn on_threads<T, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    const STACK: usize = 32 << 20;
    let drive = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime
            .enable_all()
            .worker_threads(2)
            .thread_stack_size(STACK);
        runtime.build().unwrap().block_on(work())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(drive);
    match thread.unwrap().join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[test]
fn any_operation_may_fail_or_lose_its_answer() {
    on_threads(|| async {
        let world = Arc::new(World::new().await);
        assert!(world.operations > 40, "{} operations", world.operations);
        let all = 0..world.operations;
        let lost = sweep_memory(&world, Fault::After, "answer lost", all);
        lost.await.hold();
        let some = spread(20, world.operations).into_iter();
        let dead = sweep_memory(&world, Fault::DeadBefore, "storage gone", some);
        dead.await.hold();
    });
}

#[test]
fn a_server_may_answer_anything() {
    on_threads(|| async {
        let world = Arc::new(World::new().await);
        let s3 = S3World::new(&world).await;
        let some = || spread(8, s3.requests).into_iter();
        for misfire in [Misfire::Busy, Misfire::ResetAfter, Misfire::Conflict] {
            s3.sweep(misfire, "misfire", some()).await.hold();
        }
    });
}

#[test]
fn a_night_may_die_at_any_time() {
    on_threads(|| async {
        let local = Arc::new(LocalWorld::new(&Arc::new(World::new().await)).await);
        for fault in [Fault::AbortBefore, Fault::AbortAfter] {
            let some = spread(6, local.operations).into_iter();
            local.aborts(fault, "abort", some).await.hold();
        }
        kill_loops(&*local, 10, 1).await.figures.hold();
    });
}

#[test]
fn the_program_itself_may_be_killed_at_any_time() {
    on_threads(|| async {
        let program = Program::new().await;
        let killed = kill_loops(&program, 4, 3).await;
        killed.figures.hold();
        assert!(killed.inside() > 0, "{:?}", killed.places);
    });
}

#[test]
fn writers_of_one_day_may_race_and_sleep() {
    on_threads(|| async {
        let world = Arc::new(World::new().await);
        let local = LocalWorld::new(&world).await;
        let rivalry = Arc::new(Rivalry::new(&world).await);
        for (count, is_mixed) in [(2, false), (8, true), (32, true)] {
            let race = rivalry.race(&local, count, is_mixed, 1, "race");
            race.await.hold();
        }
        rivalry.stopped(&local, 3, 2, "stopped").await.hold();
        let some = spread(12, world.operations).into_iter();
        let sleepers = rivalry.sleepers(Fault::HoldBefore, "asleep", some);
        sleepers.await.hold();
    });
}

#[test]
fn threads_and_the_order_of_files_change_no_byte() {
    on_threads(|| async {
        let world = World::new().await;
        for threads in [1, 2, 8] {
            order::reruns(&world, threads, [1, 5].into_iter())
                .await
                .hold();
        }
    });
}
