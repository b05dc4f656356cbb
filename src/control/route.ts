import type { Daemon } from '../daemon/daemon.ts';
import type { ErrorJson } from '../protocol/protocol.ts';
import type { Clock } from '../sys/clock.ts';
import type { Slices } from '../sys/slices.ts';

/** What every route may ask of the process around it. */
export interface RouteDeps {
  readonly daemon: Daemon;
  readonly node: string;
  readonly clock: Clock;
  readonly slices: Slices;
}

export interface RouteRequest {
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RouteResponse {
  readonly status: number;
  readonly json: object;
}

export type Route = (
  deps: RouteDeps,
  request: RouteRequest,
) => RouteResponse | Promise<RouteResponse>;

export function ok<T extends object>(json: T): RouteResponse {
  return { status: 200, json };
}

export function refuse(status: number, error: string, errors?: readonly string[]): RouteResponse {
  const json: ErrorJson = errors === undefined ? { error } : { error, errors };
  return { status, json };
}
