//! How a run's model is used: commands of this program, and lines for PyTorch.

use std::path::Path;

use chart::Block;
use files::quoted;
use plan::{ModelKind, Plan};
use run::folder;
use task::Shape;

use crate::run_report::settings;

/// What a report says of a run in this folder, with the plan that repeats it; `resume` is what `--resume` needs besides it, where it can be gone on with.
pub fn block(run: &Path, plan: &Plan, outputs: usize, shape: Shape, resume: Option<&str>) -> Block {
    let name = quoted(run);
    let config = quoted(&folder::config_path(run));
    let mut lines = format!("train predict {name} image.png\n");
    lines += &format!("train evaluate {name} --charts\n");
    lines += &format!("train {config}\n");
    lines += &resume.map_or_else(String::new, |more| format!("train --resume {name}{more}\n"));
    let caption = match resume {
        Some(_) => "Use it: predict, evaluate, repeat, go on",
        None => "Use it: predict, evaluate, repeat",
    };
    let commands = Block::Code { caption: caption.into(), lines };
    let pytorch = Block::Code { caption: "Python".into(), lines: in_pytorch(run, plan, outputs, shape) };
    let pytorch = Block::Fold { summary: "In PyTorch".into(), blocks: vec![pytorch] };
    let plan = Block::Fold {
        summary: "Its plan, and what of it differs from base.toml".into(),
        blocks: settings(run, plan).into(),
    };
    Block::Together(vec![commands, pytorch, plan])
}

fn in_pytorch(run: &Path, plan: &Plan, outputs: usize, shape: Shape) -> String {
    let (pixels, hidden) = (shape.len(), plan.model.hidden);
    let net = match plan.model.kind {
        ModelKind::Linear => format!("nn.Linear({pixels}, {outputs})"),
        ModelKind::TwoLayer => {
            format!("nn.Sequential(nn.Linear({pixels}, {hidden}), nn.ReLU(), nn.Linear({hidden}, {outputs}))")
        }
        ModelKind::ResNet | ModelKind::SimpleCnn => {
            return format!(
                "from pytorch import load  # docs/pytorch.py of the program\n\n\
                 net, classes, shape = load({:?})\n\
                 # net(images) gives logits for images of shape [batch, {}, {}, {}] with values from 0 to 1\n",
                run.display().to_string(),
                shape.channels,
                shape.height,
                shape.width
            );
        }
    };
    let model = folder::model_path(run).display().to_string();
    format!(
        "from torch import nn\nfrom safetensors.torch import load_file\n\nnet = {net}\nnet.load_state_dict(load_file({model:?}))\n\
         # net(images) gives logits for images of shape [batch, {pixels}] with values from 0 to 1\n"
    )
}
