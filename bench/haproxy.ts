import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backendAddress } from './backends.ts';
import type { Bench } from './setting.ts';

/** The command of a HAProxy that checks the same backends as hfmd, once a second, on one thread. */
export function haproxyArgv(
  { folder }: Bench,
  haproxy: string,
  { backends, port }: { backends: number; port: number },
): string[] {
  const config = join(folder, 'haproxy.cfg');
  mkdirSync(folder, { recursive: true });
  const servers = Array.from({ length: backends }, (_, i) => {
    return `  server b${i} ${backendAddress(i)}:${port} check inter 1s`;
  });
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 500ms
  timeout check 500ms
  timeout client 5s
  timeout server 5s
backend b
  option httpchk GET /haproxy_check
${servers.join('\n')}
frontend f
  bind 127.0.0.1:${port + 1}
  default_backend b
`,
  );
  return [haproxy, '-db', '-q', '-f', config];
}
