import net from 'node:net';
import { MOST_WAITING, PauseQueue } from '../sys/pause-queue.ts';

/** As much as Node reads at once. */
const READ_BYTES = 64 * 1024;
const BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);
const CLOSING = new PauseQueue();

/**
 * A TCP socket that is closed later, in a pause of other work. Until then it must not read. Of Node's
 * sockets only one with an `onread` buffer stops reading when it is paused, so all probe sockets share
 * one such buffer. Read it by `readable` and `read()`, never by `data`. A chunk is valid until its
 * reader returns; a reader that keeps a part of it makes a copy.
 */
export class ProbeSocket extends net.Socket {
  #unread: Buffer | null = null;

  constructor() {
    super(OPTIONS);
  }

  override read(size?: number): Buffer | null {
    // Node would start to read again.
    if (this.destroyed) return null;
    const unread = this.#unread;
    // Node calls read(0) to start reading.
    if (unread === null || size === 0) return super.read(size);
    this.#unread = null;
    return unread;
  }

  override destroy(error?: Error): this {
    // It is closed a little later, and Node does not expect a destroyed socket to read.
    this.pause();
    return super.destroy(error);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    CLOSING.add(() => super._destroy(error, done));
  }

  /** For `onread` only: `count` bytes are in the buffer. */
  arrived(count: number): void {
    const chunk = BUFFER.subarray(0, count);
    this.#unread = this.#unread === null ? chunk : Buffer.concat([this.#unread, chunk]);
    this.emit('readable');
    // Not read yet: the next read of any socket overwrites the buffer.
    if (this.#unread !== null) this.#unread = Buffer.from(this.#unread);
  }
}

/**
 * Node copies these options and adds those that are missing. V8 then makes new hidden classes for each
 * socket, which keep the socket until a full garbage collection. So nothing is missing here.
 */
const OPTIONS: net.SocketConstructorOpts & Pick<net.TcpNetConnectOpts, 'onread'> & OwnOptions = {
  onread: { buffer: BUFFER, callback: onRead },
  allowHalfOpen: false,
  emitClose: false,
  autoDestroy: true,
  decodeStrings: false,
};

/** The options that Node adds for every socket. */
interface OwnOptions {
  readonly emitClose: false;
  readonly autoDestroy: true;
  readonly decodeStrings: false;
}

/** At most so many connections may wait to be closed: each holds a descriptor. */
export function letWaitAtMost(spareDescriptors: number): void {
  CLOSING.most = Math.min(MOST_WAITING, spareDescriptors);
}

/** Node calls it as a method of the socket; true to read on. */
function onRead(this: unknown, count: number): boolean {
  if (this instanceof ProbeSocket) this.arrived(count);
  return true;
}
