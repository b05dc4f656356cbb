import net from 'node:net';
import { MOST_WAITING, PauseQueue } from '../sys/pause-queue.ts';

/** As much as Node itself reads at once. */
const READ_BYTES = 64 * 1024;
const BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);
const CLOSING = new PauseQueue();

/**
 * A TCP socket that is closed in a pause of other work. It reads into one buffer, which all of its
 * kind share: only such a socket of Node's stops reading when it is paused, as it must be until it is
 * closed. It is read by `readable` and `read()`, never by `data`. A chunk is its reader's until he
 * returns; who keeps of it copies it.
 */
export class ProbeSocket extends net.Socket {
  #unread: Buffer | null = null;

  constructor() {
    super(OPTIONS);
  }

  override read(size?: number): Buffer | null {
    // Node would begin to read again.
    if (this.destroyed) return null;
    const unread = this.#unread;
    // Node reads nothing to begin reading.
    if (unread === null || size === 0) return super.read(size);
    this.#unread = null;
    return unread;
  }

  override destroy(error?: Error): this {
    // It is closed a little later, and Node does not expect that what is destroyed still reads.
    this.pause();
    return super.destroy(error);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    CLOSING.add(() => super._destroy(error, done));
  }

  /** For `onread` alone: so many bytes are in the buffer. */
  arrived(count: number): void {
    const chunk = BUFFER.subarray(0, count);
    this.#unread = this.#unread === null ? chunk : Buffer.concat([this.#unread, chunk]);
    this.emit('readable');
    // Nobody took it yet: by then the buffer has something else in it.
    if (this.#unread !== null) this.#unread = Buffer.from(this.#unread);
  }
}

/**
 * Node copies it, and sets what is not in it: V8 then makes new hidden classes for each socket, which
 * keep it until a full collection. So all that Node sets is in it.
 */
const OPTIONS: net.SocketConstructorOpts & Pick<net.TcpNetConnectOpts, 'onread'> & OwnOptions = {
  onread: { buffer: BUFFER, callback: onRead },
  allowHalfOpen: false,
  emitClose: false,
  autoDestroy: true,
  decodeStrings: false,
};

/** What Node sets for every socket, whatever it is given. */
interface OwnOptions {
  readonly emitClose: false;
  readonly autoDestroy: true;
  readonly decodeStrings: false;
}

/** Lets no more connections wait to be closed than there are descriptors which nobody else needs. */
export function letWaitAtMost(spareDescriptors: number): void {
  CLOSING.most = Math.min(MOST_WAITING, spareDescriptors);
}

/** Node calls it as a method of the socket; true to read on. */
function onRead(this: unknown, count: number): boolean {
  if (this instanceof ProbeSocket) this.arrived(count);
  return true;
}
