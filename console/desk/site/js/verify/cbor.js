/** Whether bytes are one well-formed map of CBOR (RFC 8949) with definite lengths. Nothing in it is used. */

const DEEPEST = 8;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;

/** @param {Uint8Array} bytes */
export function isOneMap(bytes) {
  if (!bytes.length || bytes[0] >> 5 !== MAP) return false;
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
  return skip(reader, 0) && reader.at === bytes.length;
}

/** Goes past one item; whether there was one. */
function skip(reader, depth) {
  const head = readHead(reader);
  if (head === null || depth > DEEPEST) return false;
  switch (head.major) {
    case BYTES:
    case TEXT:
      reader.at += head.argument;
      return reader.at <= reader.view.byteLength;
    case LIST:
      return skipAll(reader, head.argument, depth);
    case MAP:
      return skipAll(reader, 2 * head.argument, depth);
    case TAG:
      return skip(reader, depth + 1);
    default:
      return true;
  }
}

function skipAll(reader, count, depth) {
  for (let done = 0; done < count; done += 1) if (!skip(reader, depth + 1)) return false;
  return true;
}

/** The major type and the argument at the reader's place (section 3), or null. */
function readHead(reader) {
  const { view, at } = reader;
  if (at >= view.byteLength) return null;
  const first = view.getUint8(at);
  const major = first >> 5;
  const info = first & 31;
  if (info > 27) return null;
  const size = info < 24 ? 0 : 1 << (info - 24);
  if (at + 1 + size > view.byteLength) return null;
  reader.at = at + 1 + size;
  const reads = { 0: () => info, 1: () => view.getUint8(at + 1), 2: () => view.getUint16(at + 1),
    4: () => view.getUint32(at + 1), 8: () => Number(view.getBigUint64(at + 1)) };
  return { major, argument: reads[size]() };
}
