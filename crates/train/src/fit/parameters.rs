//! The values of a network's parameters.

use std::hash::{DefaultHasher, Hasher as _};

use burn::{
    module::{Module as _, ModuleVisitor, Param},
    tensor::{Tensor, Transaction},
};
use model::{AutodiffBackend, Network};

/// Each parameter that training changes by its gradient, by its path, brought to the host together.
pub fn values<B: AutodiffBackend>(network: &Network<B>) -> Vec<(String, Vec<f32>)> {
    let mut trained = Values { transaction: Transaction::default(), names: Vec::new(), path: Vec::new() };
    network.visit(&mut trained);
    let values = trained.transaction.execute().into_iter().map(|data| data.convert::<f32>().iter().collect());
    trained.names.into_iter().zip(values).collect()
}

/// A word that is the same for the same values of all parameters, and else hardly ever.
pub fn digest<B: AutodiffBackend>(network: &Network<B>) -> u32 {
    let mut hasher = DefaultHasher::new();
    values(network).iter().flat_map(|(_, values)| values).for_each(|value| hasher.write_u32(value.to_bits()));
    hasher.finish() as u32
}

struct Values<B: AutodiffBackend> {
    transaction: Transaction<B>,
    names: Vec<String>,
    path: Vec<String>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Values<B> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        if value.is_require_grad() {
            // The first name is that of the enum's variant.
            self.names.push(self.path[1..].join("."));
            self.transaction = std::mem::take(&mut self.transaction).register(value);
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Autodiff;
    use burn_flex::Flex;
    use model::{ResNet, TwoLayerNet};
    use task::Shape;

    use super::*;

    type B = Autodiff<Flex>;

    #[test]
    fn they_come_by_path_and_with_all_values() {
        let device = Default::default();
        let network = Network::<B>::TwoLayer(TwoLayerNet::new([784, 30, 1], 0, &device));
        let sizes: Vec<(String, usize)> = values(&network).into_iter().map(|(name, v)| (name, v.len())).collect();
        let expected = [("first.weight", 23520), ("first.bias", 30), ("second.weight", 30), ("second.bias", 1)];
        assert_eq!(sizes, expected.map(|(name, size)| (name.to_owned(), size)));
    }

    #[test]
    fn running_statistics_are_not_among_them() {
        let network =
            Network::<B>::ResNet(ResNet::new(Shape::grey([28, 28]), 2, &[1, 1, 1], 1, 0, &Default::default()));
        let values = values(&network);
        assert_eq!(values.iter().map(|(_, values)| values.len()).sum::<usize>(), network.num_trained());
        assert!(values.iter().all(|(name, _)| !name.contains("running")));
    }
}
