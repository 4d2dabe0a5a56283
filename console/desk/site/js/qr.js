/**
 * The one QR code this desk draws: version 6 (41 modules a side), level Q, alphanumeric, at most 108 characters
 * (ISO/IEC 18004). What is in it is a random key, so any of the eight masks serves: it is the first.
 */
const SIZE = 41;
const DATA_BYTES = 76;
const BLOCKS = 4;
const CHECK_BYTES = 24;
const COUNT_BITS = 9;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const FINDERS = [[3, 3], [3, SIZE - 4], [SIZE - 4, 3]];
const ALIGNMENT = [34, 34];
const TIMING = 6;
const FORMAT = 0b011010101011111; // level Q, mask 0, with its check bits, masked (table C.1)

/** Exponents and logarithms in GF(2^8) by x^8 + x^4 + x^3 + x^2 + 1. */
const POWERS = powers();
const LOGARITHMS = new Map(POWERS.slice(0, 255).map((value, exponent) => [value, exponent]));
const GENERATOR = generator();

/**
 * The modules of the code, row by row; true is dark. The quiet zone is not in it.
 * @param {string} text of digits, capitals, spaces and $%*+-./:
 * @returns {boolean[][]}
 */
export function qrModules(text) {
  const modules = Array.from({ length: SIZE }, () => Array(SIZE).fill(null));
  drawPatterns(modules);
  drawData(modules, interleaved(dataBytes(text)));
  return modules;
}

/** @param {string} text @returns {number[]} mode, length, characters two in eleven bits, end, padding */
function dataBytes(text) {
  const values = [...text].map((letter) => ALPHABET.indexOf(letter));
  if (values.includes(-1)) throw new RangeError("a letter that this code cannot hold");
  const bits = [...inBits(0b0010, 4), ...inBits(values.length, COUNT_BITS)];
  for (let place = 0; place + 1 < values.length; place += 2) bits.push(...inBits(values[place] * 45 + values[place + 1], 11));
  if (values.length % 2) bits.push(...inBits(values.at(-1), 6));
  if (bits.length > 8 * DATA_BYTES) throw new RangeError("more than this code can hold");
  bits.push(...Array(Math.min(4, 8 * DATA_BYTES - bits.length)).fill(0));
  while (bits.length % 8) bits.push(0);
  const bytes = [];
  for (let place = 0; place < bits.length; place += 8) bytes.push(Number.parseInt(bits.slice(place, place + 8).join(""), 2));
  for (let pad = 0xec; bytes.length < DATA_BYTES; pad ^= 0xec ^ 0x11) bytes.push(pad);
  return bytes;
}

/** @param {number[]} data @returns {number[]} the data of all blocks in turn, then their check bytes in turn */
function interleaved(data) {
  const length = DATA_BYTES / BLOCKS;
  const blocks = Array.from({ length: BLOCKS }, (_, place) => data.slice(length * place, length * (place + 1)));
  const inTurn = (rows) => rows[0].flatMap((_, place) => rows.map((row) => row[place]));
  return [...inTurn(blocks), ...inTurn(blocks.map(checkBytes))];
}

/** The remainder of a block divided by the generator. @param {number[]} block */
function checkBytes(block) {
  const remainder = Array(CHECK_BYTES).fill(0);
  for (const byte of block) {
    const factor = byte ^ remainder.shift();
    remainder.push(0);
    GENERATOR.forEach((coefficient, place) => (remainder[place] ^= times(coefficient, factor)));
  }
  return remainder;
}

/** Finders, alignment, timing, the format, and the module that is always dark. */
function drawPatterns(modules) {
  for (const [row, column] of FINDERS) drawSquares(modules, row, column, 4, [0, 1, 3]);
  drawSquares(modules, ...ALIGNMENT, 2, [0, 2]);
  for (let place = 8; place < SIZE - 8; place += 1) {
    modules[TIMING][place] = modules[place][TIMING] = place % 2 === 0;
  }
  drawFormat(modules);
  modules[SIZE - 8][8] = true;
}

/** Squares around a middle, dark at the given distances. */
function drawSquares(modules, row, column, reach, dark) {
  for (let down = -reach; down <= reach; down += 1) {
    for (let right = -reach; right <= reach; right += 1) {
      const isInside = modules[row + down]?.[column + right] !== undefined;
      if (isInside) modules[row + down][column + right] = dark.includes(Math.max(Math.abs(down), Math.abs(right)));
    }
  }
}

/** The format twice: around the first finder, and along the two others; its first bit is the last drawn. */
function drawFormat(modules) {
  const first = [0, 1, 2, 3, 4, 5, 7, 8];
  for (let bit = 0; bit < 15; bit += 1) {
    const isDark = Boolean((FORMAT >> bit) & 1);
    if (bit < 8) modules[first[bit]][8] = modules[8][SIZE - 1 - bit] = isDark;
    else modules[8][first[14 - bit]] = modules[SIZE - 15 + bit][8] = isDark;
  }
}

/** In columns of two from the right, up and down by turns, past what is drawn; masked where row + column is even. */
function drawData(modules, bytes) {
  const bits = bytes.flatMap((byte) => inBits(byte, 8));
  let next = 0;
  let isUpward = true;
  for (let right = SIZE - 1; right > 0; right -= 2) {
    if (right === TIMING) right -= 1;
    for (let step = 0; step < SIZE; step += 1) {
      const row = isUpward ? SIZE - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (modules[row][column] !== null) continue;
        const bit = bits[next] ?? 0; // seven modules are left over
        modules[row][column] = Boolean(bit) !== ((row + column) % 2 === 0);
        next += 1;
      }
    }
    isUpward = !isUpward;
  }
}

function inBits(number, length) {
  return Array.from({ length }, (_, place) => (number >> (length - 1 - place)) & 1);
}

function powers() {
  const found = [1];
  while (found.length < 510) {
    const doubled = found.at(-1) << 1;
    found.push(doubled > 255 ? doubled ^ 0x11d : doubled);
  }
  return found;
}

function times(one, other) {
  return one && other ? POWERS[LOGARITHMS.get(one) + LOGARITHMS.get(other)] : 0;
}

/** (x - 1)(x - 2)(x - 4)... of CHECK_BYTES factors, without its leading one. */
function generator() {
  let found = [1];
  for (let factor = 0; factor < CHECK_BYTES; factor += 1) {
    const shifted = [...found, 0];
    found = shifted.map((value, place) => value ^ (place ? times(found[place - 1], POWERS[factor]) : 0));
  }
  return found.slice(1);
}
