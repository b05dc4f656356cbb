export type Field = string | number;

const EMPTY = Buffer.alloc(0);
const LENGTH_BYTES = 4;

/**
 * A list of fields for another process: the length of the list, then each field as its length and its
 * bytes. Lengths have four bytes, big-endian. In perl this is `pack 'N/a*', pack '(N/a*)*', @fields`.
 * `more` are fields that are encoded already.
 */
export function encodeFrame(fields: readonly Field[], more: Buffer = EMPTY): Buffer {
  const bytes = encodeFields(fields);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + bytes.length + more.length);
  frame.writeUInt32BE(bytes.length + more.length);
  frame.set(bytes, LENGTH_BYTES);
  frame.set(more, LENGTH_BYTES + bytes.length);
  return frame;
}

export function encodeFields(fields: readonly Field[]): Buffer {
  const texts = fields.map(String);
  const sizes = texts.map((text) => LENGTH_BYTES + Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, one) => sum + one, 0));
  let at = 0;
  for (const [i, text] of texts.entries()) {
    at = bytes.writeUInt32BE((sizes[i] ?? 0) - LENGTH_BYTES, at);
    at += bytes.write(text, at);
  }
  return bytes;
}

/** Decodes bytes as they come. The fields of a frame are views of those bytes. */
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
