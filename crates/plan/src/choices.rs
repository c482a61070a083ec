//! The closed enums of a plan, each with its names in TOML.

use std::fmt;

use serde::{Deserialize, Serialize};
use task::Task;

/// An enum whose variants have one name each, the same in TOML, in messages and on the command line.
macro_rules! choices {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Every name, in the order of the choices.
            pub const NAMES: &[&str] = &[$($word),+];

            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name)
            }

            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

choices! {
    /// A config that is compiled in, so that an installed binary works in any folder.
    BuiltIn {
        /// `configs/base.toml`: every key and its default.
        Base = "base",
        /// `configs/linear.toml`: the chapter's linear baseline.
        Linear = "linear",
        /// `configs/two-layer.toml`: the chapter's simple net.
        TwoLayer = "two-layer",
        /// `configs/resnet.toml`: a small residual net of convolutions.
        ResNet = "resnet",
        /// `configs/resnet-augmented.toml`: the same on images that are changed a little in each epoch.
        ResNetAugmented = "resnet-augmented",
        /// `configs/mnist-linear.toml`: one layer on all ten digits.
        MnistLinear = "mnist-linear",
        /// `configs/mnist-two-layer.toml`: two layers on all ten digits.
        MnistTwoLayer = "mnist-two-layer",
        /// `configs/mnist-simple-cnn.toml`: the convolutional net of the book's chapter 13 on all ten digits.
        MnistSimpleCnn = "mnist-simple-cnn",
        /// `configs/mnist.toml`: the residual net on all ten digits.
        Mnist = "mnist",
        /// `configs/mnist-augmented.toml`: the same on images that are changed a little in each epoch.
        MnistAugmented = "mnist-augmented",
        /// `configs/mnist-best.toml`: what does best within five minutes on two cores.
        MnistBest = "mnist-best",
        /// `configs/cifar-10.toml`: CIFAR-10 with a wider residual net, on images that are mirrored and shifted.
        Cifar10 = "cifar-10",
        /// `configs/cifar-10-best.toml`: what does best on it within fifteen minutes on two cores.
        Cifar10Best = "cifar-10-best",
        /// `configs/folder.toml`: images of the reader's own, to start from.
        Folder = "folder",
    }
}

choices! {
    /// `backend`: which backend is asked for.
    BackendChoice {
        /// The fastest compiled-in backend that has a device.
        Auto = "auto",
        /// Rust on the CPU, by the ndarray crate.
        Ndarray = "ndarray",
        /// Rust on the CPU, by Burn's own kernels.
        Flex = "flex",
        /// A GPU through Vulkan, Metal or DX12.
        Wgpu = "wgpu",
        /// LibTorch on the CPU.
        TchCpu = "tch-cpu",
        /// LibTorch on an NVIDIA GPU.
        TchCuda = "tch-cuda",
        /// LibTorch on Apple's GPU.
        TchMps = "tch-mps",
        /// Burn's own kernels on an NVIDIA GPU.
        Cuda = "cuda",
    }
}

choices! {
    /// `data.source`: where images come from.
    SourceKind {
        /// The cache, `MNIST_SAMPLE_ARCHIVE`, the download, or else synthetic digits with a warning.
        Auto = "auto",
        /// The official MNIST_SAMPLE archive: from the cache, `MNIST_SAMPLE_ARCHIVE` or the download.
        MnistSample = "mnist-sample",
        /// All of MNIST, downloaded: ten digits.
        Mnist = "mnist",
        /// Fashion-MNIST, downloaded: ten articles of clothing.
        FashionMnist = "fashion-mnist",
        /// Kuzushiji-MNIST, downloaded: ten characters.
        Kmnist = "kmnist",
        /// CIFAR-10, downloaded: ten animals and vehicles, in colour.
        Cifar10 = "cifar-10",
        /// A local .tgz of that layout.
        Archive = "archive",
        /// `train/<class>/<image>` and `valid/<class>/<image>`, or `<class>/<image>`.
        Folder = "folder",
        /// A table of paths and labels, or a folder of such tables.
        Csv = "csv",
        /// Arrays of NumPy, as Keras' mnist.npz and MedMNIST.
        Npz = "npz",
        /// The four MNIST IDX files, plain or .gz.
        Idx = "idx",
        /// Drawn by the program.
        Synthetic = "synthetic",
    }
}

impl SourceKind {
    /// What `data.path` is for it; none where it reads no path.
    #[must_use]
    pub fn reads(self) -> Option<&'static str> {
        match self {
            Self::Archive => Some(".tgz"),
            Self::Folder => Some("folder"),
            Self::Csv => Some("table, or folder of tables,"),
            Self::Npz => Some(".npz"),
            Self::Idx => Some("folder of the four files"),
            Self::Auto
            | Self::MnistSample
            | Self::Mnist
            | Self::FashionMnist
            | Self::Kmnist
            | Self::Cifar10
            | Self::Synthetic => None,
        }
    }
}

choices! {
    /// `data.fit`: how an image of other proportions fits the size.
    Fit {
        /// Its middle, as large as it fits.
        Crop = "crop",
        /// The whole image, on black.
        Pad = "pad",
        /// The whole image, each side by a factor of its own.
        Squish = "squish",
    }
}

choices! {
    /// `data.sampling`: how often the images of an epoch come.
    Sampling {
        /// Each once.
        Each = "each",
        /// So that all classes are as frequent.
        Balanced = "balanced",
    }
}

choices! {
    /// `data.on_broken`: what a file does that cannot be decoded.
    OnBroken {
        /// It stops the run before it begins.
        Stop = "stop",
        /// It is left out, and listed.
        Skip = "skip",
    }
}

choices! {
    /// `model.kind`: which network.
    ModelKind {
        /// One layer, pixels to outputs.
        Linear = "linear",
        /// Two layers with a ReLU between, pixels to hidden units to outputs.
        TwoLayer = "two-layer",
        /// Convolutions: a stem and stages of residual blocks.
        ResNet = "resnet",
        /// Convolutions that halve the sides until a pixel is left: that of the book's chapter 13.
        SimpleCnn = "simple-cnn",
    }
}

choices! {
    /// `training.loss`: what is minimised, on the logits of a batch.
    Loss {
        /// The chapter's for two classes, cross-entropy for more.
        Auto = "auto",
        /// The chapter's: the mean distance of the probability of the class that it is from 1.
        MnistLoss = "mnist-loss",
        /// Cross-entropy on logits, for any number of classes.
        CrossEntropy = "cross-entropy",
        /// The same, for two classes alone.
        BinaryCrossEntropy = "binary-cross-entropy",
        /// Mean squared error of the probabilities: the Brier score.
        MeanSquaredError = "mean-squared-error",
    }
}

impl Loss {
    /// The one that `auto` and `cross-entropy` come to for this task.
    #[must_use]
    pub fn of(self, task: &Task) -> Self {
        match (self, task.is_binary()) {
            (Self::Auto, true) => Self::MnistLoss,
            (Self::Auto, false) => Self::CrossEntropy,
            (Self::CrossEntropy, true) => Self::BinaryCrossEntropy,
            (loss, _) => loss,
        }
    }

    /// Whether it is defined for this task.
    #[must_use]
    pub fn is_for(self, task: &Task) -> bool {
        self != Self::BinaryCrossEntropy || task.is_binary()
    }
}

choices! {
    /// `training.monitor`: the metric of the validation split that says which epoch is best.
    Monitor {
        /// The loss; less is better.
        ValidLoss = "valid_loss",
        /// The fraction labelled right.
        Accuracy = "accuracy",
        /// Of what is labelled positive, the fraction that is.
        Precision = "precision",
        /// Of what is positive, the fraction labelled so.
        Recall = "recall",
        /// The harmonic mean of precision and recall.
        F1 = "f1",
        /// The area under the ROC curve.
        RocAuc = "roc_auc",
        /// The fraction whose class is among the three most probable.
        Top3 = "top_3",
        /// The mean -ln of the probability of the right class; less is better.
        LogLoss = "log_loss",
        /// The expected calibration error; less is better.
        CalibrationError = "calibration_error",
    }
}

choices! {
    /// `optimizer.kind`: how gradients become steps.
    OptimizerKind {
        /// Stochastic gradient descent, with momentum where asked for.
        Sgd = "sgd",
        /// Adam, weight decay as an L2 penalty.
        Adam = "adam",
        /// Adam with decoupled weight decay.
        AdamW = "adamw",
    }
}

choices! {
    /// `schedule.kind`: how the learning rate goes over the run.
    ScheduleKind {
        /// The same at each step.
        Constant = "constant",
        /// Half a cosine, down to 0.
        Cosine = "cosine",
        /// fastai's fit_one_cycle.
        OneCycle = "one-cycle",
    }
}
