import type { Case, Shelf } from '../cases.ts';

const SERVER = { HFM_ADDRESS: '192.0.2.53', HFM_TIMEOUT_MS: '3000' };

const answer = (status: string, lines: readonly string[]): string =>
  [
    '; <<>> dig 9.10.8-P1 <<>> @192.0.2.53 -t A www.example.org.',
    ';; Got answer:',
    `;; ->>HEADER<<- opcode: QUERY, ${status}, id: 55091`,
    ';; flags: qr aa rd ; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0',
    '',
    ';; QUESTION SECTION:',
    ';; www.example.org.\tIN\tA',
    '',
    ...(lines.length > 0 ? [';; ANSWER SECTION:', ...lines, ''] : []),
    ';; AUTHORITY SECTION:',
    'example.org.\t300\tIN\tA\t203.0.113.9',
    '',
    ';; Query time: 0 msec',
  ].join('\n');

const FOUND = answer('status: NOERROR', [
  'www.example.org.\t300\tIN\tCNAME\tWeb.Example.org.',
  'web.example.org.\t300\tIN\tA\t192.0.2.10',
  'web.example.org.\t300\tIN\tA\t192.0.2.11',
]);

const says = (
  program: string,
  printed: string,
  env: Case['env'] = SERVER,
): Pick<Case, 'env' | 'fakes'> => ({
  env,
  fakes: { [program]: `note "$*"; cat <<'END'\n${printed}\nEND` },
});

export const dns: Shelf = {
  script: 'checks/dns',
  cases: [
    {
      does: 'passes where dig finds it',
      ...says('dig', FOUND),
      args: ['www.example.org', '192.0.2.11'],
      exit: 0,
      says: 'www.example.org A is 192.0.2.10, 192.0.2.11',
      notes: '@192.0.2.53 -p 53 -t A -q www.example.org. +time=2 +tries=1',
    },
    {
      does: 'asks drill where there is no dig',
      ...says('drill', FOUND.replace('status', 'rcode'), { ...SERVER, HFM_PORT: '5353' }),
      args: ['www.example.org.'],
      exit: 0,
      notes: '-p 5353 www.example.org. @192.0.2.53 A',
    },
    {
      does: 'asks host where there is neither',
      ...says('host', FOUND),
      args: ['www.example.org', '192.0.2.10', '192.0.2.11'],
      exit: 0,
      notes: '-v -W 2 -R 1 -t A www.example.org. 192.0.2.53',
    },
    {
      does: 'compares names without regard to case and the last dot',
      ...says('dig', FOUND),
      args: ['-t', 'cname', 'www.example.org', 'WEB.example.org'],
      exit: 0,
      says: 'www.example.org CNAME is web.example.org',
    },
    {
      does: 'fails where one of the expected is missing',
      ...says('dig', FOUND),
      args: ['www.example.org', '192.0.2.10', '192.0.2.1'],
      exit: 2,
      says: 'CRITICAL: www.example.org A is 192.0.2.10, 192.0.2.11, expected 192.0.2.1',
    },
    {
      does: 'fails where the type is missing',
      ...says('dig', answer('status: NOERROR', [])),
      args: ['www.example.org'],
      exit: 2,
      says: 'CRITICAL: 192.0.2.53 has no A for www.example.org',
    },
    {
      does: 'fails with what the server says',
      ...says('drill', answer('rcode: NXDOMAIN', [])),
      args: ['www.example.org'],
      exit: 2,
      says: 'CRITICAL: 192.0.2.53 says NXDOMAIN for www.example.org A',
    },
    {
      does: 'fails with what the server says, by host',
      ...says('host', 'Trying "www.example.org"\nHost www.example.org. not found: 3(NXDOMAIN)'),
      args: ['www.example.org'],
      exit: 2,
      says: 'CRITICAL: 192.0.2.53 says NXDOMAIN for www.example.org A',
    },
    {
      does: 'fails where nobody answers',
      ...says(
        'drill',
        'Error: error sending query: Could not send or receive, because of network error',
      ),
      args: ['www.example.org'],
      exit: 2,
      says: /^CRITICAL: no answer from 192\.0\.2\.53: Error: error sending query/,
    },
    {
      does: 'says that there is no client',
      env: SERVER,
      args: ['www.example.org'],
      exit: 3,
      says: 'UNKNOWN: there is no dig, drill or host in PATH',
    },
    { does: 'wants a name', env: SERVER, exit: 3, complains: /^usage: dns/ },
    { does: 'wants a server', args: ['www.example.org'], exit: 3, complains: /^usage: dns/ },
    {
      does: 'does not take a name for an option',
      env: SERVER,
      args: ['+short'],
      exit: 3,
      complains: /^usage: dns/m,
    },
    {
      does: 'wants a type',
      env: SERVER,
      args: ['-t', 'A x', 'a'],
      exit: 3,
      complains: /^usage: dns/,
    },
  ],
};
