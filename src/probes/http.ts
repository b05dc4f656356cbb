import type { HttpCheckConfig, StatusRange } from '../config/config.ts';
import { formatDuration } from '../core/duration.ts';
import { fail, pass, type Verdict } from '../core/verdict.ts';
import { type AnswerJudge, HttpClient, type HttpRequest } from './http-client.ts';
import { httpErrorVerdict } from './http-errors.ts';
import { createTlsTarget, openConnection, peerName, type Target } from './open-connection.ts';
import type { Attempt, Done, Probe } from './probe.ts';
import { createTextSearch, describeMatch, type TextSearch } from './text-search.ts';

/**
 * Requests a URL. Each attempt connects anew, to test what a new client would see, unless the check
 * says `keep_alive`. A redirect is an answer like any other.
 */
export function createHttpProbe(check: HttpCheckConfig): Probe {
  const url = new URL(check.url);
  const target = targetOf(check, url);
  const peer = peerName(target);
  const client = new HttpClient(requestOf(check, url));
  const judgeStatus = statusJudgeOf(check);
  const newJudge = () => new Judge(check, peer, judgeStatus);

  function startNew(done: Done): Attempt {
    let attempt = openConnection(target, (opened) => {
      if (opened.kind === 'failed') return done(opened.verdict);
      client.connect(opened.socket);
      attempt = client.exchange(newJudge(), done);
    });
    return { cut: () => attempt.cut() };
  }

  return {
    endpoint: target,
    start(done) {
      if (!client.isConnected) return startNew(done);
      let attempt = client.exchange(newJudge(), (verdict, endedUnanswered) => {
        // RFC 9112, section 9.3.1: a server may close an idle connection at any time, also while a
        // request is on its way. That proves nothing: the request is sent again on a new connection.
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
    isRead: true,
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

/** The verdict by the status alone; null where the body decides. */
type StatusJudge = (status: number) => Verdict | null;

/** The part of a check that decides a `StatusJudge`. */
type StatusPolicy = Pick<HttpCheckConfig, 'statuses' | 'drainStatuses' | 'body'>;

/** Checks with the same policy share one: its verdicts are made once. */
function statusJudgeOf({ statuses, drainStatuses, body }: StatusPolicy): StatusJudge {
  const key = JSON.stringify([statuses, drainStatuses, body === null]);
  const judge = statusJudges.get(key) ?? createStatusJudge({ statuses, drainStatuses, body });
  statusJudges.set(key, judge);
  return judge;
}

const statusJudges = new Map<string, StatusJudge>();

/** Makes all verdicts in advance, so that a first failure costs no more than a pass. */
function createStatusJudge(policy: StatusPolicy): StatusJudge {
  // RFC 9110, section 15: valid statuses are below 600.
  const verdicts = Array.from({ length: 600 }, (_, status) => statusVerdict(policy, status));
  return (status) => {
    const verdict = verdicts[status];
    return verdict === undefined ? statusVerdict(policy, status) : verdict;
  };
}

function statusVerdict(policy: StatusPolicy, status: number): Verdict | null {
  const { drainStatuses, statuses, body } = policy;
  if (includes(drainStatuses, status)) return pass(`${status}, asks to be drained`, true);
  if (!includes(statuses, status)) {
    return fail('http-status', `HTTP ${status}, expected ${statusList(statuses)}`);
  }
  return body === null ? pass(String(status)) : null;
}

/** The judge of one answer. */
class Judge implements AnswerJudge {
  readonly #check: HttpCheckConfig;
  readonly #peer: string;
  readonly #judgeStatus: StatusJudge;
  readonly #search: TextSearch | null;
  #status: number | null = null;

  constructor(check: HttpCheckConfig, peer: string, judgeStatus: StatusJudge) {
    this.#check = check;
    this.#peer = peer;
    this.#judgeStatus = judgeStatus;
    const { body, maxBodyBytes } = check;
    this.#search = body === null ? null : createTextSearch(body, maxBodyBytes, 'at-end');
  }

  onHeaders(status: number): Verdict | null {
    this.#status = status;
    return this.#judgeStatus(status);
  }

  onBody(chunk: Uint8Array): Verdict | null {
    switch (this.#search?.add(chunk)) {
      case 'found':
        return this.#bodyVerdict(true, false);
      case 'full':
        return this.#bodyVerdict(false, false);
      default:
        return null;
    }
  }

  onEnd(): Verdict {
    return this.#bodyVerdict(this.#search?.end() === 'found', true);
  }

  onError(error: unknown): Verdict {
    const { source } = this.#check;
    return httpErrorVerdict(error, this.#status, { peer: this.#peer, source });
  }

  onCut(nothingReceived: boolean): Verdict {
    const within = `within ${formatDuration(this.#check.rhythm.timeoutMs)}`;
    if (this.#status !== null) {
      const came = `${this.#bytesSeen} bytes came`;
      const detail = `HTTP ${this.#status}, but no end of the body ${within} (${came})`;
      return fail('read-timeout', detail);
    }
    const lack = nothingReceived ? 'nothing received' : 'no complete headers received';
    return fail('read-timeout', `connected to ${this.#peer}, but ${lack} ${within}`);
  }

  get #bytesSeen(): number {
    return this.#search?.seen().length ?? 0;
  }

  #bodyVerdict(found: boolean, isWhole: boolean): Verdict {
    const { body } = this.#check;
    if (found || body === null) return pass(String(this.#status));
    const bytes = `${this.#bytesSeen} bytes`;
    const where = isWhole ? `the body of ${bytes}` : `the first ${bytes} of the body`;
    const detail = `HTTP ${this.#status}, but no ${describeMatch(body)} in ${where}`;
    return fail('body-mismatch', detail);
  }
}

function includes(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ from, to }) => from <= status && status <= to);
}

/** `200-299, 404` */
function statusList(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
