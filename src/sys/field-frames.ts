export type Field = string | number;

const EMPTY = Buffer.alloc(0);
const LENGTH_BYTES = 4;

/**
 * A list of fields as it travels between processes: its length and the fields, each of these again as
 * its length and its bytes; lengths are four bytes, the greatest first. To perl this is
 * `pack 'N/a*', pack '(N/a*)*', @fields`.
 */
export function encodeFrame(fields: readonly Field[]): Buffer {
  const texts = fields.map(String);
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const size = sizes.reduce((sum, one) => sum + LENGTH_BYTES + one, 0);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + size);
  let at = frame.writeUInt32BE(size);
  for (const [i, text] of texts.entries()) {
    at = frame.writeUInt32BE(sizes[i] ?? 0, at);
    at += frame.write(text, at);
  }
  return frame;
}

/** Takes bytes as they come and hands out the fields of each frame, which are views of those bytes. */
export function createFrameDecoder(onFrame: (fields: Buffer[]) => void): (chunk: Buffer) => void {
  let rest: Buffer = EMPTY;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32BE();
      if (rest.length < end) return;
      const frame = rest.subarray(LENGTH_BYTES, end);
      rest = rest.subarray(end);
      onFrame(fieldsOf(frame));
    }
  };
}

function fieldsOf(frame: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < frame.length; ) {
    const from = at + LENGTH_BYTES;
    at = from + frame.readUInt32BE(at);
    fields.push(frame.subarray(from, at));
  }
  return fields;
}
