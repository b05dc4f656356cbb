import net from 'node:net';
import type { Address } from '../core/address.ts';

/** Where a probe connects to. */
export interface Endpoint {
  /** Numeric, without brackets. */
  readonly address: string;
  readonly port: number;
  readonly source: Address | null;
}

export interface IdleConnection {
  /** Calls neither of the listeners any more. */
  close(): void;
}

export interface IdleListeners {
  readonly onOpen: () => void;
  /** It was closed or reset by the other end, or could not be opened. Called once. */
  readonly onEnd: () => void;
}

/** A connection on which nothing is said, and nothing listened to but its end. */
export function openIdleConnection(
  { address, port, source }: Endpoint,
  { onOpen, onEnd }: IdleListeners,
): IdleConnection {
  const socket = net.connect({
    host: address,
    port,
    ...(source === null ? {} : { localAddress: source }),
  });
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    onEnd();
  };
  socket.on('connect', () => {
    if (!isOver) onOpen();
  });
  // What a server says before it closes, such as a 408, is thrown away.
  socket.resume();
  socket.on('end', end);
  socket.on('error', end);
  socket.on('close', end);
  return {
    close() {
      isOver = true;
      socket.resetAndDestroy();
    },
  };
}
