//! Manifests that lie, and states that come and go.

use bundle::{ComponentName, DType, Dim, Manifest};
use runtime::{RuntimeError, Stream};
use tensor::Tensor;

use crate::flow_lm::FlowLm;
use crate::loader::Loader;
use crate::mimi::MimiDecoder;
use crate::module::Module;
use crate::{Engine, WeightBytes};

/// A manifest and the data file of one of its components.
struct Case {
    manifest: Manifest,
    name: ComponentName,
    data: Vec<u8>,
}

impl Case {
    fn new(model: &str, name: ComponentName) -> Self {
        let bundle = testkit::bundle(model, 17).unwrap();
        let manifest = Manifest::read(&bundle.path()).unwrap();
        let data = bundle.path().join(&manifest.components[&name].data.name);
        Self {
            data: std::fs::read(data).unwrap(),
            manifest,
            name,
        }
    }

    fn load(&self, manifest: &Manifest) -> Result<Box<dyn Stream>, String> {
        let data = WeightBytes::new(self.data.clone());
        let stream = Engine::default().stream(manifest, self.name, data);
        stream.map_err(|error| match error {
            RuntimeError::Load { source, .. } => source.to_string(),
            other => other.to_string(),
        })
    }

    /// What loading says to a manifest whose component was changed.
    fn refusal(&self, change: impl FnOnce(&mut bundle::Component)) -> String {
        let mut manifest = self.manifest.clone();
        change(manifest.components.get_mut(&self.name).unwrap());
        self.load(&manifest).err().unwrap_or_default()
    }
}

/// Renames a state in the list of states and in that of inputs.
fn set_shape(component: &mut bundle::Component, index: usize, shape: Vec<Dim>) {
    let state = &mut component.states[index];
    let input = component.inputs.iter_mut().find(|i| i.name == state.input);
    input.unwrap().shape.clone_from(&shape);
    state.shape = shape;
}

#[test]
fn states_that_the_model_does_not_have_are_refused() {
    let mut wrong = Vec::new();
    for name in [ComponentName::FlowLm, ComponentName::MimiDecoder] {
        let case = Case::new("tiny_english", name);
        assert!(case.load(&case.manifest).is_ok());
        for (index, state) in case.manifest.components[&name].states.iter().enumerate() {
            let mut check = |what: &str, refusal: String| {
                if !refusal.contains(&state.input) {
                    wrong.push(format!("{what} of {}: {refusal:?}", state.input));
                }
            };
            for module in [
                "",
                "nothing",
                "upsample",
                "decoder",
                "decoder.model.99",
                "Upsample.convtr",
            ] {
                let refusal = case.refusal(|c| c.states[index].module = module.to_owned());
                check(&format!("module {module:?}"), refusal);
            }
            let refusal = case.refusal(|c| c.states[index].module.push('0'));
            check("module with a digit more", refusal);
            check(
                "key",
                case.refusal(|c| c.states[index].key = "other".to_owned()),
            );
            check("index 2", case.refusal(|c| c.states[index].index = Some(2)));
            check(
                "dtype",
                case.refusal(|c| c.states[index].dtype = DType::I64),
            );
            let shapes: [Vec<Dim>; 3] = [
                vec![],
                vec![Dim::Fixed(usize::MAX), Dim::Fixed(2)],
                (state.shape.iter().map(|dim| match dim {
                    Dim::Fixed(size) => Dim::Fixed(size + 1),
                    symbol @ Dim::Symbol(_) => symbol.clone(),
                }))
                .collect(),
            ];
            for shape in shapes {
                let text = format!("shape {shape:?}");
                check(&text, case.refusal(|c| set_shape(c, index, shape)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn inputs_that_the_model_does_not_take_are_refused() {
    let mut wrong = Vec::new();
    for name in ComponentName::ALL {
        let case = Case::new("tiny_english", name);
        let component = &case.manifest.components[&name];
        for (index, input) in component.inputs.iter().enumerate() {
            let mut check = |what: &str, refusal: String| {
                if !refusal.contains(&input.name) && !refusal.contains("positions") {
                    wrong.push(format!("{what} of {}: {refusal:?}", input.name));
                }
            };
            let own = component
                .position
                .as_ref()
                .is_none_or(|p| p.input != input.name);
            if own {
                check("none", case.refusal(|c| drop(c.inputs.remove(index))));
                check(
                    "dtype",
                    case.refusal(|c| {
                        let dtype = &mut c.inputs[index].dtype;
                        *dtype = if *dtype == DType::F32 {
                            DType::I64
                        } else {
                            DType::F32
                        };
                    }),
                );
                check(
                    "a size more",
                    case.refusal(|c| c.inputs[index].shape.push(Dim::Fixed(1))),
                );
                check("no size", case.refusal(|c| c.inputs[index].shape.clear()));
            }
            check("name", case.refusal(|c| c.inputs[index].name.push('!')));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Rows of one call: as many of each.
    let case = Case::new("tiny_english", ComponentName::FlowNet);
    let refusal = case.refusal(|c| c.inputs[0].shape[0] = Dim::Symbol("others".to_owned()));
    assert!(refusal.starts_with("the input"), "{refusal}");
}

#[test]
fn positions_are_counted_as_the_model_does() {
    for (name, changed) in [
        (ComponentName::FlowLm, "does not count positions"),
        (ComponentName::MimiDecoder, "does not count positions"),
    ] {
        let case = Case::new("tiny_english", name);
        let position = case.manifest.components[&name].position.clone().unwrap();
        let without = case.refusal(|c| {
            c.position = None;
            c.inputs.retain(|input| input.name != position.input);
        });
        assert!(without.contains(changed), "{without}");
        let negative = case.refusal(|c| c.position.as_mut().unwrap().initial = -1);
        assert!(negative.contains(changed), "{negative}");

        let mut stream = case.load(&case.manifest).unwrap();
        for position in [-1, i64::MIN] {
            let error = stream.set_position(position).unwrap_err().to_string();
            assert!(error.contains("a position is 0 or more"), "{error}");
        }
        // No more positions than 64 bits hold, and no fault at the last of them.
        stream.set_position(i64::MAX).unwrap();
        let values = Tensor::f32(vec![1, 1, 8], vec![0.0; 8]).unwrap();
        let empty = Tensor::f32(vec![1, 0, 32], vec![]).unwrap();
        let inputs = [("latents", values.view()), ("embeddings", empty.view())];
        let taken = if name == ComponentName::FlowLm { 2 } else { 1 };
        assert!(stream.run(&inputs[..taken]).is_err());
        assert_eq!(stream.position(), Some(i64::MAX));
    }
}

#[test]
fn states_come_back_as_they_were_set() {
    for name in [ComponentName::FlowLm, ComponentName::MimiDecoder] {
        let case = Case::new("tiny_2m", name);
        let mut stream = case.load(&case.manifest).unwrap();
        for state in &case.manifest.components[&name].states {
            let size = |dim: &Dim| match dim {
                Dim::Fixed(size) => *size,
                Dim::Symbol(_) => 3,
            };
            let shape: Vec<usize> = state.shape.iter().map(size).collect();
            let count = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|i| (i % 17) as f32 / 16.0 - 0.5).collect();
            let value = Tensor::f32(shape, values.clone()).unwrap();
            stream.set_state(&state.input, value).unwrap();
            let back = stream.state(&state.input).unwrap();
            for (is, was) in back.as_f32().unwrap().iter().zip(&values) {
                // Caches and biases round.
                assert!((is - was).abs() < 1e-2, "{}: {is} was {was}", state.input);
            }
            let longer = Tensor::f32(vec![count + 1], vec![0.0; count + 1]).unwrap();
            assert!(stream.set_state(&state.input, longer).is_err());
        }
        let value = Tensor::f32(vec![1], vec![0.0]).unwrap();
        assert!(stream.set_state("nothing", value).is_err());
        assert!(stream.state("nothing").is_err());
    }
}

#[test]
fn a_module_takes_only_states_that_it_has() {
    fn takes<M: Module>(module: &M, state: &bundle::State, value: &[f32]) -> bool {
        let mut ctx = crate::context::Context::default();
        let mut own = module.start();
        module.set_state(&mut ctx, &mut own, state, value).is_ok()
    }
    let case = Case::new("tiny_english", ComponentName::MimiDecoder);
    let component = &case.manifest.components[&case.name];
    let config = case.manifest.config();
    let data = WeightBytes::new(case.data.clone());
    let loader = Loader::new(component, data, kernels::CpuKernels::default(), true);
    let format = kernels::CacheFormat::F32;
    let decoder = MimiDecoder::new(&loader, &config, format, None).unwrap();
    for state in &component.states {
        let size = decoder.state_size(state).unwrap();
        assert!(takes(&decoder, state, &vec![0.0; size]), "{state:?}");
        assert!(!takes(&decoder, state, &vec![0.0; size + 1]), "{state:?}");
        let mut other = state.clone();
        other.module = "quantizer".to_owned();
        assert!(!takes(&decoder, &other, &vec![0.0; size]), "{other:?}");
    }

    let case = Case::new("tiny_english", ComponentName::FlowLm);
    let component = &case.manifest.components[&case.name];
    let config = case.manifest.config();
    let data = WeightBytes::new(case.data.clone());
    let loader = Loader::new(component, data, kernels::CpuKernels::default(), false);
    let flow_lm = FlowLm::new(
        &loader,
        &config.flow_lm,
        config.mimi.latent_dim(),
        format,
        &[],
    )
    .unwrap();
    for state in &component.states {
        let size = flow_lm.state_size(state).unwrap();
        assert!(takes(&flow_lm, state, &vec![0.0; 2 * size]), "{state:?}");
        assert!(!takes(&flow_lm, state, &vec![0.0; size + 1]), "{state:?}");
        let mut other = state.clone();
        other.module = other.module.replace("layers.", "layers.9");
        assert!(!takes(&flow_lm, &other, &vec![0.0; size]), "{other:?}");
    }
}
