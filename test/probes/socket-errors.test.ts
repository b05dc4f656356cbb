import { describe, expect, it } from 'vitest';
import { type Situation, socketErrorVerdict } from '../../src/probes/socket-errors.ts';
import { address } from './fixtures/checks.ts';

const SOURCE = address('10.2.1.1');

describe('an error of a socket', () => {
  it.each([
    ['ECONNREFUSED', 'connect', 'connect-refused'],
    ['ETIMEDOUT', 'connect', 'connect-timeout'],
    ['ETIMEDOUT', 'exchange', 'read-timeout'],
    ['EHOSTUNREACH', 'connect', 'no-route'],
    ['ENETUNREACH', 'connect', 'no-route'],
    ['ENETDOWN', 'connect', 'no-route'],
    ['EHOSTDOWN', 'connect', 'no-route'],
    ['ECONNRESET', 'connect', 'connect-error'],
    ['ECONNRESET', 'tls', 'connection-closed'],
    ['ECONNRESET', 'exchange', 'connection-closed'],
    ['EPIPE', 'exchange', 'connection-closed'],
    ['EINVAL', 'connect', 'connect-error'],
    ['EDESTADDRREQ', 'connect', 'connect-error'],
    ['EPROTO', 'tls', 'tls-error'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'tls-error'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'exchange', 'tls-error'],
  ] as const)('%s in the %s phase is a failure: %s', (code, phase, reason) => {
    expect(verdictOn(code, { phase })).toMatchObject({ kind: 'fail', reason });
  });

  it.each([
    ['EMFILE', 'no-descriptors'],
    ['ENFILE', 'no-descriptors'],
    ['ENOBUFS', 'no-descriptors'],
    ['EADDRNOTAVAIL', 'no-descriptors'],
    ['EADDRINUSE', 'no-descriptors'],
    ['EAGAIN', 'no-descriptors'],
    ['EACCES', 'blocked-by-pf'],
    ['EPERM', 'blocked-by-pf'],
    ['ERR_INVALID_ARG_TYPE', 'internal-error'],
  ] as const)('%s is a fault of this node: %s', (code, reason) => {
    expect(verdictOn(code)).toMatchObject({ kind: 'inconclusive', reason });
  });

  it('EADDRNOTAVAIL with a source is no-route from it', () => {
    expect(verdictOn('EADDRNOTAVAIL', { source: SOURCE })).toEqual({
      kind: 'fail',
      reason: 'no-route',
      detail: 'no way to 10.2.1.250:443 from source 10.2.1.1 (EADDRNOTAVAIL)',
    });
  });

  it.each(['EINVAL', 'EAFNOSUPPORT'])('%s with a source is a fault of the source', (code) => {
    expect(verdictOn(code, { source: SOURCE })).toEqual({
      kind: 'inconclusive',
      reason: 'source-address',
      detail: `can't reach 10.2.1.250:443 from source 10.2.1.1 (${code})`,
    });
  });

  it('names pf and the code when this host blocks its own probes', () => {
    expect(verdictOn('EACCES').detail).toBe("blocked by this node's pf (EACCES)");
  });

  it('shows the reason of OpenSSL, not its whole line', () => {
    const error = Object.assign(new Error('80ABCD:error:0A00010B:SSL routines:../ssl.c:354:'), {
      code: 'ERR_SSL_WRONG_VERSION_NUMBER',
      reason: 'wrong version number',
    });
    expect(socketErrorVerdict(error, situation({ phase: 'tls' })).detail).toBe(
      'TLS with 10.2.1.250:443 failed: wrong version number (ERR_SSL_WRONG_VERSION_NUMBER)',
    );
  });

  it.each([new TypeError('no such\nthing'), 'a string'])('a bug is inconclusive: %s', (error) => {
    const verdict = socketErrorVerdict(error, situation());
    expect(verdict).toMatchObject({ kind: 'inconclusive', reason: 'internal-error' });
    expect(verdict.detail).not.toContain('\n');
  });
});

function verdictOn(code: string, over: Partial<Situation> = {}) {
  return socketErrorVerdict(Object.assign(new Error(code), { code }), situation(over));
}

function situation(over: Partial<Situation> = {}): Situation {
  return { phase: 'connect', peer: '10.2.1.250:443', source: null, ...over };
}
