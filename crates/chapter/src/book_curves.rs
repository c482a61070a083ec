//! The training tables of the chapter's two Learners, as its published notebook prints them (fastai/fastbook,
//! `04_mnist_basics.ipynb`).
//!
//! Its runs have no seed: these are curves to stand beside, not figures to equal. Both train by SGD on batches of 256.

/// A line of such a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookEpoch {
    /// The mean of `mnist_loss` over the training batches as fastai shows it: a running average that forgets slowly, also
    /// from one epoch to the next, so it lags behind the loss of the epoch alone.
    pub train_loss: f64,
    /// Loss on the validation split.
    pub valid_loss: f64,
    /// Accuracy on the validation split, as a fraction.
    pub accuracy: f64,
}

/// `Learner(dls, nn.Linear(28*28,1), opt_func=SGD, loss_func=mnist_loss, metrics=batch_accuracy)`, `fit(10, lr=1.)`.
pub const LINEAR: [BookEpoch; 10] = [
    epoch(0.636857, 0.503549, 0.495584),
    epoch(0.545725, 0.170281, 0.866045),
    epoch(0.199223, 0.184893, 0.831207),
    epoch(0.086580, 0.107836, 0.911187),
    epoch(0.045185, 0.078481, 0.932777),
    epoch(0.029108, 0.062792, 0.946516),
    epoch(0.022560, 0.053017, 0.955348),
    epoch(0.019687, 0.046500, 0.962218),
    epoch(0.018252, 0.041929, 0.965162),
    epoch(0.017402, 0.038573, 0.967615),
];

/// The same with `nn.Sequential(nn.Linear(28*28,30), nn.ReLU(), nn.Linear(30,1))`, `fit(40, 0.1)`.
pub const TWO_LAYER: [BookEpoch; 40] = [
    epoch(0.305828, 0.399663, 0.508341),
    epoch(0.142960, 0.225702, 0.807655),
    epoch(0.079516, 0.113519, 0.919529),
    epoch(0.052391, 0.076792, 0.943081),
    epoch(0.039796, 0.060083, 0.956330),
    epoch(0.033368, 0.050713, 0.963690),
    epoch(0.029680, 0.044797, 0.965653),
    epoch(0.027290, 0.040729, 0.968106),
    epoch(0.025568, 0.037771, 0.968597),
    epoch(0.024233, 0.035508, 0.970559),
    epoch(0.023149, 0.033714, 0.972031),
    epoch(0.022242, 0.032243, 0.972522),
    epoch(0.021468, 0.031006, 0.973503),
    epoch(0.020796, 0.029944, 0.974485),
    epoch(0.020207, 0.029016, 0.975466),
    epoch(0.019683, 0.028196, 0.976448),
    epoch(0.019215, 0.027463, 0.976448),
    epoch(0.018791, 0.026806, 0.976938),
    epoch(0.018405, 0.026212, 0.977920),
    epoch(0.018051, 0.025671, 0.977920),
    epoch(0.017725, 0.025179, 0.977920),
    epoch(0.017422, 0.024728, 0.978410),
    epoch(0.017141, 0.024313, 0.978901),
    epoch(0.016878, 0.023932, 0.979392),
    epoch(0.016632, 0.023580, 0.979882),
    epoch(0.016400, 0.023254, 0.979882),
    epoch(0.016181, 0.022952, 0.979882),
    epoch(0.015975, 0.022672, 0.980864),
    epoch(0.015779, 0.022411, 0.980864),
    epoch(0.015593, 0.022168, 0.981845),
    epoch(0.015417, 0.021941, 0.981845),
    epoch(0.015249, 0.021728, 0.981845),
    epoch(0.015088, 0.021529, 0.981845),
    epoch(0.014935, 0.021341, 0.981845),
    epoch(0.014788, 0.021164, 0.981845),
    epoch(0.014647, 0.020998, 0.982336),
    epoch(0.014512, 0.020840, 0.982826),
    epoch(0.014382, 0.020691, 0.982826),
    epoch(0.014257, 0.020550, 0.982826),
    epoch(0.014136, 0.020415, 0.982826),
];

const fn epoch(train_loss: f64, valid_loss: f64, accuracy: f64) -> BookEpoch {
    BookEpoch { train_loss, valid_loss, accuracy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_end_as_the_text_says() {
        assert_eq!(LINEAR[9], epoch(0.017402, 0.038573, 0.967615));
        // The notebook prints it once more in full: learn.recorder.values[-1][2].
        assert!((TWO_LAYER[39].accuracy - 0.982826292514801).abs() < 1e-6);
    }

    #[test]
    fn every_accuracy_is_a_count_of_the_2038_validation_images() {
        for BookEpoch { accuracy, .. } in LINEAR.iter().chain(&TWO_LAYER) {
            let count = accuracy * 2038.0;
            assert!((count - count.round()).abs() < 2e-3, "{accuracy}");
        }
    }
}
