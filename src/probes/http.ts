import type { HttpCheckConfig, StatusRange } from '../config/config.ts';
import { formatDuration } from '../core/duration.ts';
import { fail, pass, type Verdict } from '../core/verdict.ts';
import { type AnswerJudge, HttpClient, type HttpRequest } from './http-client.ts';
import { httpErrorVerdict } from './http-errors.ts';
import { createTlsTarget, openConnection, peerName, type Target } from './open-connection.ts';
import type { Attempt, Done, Probe } from './probe.ts';
import { createTextSearch, describeMatch } from './text-search.ts';

/**
 * Asks for a URL. Each attempt connects anew, so that it tests what a new client would meet, unless
 * the check says `keep_alive`. Redirects are answers like any other.
 */
export function createHttpProbe(check: HttpCheckConfig): Probe {
  const url = new URL(check.url);
  const target = targetOf(check, url);
  const peer = peerName(target);
  const client = new HttpClient(requestOf(check, url));

  function startNew(done: Done): Attempt {
    let attempt = openConnection(target, (opened) => {
      if (opened.kind === 'failed') return done(opened.verdict);
      client.connect(opened.socket);
      attempt = client.exchange(createJudge(check, peer), done);
    });
    return { cut: () => attempt.cut() };
  }

  return {
    endpoint: target,
    start(done) {
      if (!client.isConnected) return startNew(done);
      let attempt = client.exchange(createJudge(check, peer), (verdict, endedUnanswered) => {
        // RFC 9112, section 9.3.1: a server may close an idle connection at any time, also while a
        // request is on its way; that says nothing about it, and the client asks on a new connection.
        if (endedUnanswered) attempt = startNew(done);
        else done(verdict);
      });
      return { cut: () => attempt.cut() };
    },
    close: () => client.close(),
  };
}

function targetOf(check: HttpCheckConfig, url: URL): Target {
  const isTls = url.protocol === 'https:';
  return {
    address: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isTls ? 443 : 80),
    source: check.source,
    tls: isTls ? createTlsTarget(check.tls, ['http/1.1']) : null,
    timeoutMs: check.rhythm.timeoutMs,
  };
}

function requestOf(check: HttpCheckConfig, url: URL): HttpRequest {
  const headers: Record<string, string> = { 'user-agent': 'hfm', accept: '*/*', host: url.host };
  for (const [name, value] of Object.entries(check.headers)) headers[name.toLowerCase()] = value;
  if (check.host !== null) headers.host = check.host;
  return {
    method: check.method,
    path: `${url.pathname}${url.search}`,
    headers,
    keepAlive: check.keepAlive,
    maxDrainBytes: check.maxBodyBytes,
  };
}

function createJudge(check: HttpCheckConfig, peer: string): AnswerJudge {
  const search =
    check.body === null ? null : createTextSearch(check.body, check.maxBodyBytes, 'at-end');
  let status: number | null = null;

  function bodyVerdict(found: boolean, isWhole: boolean): Verdict {
    if (found || check.body === null) return pass(String(status));
    const bytes = search?.seen().length ?? 0;
    const where = isWhole ? `the body of ${bytes} bytes` : `the first ${bytes} bytes of the body`;
    return fail('body-mismatch', `HTTP ${status}, but no ${describeMatch(check.body)} in ${where}`);
  }

  return {
    onHeaders(answered) {
      status = answered;
      if (includes(check.drainStatuses, answered)) {
        return { kind: 'pass', detail: `${answered}, asks to be drained`, asksDrain: true };
      }
      if (!includes(check.statuses, answered)) {
        return fail('http-status', `HTTP ${answered}, expected ${statusList(check.statuses)}`);
      }
      return search === null ? pass(String(answered)) : null;
    },
    onBody(chunk) {
      switch (search?.add(chunk)) {
        case 'found':
          return bodyVerdict(true, false);
        case 'full':
          return bodyVerdict(false, false);
        default:
          return null;
      }
    },
    onEnd: () => bodyVerdict(search?.end() === 'found', true),
    onError: (error) => httpErrorVerdict(error, status, { peer, source: check.source }),
    onCut(nothingReceived) {
      const within = `within ${formatDuration(check.rhythm.timeoutMs)}`;
      if (status !== null) {
        const bytes = search?.seen().length ?? 0;
        const detail = `HTTP ${status}, but no end of the body ${within} (${bytes} bytes came)`;
        return fail('read-timeout', detail);
      }
      const lack = nothingReceived ? 'nothing received' : 'no complete headers received';
      return fail('read-timeout', `connected to ${peer}, but ${lack} ${within}`);
    },
  };
}

function includes(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ from, to }) => from <= status && status <= to);
}

/** `200-299, 404` */
function statusList(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
