// Long poll at the bridge.

import { pollDoor } from './poll.js';

export const longPoll = pollDoor('long-poll', 'poll', 4000);
