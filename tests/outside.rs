//! The program from outside, as a user meets it: each test has a folder of its own and no network.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "outside/harness.rs"]
mod harness;

#[path = "outside/architecture.rs"]
mod architecture;
#[path = "outside/bad_input.rs"]
mod bad_input;
#[path = "outside/browser.rs"]
mod browser;
#[path = "outside/by_hand.rs"]
mod by_hand;
#[path = "outside/chapter.rs"]
mod chapter;
#[path = "outside/classes.rs"]
mod classes;
#[path = "outside/cluster.rs"]
mod cluster;
#[path = "outside/commands.rs"]
mod commands;
#[path = "outside/compare.rs"]
mod compare;
#[path = "outside/detach.rs"]
mod detach;
#[cfg(unix)]
#[path = "outside/drawings.rs"]
mod drawings;
#[path = "outside/evaluate.rs"]
mod evaluate;
#[path = "outside/export.rs"]
mod export;
#[path = "outside/fit.rs"]
mod fit;
#[path = "outside/foreign_files.rs"]
mod foreign_files;
#[path = "outside/interrupted_study.rs"]
mod interrupted_study;
#[path = "outside/large.rs"]
mod large;
#[path = "outside/lr_find.rs"]
mod lr_find;
#[path = "outside/manners.rs"]
mod manners;
#[path = "outside/odd_input.rs"]
mod odd_input;
#[path = "outside/on_backends.rs"]
mod on_backends;
#[path = "outside/pages.rs"]
mod pages;
#[path = "outside/parallel.rs"]
mod parallel;
#[path = "outside/parity.rs"]
mod parity;
#[path = "outside/pictures.rs"]
mod pictures;
#[path = "outside/readme.rs"]
mod readme;
#[path = "outside/refused_study.rs"]
mod refused_study;
#[path = "outside/report.rs"]
mod report;
#[path = "outside/resume.rs"]
mod resume;
#[path = "outside/run_picture.rs"]
mod run_picture;
#[path = "outside/runs.rs"]
mod runs;
#[cfg(unix)]
#[path = "outside/serve.rs"]
mod serve;
#[path = "outside/shared_study.rs"]
mod shared_study;
#[path = "outside/show.rs"]
mod show;
#[path = "outside/slurm.rs"]
mod slurm;
#[path = "outside/sweep.rs"]
mod sweep;
#[path = "outside/tensorboard.rs"]
mod tensorboard;
#[path = "outside/tour.rs"]
mod tour;
#[path = "outside/trouble.rs"]
mod trouble;
#[path = "outside/watch.rs"]
mod watch;
#[path = "outside/which_run.rs"]
mod which_run;
#[path = "outside/workbench.rs"]
mod workbench;
