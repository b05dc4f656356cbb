import type net from 'node:net';
import type { TcpCheckConfig } from '../config/config.ts';
import { formatDuration } from '../core/duration.ts';
import { quoteExcerpt } from '../core/one-line.ts';
import { fail, pass, type Verdict } from '../core/verdict.ts';
import { createTlsTarget, openConnection, peerName, type Target } from './open-connection.ts';
import type { Attempt, Done, Probe } from './probe.ts';
import { socketErrorVerdict } from './socket-errors.ts';
import { createTextSearch, describeMatch } from './text-search.ts';

/** Connects; then does the TLS handshake, sends and waits for an answer, as far as the check says. */
export function createTcpProbe(check: TcpCheckConfig): Probe {
  const isJustConnect = check.send === null && check.expect === null;
  const target: Target = {
    address: check.address,
    port: check.port,
    source: check.source,
    tls: check.tls === null ? null : createTlsTarget(check.tls, []),
    isRead: !isJustConnect,
    timeoutMs: check.rhythm.timeoutMs,
  };
  const connected = pass(check.tls === null ? 'connected' : 'connected, TLS handshake done');

  return {
    endpoint: target,
    start(done) {
      if (isJustConnect) {
        return openConnection(target, (opened) => {
          if (opened.kind === 'failed') return done(opened.verdict);
          closeUnused(opened.socket, target);
          done(connected);
        });
      }
      let attempt = openConnection(target, (opened) => {
        if (opened.kind === 'failed') done(opened.verdict);
        else attempt = converse(opened.socket, check, target, done);
      });
      return { cut: () => attempt.cut() };
    },
    close() {
      // Nothing is kept between attempts.
    },
  };
}

/**
 * Closes by RST, which loses nothing where nothing was sent. A FIN would leave a TIME_WAIT on this node,
 * and thousands would pile up. HAProxy's tcp-check does the same, unless `linger` is set.
 */
function closeUnused(socket: net.Socket, target: Target): void {
  if (target.tls === null) socket.resetAndDestroy();
  else socket.destroy();
}

/** Sends, reads until the answer is decided, and closes the connection. */
function converse(socket: net.Socket, check: TcpCheckConfig, target: Target, done: Done): Attempt {
  const { send, expect } = check;
  const peer = peerName(target);
  const search =
    expect === null ? null : createTextSearch(expect, check.maxReadBytes, 'each-chunk');
  const expected = expect === null ? '' : `, expected ${describeMatch(expect)}`;
  let settled = false;

  const settle = (verdict: Verdict) => {
    if (settled) return;
    settled = true;
    socket.destroy();
    done(verdict);
  };
  const received = () => {
    const bytes = search?.seen() ?? new Uint8Array();
    return bytes.length === 0
      ? 'nothing received'
      : `received ${quoteExcerpt(bytes)} (${bytes.length} bytes)`;
  };

  socket.on('error', (error) => {
    settle(socketErrorVerdict(error, { phase: 'exchange', peer, source: check.source }));
  });
  // A close before any answer is a refusal. After a part of an answer, the answer is wrong.
  socket.once('close', () => {
    const detail = `${peer} closed the connection, ${received()}${expected}`;
    const isAnswered = (search?.seen().length ?? 0) > 0;
    settle(fail(isAnswered ? 'expect-mismatch' : 'connection-closed', detail));
  });
  if (search !== null) {
    socket.on('readable', () => {
      for (let chunk = socket.read(); chunk !== null && !settled; chunk = socket.read()) {
        switch (search.add(chunk)) {
          case 'found':
            return settle(pass(received()));
          case 'full':
            return settle(fail('expect-mismatch', `${received()}${expected}`));
          case 'more':
        }
      }
    });
  }
  if (send !== null) {
    socket.write(send, () => {
      if (expect === null) settle(pass(`${Buffer.byteLength(send)} bytes sent`));
    });
  }
  return {
    cut() {
      const within = `within ${formatDuration(check.rhythm.timeoutMs)}`;
      const doing = expect === null ? 'nothing could be sent' : received();
      settle(fail('read-timeout', `connected to ${peer}, ${doing} ${within}${expected}`));
    },
  };
}
