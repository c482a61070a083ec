//! probe
use std::sync::Arc;
use burn::backend::Autodiff;
use train::{fit::*, plan::*, run_folder::RunFolder, observer::*};
struct P;
impl Observer for P { fn batches(&mut self,_:&EpochProgress){} fn epoch(&mut self,r:&EpochRecord,n:usize){ println!("{}/{n} train {:.6} valid {:.6} acc {:.6} {:.1}ms {:.0} img/s", r.epoch, r.train.loss, r.valid.loss, r.valid.accuracy, r.seconds*1e3, r.images_per_second); } }
fn main(){
  let t=std::time::Instant::now();
  let sets: Vec<Setting> = std::env::args().skip(2).map(|a| Setting::parse(&a).unwrap()).collect();
  let plan=Arc::new(Plan::resolve(&Config::find("two-layer".as_ref()), &sets).unwrap());
  let req=data::Request{source:data::Source::Archive{path:"../shared/data/mnist_sample.tgz".into()}, classes:plan.data.classes.clone(), cache:Some("/tmp/cc".into()), ..Default::default()};
  let d=data::load(&req,&mut |_|{}).unwrap();
  println!("data {:?}", t.elapsed());
  let folder=RunFolder::create(&plan).unwrap();
  let job=Job{plan,data:&d,folder:&folder,resume:None,device_names:["a".into(),"b".into()],observer:Box::new(P),interrupter:Default::default(),tui:false};
  let o= if std::env::args().nth(1).as_deref()==Some("ndarray") { fit::<Autodiff<burn_ndarray::NdArray>>(job,&Default::default()) } else { fit::<Autodiff<burn_flex::Flex>>(job,&Default::default()) };
  println!("{:?} {:?}", o, t.elapsed());
}
