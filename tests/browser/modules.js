// The test libraries live in the build tree (make puts them there), so the source tree may be read-only.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const folder = resolve(process.env.RUNSPOOL_TEST_MODULES ?? new URL('../../build/npm-tests', import.meta.url).pathname);
const require = createRequire(`${folder}/package.json`);

export const { WebSocket, WebSocketServer } = require('ws');
export const { chromium } = require('playwright-core');
/** The text of axe-core, to be run in a page. */
export const axe = () => readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
