import { StringDecoder } from 'node:string_decoder';

/** The reading end of a process's output; a `Readable` is one. Reading begins with the first `data`. */
export interface OutputPipe {
  on(event: 'data', run: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close' | 'error', run: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

interface FollowedOutput {
  /** The first bytes as text; a character that the bound cut in two is left out. */
  text(): string;
  /** Bytes that came and were not kept. */
  dropped(): number;
  /** Whether the writer closed its end, or we closed ours. */
  ended(): boolean;
}

const BABBLE_BYTES = 64 * 1024 * 1024;
const BABBLE_PAUSE_MS = 5;

/** Keeps the first `maxBytes` of a pipe and goes on reading, so that the writer never blocks on it. */
export function keepOutput(pipe: OutputPipe, maxBytes: number, onEnd: () => void): FollowedOutput {
  const chunks: Buffer[] = [];
  let keptBytes = 0;
  let droppedBytes = 0;
  pipe.on('data', (chunk) => {
    const room = maxBytes - keptBytes;
    droppedBytes += Math.max(0, chunk.length - room);
    if (room <= 0) {
      if (droppedBytes < BABBLE_BYTES) return;
      // Whoever babbles on is read at a walk, so that reading it does not take a processor.
      pipe.pause();
      setTimeout(() => pipe.resume(), BABBLE_PAUSE_MS).unref();
      return;
    }
    const kept = chunk.subarray(0, room);
    // A copy of the part, so that a bound of 1 kB does not hold the 64 kB that were read at once.
    chunks.push(kept.length === chunk.length ? chunk : Buffer.from(kept));
    keptBytes += kept.length;
  });
  const ended = followEnd(pipe, onEnd);
  return {
    text: () => new TextDecoder().decode(Buffer.concat(chunks), { stream: droppedBytes > 0 }),
    dropped: () => droppedBytes,
    ended,
  };
}

const MAX_LINE = 64 * 1024;

/** Hands out a pipe's lines as they come, and keeps none. A last line without an end counts too. */
export function passLines(
  pipe: OutputPipe,
  onLine: (line: string) => void,
  onEnd: () => void,
): FollowedOutput {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  pipe.on('data', (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    // A line without an end is cut: whoever prints one does not print lines.
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) onLine(line);
  });
  const ended = followEnd(pipe, () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
    rest = '';
    onEnd();
  });
  return { text: () => '', dropped: () => 0, ended };
}

/** Calls `onEnd` once, when the pipe can give no more; tells whether that has happened. */
function followEnd(pipe: OutputPipe, onEnd: () => void): () => boolean {
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  pipe.on('end', end);
  pipe.on('close', end);
  // A read error of a pipe ends it like EOF does: 'close' follows, and the exit status tells the rest.
  pipe.on('error', end);
  return () => ended;
}
