// Polling the event log through the web server, which needs no bridge. A plain CGI start may take its time.

import { pollDoor } from './poll.js';

export const cgiPoll = pollDoor('polling', 'api/poll', 10000);
