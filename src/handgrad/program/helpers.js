// A tensor is { shape, data }: its lengths and its entries row by row. A number stands for a scalar.

// Nested arrays as a tensor; a number stays one.
function tensor(value) {
  if (typeof value === "number" || value.data !== undefined) return value;
  const shape = [];
  for (let part = value; typeof part !== "number"; part = part[0]) shape.push(part.length);
  return { shape, data: Float64Array.from(Array.from(value).flat(Infinity)) };
}

// A vector as a column.
function column(value) {
  const { data } = tensor(value);
  return { shape: [data.length, 1], data };
}

// The entries as a vector.
function flat(a) {
  return { shape: [a.data.length], data: a.data };
}

// The number in a tensor of one entry.
function squeeze(a) {
  return typeof a === "number" ? a : a.data[0];
}

function full(shape, value) {
  return { shape, data: new Float64Array(shape.reduce((n, k) => n * k, 1)).fill(value) };
}

function ones(shape) {
  return full(shape, 1);
}

function eye(n) {
  const result = full([n, n], 0);
  for (let i = 0; i < n; i++) result.data[i * n + i] = 1;
  return result;
}

// How far apart in the data neighbours along each axis lie.
function strides(shape) {
  const steps = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * shape[axis + 1];
  return steps;
}

// The tensor of this shape whose entry at an index is read at the sum of index times step.
function gather(a, shape, steps) {
  const result = full(shape, 0);
  const index = new Array(shape.length).fill(0);
  for (let k = 0, place = 0; k < result.data.length; k++) {
    result.data[k] = a.data[place];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += steps[axis];
      if (++index[axis] < shape[axis]) break;
      place -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

// A tensor repeated along its axes of length 1.
function broadcastTo(a, shape) {
  if (typeof a === "number") return full(shape, a);
  if (a.shape.length === 2 && a.data.length === 1) return full(shape, a.data[0]);
  const own = strides(a.shape);
  return gather(a, shape, shape.map((_, axis) => (a.shape[axis] === 1 ? 0 : own[axis])));
}

// f entry by entry; axes of length 1 are repeated.
function map(f, ...args) {
  if (args.every((arg) => typeof arg === "number")) return f(...args);
  const tensors = args.filter((arg) => typeof arg !== "number");
  const rank = Math.max(...tensors.map((arg) => arg.shape.length));
  const whole = tensors.filter((arg) => arg.shape.length === rank);
  const shape = whole[0].shape.map((_, axis) => Math.max(...whole.map((arg) => arg.shape[axis])));
  const spread = args.map((arg) => broadcastTo(arg, shape));
  const data = new Float64Array(spread[0].data.length);
  for (let k = 0; k < data.length; k++) data[k] = f(...spread.map((arg) => arg.data[k]));
  return { shape, data };
}

function add(a, b) {
  return map((x, y) => x + y, a, b);
}

function subtract(a, b) {
  return map((x, y) => x - y, a, b);
}

function multiply(a, b) {
  return map((x, y) => x * y, a, b);
}

function divide(a, b) {
  return map((x, y) => x / y, a, b);
}

function negate(a) {
  return map((x) => -x, a);
}

function power(a, exponent) {
  return map((x) => x ** exponent, a);
}

// Axis k of the result is axis order[k].
function permute(a, order) {
  const own = strides(a.shape);
  return gather(a, order.map((axis) => a.shape[axis]), order.map((axis) => own[axis]));
}

// The last two axes exchanged.
function transpose(a) {
  const rank = a.shape.length;
  const order = [...a.shape.keys()];
  return permute(a, [...order.slice(0, rank - 2), rank - 1, rank - 2]);
}

// New axes of length 1 at these places of the result.
function insertAxes(a, places) {
  const shape = [...a.shape];
  for (const place of places) shape.splice(place, 0, 1);
  return { shape, data: a.data };
}

// The matrix product of the last two axes; a matrix goes with each of a stack.
function matmul(a, b) {
  const [n, inner] = a.shape.slice(-2);
  const p = b.shape[b.shape.length - 1];
  const stack = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  const result = full([...stack, n, p], 0);
  const stepA = a.shape.length > 2 ? n * inner : 0;
  const stepB = b.shape.length > 2 ? inner * p : 0;
  for (let s = 0; s < stack.reduce((m, k) => m * k, 1); s++)
    for (let i = 0; i < n; i++)
      for (let k = 0; k < inner; k++) {
        const factor = a.data[s * stepA + i * inner + k];
        for (let j = 0; j < p; j++) result.data[(s * n + i) * p + j] += factor * b.data[s * stepB + k * p + j];
      }
  return result;
}

// A square matrix times itself, `count` factors.
function matrixPower(a, count) {
  let result = a;
  for (let k = 1; k < count; k++) result = matmul(result, a);
  return result;
}

// Einstein summation: einsum("bij,bjk->bik", A, B).
function einsum(subscripts, ...args) {
  const [left, out] = subscripts.split("->");
  const terms = left.split(",");
  const letters = [...new Set([...out, ...terms.join("")])];
  const lengths = {};
  terms.forEach((term, k) => [...term].forEach((letter, axis) => (lengths[letter] = args[k].shape[axis])));
  const stepsOf = (term, shape) => {
    const own = strides(shape);
    return letters.map((letter) => [...term].reduce((step, other, axis) => step + (other === letter ? own[axis] : 0), 0));
  };
  const result = full([...out].map((letter) => lengths[letter]), 0);
  const steps = [...terms.map((term, k) => stepsOf(term, args[k].shape)), stepsOf(out, result.shape)];
  const places = new Array(steps.length).fill(0);
  const visit = (depth) => {
    if (depth === letters.length) {
      result.data[places[args.length]] += args.reduce((product, arg, k) => product * arg.data[places[k]], 1);
      return;
    }
    for (let i = 0; i < lengths[letters[depth]]; i++) {
      visit(depth + 1);
      steps.forEach((step, k) => (places[k] += step[depth]));
    }
    steps.forEach((step, k) => (places[k] -= step[depth] * lengths[letters[depth]]));
  };
  visit(0);
  return result;
}

// The sum along axes, which stay with length 1.
function sumKeeping(a, axes) {
  const result = full(a.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)), 0);
  const steps = strides(result.shape).map((step, axis) => (axes.includes(axis) ? 0 : step));
  const own = strides(a.shape);
  a.data.forEach((x, k) => {
    const place = own.reduce((sum, step, axis) => sum + (Math.floor(k / step) % a.shape[axis]) * steps[axis], 0);
    result.data[place] += x;
  });
  return result;
}

// The sum along axes.
function sum(a, axes) {
  const { shape, data } = sumKeeping(a, axes);
  return { shape: shape.filter((_, axis) => !axes.includes(axis)), data };
}

function total(a) {
  return typeof a === "number" ? a : a.data.reduce((sum, x) => sum + x, 0);
}

function mean(a) {
  return typeof a === "number" ? a : total(a) / a.data.length;
}

function sumOfSquares(a) {
  return total(multiply(a, a));
}

function norm(a) {
  return Math.sqrt(sumOfSquares(a));
}

// The diagonal of a square matrix as a column.
function diagonal(a) {
  const n = a.shape[0];
  return { shape: [n, 1], data: a.data.filter((_, k) => k % (n + 1) === 0) };
}

function trace(a) {
  return total(diagonal(a));
}

// The diagonal matrix of a column.
function diagonalMatrix(a) {
  return multiply(eye(a.data.length), broadcastTo(a, [a.data.length, a.data.length]));
}

// The largest entry along an axis, which stays with length 1.
function largest(a, axis) {
  const shape = a.shape.map((n, k) => (k === axis ? 1 : n));
  const step = strides(a.shape)[axis];
  const n = a.shape[axis];
  const result = full(shape, -Infinity);
  a.data.forEach((x, k) => {
    const place = Math.floor(k / (step * n)) * step + (k % step);
    result.data[place] = Math.max(result.data[place], x);
  });
  return result;
}

// log Σ exp along an axis counted from the end, which stays with length 1.
function logSumExp(a, axis) {
  const along = a.shape.length + axis;
  const top = largest(a, along);
  return add(top, map(Math.log, sumKeeping(map(Math.exp, subtract(a, top)), [along])));
}

function logSoftmax(a, axis) {
  return subtract(a, logSumExp(a, axis));
}

function softmax(a, axis) {
  return map(Math.exp, logSoftmax(a, axis));
}

// Gauss-Jordan elimination with the largest pivot: the inverse, and the determinant as sign and logarithm.
function eliminate(a) {
  const n = a.shape[0];
  const rows = Array.from({ length: n }, (_, i) => [...a.data.slice(i * n, i * n + n), ...eye(n).data.slice(i * n, i * n + n)]);
  let sign = 1;
  let logarithm = 0;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[best][k])) best = i;
    if (best !== k) [rows[k], rows[best], sign] = [rows[best], rows[k], -sign];
    const pivot = rows[k][k];
    sign *= Math.sign(pivot);
    logarithm += Math.log(Math.abs(pivot));
    rows[k] = rows[k].map((x) => x / pivot);
    for (let i = 0; i < n; i++)
      if (i !== k) {
        const factor = rows[i][k];
        rows[i] = rows[i].map((x, j) => x - factor * rows[k][j]);
      }
  }
  return { inverse: { shape: [n, n], data: Float64Array.from(rows.flatMap((row) => row.slice(n))) }, sign, logarithm };
}

function inverse(a) {
  return eliminate(a).inverse;
}

function determinant(a) {
  const { sign, logarithm } = eliminate(a);
  return sign === 0 ? 0 : sign * Math.exp(logarithm);
}

function logDeterminant(a) {
  return eliminate(a).logarithm;
}

// The error function: its series near 0 (DLMF 7.6.2), 1 − erfc beyond.
function erf(x) {
  const z = Math.abs(x);
  if (z < 2.5) {
    let term = z;
    let series = z;
    for (let n = 1; Math.abs(term) > 1e-17 * series; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      series += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * series * Math.sign(x);
  }
  return Math.sign(x) * (1 - erfcTail(z));
}

// erfc for x above 2 by its continued fraction (DLMF 7.9.3).
function erfcTail(x) {
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

function erfc(x) {
  return x > 2.5 ? erfcTail(x) : 1 - erf(x);
}
