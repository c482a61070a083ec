// Predictions of the model in this page.
const file = Uint8Array.from(atob(models[0].onnx), (letter) => letter.charCodeAt(0));
const compute = network(file);
const SQUARES = 7;

async function predict(model, values, image, why) {
  const seen = image ? await fitted(model, image) : values;
  const { logits, probabilities } = compute(model, seen);
  const top = probabilities.map((probability, i) => ({ label: model.classes[i], probability, i }));
  top.sort((a, b) => b.probability - a.probability);
  const { label, probability, i } = top[0];
  return { label, probability, top, logits, seen, why: why ? decides(model, seen, i) : undefined };
}

// An image file in the model's shape, as its `data.fit` has it; the browser resizes it.
async function fitted({ channels, height, width, fit }, image) {
  const bitmap = await createImageBitmap(image).catch(() => { throw new Error("this browser does not know such an image"); });
  const small = sized(make("canvas", {}), height, width);
  small.imageSmoothingQuality = "high";
  small.fillRect(0, 0, width, height);
  const scales = [width / bitmap.width, height / bitmap.height];
  const scale = fit === "crop" ? Math.max(...scales) : Math.min(...scales);
  const [wide, high] = fit === "squish" ? [width, height] : [bitmap.width * scale, bitmap.height * scale];
  small.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
  const data = small.getImageData(0, 0, width, height).data;
  const pixel = (i, colour) => (isInverted ? 255 - data[4 * i + colour] : data[4 * i + colour]) / 255;
  const plane = (f) => Array.from({ length: height * width }, (_, i) => f(i));
  if (channels === 3) return [0, 1, 2].flatMap((colour) => plane((i) => pixel(i, colour)));
  return plane((i) => 0.299 * pixel(i, 0) + 0.587 * pixel(i, 1) + 0.114 * pixel(i, 2));
}

// What decides a prediction: the gradient of the class's score by each pixel, that times the pixel, and by how much the score falls where
// a square is covered with the mean of the border.
function decides(model, seen, label) {
  const { channels, height, width } = model;
  const score = (image) => scoreOf(compute(model, image).logits, label);
  const whole = score(seen);
  const size = height * width;
  const without = (within, ground) => whole - score(seen.map((value, i) => (within(i % size) ? ground[Math.floor(i / size)] : value)));
  const isBorder = (i) => i < width || i >= size - width || i % width === 0 || i % width === width - 1;
  const ground = Array.from({ length: channels }, (_, c) => {
    const border = seen.slice(c * size, (c + 1) * size).filter((_, i) => isBorder(i));
    return border.reduce((a, b) => a + b) / border.length;
  });
  const side = Math.ceil(Math.max(height, width) / SQUARES);
  const square = (i) => Math.floor(Math.floor(i / width) / side) * SQUARES + Math.floor((i % width) / side);
  const costs = new Map();
  const covered = Array.from({ length: size }, (_, i) => {
    const at = square(i);
    if (!costs.has(at)) costs.set(at, without((pixel) => square(pixel) === at, ground));
    return costs.get(at);
  });
  const slopes = compute(model, seen, label).gradient;
  const overColours = (values) => {
    const sums = new Array(size).fill(0);
    values.forEach((value, at) => { sums[at % size] += value; });
    return sums;
  };
  const [gradient, added] = [slopes, slopes.map((value, i) => value * seen[i])].map(overColours);
  return { gradient, added, covered };
}

find("onnx").href = URL.createObjectURL(new Blob([file]));
