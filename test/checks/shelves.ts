import { dns } from './cases/dns.ts';
import { fileSwitch } from './cases/file-switch.ts';
import { haproxyStats } from './cases/haproxy-stats.ts';
import { ping } from './cases/ping.ts';
import { postgres } from './cases/postgres.ts';
import { redis } from './cases/redis.ts';
import { tcpBanner } from './cases/tcp-banner.ts';
import { tlsExpiry } from './cases/tls-expiry.ts';
import type { Shelf } from './cases.ts';

export const CHECKS: readonly Shelf[] = [
  dns,
  fileSwitch,
  haproxyStats,
  ping,
  postgres,
  redis,
  tcpBanner,
  tlsExpiry,
];
