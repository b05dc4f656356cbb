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
  /** Calls no listener after this. */
  close(): void;
}

export interface IdleListeners {
  readonly onOpen: () => void;
  /** Called once, when the other end closed or reset it, or when it could not be opened. */
  readonly onEnd: () => void;
}

/** A connection that sends nothing and listens only for its end. */
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
  // Discards what a server sends before it closes, such as a 408.
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
