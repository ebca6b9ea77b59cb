// A program that follows a stream by the client library and says, a JSON line each, what door it is on and what it sees.
// node door.mjs URL STREAM; RUNSPOOL_SOURCE and RUNSPOOL_BUILD as in the other tests.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [base, stream] = process.argv.slice(2);
const { WebSocket } = createRequire(`${process.env.RUNSPOOL_BUILD}/npm-tests/package.json`)('ws');
const { Live } = await import(pathToFileURL(`${process.env.RUNSPOOL_SOURCE}/htdocs/client/index.js`));
const say = (item) => process.stdout.write(`${JSON.stringify(item)}\n`);

new Live({
  base: `${base}/`,
  streams: [stream],
  since: 'start',
  WebSocket,
  onStatus: (status) => say({ status }),
  onMessage: (message) => say({ message }),
});
