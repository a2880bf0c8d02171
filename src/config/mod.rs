//! The pipeline's YAML, typed and checked, and the `cfg_*` tables made of it.
//!
//! Pure: text in, values out. Nothing here reads a file, a clock or the
//! environment. A section that a pipeline leaves out is that of the shipped
//! `pipelines/nightly.yaml`, so a threshold is written in one place only.

mod attribution;
mod backtest;
mod buying_group;
mod calendar;
mod churn_model;
mod cohort;
pub mod contract;
mod cron;
mod experiment;
mod funnel;
mod handover;
mod health;
mod identity;
mod journey;
mod lifetime;
mod lists;
mod ordered;
mod pipeline;
mod relationship;
mod risk;
mod schedule;
mod source_history;
mod survey;
mod tables;
mod voice;
mod words;

pub use attribution::Attribution;
pub use backtest::Backtest;
pub use buying_group::{BuyingGroup, Engagement, PurchaseMoment, PurchasePhase, RoleInfluence};
pub use churn_model::{
    CardRow, Champion, ChurnFeature, ChurnSettings, Ladder, ReferenceRow, TrainedTables, trained,
};
pub use cohort::{CohortStart, Cohorts};
pub use cron::Cron;
pub use experiment::Experiment;
pub use funnel::{Funnel, FunnelAttribute, FunnelExclusion, FunnelHold, FunnelStep, FunnelUnit};
pub use handover::{Digest, Handover, LIST_NAMES, SheetFormat, Webhook};
pub use health::{
    Cap, Combiner, CurvePoint, Dimension, Direction, Disagreement, Health, HealthProfile, Measure,
    ProfileCondition, Reference, ReferenceGroup, ScoreTier, SignalRange,
};
pub use identity::Identity;
pub use journey::{
    AnswerClass, AnswerCondition, DealCondition, Journey, PayingCondition, RenewalCondition,
    StageRule, TicketCondition, TouchCondition, WonDealCondition,
};
pub use lifetime::LifetimeValue;
pub use lists::{
    AdvocateRules, AlertRules, ExpansionRules, Holdout, ListLimit, ListReason, ListWord, Lists,
    NextBestActionRules, NurtureRules, OutcomeRules, SurveySendRules, SurveyTrigger, TaskRules,
};
pub use pipeline::{
    FileFormat, Language, Localised, Pipeline, SHIPPED_PIPELINE, SourceSpec, schema_json,
};
pub use relationship::{Relationship, RelationshipSign};
pub use risk::{ProbabilityTier, RenewalWeight, Risk, RiskFactor};
pub use schedule::Schedule;
pub use survey::SurveyMetric;
pub use tables::{TABLE_NAMES, tables};
pub use voice::{Drivers, ExperienceFactor, Fulfilment, Voice, VoiceStage};
pub use words::{kind_of, word};
