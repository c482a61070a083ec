// The model that stands in this page: a reader of its ONNX file, and the operators that these networks are made of.
const network = (() => {
  // Fields of a protobuf message (<https://protobuf.dev/programming-guides/encoding/>): of each number a list of integers or bytes.
  function fields(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const found = {};
    let at = 0;
    const integer = () => {
      let [value, scale] = [0, 1];
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
    while (at < bytes.length) {
      const key = integer();
      let value;
      if ((key & 7) === 0) {
        value = integer();
      } else if ((key & 7) === 2) {
        const length = integer();
        value = bytes.subarray(at, at + length);
        at += length;
      } else {
        value = view.getFloat32(at, true);
        at += 4;
      }
      (found[key >> 3] ??= []).push(value);
    }
    return found;
  }
  const text = (bytes) => new TextDecoder().decode(bytes);
  const all = (found, number) => found[number] ?? [];

  function read(bytes) {
    const graph = fields(fields(bytes)[7][0]);
    const nodes = all(graph, 1).map(fields).map((node) => ({
      operator: text(node[4][0]),
      inputs: all(node, 1).map(text),
      output: text(node[2][0]),
      attributes: Object.fromEntries(all(node, 5).map(fields).map((one) => [text(one[1][0]), one[8] ?? one[3]?.[0] ?? one[2]?.[0]])),
    }));
    const tensors = Object.fromEntries(all(graph, 5).map(fields).map((tensor) => {
      // A copy begins where a number may.
      const raw = tensor[9]?.[0].slice() ?? new Uint8Array();
      return [text(tensor[8][0]), { dims: tensor[1] ?? [], data: new Float32Array(raw.buffer) }];
    }));
    return { nodes, tensors };
  }

  const each = (x, f) => ({ dims: x.dims, data: x.data.map(f) });
  const both = (a, b, f) => (a.data.length === 1 ? each(b, (value) => f(a.data[0], value)) : each(a, (value, i) => f(value, b.data[i])));

  const operators = {
    Flatten: ([x]) => ({ dims: [x.data.length], data: x.data }),
    Relu: ([x]) => each(x, (value) => Math.max(0, value)),
    Sigmoid: ([x]) => each(x, (value) => 1 / (1 + Math.exp(-value))),
    Add: ([a, b]) => both(a, b, (x, y) => x + y),
    Sub: ([a, b]) => both(a, b, (x, y) => x - y),
    Concat: (parts) => ({ dims: [parts.length], data: Float32Array.from(parts.flatMap((part) => [...part.data])) }),
    Softmax: ([x]) => {
      const most = x.data.reduce((a, b) => Math.max(a, b));
      const powers = x.data.map((value) => Math.exp(value - most));
      const sum = powers.reduce((a, b) => a + b);
      return { dims: x.dims, data: powers.map((value) => value / sum) };
    },
    Gemm: ([x, weight, bias]) => {
      const [outputs, inputs] = weight.dims;
      const data = Float32Array.from(bias.data);
      for (let o = 0; o < outputs; o++) {
        let sum = 0;
        for (let i = 0; i < inputs; i++) sum += weight.data[o * inputs + i] * x.data[i];
        data[o] += sum;
      }
      return { dims: [outputs], data };
    },
    GlobalAveragePool: ([x]) => {
      const size = x.data.length / x.dims[0];
      const mean = (_, channel) => x.data.subarray(channel * size, (channel + 1) * size).reduce((a, b) => a + b) / size;
      return { dims: [x.dims[0], 1, 1], data: Float32Array.from({ length: x.dims[0] }, mean) };
    },
    BatchNormalization: ([x, weight, bias, mean, variance], { epsilon }) => {
      const size = x.data.length / x.dims[0];
      const factor = weight.data.map((value, channel) => value / Math.sqrt(variance.data[channel] + epsilon));
      return each(x, (value, i) => {
        const channel = Math.floor(i / size);
        return (value - mean.data[channel]) * factor[channel] + bias.data[channel];
      });
    },
    Conv: ([x, weight, bias], attributes) => {
      const [high, wide] = sides(x, attributes);
      const outputs = weight.dims[0];
      const data = new Float32Array(outputs * high * wide);
      if (bias) for (let o = 0; o < outputs; o++) data.fill(bias.data[o], o * high * wide, (o + 1) * high * wide);
      taps(x, weight, attributes, (factor, to, from, count, stride) => {
        for (let i = 0; i < count; i++) data[to + i] += factor * x.data[from + i * stride];
      });
      return { dims: [outputs, high, wide], data };
    },
  };

  // Height and width of what a convolution makes.
  const sides = ({ dims: [, ...lengths] }, { strides: [stride], pads, kernel_shape: kernel }) =>
    lengths.map((length, k) => Math.floor((length + 2 * pads[k] - kernel[k]) / stride) + 1);

  // Tells of each weight of a convolution and each line that it makes: the weight, where the line begins, where in the image it is from,
  // and how many pixels of it lie within the image.
  function taps(x, weight, attributes, tell) {
    const { strides: [stride], pads: [top, left], kernel_shape: [rows, columns] } = attributes;
    const [channels, height, width] = x.dims;
    const [high, wide] = sides(x, attributes);
    for (let o = 0; o < weight.dims[0]; o++) {
      for (let c = 0; c < channels; c++) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const factor = weight.data[((o * channels + c) * rows + row) * columns + column];
            const first = Math.max(0, Math.ceil((left - column) / stride));
            const last = Math.min(wide - 1, Math.floor((width - 1 + left - column) / stride));
            for (let y = 0; y < high; y++) {
              const from = y * stride + row - top;
              if (from < 0 || from >= height) continue;
              tell(factor, (o * high + y) * wide + first, (c * height + from) * width + column - left + first * stride, last - first + 1, stride);
            }
          }
        }
      }
    }
  }

  // The gradient by what goes into an operator, from that by what it makes; of those that stand before the logits.
  const backward = {
    Flatten: (slope) => [slope],
    Relu: (slope, [x]) => [slope.map((value, i) => (x.data[i] > 0 ? value : 0))],
    Add: (slope) => [slope, slope],
    Gemm: (slope, [x, weight]) => {
      const inputs = x.data.length;
      return [Float32Array.from(x.data, (_, i) => slope.reduce((sum, value, o) => sum + value * weight.data[o * inputs + i], 0))];
    },
    GlobalAveragePool: (slope, [x]) => {
      const size = x.data.length / x.dims[0];
      return [x.data.map((_, i) => slope[Math.floor(i / size)] / size)];
    },
    BatchNormalization: (slope, [x, weight, , , variance], { epsilon }) => {
      const size = x.data.length / x.dims[0];
      const factor = weight.data.map((value, channel) => value / Math.sqrt(variance.data[channel] + epsilon));
      return [slope.map((value, i) => value * factor[Math.floor(i / size)])];
    },
    Conv: (slope, [x, weight], attributes) => {
      const data = new Float32Array(x.data.length);
      taps(x, weight, attributes, (factor, to, from, count, stride) => {
        for (let i = 0; i < count; i++) data[from + i * stride] += factor * slope[to + i];
      });
      return [data];
    },
  };

  // The gradient of a class's score by the values of the image.
  function gradientOf(nodes, values, label) {
    const outputs = values.logits.data.length;
    const slopes = { logits: Float32Array.from({ length: outputs }, (_, o) => (outputs > 1 ? Number(o === label) : label === 0 ? 1 : -1)) };
    for (const { operator, inputs, output, attributes } of nodes.toReversed()) {
      if (!slopes[output]) continue;
      backward[operator](slopes[output], inputs.map((name) => values[name]), attributes).forEach((slope, k) => {
        const before = slopes[inputs[k]];
        slopes[inputs[k]] = before ? slope.map((value, i) => value + before[i]) : slope;
      });
    }
    return [...slopes.images];
  }

  // Logits and probabilities of an image in the model's shape; the gradient of a class's score where one is asked for.
  return (bytes) => {
    const { nodes, tensors } = read(bytes);
    return ({ channels, height, width }, image, label) => {
      const values = { ...tensors, images: { dims: [channels, height, width], data: Float32Array.from(image) } };
      for (const { operator, inputs, output, attributes } of nodes) {
        values[output] = operators[operator](inputs.map((name) => values[name]), attributes);
      }
      const gradient = label === undefined ? undefined : gradientOf(nodes, values, label);
      return { logits: [...values.logits.data], probabilities: [...values.probabilities.data], gradient };
    };
  };
})();
