import { describeContract } from '../checks/contract.ts';
import { ACTIONS } from './shelves.ts';

describeContract('actions', 64, ACTIONS, ['log-file']);
