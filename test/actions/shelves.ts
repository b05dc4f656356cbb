import type { Shelf } from '../checks/cases.ts';
import { haproxyDrain } from './cases/haproxy-drain.ts';
import { notifyMail } from './cases/notify-mail.ts';
import { notifyWebhook } from './cases/notify-webhook.ts';
import { runOnPeer } from './cases/run-on-peer.ts';

/** log-file is tested with the documents. */
export const ACTIONS: readonly Shelf[] = [haproxyDrain, notifyMail, notifyWebhook, runOnPeer];
